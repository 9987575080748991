package bulletin

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vocabulary"
)

// Limits of texts, in characters.
const (
	maxSummary    = 2000
	maxHeading    = 160
	maxBody       = 8000
	maxShort      = 600 // one indicator or measure
	maxTitleRef   = 400
	maxLocator    = 200
	maxURL        = 500
	maxDisclaimer = 600
)

// Validate lists what keeps the bulletin from being released.
func (b *Bulletin) Validate() []item.Problem {
	v := &validator{b: b}
	v.head()
	v.facets()
	v.territories()
	v.confidence()
	v.texts()
	v.lists()
	v.restricted()
	v.byKind()
	return v.problems
}

type validator struct {
	b        *Bulletin
	problems []item.Problem
}

func (v *validator) refuse(path, code string, params message.Params) {
	v.problems = append(v.problems, item.Problem{Path: path, Code: code, Params: params})
}

// term wants an active term of the facet.
func (v *validator) term(path, facet, value string) {
	f, _ := vocabulary.Lookup(facet)
	switch {
	case value == "":
		v.refuse(path, "required", nil)
	case !f.Accepts(value):
		v.refuse(path, "unknown_term", message.Params{"Facet": facet})
	}
}

// text wants a text of at most limit characters.
func (v *validator) text(path, value string, limit int) {
	switch {
	case value == "":
		v.refuse(path, "required", nil)
	case utf8.RuneCountInString(value) > limit:
		v.refuse(path, "too_long", message.Params{"Limit": limit})
	}
}

func (v *validator) head() {
	b := v.b
	if b.Format != Format {
		v.refuse("/format", "format_unknown", message.Params{"Want": Format})
	}
	v.term("/kind", "bulletin-kind", b.Kind)
	if !slices.Contains(languages(), b.Authentic) {
		v.refuse("/authentic", "language_unknown", nil)
	}
	if expires, err := time.Parse(time.DateOnly, b.Expires); err != nil || expires.Year() < 2000 || expires.Year() > 2199 {
		v.refuse("/expires", "date_invalid", nil)
	}
	if b.Observed != "" {
		v.term("/observed", "observed-period", b.Observed)
	}
}

func (v *validator) facets() {
	derived := v.b.derived()
	for _, facet := range vocabulary.Facets() {
		terms, given := v.b.Facets[facet.ID]
		path := item.Pointer("/facets", facet.ID)
		if _, implied := derived[facet.ID]; implied {
			if given {
				v.refuse(path, "facet_derived", message.Params{"Facet": facet.ID})
			}
			continue
		}
		if facet.Single && len(terms) > 1 {
			v.refuse(path, "facet_single", message.Params{"Facet": facet.ID})
		}
		for i, term := range terms {
			v.term(item.Pointer(path, strconv.Itoa(i)), facet.ID, term)
		}
	}
	for facet := range v.b.Facets {
		if _, known := vocabulary.Lookup(facet); !known { // only for a Bulletin made by code
			v.refuse("/facets", "facet_unknown", nil)
		}
	}
	if v.b.Kind != Retraction {
		v.required(derived)
	}
}

// required enforces that the facets of the Protocol's definition are described.
// The means stay open only where all affected are children: for them trafficking
// needs none (Palermo Protocol article 3(c)).
func (v *validator) required(derived map[string][]string) {
	for _, facet := range vocabulary.Facets() {
		if !facet.Required || len(v.b.Facets[facet.ID])+len(derived[facet.ID]) > 0 {
			continue
		}
		switch facet.ID {
		case "bulletin-kind": // head reports it
		case "indicator-class":
			v.refuse("/indicators", "indicators_required", nil)
		case "detection-measure":
			// Article 10(1)(c): "and possible measures for detecting them".
			v.refuse("/detectionMeasures", "measures_required", nil)
		case "means":
			if !v.onlyChildren() {
				v.refuse("/facets/means", "means_required", nil)
			}
		default:
			v.refuse(item.Pointer("/facets", facet.ID), "facet_required", message.Params{"Facet": facet.ID})
		}
	}
}

var childGroups = []string{"boys", "children-age-unknown", "children-in-care", "girls"}

func (v *validator) onlyChildren() bool {
	groups := v.b.Facets["affected-group"]
	return len(groups) > 0 && !slices.ContainsFunc(groups, func(group string) bool { return !slices.Contains(childGroups, group) })
}

func (v *validator) territories() {
	for i, territory := range v.b.Territories {
		path := item.Pointer("/territories", strconv.Itoa(i))
		v.term(item.Pointer(path, "role"), "territory-role", territory.Role)
		if !vocabulary.Area(territory.Area) {
			v.refuse(item.Pointer(path, "area"), "area_unknown", nil)
		}
		if slices.Contains(v.b.Territories[:i], territory) {
			v.refuse(path, "term_twice", message.Params{"Facet": "territory-role"})
		}
	}
}

func (v *validator) confidence() {
	if v.b.Kind == Retraction && v.b.Confidence == (Confidence{}) {
		return
	}
	c := v.b.Confidence
	credibility := ""
	if c.InformationCredibility != 0 {
		credibility = strconv.Itoa(c.InformationCredibility)
	}
	v.term("/confidence/sourceReliability", "source-reliability", c.SourceReliability)
	v.term("/confidence/informationCredibility", "information-credibility", credibility)
	v.term("/confidence/analyticConfidence", "analytic-confidence", c.AnalyticConfidence)
	v.term("/confidence/likelihood", "likelihood", c.Likelihood)
}

func (v *validator) texts() {
	b := v.b
	authentic, given := b.Texts[b.Authentic]
	if !given {
		v.refuse("/texts", "authentic_missing", nil)
	} else if len(authentic.Sections) == 0 && b.Kind != Retraction {
		v.refuse(item.Pointer("/texts", b.Authentic, "sections"), "required", nil)
	}
	for _, lang := range sorted(b.Texts) {
		text, path := b.Texts[lang], item.Pointer("/texts", lang)
		if !slices.Contains(languages(), lang) {
			v.refuse(path, "language_unknown", nil)
		}
		v.text(item.Pointer(path, "title"), text.Title, item.MaxTitle)
		v.text(item.Pointer(path, "summary"), text.Summary, maxSummary)
		v.sections(path, text)
		if given && len(text.Sections) > 0 && !slices.Equal(roles(text), roles(authentic)) {
			v.refuse(item.Pointer(path, "sections"), "translation_differs", nil)
		}
	}
	v.translated("/disclaimer", b.Disclaimer, maxDisclaimer)
}

func (v *validator) sections(path string, text Text) {
	for i, section := range text.Sections {
		place := item.Pointer(path, "sections", strconv.Itoa(i))
		if !slices.Contains(sectionRoles, section.Role) {
			v.refuse(item.Pointer(place, "role"), "role_unknown", nil)
		}
		v.text(item.Pointer(place, "heading"), section.Heading, maxHeading)
		v.text(item.Pointer(place, "body"), section.Body, maxBody)
	}
}

func roles(text Text) []string {
	list := make([]string, 0, len(text.Sections))
	for _, section := range text.Sections {
		list = append(list, section.Role)
	}
	return list
}

// translated wants a text in the authentic language and allows the bulletin's others.
func (v *validator) translated(path string, texts map[string]string, limit int) {
	if texts[v.b.Authentic] == "" {
		v.refuse(path, "authentic_missing", nil)
	}
	for _, lang := range sorted(texts) {
		if _, given := v.b.Texts[lang]; !given {
			v.refuse(item.Pointer(path, lang), "language_unknown", nil)
		}
		v.text(item.Pointer(path, lang), texts[lang], limit)
	}
}

func (v *validator) lists() {
	for i, indicator := range v.b.Indicators {
		path := item.Pointer("/indicators", strconv.Itoa(i))
		v.term(item.Pointer(path, "class"), "indicator-class", indicator.Class)
		if indicator.Strength != "" {
			v.term(item.Pointer(path, "strength"), "indicator-strength", indicator.Strength)
		}
		v.translated(item.Pointer(path, "text"), indicator.Text, maxShort)
	}
	for i, measure := range v.b.DetectionMeasures {
		path := item.Pointer("/detectionMeasures", strconv.Itoa(i))
		v.term(item.Pointer(path, "measure"), "detection-measure", measure.Measure)
		v.translated(item.Pointer(path, "text"), measure.Text, maxShort)
	}
	if len(v.b.References) == 0 && v.b.Kind != Retraction {
		v.refuse("/references", "references_required", nil)
	}
	for i, reference := range v.b.References {
		path := item.Pointer("/references", strconv.Itoa(i))
		v.text(item.Pointer(path, "title"), reference.Title, maxTitleRef)
		if reference.Locator != "" {
			v.text(item.Pointer(path, "locator"), reference.Locator, maxLocator)
		}
		if reference.URL != "" {
			v.text(item.Pointer(path, "url"), reference.URL, maxURL)
		}
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
