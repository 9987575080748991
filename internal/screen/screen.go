package screen

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/message"
)

// Verdict is what follows from the findings.
type Verdict string

const (
	// Release: nothing was found, or everything found was waived.
	Release Verdict = "release"
	// Hold: a second officer must look at what was found.
	Hold Verdict = "hold"
	// Refuse: the text must change before it goes on.
	Refuse Verdict = "refuse"
)

// Effect is what one rule does to the verdict.
type Effect string

const (
	// Block leads to Refuse.
	Block Effect = "block"
	// Review leads to Hold.
	Review Effect = "review"
)

// MinKey is the least length of the HMAC key, in bytes. A short key would let
// the reader of a report test guesses of the matched text.
const MinKey = 32

// MaxFindings bounds a report. A text with more is refused as a whole.
const MaxFindings = 500

// Guard screens texts under one HMAC key. It is safe for concurrent use.
type Guard struct{ key []byte }

// New returns a guard whose findings are marked under the key: at least MinKey
// random bytes that stay inside the agency.
func New(key []byte) (*Guard, error) {
	if len(key) < MinKey {
		return nil, errors.New("the guard's key is too short")
	}
	return &Guard{key: slices.Clone(key)}, nil
}

// Finding is one hit of one rule. It never carries the matched text.
type Finding struct {
	Class    Class  `json:"class"`
	Rule     string `json:"rule"`
	Effect   Effect `json:"effect"`
	Waivable bool   `json:"waivable"`
	Path     string `json:"path"`   // RFC 6901 pointer into the canonical body
	Line     int    `json:"line"`   // 1-based, within the field
	Length   int    `json:"length"` // characters of the original text
	// Mark is the first 16 bytes, base64url, of HMAC-SHA256 over rule and folded
	// match under the guard's key: equal for repeats, useless without the key.
	Mark string `json:"mark"`
}

// Message is the sentence that tells an officer what was found and what to do.
func (f Finding) Message() message.Message { return message.New("screen_"+f.Rule, nil) }

// Report is the result of screening one content.
type Report struct {
	Ruleset  string    `json:"ruleset"` // Digest of the rules
	Tool     string    `json:"tool"`    // Tool of the rules
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
	// Truncated says that more than MaxFindings were found.
	Truncated bool `json:"truncated,omitempty"`
}

// Message is the sentence for the verdict.
func (r Report) Message() message.Message {
	return message.New("screen_verdict_"+string(r.Verdict), message.Params{"Findings": len(r.Findings)})
}

// Screen applies every rule to every text. The findings are ordered by text,
// line and rule. It has no failure: what cannot be read as text is a finding.
func (g *Guard) Screen(texts []item.Text) Report {
	report := Report{Ruleset: Digest(), Tool: Tool(), Findings: []Finding{}}
	for _, text := range texts {
		found := g.screenText(text)
		if room := MaxFindings - len(report.Findings); len(found) > room {
			found, report.Truncated = found[:room], true
		}
		report.Findings = append(report.Findings, found...)
		if report.Truncated {
			break
		}
	}
	report.Verdict = report.After(nil)
	return report
}

func (g *Guard) screenText(text item.Text) []Finding {
	view := fold(text.Value)
	var findings []Finding
	for _, rule := range rules() {
		if !rule.appliesTo(text.Use) {
			continue
		}
		for _, hit := range rule.find(view) {
			findings = append(findings, Finding{
				Class: rule.class, Rule: rule.id, Effect: rule.effect, Waivable: rule.waivable(),
				Path: text.Path, Line: view.line(hit), Length: view.length(hit), Mark: g.mark(rule.id, view.match(hit)),
			})
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule))
	})
	return findings
}

func (g *Guard) mark(rule, match string) string {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte("concordat-screen/v1\x00" + rule + "\x00" + match))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// Waiver is a second officer's decision that one finding is a false positive.
// Who decided, and that it was not the author, is checked where roles are known.
type Waiver struct {
	Rule   string      `json:"rule"`
	Path   string      `json:"path"`
	Mark   string      `json:"mark"` // binds the waiver to this match: changed text is screened anew
	Reason Disposition `json:"reason"`
}

// Disposition is why a finding is a false positive.
type Disposition string

// The dispositions that a reviewer can choose from.
const (
	LegalCitation   Disposition = "legal-citation"
	PublicContact   Disposition = "public-contact"
	InstitutionName Disposition = "institution-name"
	AggregateNumber Disposition = "aggregate-number"
	DocumentSymbol  Disposition = "document-symbol"
)

func (d Disposition) known() bool {
	switch d {
	case LegalCitation, PublicContact, InstitutionName, AggregateNumber, DocumentSymbol:
		return true
	}
	return false
}

// After returns the verdict once waivers are taken into account. A waiver of a
// rule that cannot be waived, or without a known reason, counts for nothing.
func (r Report) After(waivers []Waiver) Verdict {
	if r.Truncated {
		return Refuse
	}
	verdict := Release
	for _, finding := range r.Findings {
		switch {
		case finding.waived(waivers):
		case finding.Effect == Review && verdict == Release:
			verdict = Hold
		case finding.Effect != Review: // fail closed on an effect of a later version
			verdict = Refuse
		}
	}
	return verdict
}

func (f Finding) waived(waivers []Waiver) bool {
	return f.Waivable && slices.ContainsFunc(waivers, func(w Waiver) bool {
		return w.Rule == f.Rule && w.Path == f.Path && w.Mark == f.Mark && w.Reason.known()
	})
}
