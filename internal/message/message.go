// Package message holds every sentence that a person reads, by stable code.
//
// A sentence lives in catalogue/<area>.<language>.json as one whole with named
// parameters; code never joins fragments, because word order differs between
// languages. English is complete. French and Indonesian cover the officer's
// path; a code that a language lacks is shown in English, never as a bare code.
//
// Any package may import message; it imports nothing of this module.
package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed catalogue/*.json
var catalogue embed.FS

// Params are the named parameters of a sentence, as the catalogue spells them.
type Params map[string]any

// Message is a sentence not yet said in any language. The zero Message renders
// as the empty string.
type Message struct {
	Code   string
	Params Params
}

// New names the sentence with this code and its parameters.
func New(code string, params Params) Message { return Message{Code: code, Params: params} }

// Languages lists the languages that the catalogue speaks, the fallback first.
func Languages() []string { return []string{"en", "fr", "id"} }

var load = sync.OnceValue(func() *i18n.Bundle {
	bundle := i18n.NewBundle(language.English)
	files, err := fs.Glob(catalogue, "catalogue/*.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range files {
		if err := addFile(bundle, name); err != nil {
			// The catalogue is compiled in and tested: a bad file is a build defect.
			panic(err)
		}
	}
	return bundle
})

func addFile(bundle *i18n.Bundle, name string) error {
	raw, err := catalogue.ReadFile(name)
	if err != nil {
		return err
	}
	var sentences map[string]string
	if err := json.Unmarshal(raw, &sentences); err != nil {
		return fmt.Errorf("catalogue file %s: %w", name, err)
	}
	tag, err := language.Parse(fileLanguage(name))
	if err != nil {
		return fmt.Errorf("catalogue file %s: %w", name, err)
	}
	messages := make([]*i18n.Message, 0, len(sentences))
	for code, sentence := range sentences {
		messages = append(messages, &i18n.Message{ID: code, Other: sentence})
	}
	return bundle.AddMessages(tag, messages...)
}

// fileLanguage returns "fr" for "catalogue/desk.fr.json".
func fileLanguage(name string) string {
	parts := strings.Split(path.Base(name), ".")
	return parts[len(parts)-2]
}

// Render says m in the language (a BCP 47 tag or an Accept-Language value),
// falling back to English. A code that no language knows is rendered as the
// code itself: Known reports it and a test of each caller refuses it.
func Render(lang string, m Message) string {
	if m.Code == "" {
		return ""
	}
	localizer := i18n.NewLocalizer(load(), lang, "en")
	text, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: m.Code, TemplateData: m.Params})
	if text == "" && err != nil {
		return m.Code
	}
	return text
}

// Word says one code of a closed list, such as a state or an axis of restrictions,
// as people read it inside a sentence or a table. What the catalogue does not know,
// a name or a date, stays as it is.
func Word(lang, of, code string) string {
	id := "word_" + of + "_" + wordForm.Replace(code)
	if code == "" || !Known(id) {
		return code
	}
	return Render(lang, New(id, nil))
}

var wordForm = strings.NewReplacer("-", "_", ".", "_")

// Text renders the sentence in English: for terminals, logs of last resort and
// tests. Pages and problem documents use Render with the reader's language.
func Text(code string, params Params) string { return Render("en", New(code, params)) }

// Known reports whether English, the complete language, has the code.
func Known(code string) bool {
	localizer := i18n.NewLocalizer(load(), "en")
	_, err := localizer.Localize(&i18n.LocalizeConfig{MessageID: code, TemplateData: Params{}})
	return err == nil
}
