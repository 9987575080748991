package keyring

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

func sample() *Ring {
	public := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	return &Ring{
		Hub: agreement.Hub{ID: "concordat.test/hub", LogKey: "k", Registrar: act.ThumbprintOf(public)},
		Agencies: map[act.AgencyName]Agency{"agencya": {
			LegalName: "A", DeskSign: act.ThumbprintOf(public), Keys: []Key{{Purpose: act.DeskSign, JWK: act.NewJWK(public)}},
		}},
	}
}

func TestARingSurvivesItsFile(t *testing.T) {
	raw, err := sample().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), read); diff != "" {
		t.Error(diff)
	}
}

func TestAKeyIsFoundOnlyUnderItsThumbprintPurposeAndAgency(t *testing.T) {
	ring := sample()
	right := act.KeyID{Agency: "agencya", Purpose: act.DeskSign, Thumbprint: ring.Agencies["agencya"].DeskSign}
	if _, err := ring.ResolveKey(right); err != nil {
		t.Error(err)
	}
	otherAgency, otherPurpose, otherKey := right, right, right
	otherAgency.Agency, otherPurpose.Purpose, otherKey.Thumbprint = "agencyb", act.OfficerSign, act.Thumbprint(strings.Repeat("A", 43))
	for _, wrong := range []act.KeyID{otherAgency, otherPurpose, otherKey} {
		if _, err := ring.ResolveKey(wrong); err == nil {
			t.Errorf("%s was found", wrong)
		}
	}
}

func TestMergeKeepsWhatWasKnownFirst(t *testing.T) {
	ring, other := sample(), sample()
	other.Hub.ID = "other.example/hub"
	other.Agencies["agencya"] = Agency{LegalName: "another A"}
	other.Agencies["agencyb"] = Agency{LegalName: "B"}
	ring.Merge(other)
	if ring.Hub.ID != "concordat.test/hub" || ring.Agencies["agencya"].LegalName != "A" || ring.Agencies["agencyb"].LegalName != "B" {
		t.Errorf("merged to %+v", ring)
	}
}

func TestAFileThatIsNoRingIsRefused(t *testing.T) {
	for name, source := range map[string]string{
		"an unknown member":      "hubs: {}\n",
		"an agency twice":        "agencies:\n  agencya: {}\n  agencya: {}\n",
		"no name of an agency":   "agencies: {Agency-A: {}}\n",
		"a short thumbprint":     "agencies: {agencya: {deskSign: abc}}\n",
		"a key of another curve": "agencies: {agencya: {keys: [{purpose: desk-sign, jwk: {crv: P-256, kty: EC, x: AA}}]}}\n",
		"no YAML":                "[",
	} {
		if _, err := Parse([]byte(source)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
