package agreement

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Bounds of the document's own texts, in bytes.
const (
	maxName   = 512  // an office, an instrument, a term in words
	maxClause = 8192 // a clause in words
)

// pointerEscape writes a member's name as a token of a JSON pointer (RFC 6901).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// texts calls visit for every text of v, a struct, with its JSON pointer, in the
// order of the members.
func texts(v reflect.Value, place string, visit func(place, text string)) {
	switch v.Kind() {
	case reflect.String:
		visit(place, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), place, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), place+"/"+strconv.Itoa(i), visit)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			visit(place, key.String())
			texts(v.MapIndex(key), place+"/"+pointerEscape.Replace(key.String()), visit)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[canonical.Time]() {
			return
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			at := place + "/" + name
			if v.Type().Field(i).Anonymous {
				at = place
			}
			texts(v.Field(i), at, visit)
		}
	}
}

// checkCharacters refuses what a person would sign without seeing it: controls,
// characters that turn the direction of writing, and ones without a width. Only a
// newline may part paragraphs.
func checkCharacters(v any) error {
	var found error
	texts(reflect.ValueOf(v), "", func(place, text string) {
		if found == nil && !visible(text) {
			found = wrong("text_malformed", "%s", place)
		}
	})
	return found
}

func visible(text string) bool {
	if !utf8.ValidString(text) || strings.TrimSpace(text) != text {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
	})
}

// OwnTexts returns the document's own texts: clauses in words, which lawyers write
// in each authentic language. Names, citations and terms stay the same in all.
func (d *Document) OwnTexts() []Wording {
	var own []Wording
	add := func(place, text string) {
		if text != "" {
			own = append(own, Wording{place, text})
		}
	}
	add("/definitions/community", d.Definitions.Community)
	add("/definitions/clients", d.Definitions.Clients)
	for i, c := range d.Commitments {
		at := "/commitments/" + strconv.Itoa(i)
		add(at+"/frequency", c.Frequency)
		add(at+"/assistance", c.Assistance)
	}
	if s := d.Security; s != nil {
		add("/security/authentication", s.Authentication)
		add("/security/transport", s.Transport)
		add("/security/atRest", s.AtRest)
		add("/security/personnelClearance", s.Clearance)
	}
	if p := d.DataProtection; p != nil {
		add("/dataProtection/controllerRoles", p.ControllerRoles)
		add("/dataProtection/transferGround", p.TransferGround)
	}
	if b := d.Breach; b != nil {
		add("/breach/definition", b.Definition)
		add("/breach/measures", b.Measures)
		add("/breach/remedy", b.Remedy)
	}
	if d.Retention != nil {
		add("/retention/disposalMethod", d.Retention.DisposalMethod)
	}
	add("/costs", d.Costs)
	add("/liability", d.Liability)
	for i, step := range d.Disputes {
		add("/disputes/"+strconv.Itoa(i), step)
	}
	return own
}

// Wording is one of the document's own texts.
type Wording struct{ Place, Text string }

// Worded returns the text of the member at the place in an authentic language:
// text itself in the first one.
func (d *Document) Worded(lang, place, text string) string {
	if worded, ok := d.Wordings[lang][place]; ok {
		return worded
	}
	return text
}

// checkWordings wants every own text in every further authentic language, and no
// other: a text that is authentic in one language only would say less in another.
func (d *Document) checkWordings() error {
	own := d.OwnTexts()
	for i, lang := range d.Languages {
		if slices.Contains(d.Languages[:i], lang) {
			return wrong("language_missing", "/authenticLanguages/%d", i)
		}
		if i == 0 {
			continue
		}
		for _, one := range own {
			if at := "/wordings/" + lang + "/" + pointerEscape.Replace(one.Place); sized(at, d.Wordings[lang][one.Place], maxClause) != nil {
				return wrong("wording_missing", "%s", at)
			}
		}
	}
	for lang, worded := range d.Wordings {
		if !slices.Contains(d.Languages[1:], lang) || len(worded) != len(own) {
			return wrong("language_mismatch", "/wordings/%s", pointerEscape.Replace(lang))
		}
	}
	return nil
}
