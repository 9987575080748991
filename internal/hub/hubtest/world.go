package hubtest

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// World is a hub as the agencies around it see it.
type World struct {
	URL, CAFile string
	Cluster     *Cluster
	Hub         hubclient.About
	Operator    *hubclient.Client
	Public      *hubclient.Client
	Now         func() time.Time // the agencies' clock
	tb          testing.TB
	clients     []*hubclient.Client
}

// Hush closes the idle connections of all clients that the world made: a hub
// that is stopped would wait a second for them.
func (w *World) Hush() {
	for _, client := range w.clients {
		client.Close()
	}
}

// NewWorld asks the hub who it is.
func NewWorld(tb testing.TB, url, caFile string, cluster *Cluster) *World {
	tb.Helper()
	w := &World{URL: url, CAFile: caFile, Cluster: cluster, Now: time.Now, tb: tb}
	w.Public = w.Client(tb, nil)
	w.Operator = w.Client(tb, func(context.Context) (string, error) { return cluster.OperatorToken(), nil })
	var err error
	if w.Hub, err = w.Public.About(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return w
}

// Agency acts as an agency's desk and officers do, with keys of its own.
type Agency struct {
	*hubclient.Client
	Name     act.AgencyName
	Identity *seal.Identity
	State    *ledger.State // folded from its own feed
	Last     act.ID        // the last act about its standing or keys

	world   *World
	keys    map[act.Purpose]ed25519.PrivateKey
	cursor  uint64
	officer string
}

// NewAgency makes keys and enrols nothing.
func (w *World) NewAgency(tb testing.TB, name act.AgencyName) *Agency {
	tb.Helper()
	a := &Agency{Name: name, world: w, keys: map[act.Purpose]ed25519.PrivateKey{}}
	for _, purpose := range []act.Purpose{act.OfficerSign, act.DeskSign, act.WitnessSign} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		a.keys[purpose] = key
	}
	var mac [16]byte
	_, _ = rand.Read(mac[:])
	a.officer = act.OfficerName(mac)
	var err error
	if a.Identity, err = seal.NewIdentity(); err != nil {
		tb.Fatal(err)
	}
	if a.State, err = ledger.New(ledger.Genesis{Hub: w.Hub.ID, LogKey: w.Hub.LogKey, Registrar: w.Hub.Registrar}); err != nil {
		tb.Fatal(err)
	}
	a.State.Partial = true
	a.Client = w.Client(tb, a.Bearer)
	return a
}

// Enrol admits, enrols and publishes a sealing identity.
func (w *World) Enrol(tb testing.TB, name act.AgencyName) *Agency {
	tb.Helper()
	a := w.NewAgency(tb, name)
	w.Admit(tb, name)
	done, err := a.Enrol(tb)
	if err != nil {
		tb.Fatal(err)
	}
	a.Last = done.Act
	a.Submit(tb, act.DeskSign, &act.KeyAdd{Common: a.Common(), Purpose: act.Sealing, Recipient: a.Identity.Recipient(), Prev: a.Last})
	a.Sync(tb)
	a.Last = a.State.Agency(name).Last
	return a
}

// Admit has the operator admit a managed agency.
func (w *World) Admit(tb testing.TB, name act.AgencyName) {
	tb.Helper()
	_, err := w.Operator.Admit(tb.Context(), name, hubclient.Admission{
		LegalName: "Sample agency " + string(name), Kind: "police", Jurisdiction: "ID", Custody: "managed", Mandate: "a sample mandate",
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// Enrol hands in the keys with the desk's own token.
func (a *Agency) Enrol(tb testing.TB) (hubclient.Appended, error) {
	tb.Helper()
	desk := a.world.Client(tb, func(context.Context) (string, error) { return a.world.Cluster.DeskToken(a.Name), nil })
	return desk.Enrol(tb.Context(), a.Enrolment(tb))
}

// Enrolment is the body with which the agency enrols.
func (a *Agency) Enrolment(tb testing.TB) hubclient.Enrolment {
	tb.Helper()
	keys := act.EnrolledKeys{OfficerSign: a.jwk(act.OfficerSign), DeskSign: a.jwk(act.DeskSign), WitnessSign: a.jwk(act.WitnessSign)}
	proof, err := act.SignEnrolment(a.keys[act.DeskSign], act.Enrolment{
		Issuer: a.Name, Audience: a.world.Hub.ID, JTI: act.NewJTI(), IssuedAt: canonical.At(a.world.Now()), Keys: keys,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return hubclient.Enrolment{Agency: a.Name, OfficerSign: keys.OfficerSign, DeskSign: keys.DeskSign, WitnessSign: keys.WitnessSign, Proof: proof}
}

func (a *Agency) jwk(purpose act.Purpose) act.JWK {
	return act.NewJWK(a.keys[purpose].Public().(ed25519.PublicKey))
}

// Key is the signer of a purpose, KeyID its id.
func (a *Agency) Key(purpose act.Purpose) crypto.Signer { return a.keys[purpose] }

// KeyID is the id of the key of a purpose.
func (a *Agency) KeyID(purpose act.Purpose) act.KeyID {
	return act.KeyID{Agency: a.Name, Purpose: purpose, Thumbprint: a.jwk(purpose).Thumbprint()}
}

// Bearer signs a fresh bearer.
func (a *Agency) Bearer(context.Context) (string, error) {
	return act.SignBearer(a.keys[act.DeskSign], a.KeyID(act.DeskSign), a.world.Hub.ID, act.NewJTI(), a.world.Now())
}

// Common is the common part of a new act.
func (a *Agency) Common() act.Common {
	return act.Common{Issuer: a.Name, Audience: a.world.Hub.ID, JTI: act.NewJTI(), IssuedAt: canonical.At(a.world.Now())}
}

// SignAct signs.
func (a *Agency) SignAct(tb testing.TB, purpose act.Purpose, payload act.Payload) string {
	tb.Helper()
	raw, err := act.Sign(a.keys[purpose], a.KeyID(purpose), payload)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// Submit signs and hands in an act that must be accepted.
func (a *Agency) Submit(tb testing.TB, purpose act.Purpose, payload act.Payload) hubclient.Appended {
	tb.Helper()
	done, err := a.Client.Submit(tb.Context(), a.SignAct(tb, purpose, payload))
	if err != nil {
		tb.Fatalf("%s of %s: %v", payload.Kind(), a.Name, err)
	}
	return done
}

// Sync reads and folds the feed to its head, verifying every entry.
func (a *Agency) Sync(tb testing.TB) {
	tb.Helper()
	for {
		page, err := a.Feed(tb.Context(), a.cursor, 0)
		if err != nil {
			tb.Fatal(err)
		}
		for _, e := range page.Entries {
			entry, err := a.State.Verify([]byte(e.Entry))
			if err == nil {
				err = ledger.Apply(a.State, entry)
			}
			if err != nil {
				tb.Fatalf("entry %d in the feed of %s: %v", e.Index, a.Name, err)
			}
		}
		a.cursor = page.Next
		if page.Next == page.Head {
			return
		}
	}
}

// Move lets the agency speak to the hub at another address.
func (a *Agency) Move(tb testing.TB, w *World) {
	tb.Helper()
	a.world = w
	a.Client = w.Client(tb, a.Bearer)
}

// Document is an agreement between the agencies: bulletins, TLP:AMBER+STRICT at
// the loosest, for ten days.
func (w *World) Document(parties ...*Agency) *agreement.Document {
	now := w.Now()
	d := &agreement.Document{
		Schema: agreement.Schema, ID: act.NewAgreementID(), Revision: 1, Reference: "AG-1", Title: map[string]string{"en": "Sample agreement"},
		Form: "multilateral", Accession: "closed",
		Hub:        agreement.Hub{ID: w.Hub.ID, LogKey: w.Hub.LogKey, Registrar: w.Hub.RegistrarThumbprint},
		LegalBasis: []agreement.LegalBasis{{Instrument: "palermo-protocol", Article: "10"}},
		Purposes:   []string{"detection", "training"}, ItemKinds: []string{"bulletin"}, Excluded: agreement.Excluded(),
		Floor: restriction.Set{"tlp": {"TLP:AMBER+STRICT"}}, Languages: []string{"en"},
		EntryIntoForce: agreement.EntryIntoForce{Rule: "all-signed", NotBefore: canonical.At(now.Add(-time.Hour))},
		Expires:        canonical.At(now.Add(240 * time.Hour)), Termination: agreement.Termination{NoticeDays: 0, Effect: "destroy"},
		Binding: "binding-arrangement",
	}
	for _, party := range parties {
		d.Parties = append(d.Parties, agreement.Party{
			Agency: party.Name, LegalName: "Sample agency " + string(party.Name), Jurisdiction: "ID", Kind: "police",
			Mandate: "a sample mandate", Role: agreement.Both, OfficerSign: party.jwk(act.OfficerSign).Thumbprint(),
			DeskSign: party.jwk(act.DeskSign).Thumbprint(), Signatory: "Office of the director",
		})
	}
	slices.SortFunc(d.Parties, func(a, b agreement.Party) int { return slices.Compare([]byte(a.Agency), []byte(b.Agency)) })
	return d
}

// Agree proposes the document and has every party sign it.
func (w *World) Agree(tb testing.TB, document *agreement.Document, parties ...*Agency) act.AgreementRef {
	tb.Helper()
	bytes, digest, err := document.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	parties[0].Submit(tb, act.OfficerSign, &act.AgreementPropose{Common: parties[0].Common(), Document: string(bytes)})
	ref := act.AgreementRef{ID: document.ID, Digest: digest}
	for _, party := range parties {
		step := party.Step(tb, ref)
		party.Submit(tb, act.OfficerSign, &act.AgreementSign{AgreementStep: step})
	}
	for _, party := range parties {
		party.Sync(tb)
	}
	return ref
}

// Step is the common part of the agency's next act about an agreement.
func (a *Agency) Step(tb testing.TB, ref act.AgreementRef) act.AgreementStep {
	tb.Helper()
	a.Sync(tb)
	revision := a.State.Revision(ref.Digest)
	if revision == nil {
		tb.Fatalf("%s has not heard of the agreement", a.Name)
	}
	return act.AgreementStep{Common: a.Common(), Agreement: ref, Officer: a.officer, Prev: revision.Last}
}

// Officer is the pseudonym under which the agency acts.
func (a *Agency) Officer() string { return a.officer }
