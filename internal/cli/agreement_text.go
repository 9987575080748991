package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/fingerprint"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// readAgreement is an agreement whose bytes this program read itself.
type readAgreement struct {
	document *agreement.Document
	bytes    []byte
	digest   string
}

// checkedAgreement reads the document that the desk shows. What is displayed and
// signed comes from these bytes alone, never from the desk's own view of them.
func (a *app) checkedAgreement(one deskapi.Agreement) (*readAgreement, error) {
	document, digest, err := agreement.Parse([]byte(one.Document))
	if err != nil || digest != one.Digest || document.ID != one.ID {
		return nil, failBecause(err, Failed, "cli_agreement_not_what_it_says", message.Params{"Digest": one.Digest})
	}
	return &readAgreement{document, []byte(one.Document), digest}, nil
}

// inLanguage picks the reader's language, else the first authentic one, else any.
func (a *app) inLanguage(texts map[string]string, authentic []string) string {
	short, _, _ := strings.Cut(a.lang, "-")
	for _, lang := range append([]string{a.lang, short}, authentic...) {
		if text, ok := texts[lang]; ok {
			return text
		}
	}
	for _, lang := range slices.Sorted(maps.Keys(texts)) {
		return texts[lang]
	}
	return ""
}

// sheet lays out labels and values, then paragraphs below them.
type sheet struct {
	app  *app
	text strings.Builder
}

func (s *sheet) heading(code string) { fmt.Fprintf(&s.text, "\n%s\n", s.app.say(code, nil)) }

func (s *sheet) pairs(pairs ...string) { s.indented("  ", pairs...) }

// indented writes labels and values in two columns; a long value goes on below
// itself, between words.
func (s *sheet) indented(margin string, pairs ...string) {
	width := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			width = max(width, utf8.RuneCountInString(s.app.say(pairs[i], nil)))
		}
	}
	room := max(minText, s.app.width()-len(margin)-width-gap)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		label := s.app.say(pairs[i], nil)
		for _, line := range wrap(clean(pairs[i+1]), room) {
			fmt.Fprintf(&s.text, "%s%s%s%s\n", margin, label, strings.Repeat(" ", width+gap-utf8.RuneCountInString(label)), line)
			label = ""
		}
	}
}

// minText is the room that a value has in any case.
const minText = 40

// wrap breaks a line between words. A word that is longer than the room stays
// whole: digests and addresses are there to be copied.
func wrap(line string, room int) []string {
	var lines []string
	current := ""
	for _, word := range strings.Fields(line) {
		switch {
		case current == "":
			current = word
		case utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > room:
			lines, current = append(lines, current), word
		default:
			current += " " + word
		}
	}
	return append(lines, current)
}

// wrapText wraps paragraphs for a terminal and leaves them whole for a pipe.
func (a *app) wrapText(text string) string {
	if a.env.Width <= 0 {
		return text
	}
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if utf8.RuneCountInString(line) <= a.width() {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, wrap(line, a.width())...)
	}
	return strings.Join(lines, "\n")
}

func moment(t canonical.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.String()
}

// agreementText is the whole document for a person. Every clause that is signed
// has its line: a clause that were left out would be signed unread.
func (a *app) agreementText(d *agreement.Document, digest string) string {
	s := &sheet{app: a}
	fmt.Fprintf(&s.text, "%s  %s\n", clean(d.Reference), clean(a.inLanguage(d.Title, d.Languages)))
	s.pairs(
		"cli_text_digest", digest,
		"cli_text_id", d.ID, "cli_text_revision", fmt.Sprint(d.Revision), "cli_text_supersedes", d.Supersedes,
		"cli_text_form", a.word("clause", d.Form), "cli_text_accession", a.word("clause", d.Accession), "cli_text_binding", a.word("clause", d.Binding),
	)
	for _, lang := range slices.Sorted(maps.Keys(d.Title)) {
		fmt.Fprintf(&s.text, "  [%s] %s\n", lang, clean(d.Title[lang]))
	}
	s.heading("cli_text_parties")
	for _, party := range d.Parties {
		fmt.Fprintf(&s.text, "  %s (%s)\n", clean(party.LegalName), party.Agency)
		s.indented("    ",
			"cli_text_role", a.word("role", string(party.Role)), "cli_text_jurisdiction", party.Jurisdiction, "cli_text_kind", party.Kind,
			"cli_text_mandate", party.Mandate, "cli_text_signatory", party.Signatory,
			"cli_text_officer_key", fingerprint.Text(string(party.OfficerSign)),
			"cli_text_desk_key", fingerprint.Text(string(party.DeskSign)),
		)
	}
	a.termsText(s, d)
	s.heading("cli_text_hub")
	s.pairs("cli_text_hub_id", d.Hub.ID, "cli_text_log_key", d.Hub.LogKey, "cli_text_registrar_key", fingerprint.Text(string(d.Hub.Registrar)))
	a.legalText(s, d)
	return s.text.String()
}

// legalText is every clause in words, and whether these are the words that the
// document names: a text that differs is shown and said to differ.
func (a *app) legalText(s *sheet, d *agreement.Document) {
	if d.Schema != agreement.SchemaV2 {
		return
	}
	s.heading("cli_text_legal_text")
	for _, one := range render.Check(d) {
		fmt.Fprintf(&s.text, "%s\n", a.wrapText(a.checkSentence(one)))
	}
	if text, err := render.Text(d, a.textLanguage(d, "")); err == nil {
		fmt.Fprintf(&s.text, "\n%s", a.wrapText(string(text)))
	}
}

func (a *app) termsText(s *sheet, d *agreement.Document) {
	s.heading("cli_text_terms")
	var basis []string
	for _, b := range d.LegalBasis {
		basis = append(basis, b.Instrument+" "+b.Article)
	}
	entry := a.word("clause", d.EntryIntoForce.Rule)
	if d.EntryIntoForce.Count > 0 {
		entry = fmt.Sprintf("%s (%d)", entry, d.EntryIntoForce.Count)
	}
	s.pairs(
		"cli_text_legal_basis", strings.Join(basis, "; "),
		"cli_text_purposes", strings.Join(a.words("term", d.Purposes), ", "),
		"cli_text_item_kinds", strings.Join(d.ItemKinds, ", "),
		"cli_text_excluded", strings.Join(d.Excluded, ", "),
		"cli_text_floor", a.restrictionText(d.Floor),
		"cli_text_default", a.restrictionText(d.Default),
		"cli_text_community", d.Definitions.Community,
		"cli_text_clients", d.Definitions.Clients,
		"cli_text_languages", strings.Join(d.Languages, ", "),
		"cli_text_entry", entry,
		"cli_text_not_before", moment(d.EntryIntoForce.NotBefore),
		"cli_text_expires", moment(d.Expires),
		"cli_text_lease", a.minutes(d.Lease("")),
		"cli_text_notice", a.say("cli_text_notice_days", message.Params{"Days": d.Termination.NoticeDays}),
		"cli_text_effect", a.word("term", d.Termination.Effect),
	)
}

func (a *app) minutes(d time.Duration) string {
	return a.say("cli_text_minutes", message.Params{"Minutes": int(d.Minutes())})
}

// naming are the axes whose terms name somebody.
var naming = map[restriction.Axis]bool{
	restriction.Recipients: true, restriction.RecipientsDenied: true, restriction.RecipientKinds: true,
	restriction.Jurisdictions: true, restriction.JurisdictionsDenied: true, restriction.Officers: true,
}

// restrictionText writes a set as axis=term,term in the reader's words; axes in
// alphabetical order. What names somebody or a moment stays as it is.
func (a *app) restrictionText(set map[string][]string) string {
	var axes []string
	for _, axis := range slices.Sorted(maps.Keys(set)) {
		terms := set[axis]
		if !naming[restriction.Axis(axis)] {
			terms = a.words("term", terms)
		}
		axes = append(axes, a.word("axis", axis)+"="+strings.Join(terms, ","))
	}
	return strings.Join(axes, "; ")
}
