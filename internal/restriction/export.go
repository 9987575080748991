package restriction

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"time"
)

// Export is a set in the words of another scheme, and what those words cannot
// say. Whoever hands on the document hands on the lists with it: a restriction
// that is not in the document still binds.
type Export struct {
	Document  []byte // JSON, with a line feed at its end
	Left      []Axis // what the scheme cannot say, or not in full; alphabetical
	Tightened []Axis // what is said more strictly than it was meant, because the scheme has no such word; alphabetical
}

// IEPHeader is what an IEP policy says beside its statements.
type IEPHeader struct {
	ID          string
	Name        string
	Description string
	Start       time.Time // effective from, where the set has no notBefore
	References  []string  // URLs of licences, agreements or conditions
}

// iepPolicy is written in the order of FIRST's own example.
type iepPolicy struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Version     json.Number `json:"iep_version"`
	Start       string      `json:"start_date"`
	End         *string     `json:"end_date"`
	Transit     string      `json:"encrypt_in_transit"`
	Actions     string      `json:"permitted_actions,omitempty"`
	Notify      string      `json:"affected_party_notifications,omitempty"`
	TLP         string      `json:"tlp,omitempty"`
	Attribution string      `json:"attribution,omitempty"`
	Resale      string      `json:"unmodified_resale"`
	References  []string    `json:"external_references,omitempty"`
}

// IEP writes s as a FIRST Information Exchange Policy 2.0. What IEP cannot say is
// left out and listed; where it has only a looser and a stricter word, the
// stricter one is taken and listed. A set that permits nothing on some axis is
// refused with an *Error, a header without id, name or a time before the end with
// a *DocumentError.
func IEP(s Set, header IEPHeader) (*Export, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	e := &Export{Left: []Axis{}, Tightened: []Axis{}}
	policy := iepPolicy{
		ID: header.ID, Name: header.Name, Description: header.Description, Version: "2.0",
		// Transport is always encrypted, and nobody sells what agencies share.
		Transit: "must", Resale: "must-not", References: header.References,
	}
	start, given := s.Moment(NotBefore)
	if !given {
		start = header.Start
	}
	for _, member := range []struct {
		name    string
		missing bool
	}{{"/id", header.ID == ""}, {"/name", header.Name == ""}, {"/start_date", start.IsZero()}} {
		if member.missing {
			return nil, &DocumentError{"iep_member_missing", member.name}
		}
	}
	policy.Start = start.UTC().Format(time.RFC3339)
	if end, ends := s.Moment(Expires); ends {
		if !start.Before(end) {
			return nil, &DocumentError{"iep_value_unknown", "/start_date"}
		}
		text := end.UTC().Format(time.RFC3339)
		policy.End = &text
	}
	e.statements(s, &policy)
	return e.finish(policy)
}

// statements says what has a word, and lists what has none.
func (e *Export) statements(s Set, policy *iepPolicy) {
	label := s.Value(TLP)
	switch {
	case label == "TLP:AMBER+STRICT":
		label = "TLP:RED"
		e.Tightened = append(e.Tightened, TLP)
	case s.Value(Recall) != "" && label != "TLP:RED":
		label = "TLP:RED"
	}
	policy.TLP = wordOf(iepLabels, label)
	policy.Notify = wordOf(iepNotify, s.Value(Notifications))
	policy.Attribution = wordOf(iepAttribution, s.Value(Attribution))
	if s.Value(Attribution) == "consent" {
		policy.Attribution = "must-not"
		e.Tightened = append(e.Tightened, Attribution)
	}
	policy.Actions = wordOf(iepActions, s.Value(ActionExposure))
	if s.Value(Recall) != "" {
		policy.Actions = "none"
	}
	said := []Axis{TLP, Notifications, Attribution, ActionExposure, NotBefore, Expires}
	promised := presets[label]
	for name, terms := range s {
		axis := Axis(name)
		if slices.Contains(said, axis) {
			continue
		}
		// The label promises some axes: those are said where it promises as much.
		by, byLabel := promised[name]
		if _, looser := (Set{name: by}).Looser(Set{name: terms}); !byLabel || looser {
			e.Left = append(e.Left, axis)
		}
	}
}

func wordOf(words [][2]string, ours string) string {
	for _, pair := range words {
		if pair[1] == ours {
			return pair[0]
		}
	}
	return ""
}

func (e *Export) finish(document any) (*Export, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	slices.Sort(e.Left)
	slices.Sort(e.Tightened)
	e.Document = b.Bytes()
	return e, nil
}

// iri accepts an absolute IRI in the characters of a URI.
func iri(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && parsed.Scheme != "" && (parsed.Opaque != "" || parsed.Host != "")
}
