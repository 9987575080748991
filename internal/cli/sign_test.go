package cli

import (
	"crypto/ed25519"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/cli/loopback/loopbacktest"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/vault"
	"github.com/concordat-hub/concordat/internal/vault/vaulttest"
)

// signing is a world in which an officer of agencya can sign at a real Vault.
type signing struct {
	*world
	vault    *vaulttest.Server
	provider *loopbacktest.Provider
	public   ed25519.PublicKey
	composed *compose.Composed
}

func newSigning(t *testing.T) *signing {
	t.Helper()
	s := &signing{world: newWorld(t).loggedIn(), vault: vaulttest.Start(t)}
	s.provider = s.withProvider()
	root := s.vault.Client(s.vault.RootToken)
	if err := root.EnsureMount(t.Context(), "concordat/agency-agencya"); err != nil {
		t.Fatal(err)
	}
	key, err := root.EnsureKey(t.Context(), "concordat/agency-agencya", "officer-sign", vault.TypeEd25519)
	if err != nil {
		t.Fatal(err)
	}
	s.public = key.Public[key.Latest]
	s.env["VAULT_ADDR"], s.env["VAULT_CACERT"], s.env["VAULT_TOKEN"] = s.vault.Address, s.vault.CAFile, s.vault.RootToken
	s.expect(OK, s.enrol("--apply")...)
	ca, err := os.ReadFile(s.vault.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	s.desk.says("GET /api/v1/login", deskapi.Login{
		Agency: "agencya", Issuer: s.provider.URL, ClientID: "concordat-desk-agencya", SignClientID: "concordat-sign-agencya", Nonce: "nonce-1",
		Vault: deskapi.LoginVault{
			Address: s.vault.Address, AuthMount: "idp-agencya", Role: "officer-sign", Mount: "concordat/agency-agencya", CA: string(ca),
		},
	})
	s.composed = sampleDocument(t, s.public)
	one := sampleAgreement(s.composed)
	s.desk.says("GET /api/v1/agency", ownAgency(s.public))
	s.desk.says("GET /api/v1/agreements", []deskapi.AgreementSummary{one.AgreementSummary})
	s.desk.says("GET /api/v1/agreements/"+one.ID+"?digest="+url.QueryEscape(one.Digest), one)
	s.relays()
	return s
}

// relays lets the desk accept acts.
func (s *signing) relays() {
	s.desk.set("POST /api/v1/acts", answer{status: 201, reply: func(body []byte) any {
		var in deskapi.ActRequest
		if err := json.Unmarshal(body, &in); err != nil {
			s.t.Error(err)
		}
		parsed, err := act.Parse([]byte(in.Act))
		if err != nil {
			s.t.Error(err)
			return nil
		}
		return deskapi.Appended{Act: string(parsed.ID), Index: 8, Time: sampleTime}
	}})
}

func (s *signing) enrol(more ...string) []string {
	ca := s.file("idp.pem", s.pem())
	return append([]string{"vault", "enrol", "agencya", "--issuer", s.provider.URL, "--issuer-ca", ca, "--acr", "phr"}, more...)
}

func (s *signing) pem() string {
	s.t.Helper()
	raw, err := os.ReadFile(s.authority(s.provider.Server))
	if err != nil {
		s.t.Fatal(err)
	}
	s.env["CONCORDAT_CA"] = s.authority(s.desk.Server, s.provider.Server)
	return string(raw)
}

// relayed returns the acts that the desk was given, verified under the agency's key.
func (s *signing) relayed() []*act.Act {
	s.t.Helper()
	var acts []*act.Act
	for _, body := range s.desk.sent("POST /api/v1/acts") {
		var in deskapi.ActRequest
		if err := json.Unmarshal(body, &in); err != nil {
			s.t.Fatal(err)
		}
		id := act.KeyID{Agency: "agencya", Purpose: act.OfficerSign, Thumbprint: act.ThumbprintOf(s.public)}
		verified, err := act.Verify([]byte(in.Act), hubID, officerKey{id, s.public, hubID})
		if err != nil {
			s.t.Fatal(err)
		}
		acts = append(acts, verified)
	}
	return acts
}

// One Vault server for all stories: each puts back what it changed.
func TestAnOfficerSigns(t *testing.T) {
	s := newSigning(t)
	sign := []string{"agreement", "sign", "AG-1", "--yes", "--compared-fingerprints", "-o", "json"}

	t.Run("exactly what was shown, with the words of every key", func(t *testing.T) {
		got := s.expect(OK, sign...)
		for _, want := range []string{s.composed.Digest, ownAgency(s.public).OfficerSign[0].Words, printOf(publicFrom("desk b")).Words, "Head of the Desk", "personal-data"} {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%q was not shown", want)
			}
		}
		acts := s.relayed()
		payload := acts[len(acts)-1].Payload.(*act.AgreementSign)
		if payload.Agreement.Digest != s.composed.Digest || payload.Prev != prevID || payload.Officer != "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa" || payload.Issuer != "agencya" {
			t.Errorf("signed %+v", payload)
		}
		var v appendedView
		if err := json.Unmarshal([]byte(got.stdout), &v); err != nil || v.Kind != "agreement.sign" || v.Index != 8 || v.Act != string(acts[len(acts)-1].ID) {
			t.Errorf("stdout is %s, %v", got.stdout, err)
		}
	})

	t.Run("after comparing, at the terminal", func(t *testing.T) {
		s.interactive, s.stdin = true, "yes\nyes\n"
		defer func() { s.interactive = false }()
		s.expect(OK, "agreement", "sign", "AG-1")
		before := len(s.relayed())
		s.stdin = "no\nyes\n"
		s.expect(Failed, "agreement", "sign", "AG-1")
		if len(s.relayed()) != before {
			t.Error("it was signed without comparing")
		}
	})

	t.Run("a proposal, and the steps of an agreement's life", func(t *testing.T) {
		document := s.file("ag1.json", string(s.composed.Bytes))
		s.expect(OK, "agreement", "propose", document, "--yes")
		for _, step := range []string{"suspend", "resume", "withdraw", "terminate"} {
			s.expect(OK, "agreement", step, "AG-1", "--yes", "--reason", "review")
		}
		acts := s.relayed()
		var kinds []string
		for _, a := range acts[len(acts)-5:] {
			kinds = append(kinds, string(a.Kind))
		}
		want := "agreement.propose agreement.suspend agreement.resume agreement.withdraw agreement.terminate"
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("the acts are %s, want %s", got, want)
		}
		if proposal := acts[len(acts)-5].Payload.(*act.AgreementPropose); proposal.Document != string(s.composed.Bytes) {
			t.Error("the document was changed on the way")
		}
	})

	t.Run("and a signature that cannot be delivered is kept", func(t *testing.T) {
		s.desk.refuses("POST /api/v1/acts", deskapi.ProblemDetails{Status: 503, Code: "hub_unavailable", Title: "The hub does not answer."})
		s.expect(Unavailable, sign...)
		s.relays()
		kept, err := filepath.Glob(filepath.Join(s.home, "state", "concordat", "acts", "*.jws"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("kept: %v, %v", kept, err)
		}
		s.expect(OK, "agreement", "submit", kept[0])
		acts := s.relayed()
		if acts[len(acts)-1].ID != acts[len(acts)-2].ID {
			t.Error("another act was delivered than the one that was signed")
		}
	})
}

func TestAnOfficerDoesNotSign(t *testing.T) {
	s := newSigning(t)
	sign := []string{"agreement", "sign", "AG-1", "--yes", "--compared-fingerprints"}
	one := sampleAgreement(s.composed)
	agreement := "GET /api/v1/agreements/" + one.ID + "?digest=" + url.QueryEscape(one.Digest)
	login := s.desk.answers["GET /api/v1/login"]
	for name, row := range map[string]struct {
		spoil func(t *testing.T) (mend func())
		args  []string
		want  Exit
	}{
		"a document that the desk changed": {func(*testing.T) func() {
			changed := one
			changed.Document = strings.Replace(one.Document, `"noticeDays":30`, `"noticeDays":31`, 1)
			s.desk.says(agreement, changed)
			return func() { s.desk.says(agreement, one) }
		}, sign, Failed},
		"another digest than the one that was compared": {nil, append(sign, "--digest", "sha256:other"), Refused},
		"a document of another hub": {func(*testing.T) func() {
			own := ownAgency(s.public)
			own.Hub = "other.example/hub"
			s.desk.says("GET /api/v1/agency", own)
			return func() { s.desk.says("GET /api/v1/agency", ownAgency(s.public)) }
		}, sign, Refused},
		"a document with a foreign key for the own agency": {func(*testing.T) func() {
			own := ownAgency(s.public)
			own.DeskSign = nil
			s.desk.says("GET /api/v1/agency", own)
			return func() { s.desk.says("GET /api/v1/agency", ownAgency(s.public)) }
		}, sign, Refused},
		"with a key that does not have its thumbprint": {func(*testing.T) func() {
			own := ownAgency(s.public)
			own.OfficerSign[0].PublicKey = printOf(publicFrom("stranger")).PublicKey
			s.desk.says("GET /api/v1/agency", own)
			return func() { s.desk.says("GET /api/v1/agency", ownAgency(s.public)) }
		}, sign, Unavailable},
		"at a Vault that was not the one before": {func(t *testing.T) func() {
			file := filepath.Join(s.home, "config", "concordat", "default.json")
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(before), `"officer"`, `"vault":"https://vault.before.example","officer"`, 1)
			if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			return func() { _ = os.WriteFile(file, before, 0o600) }
		}, sign, Refused},
		"who is no signatory": {func(*testing.T) func() {
			s.provider.Groups = []string{"analyst"}
			return func() { s.provider.Groups = []string{"signatory"} }
		}, sign, Refused},
		"with a weak login": {func(*testing.T) func() {
			s.provider.ACR = "0"
			return func() { s.provider.ACR = "phr" }
		}, sign, Refused},
		"while Vault is sealed": {func(*testing.T) func() {
			s.vault.Seal()
			return s.vault.Unseal
		}, sign, Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if row.spoil != nil {
				defer row.spoil(t)()
			}
			before := len(s.desk.sent("POST /api/v1/acts"))
			s.expect(row.want, row.args...)
			if len(s.desk.sent("POST /api/v1/acts")) != before {
				t.Error("an act was delivered")
			}
		})
	}
	s.desk.set("GET /api/v1/login", login)
	s.expect(OK, sign...) // everything was put back: the refusals above had their own reasons
}
