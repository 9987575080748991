package cli

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/fingerprint"
)

const (
	itemID    = "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa"
	releaseID = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	prevID    = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	hubID     = "concordat.test/hub"
	logVKey   = "concordat.test/hub+00000000+AQ"
)

var sampleTime = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// keyFrom is a fixed key, so that golden files stay the same.
func keyFrom(seed string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(seed))
	return ed25519.NewKeyFromSeed(sum[:])
}

func printOf(public ed25519.PublicKey) deskapi.Fingerprint {
	thumbprint := string(act.ThumbprintOf(public))
	return deskapi.Fingerprint{
		Thumbprint: thumbprint, Words: fingerprint.Text(thumbprint), PublicKey: base64.RawURLEncoding.EncodeToString(public),
	}
}

func publicFrom(seed string) ed25519.PublicKey { return keyFrom(seed).Public().(ed25519.PublicKey) }

// ownAgency is agencya as its desk describes it; officer is its officer-sign key.
func ownAgency(officer ed25519.PublicKey) deskapi.Agency {
	print := printOf(officer)
	return deskapi.Agency{
		Agency: "agencya", LegalName: "Nusantara Anti-Trafficking Desk (fictional)", Standing: "enrolled",
		OfficerSign: []deskapi.Fingerprint{print}, DeskSign: []deskapi.Fingerprint{printOf(publicFrom("desk a"))},
		OfficerKeyID: "agencya/officer-sign#" + print.Thumbprint,
		Hub:          hubID, LogKey: logVKey, Registrar: printOf(publicFrom("registrar")),
	}
}

// sampleDocument is AG-1 between these keys.
func sampleDocument(t *testing.T, officer ed25519.PublicKey) *compose.Composed {
	t.Helper()
	source, err := os.ReadFile("testdata/ag1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	composed, err := compose.Document(source, &keyring.Ring{
		Hub: agreement.Hub{ID: hubID, LogKey: logVKey, Registrar: act.ThumbprintOf(publicFrom("registrar"))},
		Agencies: map[act.AgencyName]keyring.Agency{
			"agencya": {OfficerSign: act.ThumbprintOf(officer), DeskSign: act.ThumbprintOf(publicFrom("desk a"))},
			"agencyb": {OfficerSign: act.ThumbprintOf(publicFrom("officer b")), DeskSign: act.ThumbprintOf(publicFrom("desk b"))},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return composed
}

func sampleAgreement(c *compose.Composed) deskapi.Agreement {
	return deskapi.Agreement{
		AgreementSummary: deskapi.AgreementSummary{
			ID: c.Document.ID, Reference: c.Document.Reference, Title: c.Document.Title, Revision: 1, Digest: c.Digest, State: "proposed",
			Signed: []string{"agencyb"}, Pending: []string{"agencya"}, NextState: "expired", NextChange: c.Document.Expires.Time, NextClause: "/expires",
			Since: sampleTime, SinceAct: prevID, SinceBy: "agencyb", Clause: "/entryIntoForce",
		},
		Suspended: []string{}, Withdrawn: []string{}, OtherDigest: []string{},
		Standings: []deskapi.PartyStanding{{Agency: "agencya", Role: "both"}, {Agency: "agencyb", Role: "both", Signed: sampleTime}},
		Revisions: []deskapi.AgreementRevision{{Revision: 1, Digest: c.Digest, State: "proposed", Signed: []string{"agencyb"}, Pending: []string{"agencya"}, Bound: []string{}}},
		Document:  string(c.Bytes), ProposedBy: "agencyb", Index: 7, Prev: prevID, HubIsOurs: true, Hub: hubID,
		Parties: []deskapi.Party{
			{Agency: "agencya", LegalName: "A", OfficerSign: printOf(publicFrom("officer a")), DeskSign: printOf(publicFrom("desk a"))},
			{Agency: "agencyb", LegalName: "B", OfficerSign: printOf(publicFrom("officer b")), DeskSign: printOf(publicFrom("desk b"))},
		},
	}
}

// withAgreement lets the desk show AG-1 and the own agency.
func (w *world) withAgreement() *compose.Composed {
	w.t.Helper()
	composed := sampleDocument(w.t, publicFrom("officer a"))
	one := sampleAgreement(composed)
	w.desk.says("GET /api/v1/agency", ownAgency(publicFrom("officer a")))
	w.desk.says("GET /api/v1/agreements", []deskapi.AgreementSummary{one.AgreementSummary})
	w.desk.says("GET /api/v1/agreements/"+one.ID+"?digest="+url.QueryEscape(one.Digest), one)
	return composed
}

func sampleItem() deskapi.Item {
	return deskapi.Item{
		Item: itemID, Kind: "bulletin", Version: 1, Box: "inbox", Originator: "agencyb", State: "available", Languages: []string{"en", "fr"},
		Title:  map[string]string{"en": "False job offers online as an entry to exploitation", "fr": "Fausses offres d'emploi en ligne"},
		Facets: map[string][]string{"means": {"deception"}},
		Releases: []deskapi.Release{{
			Release: releaseID, Item: itemID, Version: 1, Index: 12, Time: sampleTime, Reference: "AG-1",
			Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}, "purposes": {"detection", "training"}}, State: "available",
		}},
	}
}

func sampleConditions() deskapi.Conditions {
	return deskapi.Conditions{
		Item: itemID, Kind: "bulletin", Version: 1, Release: releaseID, Released: sampleTime,
		Originator:   deskapi.Party{Agency: "agencyb", LegalName: "Office central fictif Traite"},
		Agreement:    deskapi.AgreementSummary{Reference: "AG-1", Title: map[string]string{"en": "Exchange of methods"}},
		Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}}, RestrictionsDigest: "sha256:" + "00000000000000000000000000000000000000000000000000000000000000aa",
		Marking: "TLP:AMBER", MarkingText: "Limited disclosure.", LeaseSeconds: 900, Allow: true, Reason: "policy_allowed",
	}
}

func sampleDraft() deskapi.Draft {
	return deskapi.Draft{
		ID: "draft-1", Item: itemID, Kind: "bulletin", Version: 2, ContentDigest: "sha256:" + "00000000000000000000000000000000000000000000000000000000000000bb",
		Author: "ofc-bbbbbbbbbbbbbbbbbbbbbbbbbb", Title: map[string]string{"en": "False job offers"}, Languages: []string{"en"}, Verdict: "release",
		Rendered: "# False job offers\n\nText of the draft.\n",
	}
}
