package e2e

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/vault"
)

const hubID = "concordat.local/hub"

// forger can sign with any key of one agency, as somebody could who has broken
// into its desk and its officers' logins. What it forges must fail for reasons
// other than a missing key.
type forger struct {
	agency act.AgencyName
	keys   map[act.Purpose]*vault.Signer
	hub    *hubclient.Client
}

func newForger(t *testing.T, agency string) *forger {
	t.Helper()
	ca := filepath.Join(folder, "pki", "ca.crt")
	client, err := vault.New(vault.Config{Address: platform.Get("VAULT_ADDR"), CAFile: ca},
		vault.TokenFileAuth{Path: filepath.Join(folder, "vault-files", "root-token")})
	if err != nil {
		t.Fatal(err)
	}
	f := &forger{agency: act.AgencyName(agency), keys: map[act.Purpose]*vault.Signer{}}
	for _, purpose := range []act.Purpose{act.OfficerSign, act.DeskSign} {
		if f.keys[purpose], err = client.Signer(t.Context(), "concordat/agency-"+agency, string(purpose)); err != nil {
			t.Fatal(err)
		}
	}
	bearer := func(context.Context) (string, error) {
		return act.SignBearer(f.keys[act.DeskSign], f.kid(act.DeskSign), hubID, act.NewJTI(), time.Now())
	}
	if f.hub, err = hubclient.New(hubclient.Config{URL: platform.Get("CONCORDAT_HUB"), CAFile: ca, Bearer: bearer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.hub.Close)
	return f
}

func (f *forger) kid(purpose act.Purpose) act.KeyID {
	return act.KeyID{Agency: f.agency, Purpose: purpose, Thumbprint: act.Thumbprint(f.keys[purpose].Thumbprint())}
}

func (f *forger) common() act.Common {
	return act.Common{Issuer: f.agency, Audience: hubID, JTI: act.NewJTI(), IssuedAt: canonical.At(time.Now())}
}

// sign signs with the key of purpose under whatever kid.
func (f *forger) sign(t *testing.T, purpose act.Purpose, kid act.KeyID, payload act.Payload) string {
	t.Helper()
	signed, err := act.Sign(f.keys[purpose], kid, payload)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// refuses hands an act to the hub, which must refuse it with this code.
func (f *forger) refuses(t *testing.T, signed, code string) {
	t.Helper()
	done, err := f.hub.Submit(t.Context(), signed)
	var refused *hubclient.Error
	if !errors.As(err, &refused) {
		t.Errorf("the hub took the act as entry %d (%v), and should have refused it: %s", done.Index, err, code)
	} else if refused.Code != code {
		t.Errorf("the hub refused with %s (%s), want %s", refused.Code, refused.Detail, code)
	}
}
