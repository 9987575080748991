package desk_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/bulletin"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/deskclient"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/desk/rest"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/vault"
)

// world is a real hub on a real Vault, a provider for officers, and desks.
type world struct {
	t        *testing.T // of the promise that is being kept
	root     *testing.T // as long as the world lives
	hub      *hubtest.Hub
	line     *line // between the desks and the hub; its address never changes
	provider *provider
	desks    map[string]*site
	ahead    time.Duration // of the hub's clock, see later
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel() // worlds share nothing, and mostly wait
	h := hubtest.Start(t, hubtest.Options{})
	w := &world{t: t, root: t, hub: h, provider: newProvider(t), desks: map[string]*site{}}
	w.line = newLine(t, strings.TrimPrefix(h.URL, "https://"))
	return w
}

// stopHub ends the hub; startHub runs another on the same state.
func (w *world) stopHub() {
	w.line.to("")
	w.hub.Stop()
}

func (w *world) startHub() {
	w.t.Helper()
	w.hub = w.hub.Restart(w.root, hubtest.Options{})
	w.line.to(strings.TrimPrefix(w.hub.URL, "https://"))
}

// promise is one thing that is kept in a world that others share: a world takes
// longer to make than most promises to keep.
type promise struct {
	name string
	keep func(t *testing.T, w *world, a, b *site)
}

// keepAll keeps promises in one world, in their order.
func keepAll(t *testing.T, w *world, a, b *site, promises []promise) {
	t.Helper()
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) {
			w.t = t
			defer func() { w.t = w.root }()
			p.keep(t, w, a, b)
		})
	}
}

// site is one agency with its desk.
type site struct {
	w      *world
	name   act.AgencyName
	dir    string
	store  *deskstore.Store
	desk   *desk.Desk
	url    string
	client *http.Client
	kinds  []item.Kind
	clock  atomic.Int64 // nanoseconds that the desk's clock is ahead
	vault  string       // token of the desk's policy
	rotate time.Duration
	faults *faultyHub        // between the desk and its hub
	tokens map[string]string // of officers' sessions
	// program runs the desk as a process of its own, with failpoint armed.
	program, failpoint string
	ended              chan struct{}
	stop               func()
}

// agency is an admitted agency whose desk runs and is ready.
func (w *world) agency(name string, kinds ...item.Kind) *site {
	w.t.Helper()
	s := w.admitted(name, kinds...)
	s.start()
	w.t.Cleanup(func() { s.stop() })
	s.awaitReady()
	return s
}

// admitted is an agency with its mount and keys in Vault, whose desk does not run
// yet.
func (w *world) admitted(name string, kinds ...item.Kind) *site {
	w.t.Helper()
	root := w.hub.Vault.Client(w.hub.Vault.RootToken)
	mount := "concordat/agency-" + name
	if err := root.EnsureMount(w.t.Context(), mount); err != nil {
		w.t.Fatal(err)
	}
	for key, typ := range map[string]string{"officer-sign": vault.TypeEd25519, "desk-sign": vault.TypeEd25519, "witness-sign": vault.TypeEd25519, "wrap": vault.TypeAES} {
		if _, err := root.EnsureKey(w.t.Context(), mount, key, typ); err != nil {
			w.t.Fatal(err)
		}
	}
	var rules strings.Builder
	for path, capability := range map[string]string{
		"encrypt/wrap": "update", "decrypt/wrap": "update", "sign/desk-sign": "update", "sign/witness-sign": "update",
		"keys/officer-sign": "read", "keys/desk-sign": "read", "keys/witness-sign": "read", "keys/wrap": "read",
	} {
		fmt.Fprintf(&rules, "path %q { capabilities = [%q] }\n", mount+"/"+path, capability)
	}
	policy := "desk-" + name
	if _, err := w.hub.Vault.Root().Write(w.t.Context(), "sys/policies/acl/"+policy, map[string]any{"policy": rules.String()}); err != nil {
		w.t.Fatal(err)
	}
	w.hub.Admit(w.t, act.AgencyName(name))
	s := &site{w: w, name: act.AgencyName(name), dir: w.root.TempDir(), kinds: kinds, faults: &faultyHub{}, tokens: map[string]string{}, vault: w.hub.Vault.Server.Token(policy)}
	w.desks[name] = s
	return s
}

// start runs the desk's program on its state folder.
func (s *site) start() {
	t := s.w.t
	t.Helper()
	if s.program != "" {
		s.startProgram()
		return
	}
	store, err := deskstore.Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	kinds, err := item.NewKinds(append([]item.Kind{bulletin.New()}, s.kinds...)...)
	if err != nil {
		t.Fatal(err)
	}
	oidc, err := desk.NewOIDC(desk.OIDCConfig{Issuer: s.w.provider.issuer(string(s.name)), ClientID: "concordat-desk-" + string(s.name), CAFile: s.w.provider.caFile})
	if err != nil {
		t.Fatal(err)
	}
	config := s.w.hub.Vault.Config()
	s.desk, err = desk.New(desk.Options{
		Agency: s.name, Store: store, Provider: oidc, Kinds: kinds, Log: slog.New(slog.NewTextHandler(&testLog{t: s.w.root}, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Rotation: s.rotate,
		Now:      func() time.Time { return time.Now().Add(time.Duration(s.clock.Load())) },
		Keys:     &desk.VaultKeys{Client: s.w.hub.Vault.Client(s.vault), Config: config, Mount: "concordat/agency-" + string(s.name), OfficerMount: "idp-" + string(s.name), OfficerRole: "officer-sign"},
		ConnectHub: func(bearer func(context.Context) (string, error)) (desk.Hub, error) {
			client, err := hubclient.New(hubclient.Config{URL: "https://" + s.w.line.address, CAFile: s.w.hub.CAFile, Bearer: bearer})
			if err != nil {
				return nil, err
			}
			enrolling := client.WithBearer(func(context.Context) (string, error) { return s.w.hub.Cluster.DeskToken(s.name), nil })
			s.faults.Hub = &desk.RemoteHub{Client: client, Enrolling: enrolling}
			return s.faults, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(rest.New(rest.Config{Desk: s.desk, Log: slog.New(slog.DiscardHandler)}))
	s.url, s.client = server.URL, server.Client()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = s.desk.Run(ctx); close(done) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		server.Close()
		<-done
		_ = store.Close()
	})
}

// restart ends the desk and runs it again on the same folder.
func (s *site) restart() {
	s.stop()
	s.start()
}

// loseDisk ends the desk and gives it an empty folder.
func (s *site) loseDisk() {
	s.stop()
	s.dir, s.tokens = s.w.root.TempDir(), map[string]string{}
	s.start()
}

func (s *site) awaitReady() {
	s.w.t.Helper()
	var last deskapi.Ready
	s.w.await(string(s.name)+" ready", func() bool {
		last, _ = deskclient.New(s.url, s.client).Ready(s.w.t.Context())
		return last.Ready
	})
}

// await polls until ready reports true.
func (w *world) await(what string, ready func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(2 * time.Minute) // a machine that is busy with other tests
	for !ready() {
		if time.Now().After(deadline) {
			w.t.Fatalf("not yet: %s", what)
		}
		timer := time.NewTimer(20 * time.Millisecond)
		<-timer.C
	}
}

// officer logs somebody in, once: subject is who they are to the provider, roles
// their groups there.
func (s *site) officer(subject string, roles ...string) *deskclient.Client {
	s.w.t.Helper()
	c := deskclient.New(s.url, s.client)
	who := subject + " " + strings.Join(roles, " ")
	if token, known := s.tokens[who]; known {
		return c.As(token)
	}
	login, err := c.Login(s.w.t.Context())
	if err != nil {
		s.w.t.Fatal(err)
	}
	token := s.w.provider.token(string(s.name), jwt.MapClaims{
		"sub": subject, "nonce": login.Nonce, "groups": roles, "preferred_username": subject,
	})
	session, err := c.StartSession(s.w.t.Context(), deskapi.SessionRequest{IDToken: token, Nonce: login.Nonce})
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.tokens[who] = session.Token
	return c.As(session.Token)
}

// signer is the agency's officer-sign key, as an officer's login at Vault lends it.
func (s *site) signer() (crypto.Signer, act.KeyID) {
	s.w.t.Helper()
	root := s.w.hub.Vault.Client(s.w.hub.Vault.RootToken)
	signer, err := root.Signer(s.w.t.Context(), "concordat/agency-"+string(s.name), "officer-sign")
	if err != nil {
		s.w.t.Fatal(err)
	}
	public := signer.Public().(ed25519.PublicKey)
	return signer, act.KeyID{Agency: s.name, Purpose: act.OfficerSign, Thumbprint: act.ThumbprintOf(public)}
}

// sign signs an act with officer-sign and relays it through the signatory's desk.
func (s *site) sign(c *deskclient.Client, payload func(act.Common) act.Payload) (deskapi.Appended, error) {
	s.w.t.Helper()
	signer, id := s.signer()
	common := act.Common{Issuer: s.name, Audience: s.w.hub.Hub.ID, JTI: act.NewJTI(), IssuedAt: canonical.At(time.Now())}
	jws, err := act.Sign(signer, id, payload(common))
	if err != nil {
		s.w.t.Fatal(err)
	}
	return c.Relay(s.w.t.Context(), jws)
}

// step signs an act about an agreement, as the CLI composes it from what the desk
// says.
func (s *site) step(c *deskclient.Client, id string, payload func(act.AgreementStep) act.Payload) {
	s.w.t.Helper()
	me, err := c.Me(s.w.t.Context())
	if err != nil {
		s.w.t.Fatal(err)
	}
	shown, err := c.Agreement(s.w.t.Context(), id, "")
	if err != nil {
		s.w.t.Fatal(err)
	}
	_, err = s.sign(c, func(common act.Common) act.Payload {
		return payload(act.AgreementStep{
			Common: common, Agreement: act.AgreementRef{ID: id, Digest: shown.Digest}, Officer: me.Officer, Prev: act.ID(shown.Prev),
		})
	})
	if err != nil {
		s.w.t.Fatal(err)
	}
}

func signs(step act.AgreementStep) act.Payload { return &act.AgreementSign{AgreementStep: step} }

// agree has the sites propose and sign an agreement; change may alter it first.
func (w *world) agree(sites []*site, change ...func(*agreement.Document)) string {
	w.t.Helper()
	document := w.document(sites, change...)
	raw, _, err := document.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	for i, s := range sites {
		signatory := s.officer("signatory", "signatory")
		if i == 0 {
			if _, err := s.sign(signatory, func(c act.Common) act.Payload { return &act.AgreementPropose{Common: c, Document: string(raw)} }); err != nil {
				w.t.Fatal(err)
			}
		}
		w.await("the agreement at "+string(s.name), func() bool {
			_, err := signatory.Agreement(w.t.Context(), document.ID, "")
			return err == nil
		})
		s.step(signatory, document.ID, signs)
	}
	for _, s := range sites {
		reader := s.officer("auditor", "auditor")
		w.await("the agreement in force at "+string(s.name), func() bool {
			shown, err := reader.Agreement(w.t.Context(), document.ID, "")
			return err == nil && shown.State == "in-force"
		})
	}
	return document.ID
}

func (w *world) document(sites []*site, change ...func(*agreement.Document)) *agreement.Document {
	w.t.Helper()
	now := time.Now()
	d := &agreement.Document{
		Schema: agreement.Schema, ID: act.NewAgreementID(), Revision: 1, Reference: "AG-1", Title: map[string]string{"en": "Sample agreement"},
		Form: "multilateral", Accession: "closed",
		Hub:        agreement.Hub{ID: w.hub.Hub.ID, LogKey: w.hub.Hub.LogKey, Registrar: w.hub.Hub.RegistrarThumbprint},
		LegalBasis: []agreement.LegalBasis{{Instrument: "palermo-protocol", Article: "10"}},
		Purposes:   []string{"detection", "training"}, ItemKinds: []string{"bulletin", "checklist-test"}, Excluded: agreement.Excluded(),
		Floor: restriction.Set{"tlp": {"TLP:AMBER+STRICT"}}, Languages: []string{"en"},
		EntryIntoForce: agreement.EntryIntoForce{Rule: "all-signed", NotBefore: canonical.At(now.Add(-time.Hour))},
		Expires:        canonical.At(now.Add(240 * time.Hour)), Termination: agreement.Termination{NoticeDays: 0, Effect: "destroy"},
		Binding: "binding-arrangement",
	}
	for _, s := range sites {
		shown, err := s.officer("auditor", "auditor").Agency(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		d.Parties = append(d.Parties, agreement.Party{
			Agency: s.name, LegalName: "Sample agency " + string(s.name), Jurisdiction: "ID", Kind: "police", Mandate: "a sample mandate",
			Role: agreement.Both, OfficerSign: act.Thumbprint(shown.OfficerSign[0].Thumbprint), DeskSign: act.Thumbprint(shown.DeskSign[0].Thumbprint),
			Signatory: "Office of the director",
		})
	}
	slices.SortFunc(d.Parties, func(a, b agreement.Party) int { return strings.Compare(string(a.Agency), string(b.Agency)) })
	for _, f := range change {
		f(d)
	}
	return d
}

// sample is the source of a sample bulletin.
func sample(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../config/samples/bulletins/b01-false-job-offers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// approved drafts a bulletin and has a second officer approve it.
func (s *site) approved(kind, source string) deskapi.Draft {
	t := s.w.t
	t.Helper()
	draft, err := s.officer("analyst-1", "analyst").CreateDraft(t.Context(), deskapi.DraftRequest{Kind: kind, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	approved, err := s.officer("reviewer-1", "reviewer").Approve(t.Context(), draft.ID, draft.ContentDigest)
	if err != nil {
		t.Fatal(err)
	}
	return approved
}

// received waits until an item is in the inbox.
func (s *site) received(id string) deskapi.Item {
	t := s.w.t
	t.Helper()
	reader := s.officer("reader-1", "reader")
	var found deskapi.Item
	s.w.await("item in the inbox of "+string(s.name), func() bool {
		it, err := reader.Item(t.Context(), id)
		found = it
		return err == nil
	})
	return found
}

// open reads the conditions and opens for detection.
func (s *site) open(id string) (deskapi.Opened, error) {
	t := s.w.t
	t.Helper()
	reader := s.officer("reader-1", "reader")
	conditions, err := reader.Conditions(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	return reader.Open(t.Context(), id, deskapi.OpenRequest{
		Purpose: "detection", Justification: "sample work", AcceptedRestrictions: conditions.RestrictionsDigest,
	})
}

// testLog shows a desk's warnings when its test fails.
type testLog struct {
	t  *testing.T
	mu sync.Mutex
	b  bytes.Buffer
	on sync.Once
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on.Do(func() {
		l.t.Cleanup(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.t.Failed() {
				_, _ = os.Stderr.Write(l.b.Bytes())
			}
		})
	})
	return l.b.Write(p)
}

// wantCode fails unless the error is the desk's refusal with this code.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *deskclient.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if refused.Title == "" || refused.Title == "desk_"+code {
		t.Fatalf("%s has no sentence", code)
	}
}
