package hubtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// WholeDocument is an agreement with every clause: open to accession by unanimity,
// any party suspends another for a breach or for safety, an overdue answer holds
// new releases, for ten days.
func (w *World) WholeDocument(parties ...*Agency) *agreement.Document {
	var names []act.AgencyName
	for _, party := range parties {
		names = append(names, party.Name)
	}
	slices.Sort(names)
	d := agreementtest.DocumentV2(names...)
	simple := w.Document(parties...)
	d.ID, d.Hub, d.EntryIntoForce, d.Expires = simple.ID, simple.Hub, simple.EntryIntoForce, simple.Expires
	d.Parties = nil
	for _, party := range parties {
		d.Parties = append(d.Parties, party.Party())
	}
	slices.SortFunc(d.Parties, func(a, b agreement.Party) int { return slices.Compare([]byte(a.Agency), []byte(b.Agency)) })
	return d
}

// Party is the agency as a party of a WholeDocument, and as it would accede.
func (a *Agency) Party() agreement.Party {
	p := agreementtest.PartyV2(a.Name)
	p.OfficerSign, p.DeskSign = a.KeyID(act.OfficerSign).Thumbprint, a.KeyID(act.DeskSign).Thumbprint
	return p
}

// Propose puts a document before its parties.
func (a *Agency) Propose(tb testing.TB, document *agreement.Document) act.AgreementRef {
	tb.Helper()
	bytes, digest, err := document.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	a.Submit(tb, act.OfficerSign, &act.AgreementPropose{Common: a.Common(), Document: string(bytes)})
	return act.AgreementRef{ID: document.ID, Digest: digest}
}

// Sign signs a revision.
func (a *Agency) Sign(tb testing.TB, ref act.AgreementRef) hubclient.Appended {
	tb.Helper()
	return a.Submit(tb, act.OfficerSign, &act.AgreementSign{AgreementStep: a.Step(tb, ref)})
}

// Reasoned is the agency's next step with a reason.
func (a *Agency) Reasoned(tb testing.TB, ref act.AgreementRef, reason string) act.AgreementStep {
	tb.Helper()
	step := a.Step(tb, ref)
	step.Reason = reason
	return step
}

// Invite shows an open agreement to an agency.
func (a *Agency) Invite(tb testing.TB, ref act.AgreementRef, invited *Agency) {
	tb.Helper()
	a.Submit(tb, act.OfficerSign, &act.AgreementInvite{AgreementStep: a.Step(tb, ref), Agency: invited.Name})
}

// Accede consents to an agreement to which the agency was invited.
func (a *Agency) Accede(tb testing.TB, ref act.AgreementRef) hubclient.Appended {
	tb.Helper()
	return a.Submit(tb, act.OfficerSign, a.Accession(tb, ref))
}

// Accession is the act with which it does.
func (a *Agency) Accession(tb testing.TB, ref act.AgreementRef) *act.AgreementAccede {
	tb.Helper()
	party, err := canonical.Marshal(a.Party())
	if err != nil {
		tb.Fatal(err)
	}
	return &act.AgreementAccede{AgreementStep: a.Step(tb, ref), Commitment: agreementtest.Committed(a.Name), Party: string(party)}
}

// Countersign accepts an accession for the agency.
func (a *Agency) Countersign(tb testing.TB, ref act.AgreementRef, accession act.ID) hubclient.Appended {
	tb.Helper()
	return a.Submit(tb, act.OfficerSign, &act.AgreementCountersign{AgreementStep: a.Step(tb, ref), Accession: accession})
}

// Rotate gives the agency another officer key and revokes the old one.
func (a *Agency) Rotate(tb testing.TB) {
	tb.Helper()
	_, next, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	jwk := act.NewJWK(next.Public().(ed25519.PublicKey))
	a.Sync(tb)
	old := a.KeyID(act.OfficerSign).Thumbprint
	added := a.Submit(tb, act.OfficerSign, &act.KeyAdd{Common: a.Common(), Purpose: act.OfficerSign, Key: &jwk, Prev: a.State.Agency(a.Name).Last})
	a.keys[act.OfficerSign] = next
	a.Submit(tb, act.OfficerSign, &act.KeyRevoke{KeyEnd: act.KeyEnd{Common: a.Common(), Purpose: act.OfficerSign, Thumbprint: old, Prev: added.Act}})
}

// Restriction is a signed request that tightens the terms of an item's first
// version, for some receivers or for all.
func (a *Agency) Restriction(tb testing.TB, item string, asked restriction.Set, receivers ...act.AgencyName) *act.ItemRestrict {
	tb.Helper()
	return &act.ItemRestrict{
		Common: a.Common(), Item: item, Version: 1, For: receivers, Restrictions: asked,
		Acknowledge: canonical.At(a.world.Now().Add(24 * time.Hour)), Officer: a.officer,
	}
}

// Restrict hands such a request in.
func (a *Agency) Restrict(tb testing.TB, item string, asked restriction.Set, receivers ...act.AgencyName) hubclient.Appended {
	tb.Helper()
	return a.Submit(tb, act.DeskSign, a.Restriction(tb, item, asked, receivers...))
}

// Terms is the digest of what binds the agency for a release, by its own fold.
func (a *Agency) Terms(tb testing.TB, release act.ID) string {
	tb.Helper()
	a.Sync(tb)
	return a.State.Release(release).Terms(a.Name).Digest
}

// Cursor is where the agency stands in its feed.
func (a *Agency) Cursor() uint64 { return a.cursor }
