package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/cli/loopback"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vault"
)

// officerKey is the key with which the own agency's officers sign.
type officerKey struct {
	id     act.KeyID
	public ed25519.PublicKey
	hub    string
}

// ResolveKey lets the signed act be verified before anybody sees it.
func (k officerKey) ResolveKey(id act.KeyID) (ed25519.PublicKey, error) {
	if id != k.id {
		return nil, errors.New("another key")
	}
	return k.public, nil
}

// ownKey reads the key from what the desk says of its agency, and holds the
// public key against its thumbprint.
func (a *app) ownKey(d *desk, own deskapi.Agency) (officerKey, error) {
	unknown := fail(Unavailable, "cli_officer_key_unknown", message.Params{"Agency": own.Agency})
	id, err := act.ParseKeyID(own.OfficerKeyID)
	if err != nil || id.Purpose != act.OfficerSign || string(id.Agency) != d.session.Agency {
		return officerKey{}, unknown
	}
	for _, print := range own.OfficerSign {
		if jwk, ok := keyOf(print); ok && jwk.Thumbprint() == id.Thumbprint {
			public, err := jwk.PublicKey()
			return officerKey{id, public, own.Hub}, err
		}
	}
	return officerKey{}, unknown
}

// common fills the members that every act has.
func (a *app) common(key officerKey) act.Common {
	return act.Common{Issuer: key.id.Agency, Audience: key.hub, JTI: act.NewJTI(), IssuedAt: canonical.At(a.env.Now())}
}

// officerSign signs a payload with the officer's own fresh login: the provider's
// token is bound to exactly these bytes, goes to Vault and to nobody else, and
// the desk sees only the finished act.
func (a *app) officerSign(ctx context.Context, d *desk, key officerKey, payload act.Payload) (string, error) {
	input, err := act.SigningInput(key.id, payload)
	if err != nil {
		return "", err
	}
	how, err := d.Login(ctx)
	if err != nil {
		return "", err
	}
	if pinned := d.session.Vault; pinned != "" && how.Vault.Address != pinned {
		return "", fail(Refused, "cli_vault_changed", message.Params{"Before": pinned, "Now": how.Vault.Address})
	}
	a.tell("cli_sign_login", message.Params{"Issuer": how.Issuer})
	idToken, err := a.authenticate(ctx, d, loopback.Request{
		Issuer: how.Issuer, ClientID: how.SignClientID, Nonce: vault.OfficerNonce(input), Fresh: true,
	})
	if err != nil {
		return "", err
	}
	signature, err := a.vaultSign(ctx, d, how.Vault, key, idToken, input)
	if err != nil {
		return "", err
	}
	signed := act.Assemble(input, signature)
	if _, err := act.Verify([]byte(signed), key.hub, key); err != nil {
		return "", err
	}
	return signed, nil
}

func (a *app) vaultSign(ctx context.Context, d *desk, at deskapi.LoginVault, key officerKey, idToken string, input []byte) ([]byte, error) {
	caFile, forget, err := a.vaultCA(d, at.CA)
	if err != nil {
		return nil, err
	}
	defer forget()
	signature, err := vault.OfficerSign(ctx, vault.Config{Address: at.Address, CAFile: caFile}, vault.OfficerRequest{
		AuthMount: at.AuthMount, Role: at.Role, IDToken: idToken, Mount: at.Mount,
		Public: key.public, Thumbprint: string(key.id.Thumbprint), SigningInput: input,
	})
	return signature, vaultFailure(err)
}

// vaultCA puts the authorities that the desk names into a file for the time of
// one call; where it names none, those of this context.
func (a *app) vaultCA(d *desk, pem string) (file string, forget func(), err error) {
	if pem == "" {
		ca := a.ca
		if ca == "" {
			ca = d.session.CA
		}
		return ca, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "concordat-")
	if err != nil {
		return "", nil, err
	}
	file = filepath.Join(dir, "vault-ca.pem")
	return file, func() { _ = os.RemoveAll(dir) }, os.WriteFile(file, []byte(pem), 0o600)
}

// vaultFailure says in one sentence what Vault would not do.
func vaultFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vault.ErrSealed):
		return failBecause(err, Unavailable, "cli_vault_sealed", nil)
	case errors.Is(err, vault.ErrUnavailable):
		return failBecause(err, Unavailable, "cli_vault_unavailable", nil)
	case errors.Is(err, vault.ErrDenied):
		return failBecause(err, Refused, "cli_vault_denied", nil)
	case errors.Is(err, vault.ErrKeyMissing):
		return failBecause(err, Failed, "cli_vault_key_missing", nil)
	case errors.Is(err, vault.ErrKeyTampered):
		return failBecause(err, Failed, "cli_vault_key_tampered", nil)
	case errors.Is(err, vault.ErrNonce):
		return failBecause(err, NotLoggedIn, "cli_provider_token_wrong", message.Params{"Issuer": ""})
	}
	return failBecause(err, Failed, "cli_vault_refused", message.Params{"Detail": err.Error()})
}

// submit hands the signed act to the desk. A signature that cannot be delivered
// now is kept: the act stays valid and may come by any carrier.
func (a *app) submit(ctx context.Context, d *desk, signed string) (deskapi.Appended, error) {
	appended, err := d.Relay(ctx, signed)
	if !a.unavailable(err) {
		return appended, err
	}
	file, kept := a.keepAct(signed)
	if !kept {
		return appended, err
	}
	return appended, failBecause(err, Unavailable, "cli_act_kept", message.Params{"File": file})
}

// keepAct writes the act under $XDG_STATE_HOME/concordat/acts.
func (a *app) keepAct(signed string) (file string, ok bool) {
	parsed, err := act.Parse([]byte(signed))
	dir := a.env.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.Getenv("HOME"), ".local", "state")
	}
	dir = filepath.Join(dir, "concordat", "acts")
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return "", false
	}
	file = filepath.Join(dir, string(parsed.ID)+".jws")
	return file, a.writeFile(file, []byte(signed), 0o600) == nil
}
