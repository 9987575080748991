package bulletin

import (
	"bytes"
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/item/draft"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// RestrictedSection is a passage that not every reader of the bulletin may have
// (Palermo Protocol article 10(3)). Its restrictions stand beside those of the
// release and can only tighten them. It stands alone: who reads it may lack the
// others, so their order is by title and never the author's.
type RestrictedSection struct {
	Title        map[string]string `json:"title,omitempty"` // by language
	Text         map[string]string `json:"text,omitempty"`  // by language
	Restrictions restriction.Set   `json:"restrictions,omitempty"`
}

// Whole implements item.Sectioned.
func (b *Bulletin) Whole() []byte { return marshal(b) }

// Sections implements item.Sectioned.
func (b *Bulletin) Sections() []item.Section {
	var out []item.Section
	for _, section := range ordered(b.Restricted, b.Authentic) {
		out = append(out, item.Section{Title: section.Title, Restrictions: section.Restrictions, Canonical: marshal(section)})
	}
	return out
}

// ordered puts sections into the order in which they are shown. It depends on each
// section alone, so that a gap in it says nothing.
func ordered(sections []RestrictedSection, authentic string) []RestrictedSection {
	return slices.SortedFunc(slices.Values(sections), func(x, y RestrictedSection) int {
		return cmp.Or(cmp.Compare(x.Title[authentic], y.Title[authentic]), bytes.Compare(marshal(x), marshal(y)))
	})
}

// DecodeSection implements item.Joiner.
func (kind) DecodeSection(b []byte) (item.Section, error) {
	section, err := decodeSection(b)
	if err != nil {
		return item.Section{}, err
	}
	return item.Section{Title: section.Title, Restrictions: section.Restrictions, Canonical: b}, nil
}

func decodeSection(b []byte) (RestrictedSection, error) {
	var section RestrictedSection
	if err := canonical.Unmarshal(b, &section); err != nil || len(section.Restrictions) == 0 || !bytes.Equal(marshal(section), b) {
		return section, item.Problems{{Path: "/sections", Code: "malformed"}}
	}
	return section, nil
}

// Join implements item.Joiner.
func (kind) Join(body item.Content, sections [][]byte) (item.Content, error) {
	b, ok := body.(*Bulletin)
	if !ok || len(sections) > item.MaxSections {
		return nil, item.Problems{{Path: "/sections", Code: "malformed"}}
	}
	joined := *b
	joined.Restricted = nil
	for _, raw := range sections {
		section, err := decodeSection(raw)
		if err != nil {
			return nil, err
		}
		joined.Restricted = append(joined.Restricted, section)
	}
	joined.Restricted = ordered(joined.Restricted, joined.Authentic)
	return &joined, nil
}

func (d decoder) restricted(s *RestrictedSection) draft.Into {
	return d.Object(map[string]draft.Into{
		"title": d.byLanguage(&s.Title), "text": d.byLanguage(&s.Text), "restrictions": d.restrictions(&s.Restrictions),
	})
}

// restrictions takes terms by axis; their order and repetition say nothing.
func (d decoder) restrictions(target *restriction.Set) draft.Into {
	var known []string
	for _, axis := range restriction.Axes() {
		known = append(known, string(axis))
	}
	return func(n *draft.Node, path string) {
		set := restriction.Set{}
		d.Map(known, func(axis string) draft.Into {
			return d.List(maxRestrictionTerms, func(n *draft.Node, path string) {
				var term string
				d.String(&term)(n, path)
				set[axis] = append(set[axis], term)
			})
		})(n, path)
		for axis, terms := range set {
			slices.Sort(terms)
			set[axis] = slices.Compact(terms)
		}
		*target = present(set)
	}
}

// maxRestrictionTerms is more than any agreement has parties.
const maxRestrictionTerms = 1024

func (v *validator) restricted() {
	if len(v.b.Restricted) > item.MaxSections { // only for a Bulletin made by code
		v.refuse("/sections", "too_many", message.Params{"Limit": item.MaxSections})
	}
	for i, section := range v.b.Restricted {
		path := item.Pointer("/sections", strconv.Itoa(i))
		v.translated(item.Pointer(path, "title"), section.Title, maxHeading)
		v.translated(item.Pointer(path, "text"), section.Text, maxBody)
		if len(section.Restrictions) == 0 {
			v.refuse(item.Pointer(path, "restrictions"), "section_needs_restrictions", nil)
		}
		for _, axis := range sorted(section.Restrictions) {
			one := restriction.Set{axis: section.Restrictions[axis]}
			if one.ValidateDeclared() != nil || uncounted[restriction.Axis(axis)] || slices.ContainsFunc(one[axis], notATerm) {
				v.refuse(item.Pointer(path, "restrictions", axis), "section_restrictions", message.Params{"Axis": axis})
			}
		}
	}
}

// uncounted axes bind an item as a whole: what the ledger counts is how many times
// an item was opened, and not a section.
var uncounted = map[restriction.Axis]bool{restriction.MaxReads: true}

// restrictionTerm is the form of any term. The guard does not read terms, so they
// must have no room for a sentence.
var restrictionTerm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:+.-]{0,63}$`)

func notATerm(term string) bool { return !restrictionTerm.MatchString(term) }

// restricted shows the sections that the reader has, each with its terms.
func (r *renderer) restricted(lang string) {
	for _, section := range ordered(r.b.Restricted, r.b.Authentic) {
		r.out.WriteString("\n## " + r.pick(section.Title, lang) + "\n\n")
		var terms []string
		for _, axis := range slices.Sorted(maps.Keys(section.Restrictions)) {
			terms = append(terms, axis+" "+strings.Join(section.Restrictions[axis], ", "))
		}
		r.line("restricted", message.Params{"Terms": strings.Join(terms, "; ")})
		r.out.WriteString("\n" + r.pick(section.Text, lang) + "\n")
	}
}
