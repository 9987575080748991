package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// enforcementWords are the codes of what stands behind a term.
var enforcementWords = map[string]string{
	"prevented": "cli_enforced_prevented", "gated": "cli_enforced_gated",
	"traceable": "cli_enforced_traceable", "recorded": "cli_enforced_recorded",
}

// terms writes restrictions axis by axis: what is said, and honestly what stands
// behind it.
func (s *sheet) terms(heading string, terms []deskapi.Term) {
	if len(terms) == 0 {
		return
	}
	s.heading(heading)
	for _, term := range terms {
		word := term.Enforcement
		if code, known := enforcementWords[word]; known {
			word = s.app.say(code, nil)
		}
		s.paragraph("  ", fmt.Sprintf("%s: %s", term.Name, strings.Join(term.Says, "; ")))
		s.paragraph("    ", "["+word+"] "+term.How)
	}
	s.paragraph("  ", s.app.say("cli_text_outside", nil))
}

// paragraph wraps one paragraph under a margin.
func (s *sheet) paragraph(margin, text string) {
	for _, line := range wrap(clean(text), max(minText, s.app.width()-len(margin))) {
		fmt.Fprintf(&s.text, "%s%s\n", margin, line)
	}
}

// restrictionsOf reads restrictions as they are typed: axes with terms and
// handling codes.
func (a *app) restrictionsOf(typed []string) (restriction.Set, error) {
	expression := strings.Join(typed, " ")
	set, err := restriction.Parse(expression)
	var wrong *restriction.ParseError
	if errors.As(err, &wrong) {
		reason := a.say(wrong.Code, message.Params{"Axis": string(wrong.Axis)})
		return nil, &failure{exit: Usage, text: a.say("restriction_at_column", message.Params{"Column": wrong.Column, "Reason": reason}), cause: err}
	}
	return set, err
}

// dated reads a moment, or a day, which ends at its last second.
func dated(given string) (time.Time, error) {
	if given == "" {
		return time.Time{}, nil
	}
	written, err := expiry(given)
	if err != nil {
		return time.Time{}, fail(Usage, "cli_instant_malformed", message.Params{"Given": given})
	}
	return time.Parse(time.RFC3339, written)
}

// showActs lists where acts about an item stand, and says of those that stand
// nowhere yet that they wait.
func (a *app) showActs(item string, kind act.Kind, data any, acts ...deskapi.Appended) error {
	v := view{Data: data, Header: []string{"cli_column_item", "cli_column_entry", "cli_column_time"}}
	waits := false
	for _, done := range acts {
		v.Names = append(v.Names, "act/"+done.Act)
		entry, at := placeOf(done)
		v.Rows = append(v.Rows, []string{item, entry, at})
		waits = waits || done.State != ""
	}
	if waits {
		a.tellWaits(kind)
	}
	return a.show(v)
}

// placeOf is where an act stands and since when, or nothing while it waits.
func placeOf(done deskapi.Appended) (entry, at string) {
	if done.State != "" {
		return "", ""
	}
	return fmt.Sprint(done.Index), instant(done.Time)
}

func (a *app) tellWaits(kind act.Kind) {
	a.tell("cli_act_waits", message.Params{"Act": a.word("act", string(kind))})
}

// noteTexts are what an officer has to know of items beside their state.
func noteTexts(item deskapi.Item) []string {
	var texts []string
	for _, release := range item.Releases {
		for _, note := range release.Notes {
			texts = append(texts, note.Message)
		}
	}
	return texts
}

// tellTerms shows terms on the side, so that a pipe carries only data.
func (a *app) tellTerms(heading string, terms []deskapi.Term) {
	if len(terms) == 0 {
		return
	}
	s := &sheet{app: a}
	s.terms(heading, terms)
	fmt.Fprint(a.env.Stderr, cleanText(s.text.String()))
}
