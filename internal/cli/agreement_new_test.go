package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// knownRing knows agencies a to f, and a newcomer, with what agreements say of them.
func knownRing() *keyring.Ring {
	ring := &keyring.Ring{
		Hub:      agreement.Hub{ID: hubID, LogKey: logVKey, Registrar: act.ThumbprintOf(publicFrom("registrar"))},
		Agencies: map[act.AgencyName]keyring.Agency{},
	}
	for name, kind := range map[act.AgencyName]string{
		"agencya": "police", "agencyb": "police", "agencyc": "immigration", "agencyd": "FIU", "agencye": "NGO", "agencyf": "platform", "newcomer": "platform",
	} {
		ring.Agencies[name] = keyring.Agency{
			LegalName: "Fictional " + string(name), Jurisdiction: "ID", Kind: kind, Mandate: "Fictional mandate",
			OfficerSign: act.ThumbprintOf(publicFrom("officer " + string(name))), DeskSign: act.ThumbprintOf(publicFrom("desk " + string(name))),
		}
	}
	return ring
}

// A new agreement is whole: with the parties' keys it can be signed as it stands.
func TestANewAgreementIsWhole(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing said":        nil,
		"bilateral":           {"--template", "bilateral", "--reference", "AG-9", "--party", "agencya", "--party", "agencyb"},
		"three of bilateral":  {"--party", "agencya", "--party", "agencyb", "--party", "agencyc"},
		"multilateral-open":   {"--template", "multilateral-open", "--notice-days", "0"},
		"agency-ngo-platform": {"--template", "agency-ngo-platform", "--purpose", "prevention,training"},
		"fiu":                 {"--template", "fiu", "--tlp", "RED", "--expires", "2031-06-30"},
		"clear":               {"--tlp", "CLEAR", "--title", `A "quoted" title: # no comment`},
		"of a week":           {"--expires", time.Now().AddDate(0, 0, 7).Format(time.DateOnly)},
		"with a platform":     {"--party", "agencya", "--party", "newcomer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			out := w.expect(OK, append([]string{"agreement", "new"}, args...)...).stdout
			composed, err := compose.Document([]byte(out), knownRing())
			if err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			if days, bites := composed.Document.Floor.Count(restriction.RetentionDays); !bites || days != composed.Document.Retention.MaxDays {
				t.Errorf("copies are kept %d days by the floor and %d by the clause", days, composed.Document.Retention.MaxDays)
			}
			if composed.Document.Schema != agreement.SchemaV2 || composed.Document.Texts["en"] == "" || composed.NewID {
				t.Errorf("composed %+v", composed.Document)
			}
		})
	}
}

func TestANewAgreementIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.interactive = true
	w.stdin = "fiu\nAG-7\n\nagencya agencyd\ntraining\n\n2031-06-30\n14\n"
	said := w.expect(OK, "agreement", "new")
	composed, err := compose.Document([]byte(said.stdout), knownRing())
	if err != nil {
		t.Fatal(err)
	}
	d := composed.Document
	if d.Reference != "AG-7" || len(d.Purposes) != 1 || d.Termination.NoticeDays != 14 || d.Floor["judicialUse"][0] != "prohibited" || d.Floor["useReportDays"][0] != "30" {
		t.Errorf("composed %+v", d)
	}
	if !strings.Contains(said.stderr, "[TLP:AMBER]") {
		t.Errorf("the questions propose nothing: %s", said.stderr)
	}
}

func TestWhatCannotBecomeAnAgreementIsNotWritten(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown template":  {"--template", "treaty"},
		"an unknown purpose":   {"--purpose", "advertising"},
		"an unknown label":     {"--tlp", "WHITE"},
		"no label but a code":  {"--tlp", "H2"},
		"a day of no calendar": {"--expires", "2031-02-30"},
		"no name of an agency": {"--party", "agency-a"},
	} {
		w := newWorld(t)
		if got := w.run(append([]string{"agreement", "new"}, args...)...); got.exit != int(Usage) || got.stdout != "" {
			t.Errorf("%s: exit %d with %q", name, got.exit, got.stdout)
		}
	}
}
