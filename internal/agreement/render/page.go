package render

import (
	"bytes"
	"strings"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/message"
)

// page is a Markdown text under construction.
type page struct {
	d       *agreement.Document
	lang    string
	out     bytes.Buffer
	article int
	listing bool // the last block was an item of a list
	unsaid  bool // a term had no sentence
}

type params = message.Params

// words says one sentence. Every parameter that is a text is escaped: what the
// parties wrote stays text wherever it stands.
func (p *page) words(code string, given params) string {
	if !message.Known("agreementtext_" + code) {
		p.unsaid = true
	}
	safe := make(params, len(given))
	for name, value := range given {
		switch text := value.(type) {
		case string:
			value = escape(text)
		case verbatim:
			value = text.span()
		}
		safe[name] = value
	}
	return message.Render(p.lang, message.New("agreementtext_"+code, safe))
}

func (p *page) block(text string) {
	if p.out.Len() > 0 {
		p.out.WriteString("\n")
	}
	p.out.WriteString(text + "\n")
	p.listing = false
}

// heading begins the next article.
func (p *page) heading(code string) {
	p.article++
	p.block("## " + p.words(code, params{"Number": p.article}))
}

func (p *page) sentence(code string, given params) { p.block(p.words(code, given)) }

// bullet is one sentence of a list.
func (p *page) bullet(code string, given params) {
	if !p.listing {
		p.out.WriteString("\n")
	}
	p.out.WriteString("- " + p.words(code, given) + "\n")
	p.listing = true
}

// own quotes a text that the parties wrote, after the sentence that says what it
// is about. The place finds its wording in the language of the page.
func (p *page) own(code, place, text string) {
	if text == "" {
		return
	}
	p.sentence(code, nil)
	p.quote(p.d.Worded(p.lang, place, text))
}

func (p *page) quote(text string) {
	var quoted []string
	for _, line := range strings.Split(text, "\n") {
		quoted = append(quoted, strings.TrimRight("> "+escapeLine(strings.TrimSpace(line)), " "))
	}
	p.block(strings.Join(quoted, "\n"))
}

// verbatim is a text that people compare letter by letter: a key, a digest.
type verbatim string

// span is the text between backticks, where everything stands for itself.
func (v verbatim) span() string {
	text := string(v)
	if text == "" || strings.Join(strings.Fields(text), " ") != text || strings.Contains(text, "`") {
		return escape(text)
	}
	return "`" + text + "`"
}

// escape makes a text into one run of Markdown without any meaning of its own
// (CommonMark 0.31, 2.4: any ASCII punctuation may be escaped).
func escape(text string) string {
	var out strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\\`*_[]<>#|~&!{}", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// escapeLine also takes the meaning from what begins a line: a list, a rule, a
// heading that is underlined.
func escapeLine(line string) string {
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	switch {
	case line == "":
		return ""
	case strings.ContainsRune("-+=", rune(line[0])):
		return `\` + escape(line)
	case digits > 0 && digits < len(line) && (line[digits] == '.' || line[digits] == ')'):
		return line[:digits] + `\` + escape(line[digits:])
	}
	return escape(line)
}

// list writes terms one after the other: codes and names, never sentences.
func list(terms []string) string { return strings.Join(terms, ", ") }

func either(choice bool, yes, no string) string {
	if choice {
		return yes
	}
	return no
}
