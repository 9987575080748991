package render

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/message"
)

func entries() []Entry {
	joined := agreementtest.PartyV2("delta")
	joined.Jurisdiction = "XN"
	first := agreementtest.Document("alpha", "beta")
	return []Entry{
		NewEntry(everything(), "sha256:"+strings.Repeat("5", 64), "in-force", "alpha", []agreement.Party{joined}),
		NewEntry(first, "sha256:"+strings.Repeat("6", 64), "terminated", "alpha", nil),
	}
}

func TestRegisterIsTheGoldenFile(t *testing.T) {
	at := agreementtest.At("2027-02-01T09:00:00Z").Time
	for _, lang := range message.Languages() {
		got, err := Register(entries(), "alpha", at, lang)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "register."+lang+".md")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s:\n%s", file, diff)
		}
	}
}

func TestRegisterNamesWhoReceivesAndWhere(t *testing.T) {
	e := entries()[0]
	var recipients []string
	for _, r := range e.Recipients {
		recipients = append(recipients, string(r.Agency))
	}
	if !slices.Equal(recipients, []string{"beta", "gamma", "delta"}) || !e.Recipients[2].Acceded || e.Recipients[0].Acceded {
		t.Errorf("recipients are %+v", e.Recipients)
	}
	if !slices.Equal(e.Transfers.Jurisdictions, []string{"XN"}) {
		t.Errorf("transfers go to %v", e.Transfers.Jurisdictions)
	}
	if !slices.Equal(e.LegalBasis, []string{"palermo-protocol 10(1)(c)"}) {
		t.Errorf("the legal basis of alpha is %v: beta's own is not alpha's", e.LegalBasis)
	}
	raw, err := json.Marshal(entries()[1])
	if err != nil || strings.Contains(string(raw), `"retention"`) || !strings.Contains(string(raw), `"excludedPurposes":[]`) {
		t.Errorf("%v: %s", err, raw)
	}
}

func TestARegisterOfNothingSaysSo(t *testing.T) {
	got, err := Register(nil, "alpha", agreementtest.At("2027-02-01T09:00:00Z").Time, "en")
	if err != nil || !strings.Contains(string(got), "No agreement binds") {
		t.Errorf("%v: %s", err, got)
	}
	if _, err := Register(nil, "alpha", agreementtest.At("2027-02-01T09:00:00Z").Time, "de"); err == nil {
		t.Error("a register in German")
	}
}
