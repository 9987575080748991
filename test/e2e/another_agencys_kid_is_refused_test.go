package e2e

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
)

// Agency A holds its own keys and tries to sign as agency B, or with a key that
// is for something else.
func TestAnotherAgencysKidIsRefused(t *testing.T) {
	raw, err := os.ReadFile(document(t, b, a).file)
	if err != nil {
		t.Fatal(err)
	}
	forged, victim := newForger(t, a), newForger(t, b)
	asB := func() *act.AgreementPropose {
		return &act.AgreementPropose{Common: victim.common(), Document: string(raw)}
	}
	own, theirs := forged.kid(act.OfficerSign), victim.kid(act.OfficerSign)
	mixed := act.KeyID{Agency: theirs.Agency, Purpose: act.OfficerSign, Thumbprint: own.Thumbprint}
	renamed := act.KeyID{Agency: own.Agency, Purpose: act.OfficerSign, Thumbprint: forged.kid(act.DeskSign).Thumbprint}

	forged.refuses(t, forged.sign(t, act.OfficerSign, theirs, asB()), "sig_invalid")
	forged.refuses(t, forged.sign(t, act.OfficerSign, own, asB()), "sig_issuer_mismatch")
	forged.refuses(t, forged.sign(t, act.OfficerSign, mixed, asB()), "sig_key_unknown")
	mine := &act.AgreementPropose{Common: forged.common(), Document: string(raw)}
	forged.refuses(t, forged.sign(t, act.DeskSign, forged.kid(act.DeskSign), mine), "sig_purpose_mismatch")
	forged.refuses(t, forged.sign(t, act.DeskSign, renamed, mine), "sig_key_unknown")

	// A true act with its header replaced.
	signed := victim.sign(t, act.OfficerSign, theirs, asB())
	parts := strings.Split(signed, ".")
	for header, code := range map[string]string{
		`{"alg":"none","kid":"` + theirs.String() + `","typ":"concordat.agreement.propose.v1+jws"}`:                            "sig_alg_not_allowed",
		`{"alg":"HS256","kid":"` + theirs.String() + `","typ":"concordat.agreement.propose.v1+jws"}`:                           "sig_alg_not_allowed",
		`{"alg":"EdDSA","jku":"https://a.example","kid":"` + theirs.String() + `","typ":"concordat.agreement.propose.v1+jws"}`: "sig_header_forbidden",
		`{"alg":"EdDSA","kid":"` + theirs.String() + `","typ":"concordat.key.revoke.v1+jws"}`:                                  "act_malformed",
	} {
		forged.refuses(t, base64.RawURLEncoding.EncodeToString([]byte(header))+"."+parts[1]+"."+parts[2], code)
	}
	if _, err := victim.hub.Submit(t.Context(), signed); err != nil {
		t.Errorf("the true act is refused: %v", err)
	}
}
