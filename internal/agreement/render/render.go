// Package render writes the text that lawyers read from the document that
// agencies sign, so that both come from the same bytes.
//
// The text is Markdown. The same document gives the same bytes, and every member
// of the document stands in it except schema bookkeeping and the digests of the
// texts themselves: a clause that were left out would be signed unread. Every
// sentence comes whole from the catalogue; what the parties wrote in their own
// words is quoted, and cannot pass for a heading or a clause.
//
// A document of schema v2 names the digest of its text in each authentic
// language. Later versions of this package may say the same in other words: then
// Check tells both digests apart, and the signed one counts.
//
// The package is pure; it imports agreement, canonical, message and restriction.
package render

import (
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/message"
)

// ErrLanguage is returned for a language in which this version has no sentences.
// The parties then write the text in it themselves, and name its digest.
var ErrLanguage = errors.New("no text in this language")

// ErrTerm is returned for a document that uses a term for which this version has
// no sentence. No text is better than one with a hole.
var ErrTerm = errors.New("a term has no sentence")

// Text returns the document's text in a language that the catalogue speaks, as
// Markdown. The document need not be signable yet.
func Text(d *agreement.Document, lang string) ([]byte, error) {
	if !slices.Contains(message.Languages(), lang) {
		return nil, ErrLanguage
	}
	p := &page{d: d, lang: lang}
	p.head()
	for _, article := range []func(*page){
		(*page).parties, (*page).accession, (*page).basis, (*page).purposes, (*page).categories, (*page).commitments,
		(*page).restrictions, (*page).onward, (*page).definitions, (*page).methods, (*page).security, (*page).audit,
		(*page).data, (*page).rights, (*page).breach, (*page).compelled, (*page).retention, (*page).costs,
		(*page).entry, (*page).duration, (*page).amendment, (*page).suspension, (*page).termination, (*page).nature, (*page).hub,
	} {
		article(p)
	}
	if p.unsaid {
		return nil, ErrTerm
	}
	return p.out.Bytes(), nil
}

// Digests returns the digest of the text in each authentic language that the
// catalogue speaks.
func Digests(d *agreement.Document) map[string]string {
	digests := map[string]string{}
	for _, lang := range d.Languages {
		if text, err := Text(d, lang); err == nil {
			digests[lang] = canonical.Digest(text)
		}
	}
	return digests
}

// Checked says how the text of today stands to the one that was signed.
type Checked struct {
	Language string `json:"language"`
	Signed   string `json:"signed"`          // the digest in the document; empty in schema v1
	Today    string `json:"today,omitempty"` // of what this version renders; empty if it does not speak the language
}

// Same reports whether today's text is the one that was signed.
func (c Checked) Same() bool { return c.Signed != "" && c.Signed == c.Today }

// Check compares the text of today with the signed one, in each authentic
// language. A difference is no fault of the document: its terms are what they
// were, and whoever keeps the signed text can show it by its digest.
func Check(d *agreement.Document) []Checked {
	today := Digests(d)
	var all []Checked
	for _, lang := range d.Languages {
		all = append(all, Checked{lang, d.Texts[lang], today[lang]})
	}
	return all
}
