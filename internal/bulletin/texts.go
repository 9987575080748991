package bulletin

import (
	"strconv"

	"github.com/concordat-hub/concordat/internal/item"
)

// Screen lists every text that a person wrote. What is missing here is not
// screened: a test fills every field and looks for the gap.
func (b *Bulletin) Screen() []item.Text {
	var texts []item.Text
	add := func(use item.Use, lang, path, value string) {
		if value != "" {
			texts = append(texts, item.Text{Path: path, Lang: lang, Use: use, Value: value})
		}
	}
	byLanguage := func(path string, values map[string]string) {
		for _, lang := range sorted(values) {
			add(item.Prose, lang, item.Pointer(path, lang), values[lang])
		}
	}
	for _, lang := range sorted(b.Texts) {
		text, path := b.Texts[lang], item.Pointer("/texts", lang)
		add(item.Prose, lang, item.Pointer(path, "title"), text.Title)
		add(item.Prose, lang, item.Pointer(path, "summary"), text.Summary)
		for i, section := range text.Sections {
			place := item.Pointer(path, "sections", strconv.Itoa(i))
			add(item.Prose, lang, item.Pointer(place, "heading"), section.Heading)
			add(item.Prose, lang, item.Pointer(place, "body"), section.Body)
		}
	}
	for i, indicator := range b.Indicators {
		byLanguage(item.Pointer("/indicators", strconv.Itoa(i), "text"), indicator.Text)
	}
	for i, measure := range b.DetectionMeasures {
		byLanguage(item.Pointer("/detectionMeasures", strconv.Itoa(i), "text"), measure.Text)
	}
	for i, reference := range b.References {
		path := item.Pointer("/references", strconv.Itoa(i))
		add(item.Citation, "", item.Pointer(path, "title"), reference.Title)
		add(item.Citation, "", item.Pointer(path, "locator"), reference.Locator)
		add(item.PublicLink, "", item.Pointer(path, "url"), reference.URL)
	}
	byLanguage("/disclaimer", b.Disclaimer)
	for i, section := range b.Restricted {
		byLanguage(item.Pointer("/sections", strconv.Itoa(i), "title"), section.Title)
		byLanguage(item.Pointer("/sections", strconv.Itoa(i), "text"), section.Text)
	}
	return texts
}
