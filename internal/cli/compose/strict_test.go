package compose

import (
	"errors"
	"strings"
	"testing"
)

// Texts that two readers would take for two things are no source of anything.
func TestSourcesThatReadersReadDifferently(t *testing.T) {
	yaml := sample(t, "ag1.yaml")
	bomb := "a: &a [x,x]\n"
	for i := range 20 {
		last := string(rune('a' + i))
		bomb += string(rune('b'+i)) + ": &" + string(rune('b'+i)) + " [*" + last + ",*" + last + "]\n"
	}
	for name, row := range map[string]struct {
		source, code, place string
		line, column        int
	}{
		"a byte order mark":           {"\ufeff" + yaml, "source_has_bom", "/", 1, 1},
		"a byte order mark inside":    {"id: x\nform: \ufeffbilateral\n", "source_has_bom", "/", 2, 7},
		"UTF-16":                      {"\xff\xfei\x00d\x00", "source_has_bom", "/", 1, 1},
		"not UTF-8":                   {"id: x\nform: \xe9t\xe9\n", "source_not_text", "/", 2, 7},
		"a control":                   {"id: \x1b[2J\n", "source_not_text", "/", 1, 5},
		"nothing":                     {"", "source_not_yaml", "/", 0, 0},
		"comments only":               {"# nothing\n", "source_not_yaml", "/", 0, 0},
		"a tab that indents":          {"title:\n\ten: x\n", "source_not_yaml", "/", 2, 0},
		"aliases that multiply":       {bomb, "source_has_alias", "/a", 1, 4},
		"an alias":                    {"form: *x\n", "source_not_yaml", "/", 0, 0},
		"a merge":                     {"form: bilateral\n<<: {id: x}\n", "source_key_not_text", "/", 2, 1},
		"a tag on a text":             {"form: !!str bilateral\n", "source_has_tag", "/form", 1, 7},
		"a tag on a list":             {"parties: !secret [x]\n", "source_has_tag", "/parties", 1, 10},
		"a tag on everything":         {"!doc {id: x}\n", "source_has_tag", "/", 1, 1},
		"a number for a name":         {"1: x\n", "source_key_not_text", "/", 1, 1},
		"a list for a name":           {"? [a]\n: x\n", "source_key_not_text", "/", 1, 3},
		"an octal number":             {"revision: 010\n", "source_scalar_unknown", "/revision", 1, 11},
		"a number in another base":    {"revision: 0x1\n", "source_scalar_unknown", "/revision", 1, 11},
		"a number with underscores":   {"revision: 1_0\n", "source_scalar_unknown", "/revision", 1, 11},
		"a number out of range":       {"revision: 99999999999999999\n", "source_scalar_unknown", "/revision", 1, 11},
		"nothing for a value":         {"form:\n", "source_scalar_unknown", "/form", 1, 6},
		"a null":                      {"form: ~\n", "source_scalar_unknown", "/form", 1, 7},
		"a moment with a fraction":    {"expires: 2030-01-01T00:00:00.5Z\n", "source_scalar_unknown", "/expires", 1, 10},
		"yes for true":                {"dataProtection: {noPersonalData: yes}\n", "field_malformed", "/dataProtection/noPersonalData", 1, 18},
		"a member in another case":    {"Form: bilateral\n", "field_unknown", "/Form", 1, 1},
		"a member with an i of Turks": {"termınation: {}\n", "field_unknown", "/termınation", 1, 1},
		"JSON: a member twice":        {"{\"form\": \"bilateral\",\n \"form\": \"multilateral\"}", "source_key_twice", "/form", 1, 21},
		"JSON: a comma too many":      {"{\"form\": \"bilateral\",}", "source_not_json", "/", 1, 21},
		"JSON: a comment":             {"{ // no\n}", "source_not_json", "/", 1, 2},
		"JSON: not closed":            {"{\"title\": {\"en\": \"x\"", "source_not_json", "/title", 1, 21},
		"JSON: two":                   {"{}\n{}", "source_has_two_documents", "/", 2, 2},
		"JSON: a null":                {"{\"form\": null}", "source_scalar_unknown", "/form", 1, 14},
		"JSON: a fraction":            {"{\"revision\": 1.5}", "source_scalar_unknown", "/revision", 1, 17},
		"JSON: nested too deep":       {"{\"title\":" + strings.Repeat("[", 50), "source_too_deep", "/title" + strings.Repeat("/0", 32), 1, 42},
		"YAML that begins like JSON":  {"{form: bilateral}", "source_not_json", "/", 1, 2},
		"JSON: an unknown member":     {"{\n \"penalty\": 1}", "field_unknown", "/penalty", 2, 11},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Document([]byte(row.source), ring())
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v", err)
			}
			if wrong.Code != row.code || wrong.Place != row.place || row.line != 0 && wrong.Line != row.line || row.column != 0 && wrong.Column != row.column {
				t.Errorf("refused as %v, want %s at %s, line %d, column %d", wrong, row.code, row.place, row.line, row.column)
			}
		})
	}
}

// The same draft in YAML and in JSON is the same document, whatever its order and
// its white space.
func TestYAMLAndJSONAreTheSameDocument(t *testing.T) {
	fromYAML, err := Document([]byte(sample(t, "ag1.yaml")), ring())
	if err != nil {
		t.Fatal(err)
	}
	spaced := "  " + strings.ReplaceAll(string(fromYAML.Bytes), `,"`, ",\n\t\"") + "\n"
	fromJSON, err := Document([]byte(spaced), nil)
	if err != nil || fromJSON.Digest != fromYAML.Digest {
		t.Errorf("from JSON: %v", err)
	}
}

// A date is a moment only where a clause asks for one.
func TestADateStaysWhatItIs(t *testing.T) {
	composed, err := Document([]byte(strings.Replace(sample(t, "ag1.yaml"), "reference: AG-1", "reference: 2026-11-21", 1)), ring())
	if err != nil || composed.Document.Reference != "2026-11-21" || composed.Document.Expires.String() != "2030-12-31T00:00:00Z" {
		t.Errorf("%v", err)
	}
}
