package draft

import (
	"errors"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/google/go-cmp/cmp"
)

func TestParseRefusesWithThePlace(t *testing.T) {
	deep := func(open, shut string) string {
		return strings.Repeat(open, MaxDepth+1) + strings.Repeat(shut, MaxDepth+1)
	}
	var deepBlock strings.Builder
	for i := range MaxDepth + 2 {
		deepBlock.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	bomb := "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"
	cases := map[string]struct {
		draft string
		code  string
		line  int
	}{
		"empty":                   {"", "empty", 1},
		"only a comment":          {"# nothing\n", "empty", 1},
		"byte order mark":         {"\ufeffa: b\n", "byte_order_mark", 1},
		"UTF-16":                  {"\xff\xfea\x00", "byte_order_mark", 1},
		"invalid UTF-8":           {"a: b\nc: \xff\n", "not_utf8", 2},
		"NUL":                     {"a: \x00\n", "malformed", 0},
		"too large":               {strings.Repeat("#", MaxBytes+1), "too_large", 0},
		"duplicate YAML field":    {"a: 1\nb: 2\na: 3\n", "duplicate_field", 3},
		"duplicate in depth":      {"a:\n  b: 1\n  b: 2\n", "duplicate_field", 3},
		"duplicate after escape":  {"{\"a\":1,\n\"\\u0061\":2}", "duplicate_field", 2},
		"anchor":                  {"a: &x b\n", "alias", 1},
		"alias bomb":              {bomb, "alias", 1},
		"alias as field name":     {"a: b\n&x c: d\n", "alias", 2},
		"tag":                     {"a: !!binary aGk=\n", "tag", 1},
		"own tag":                 {"a: !person b\n", "tag", 1},
		"two documents":           {"a: b\n---\nc: d\n", "several_documents", 2},
		"text after JSON":         {"{}\n{}", "several_documents", 2},
		"deep flow":               {deep("[", "]"), "too_deep", 1},
		"deep JSON":               {"{\"a\":" + deep("[", "]") + "}", "too_deep", 1},
		"deep blocks":             {deepBlock.String(), "too_deep", MaxDepth + 1},
		"tabs as indentation":     {"a:\n\tb: c\n", "malformed", 2},
		"unclosed JSON":           {"{\"a\":\n1", "malformed", 2},
		"lone surrogate in JSON":  {`{"a":"\ud800"}`, "malformed", 1},
		"a mapping as field name": {"? {a: b}\n: c\n", "malformed", 1},
	}
	for name, tc := range cases {
		_, err := Parse([]byte(tc.draft))
		var problems item.Problems
		if !errors.As(err, &problems) || len(problems) != 1 {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		if p := problems[0]; p.Code != tc.code || (tc.line != 0 && p.Line != tc.line) {
			t.Errorf("%s: %s at line %d, want %s at line %d", name, p.Code, p.Line, tc.code, tc.line)
		}
	}
}

func TestParseNeverRepeatsTheText(t *testing.T) {
	for _, draft := range []string{
		"marker: [\n", "a: *marker\n", "a: &marker b\n", "a: !marker b\n", "{\"marker\":1,\"marker\":2}", "{\"a\": marker}", "a: \"\\qmarker\"\n",
		"a: b\n--- marker\n", "marker: 1\nmarker: 2\n",
	} {
		if _, err := Parse([]byte(draft)); err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("%q: error %v", draft, err)
		}
	}
}

type target struct {
	Name  string
	Count int
	Tags  []string
	Texts map[string]string
}

func bind(t *testing.T, draft string) (target, item.Problems) {
	t.Helper()
	root, err := Parse([]byte(draft))
	if err != nil {
		t.Fatalf("%q: %v", draft, err)
	}
	var b Binder
	got := target{Texts: map[string]string{}}
	b.Object(map[string]Into{
		"name":  b.String(&got.Name),
		"count": b.Int(&got.Count),
		"tags": b.List(2, func(n *Node, path string) {
			var tag string
			b.String(&tag)(n, path)
			got.Tags = append(got.Tags, tag)
		}),
		"texts": b.Map([]string{"en", "fr"}, func(lang string) Into {
			return func(n *Node, path string) {
				var text string
				b.String(&text)(n, path)
				got.Texts[lang] = text
			}
		}),
	})(root, "")
	return got, b.Problems()
}

func TestYAMLAndJSONBindAlike(t *testing.T) {
	want := target{Name: "no", Count: 2, Tags: []string{"2025", "a\nb"}, Texts: map[string]string{"fr": "é"}}
	for _, draft := range []string{
		"name: no\ncount: 2\ntags:\n  - 2025\n  - |\n    a\n    b\ntexts: {fr: é}\n",
		`{"name":"no","count":2,"tags":["2025","a\nb"],"texts":{"fr":"\u00e9"}}`,
	} {
		got, problems := bind(t, draft)
		if diff := cmp.Diff(want, got); diff != "" || problems != nil {
			t.Errorf("%q: %v\n%s", draft, problems, diff)
		}
	}
}

func TestBindRefusesWithPathAndPlace(t *testing.T) {
	cases := map[string]struct{ draft, want string }{
		"unknown field":         {"name: a\nmarker: b\n", "line 2, column 1, /: unknown_field"},
		"unknown in a map":      {"texts:\n  xx: b\n", "line 2, column 3, /texts: unknown_field"},
		"merge key":             {"<<: {name: a}\n", "line 1, column 1, /: unknown_field"},
		"null":                  {"name:\n", "line 1, column 6, /name: not_text"},
		"tilde":                 {"name: ~\n", "line 1, column 7, /name: not_text"},
		"number for text":       {`{"name":1}`, "line 1, column 9, /name: not_text"},
		"truth for text":        {`{"name":true}`, "line 1, column 9, /name: not_text"},
		"list for text":         {"name: [a]\n", "line 1, column 7, /name: not_text"},
		"text for number":       {"count: \"2\"\n", "line 1, column 8, /count: not_number"},
		"octal":                 {"count: 0o7\n", "line 1, column 8, /count: not_number"},
		"fraction":              {`{"count":2.0}`, "line 1, column 10, /count: not_number"},
		"exponent":              {`{"count":1e1}`, "line 1, column 10, /count: not_number"},
		"too many":              {"tags: [a, b, c]\n", "line 1, column 7, /tags: too_many"},
		"a list at the top":     {"- a\n", "line 1, column 1, /: not_fields"},
		"a sentence at the top": {"Once upon a time\n", "line 1, column 1, /: not_fields"},
	}
	for name, tc := range cases {
		if _, problems := bind(t, tc.draft); problems.Error() != tc.want {
			t.Errorf("%s: %v, want %s", name, problems, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: b\n", "- 1\n- {a: [b]}\n", `{"a":[1,"\u0000",null,true]}`, "a: &x b\nc: *x\n", "? a\n: b\n", "--- |\n x\n...\n", "%YAML 1.2\n---\na"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, draft []byte) {
		root, err := Parse(draft)
		if (root == nil) == (err == nil) {
			t.Fatalf("node %v with error %v", root, err)
		}
		var problems item.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("error of another type: %T", err)
		}
	})
}
