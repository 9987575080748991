package ledger_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// futureEntry returns an entry whose act has a kind that no version knows yet.
func futureEntry(t *testing.T) []byte {
	t.Helper()
	header, err := canonical.Marshal(map[string]string{
		"alg": "EdDSA", "kid": agreementtest.KeyID("alpha", act.DeskSign).String(), "typ": "concordat.item.foresee.v1+jws",
	})
	if err != nil {
		t.Fatal(err)
	}
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{}`))
	raw := act.Assemble([]byte(input), ed25519.Sign(agreementtest.Key("alpha", act.DeskSign), []byte(input)))
	b, err := canonical.Marshal(map[string]any{"act": raw, "index": 7, "time": "2026-11-21T13:00:00.000Z"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
