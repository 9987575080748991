package restriction

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

const page = "../../docs/restrictions.md"

var meets = map[Shape]string{
	Ordered: "the stricter", Partial: "the stricter; `must` and an unnamed originator exclude each other",
	Allowed: "what both name", United: "what either names", Number: "the smaller", Until: "the earlier", From: "the later",
}

var openTerms = map[Axis]string{
	Recipients: "agencies, by slug", RecipientsDenied: "agencies, by slug", RecipientKinds: "kinds of agency, as enrolled",
	Jurisdictions: "ISO 3166-1 alpha-2, or an organisation", JurisdictionsDenied: "the same",
	Officers: "pseudonyms", Prerequisites: "terms, such as `curriculum-completed`",
	MaxReads: "a number", RetentionDays: "days", UseReportDays: "days",
	NotBefore: "a moment", Expires: "a moment", Embargo: "a moment", ReviewBy: "a moment",
}

func axisTable() string {
	var b strings.Builder
	b.WriteString("| axis | values, strictest first | of two sides stays | binds the originator | inside | once a copy has left |\n|---|---|---|---|---|---|\n")
	for _, axis := range Shown() {
		values := openTerms[axis]
		if known := Values(axis); known != nil {
			values = "`" + strings.Join(known, "`, `") + "`"
		}
		binds := "yes"
		if !BindsOriginator(axis) {
			binds = "no"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n",
			axis, values, meets[ShapeOf(axis)], binds, EnforcementOf(axis), EnforcementAfterExport(axis))
	}
	return b.String()
}

func codeTable() string {
	var b strings.Builder
	b.WriteString("| code | means |\n|---|---|\n")
	for _, code := range Presets() {
		set, _ := Expand(code)
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", code, set)
	}
	return b.String()
}

func exportTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| axis | IEP 2.0 | ODRL 2.2 |\n|---|---|---|\n")
	for _, axis := range Shown() {
		cells := []string{}
		for _, export := range []func(Set) (*Export, error){
			func(s Set) (*Export, error) { return IEP(s, iepHeader) },
			func(s Set) (*Export, error) { return ODRL(s, odrlHeader) },
		} {
			left, tightened, said := false, false, false
			for _, terms := range everyTerms(axis)[1:] {
				e, err := export(Set{string(axis): terms})
				if err != nil {
					t.Fatal(err)
				}
				isLeft := slices.Contains(e.Left, axis)
				left = left || isLeft
				said = said || !isLeft
				tightened = tightened || slices.Contains(e.Tightened, axis)
			}
			switch {
			case left && said:
				cells = append(cells, "partly")
			case left:
				cells = append(cells, "no")
			case tightened:
				cells = append(cells, "yes, one value more strictly")
			default:
				cells = append(cells, "yes")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", axis, cells[0], cells[1])
	}
	return b.String()
}

// The page that people read is held to the table that decides.
func TestThePageSaysWhatTheTableSays(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, want := range map[string]string{"axes": axisTable(), "codes": codeTable(), "exports": exportTable(t)} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
		before, rest, ok := strings.Cut(text, begin)
		got, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("the page has no place for the table of %s", name)
		}
		if os.Getenv("UPDATE_GOLDEN") != "" {
			text = before + begin + want + end + after
			continue
		}
		if got != want {
			t.Errorf("the table of %s is not what the code does; UPDATE_GOLDEN=1 writes it:\n%s", name, want)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
