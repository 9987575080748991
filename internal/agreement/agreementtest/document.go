// Package agreementtest makes small valid agreements for tests of any package.
package agreementtest

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Hub and LogKey are those of every document made here.
const (
	Hub    = "concordat.test/hub"
	LogKey = "concordat.test/hub+00000000+AQ"
)

// Key returns the same key for the same words, so that tests have fixed bytes.
func Key(agency act.AgencyName, purpose act.Purpose) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("test key of " + string(agency) + " for " + string(purpose)))
	return ed25519.NewKeyFromSeed(seed[:])
}

// JWK returns the public half of Key.
func JWK(agency act.AgencyName, purpose act.Purpose) act.JWK {
	return act.NewJWK(Key(agency, purpose).Public().(ed25519.PublicKey))
}

// KeyID returns the kid of Key.
func KeyID(agency act.AgencyName, purpose act.Purpose) act.KeyID {
	return act.KeyID{Agency: agency, Purpose: purpose, Thumbprint: JWK(agency, purpose).Thumbprint()}
}

// At reads a moment, and panics on a mistyped one.
func At(s string) canonical.Time {
	var t canonical.Time
	if err := t.UnmarshalJSON([]byte(`"` + s + `"`)); err != nil {
		panic(err)
	}
	return t
}

// Document returns a valid agreement among the agencies, in force once all have
// signed and until the year 2028.
func Document(agencies ...act.AgencyName) *agreement.Document {
	d := &agreement.Document{
		Schema: agreement.Schema, ID: "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", Revision: 1, Reference: "AG-TEST",
		Title: map[string]string{"en": "Exchange of typologies (fictional)"},
		Form:  "multilateral", Accession: "closed",
		Hub:            agreement.Hub{ID: Hub, LogKey: LogKey, Registrar: JWK(act.Registrar, act.RegistrarSign).Thumbprint()},
		LegalBasis:     []agreement.LegalBasis{{Instrument: "palermo-protocol", Article: "10(1)(c)"}},
		Purposes:       []string{"detection", "prevention", "training"},
		ItemKinds:      []string{"bulletin"},
		Excluded:       agreement.Excluded(),
		Floor:          restriction.Set{"tlp": {"TLP:AMBER+STRICT"}},
		Languages:      []string{"en"},
		EntryIntoForce: agreement.EntryIntoForce{Rule: "all-signed"},
		Expires:        At("2028-01-01T00:00:00Z"),
		Termination:    agreement.Termination{Effect: "destroy"},
		Binding:        "non-binding",
	}
	for _, name := range agencies {
		d.Parties = append(d.Parties, agreement.Party{
			Agency: name, LegalName: "Fictional agency " + string(name), Jurisdiction: "ID", Kind: "police",
			Mandate: "Fictional mandate act, article 1", Role: agreement.Both, Signatory: "Director of cooperation",
			OfficerSign: JWK(name, act.OfficerSign).Thumbprint(), DeskSign: JWK(name, act.DeskSign).Thumbprint(),
		})
	}
	return d
}
