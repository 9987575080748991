package bulletin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vocabulary"
)

// Render returns the bulletin as plain text in lang (en, fr or id; English
// labels otherwise). Where the bulletin has no text in lang, the authentic text
// stands in its place and a line says so.
func (b *Bulletin) Render(lang string) string {
	r := &renderer{b: b, labels: lang}
	r.head(lang)
	r.body(lang)
	r.restricted(lang)
	r.lists(lang)
	r.closing(lang)
	return strings.TrimSpace(r.out.String()) + "\n"
}

type renderer struct {
	b      *Bulletin
	labels string
	out    strings.Builder
}

func (r *renderer) line(code string, params message.Params) {
	r.out.WriteString(r.say(code, params) + "\n")
}

func (r *renderer) say(code string, params message.Params) string {
	return message.Render(r.labels, message.New("kind_render_"+code, params))
}

func (r *renderer) heading(code string) { r.out.WriteString("\n## " + r.say(code, nil) + "\n\n") }

func (r *renderer) label(facet, term string) string { return vocabulary.Label(facet, term, r.labels) }

// language names the authentic language in the reader's language.
func (r *renderer) language() string { return r.say("language_"+r.b.Authentic, nil) }

// pick chooses the text in lang, else in the authentic language.
func (r *renderer) pick(texts map[string]string, lang string) string {
	if text := texts[lang]; text != "" {
		return text
	}
	return texts[r.b.Authentic]
}

func (r *renderer) head(lang string) {
	b := r.b
	text, translated := b.Texts[lang]
	if !translated {
		text = b.Texts[b.Authentic]
	}
	r.out.WriteString("# " + text.Title + "\n\n")
	r.line("kind", message.Params{"Kind": r.label("bulletin-kind", b.Kind)})
	switch {
	case !translated:
		r.line("not_translated", message.Params{"Authentic": r.language()})
	case lang != b.Authentic:
		r.line("translation", message.Params{"Authentic": r.language()})
	}
	if b.Observed != "" {
		r.line("observed", message.Params{"Period": b.Observed})
	}
	if b.Expires != "" {
		r.line("expires", message.Params{"Date": b.Expires})
	}
	if b.Corrects != nil {
		r.line("corrects", message.Params{"Item": b.Corrects.Item, "Version": b.Corrects.Version})
	}
	r.out.WriteString("\n" + text.Summary + "\n")
}

// body shows the sections in lang, or the authentic ones where the translation
// stops after the summary.
func (r *renderer) body(lang string) {
	sections := r.b.Texts[lang].Sections
	if len(sections) == 0 {
		sections = r.b.Texts[r.b.Authentic].Sections
		if _, translated := r.b.Texts[lang]; translated && lang != r.b.Authentic && len(sections) > 0 {
			r.out.WriteString("\n")
			r.line("sections_authentic", message.Params{"Authentic": r.language()})
		}
	}
	for _, section := range sections {
		r.out.WriteString("\n## " + section.Heading + "\n\n" + section.Body + "\n")
	}
}

func (r *renderer) lists(lang string) {
	b := r.b
	if len(b.Indicators) > 0 {
		r.heading("indicators")
		r.line("indicators_note", nil)
		for _, indicator := range b.Indicators {
			code, params := "indicator", message.Params{"Class": r.label("indicator-class", indicator.Class), "Text": r.pick(indicator.Text, lang)}
			if indicator.Strength != "" {
				code, params["Strength"] = "indicator_strength", r.label("indicator-strength", indicator.Strength)
			}
			r.line(code, params)
		}
	}
	if len(b.DetectionMeasures) > 0 {
		r.heading("measures")
		for _, measure := range b.DetectionMeasures {
			r.line("measure", message.Params{"Measure": r.label("detection-measure", measure.Measure), "Text": r.pick(measure.Text, lang)})
		}
	}
}

func (r *renderer) closing(lang string) {
	b := r.b
	if notice := slices.Contains([]string{DeterminationAid, TravelDocumentNote}, b.Kind); notice {
		r.heading("remember")
		r.line("remember_person", nil)
	}
	if c := b.Confidence; c != (Confidence{}) {
		r.heading("confidence")
		r.line("confidence_source", message.Params{"Label": r.label("source-reliability", c.SourceReliability), "Value": c.SourceReliability})
		credibility := strconv.Itoa(c.InformationCredibility)
		r.line("confidence_information", message.Params{"Label": r.label("information-credibility", credibility), "Value": credibility})
		r.line("confidence_analytic", message.Params{"Label": r.label("analytic-confidence", c.AnalyticConfidence)})
		r.line("confidence_likelihood", message.Params{"Label": r.label("likelihood", c.Likelihood)})
	}
	r.facets()
	if len(b.References) > 0 {
		r.heading("references")
		for _, reference := range b.References {
			parts := slices.DeleteFunc([]string{reference.Title, reference.Locator, reference.URL}, func(s string) bool { return s == "" })
			r.out.WriteString("- " + strings.Join(parts, " · ") + "\n")
		}
	}
	if disclaimer := r.pick(b.Disclaimer, lang); disclaimer != "" {
		r.out.WriteString("\n" + disclaimer + "\n")
	}
}

// facets shows the terms in the vocabulary's order, then the territories.
func (r *renderer) facets() {
	if len(r.b.Facets)+len(r.b.Territories) == 0 {
		return
	}
	r.heading("facets")
	for _, facet := range vocabulary.Facets() {
		terms := r.b.Facets[facet.ID]
		if len(terms) == 0 {
			continue
		}
		labels := make([]string, 0, len(terms))
		for _, term := range terms {
			labels = append(labels, r.label(facet.ID, term))
		}
		r.line("facet", message.Params{"Facet": vocabulary.FacetLabel(facet.ID, r.labels), "Terms": strings.Join(labels, "; ")})
	}
	for _, territory := range r.b.Territories {
		r.line("territory", message.Params{"Role": r.label("territory-role", territory.Role), "Area": territory.Area})
	}
}
