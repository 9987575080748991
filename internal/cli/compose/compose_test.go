package compose

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
)

// thumb makes distinct well-formed thumbprints.
func thumb(letter string) act.Thumbprint {
	return act.Thumbprint(letter + strings.Repeat("A", 42))
}

func ring() *keyring.Ring {
	r := &keyring.Ring{
		Hub:      agreement.Hub{ID: "concordat.local/hub", LogKey: "concordat.local/hub+00000000+AQ", Registrar: thumb("R")},
		Agencies: map[act.AgencyName]keyring.Agency{},
	}
	letters := "BCDEFGHIJKLM"
	for i, name := range []act.AgencyName{"agencya", "agencyb", "agencyc", "agencyd", "agencye", "agencyf"} {
		r.Agencies[name] = keyring.Agency{OfficerSign: thumb(letters[2*i : 2*i+1]), DeskSign: thumb(letters[2*i+1 : 2*i+2])}
	}
	return r
}

func sample(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../../config/samples/agreements", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestEverySampleBecomesADocumentThatParses(t *testing.T) {
	files, err := filepath.Glob("../../../config/samples/agreements/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	ids := map[string]bool{}
	for _, file := range files {
		composed, err := Document([]byte(sample(t, filepath.Base(file))), ring())
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		document, digest, err := agreement.Parse(composed.Bytes)
		if err != nil || digest != composed.Digest || strings.Contains(string(composed.Bytes), "\n") {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if document.Schema != agreement.SchemaV2 {
			t.Errorf("%s: schema %s", file, document.Schema)
		}
		if ids[document.ID] || composed.NewID {
			t.Errorf("%s: id %s is missing or taken", file, document.ID)
		}
		ids[document.ID] = true
	}
}

func TestSameSourceGivesTheSameBytes(t *testing.T) {
	first, err := Document([]byte(sample(t, "ag1.yaml")), ring())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Document([]byte("# a comment is not signed\n"+sample(t, "ag1.yaml")), ring())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first.Bytes), string(again.Bytes)); diff != "" {
		t.Error(diff)
	}
}

func TestReadKeepsADocumentVerbatim(t *testing.T) {
	composed, err := Document([]byte(sample(t, "ag1.yaml")), ring())
	if err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string][]byte{"verbatim": composed.Bytes, "with an editor's newline": append(composed.Bytes, '\n')} {
		read, err := Read(input, nil)
		if err != nil || read.Digest != composed.Digest || string(read.Bytes) != string(composed.Bytes) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a person can get wrong is named with its line and place; nothing that the
// schema does not know may vanish from what is signed.
func TestRefusedSources(t *testing.T) {
	valid := sample(t, "ag1.yaml")
	replace := func(old, new string) string {
		if !strings.Contains(valid, old) {
			t.Fatalf("the sample holds no %q", old)
		}
		return strings.Replace(valid, old, new, 1)
	}
	for name, row := range map[string]struct {
		source, code, place string
	}{
		"an unknown clause":              {valid + "penalty: none\n", "field_unknown", "/penalty"},
		"an unknown clause of a party":   {replace("    role: both", "    role: both\n    rolle: both"), "field_unknown", "/parties/0/rolle"},
		"another case":                   {replace("binding:", "Binding:"), "field_unknown", "/Binding"},
		"a clause twice":                 {valid + "binding: treaty\n", "source_key_twice", "/binding"},
		"an alias":                       {valid + "supersedes: &x sha256\n", "source_has_alias", "/supersedes"},
		"two documents":                  {valid + "---\n{}\n", "source_has_two_documents", "/"},
		"no YAML":                        {"id: [", "source_not_yaml", "/"},
		"a number with a fraction":       {replace("noticeDays: 30", "noticeDays: 1.5"), "source_scalar_unknown", "/termination/noticeDays"},
		"a text for a number":            {replace("noticeDays: 30", "noticeDays: soon"), "field_malformed", "/termination/noticeDays"},
		"the same party twice":           {replace("agency: agencyb", "agency: agencya"), "party_twice", "/parties/1/agency"},
		"an end before the start":        {replace("rule: all-signed", "rule: all-signed\n  notBefore: 2031-01-01"), "window_ends_before_it_starts", "/expires"},
		"no end":                         {replace("expires: 2030-12-31\n", ""), "window_has_no_end", "/expires"},
		"an agency that looks like one":  {replace("agency: agencyb", "agency: agency-b"), "agency_name_invalid", "/parties/1/agency"},
		"an agency that nobody knows":    {replace("agency: agencyb", "agency: agencyz"), "thumbprint_malformed", "/parties/1"},
		"a stranger's key":               {replace("    role: both", "    role: both\n    officerSign: "+string(thumb("Z"))), "key_differs", "/parties/0"},
		"another hub":                    {valid + "hub: {id: other.example/hub}\n", "key_differs", "/hub/id"},
		"a shorter list of what is out":  {valid + "excluded: [imagery]\n", "excluded_is_constant", "/excluded"},
		"a person who signs":             {replace("    signatoryOffice: \"Head of the Desk\"\n", ""), "text_missing_or_long", "/parties/0/signatoryOffice"},
		"an unknown purpose":             {replace("purposes: [detection,", "purposes: [curiosity, detection,"), "purposes_missing_or_unknown", "/purposes"},
		"GREEN without its community":    {replace("  community:", "  clients2:"), "field_unknown", "/definitions/clients2"},
		"a year that nobody means":       {replace("expires: 2030-12-31", "expires: 9999-12-31"), "field_malformed", "/expires"},
		"one party to a bilateral pact":  {valid[:strings.Index(valid, "  - agency: agencyb")] + valid[strings.Index(valid, "\nlegalBasis"):], "parties_too_few_or_many", "/parties"},
		"three parties of a bilateral":   {replace("  - agency: agencyb", strings.Replace(valid[strings.Index(valid, "  - agency: agencyb"):strings.Index(valid, "\nlegalBasis")], "agencyb", "agencyc", 1)+"  - agency: agencyb"), "bilateral_has_two_parties", "/parties"},
		"nested beyond any agreement":    {valid + "supersedes: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", "source_too_deep", "/supersedes" + strings.Repeat("/0", 32)},
		"more text than an agreement is": {valid + "#" + strings.Repeat("x", MaxSource), "source_too_large", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Document([]byte(row.source), ring())
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v", err)
			}
			if wrong.Code != row.code || wrong.Place != row.place {
				t.Errorf("refused as %s at %s, want %s at %s", wrong.Code, wrong.Place, row.code, row.place)
			}
		})
	}
}

func TestLineIsThatOfTheFault(t *testing.T) {
	source := sample(t, "ag1.yaml") + "penalty: none\n"
	_, err := Document([]byte(source), ring())
	var wrong *Error
	if !errors.As(err, &wrong) || wrong.Line != strings.Count(source, "\n") {
		t.Errorf("error is %v, want line %d", err, strings.Count(source, "\n"))
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte("id: agr-aaaaaaaaaaaaaaaaaaaaaaaaaa\nparties: [{agency: agencya}]\n"))
	f.Add([]byte(`{"id":"agr-aaaaaaaaaaaaaaaaaaaaaaaaaa","restrictionFloor":{"maxReads":["5"]},"expires":"2030-12-31T00:00:00Z"}`))
	for _, name := range []string{"ag1.yaml", "ag2.yaml", "ag3.yaml", "ag4.yaml"} {
		source, err := os.ReadFile(filepath.Join("../../../config/samples/agreements", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		composed, err := Document(source, ring())
		if err != nil {
			return
		}
		if _, digest, err := agreement.Parse(composed.Bytes); err != nil || digest != composed.Digest {
			t.Errorf("composed a document that does not parse: %v", err)
		}
	})
}
