package restriction

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// MaxIEP bounds an IEP policy that is read, in bytes.
const MaxIEP = 64 << 10

// DocumentError says what is wrong with a document of another scheme. Code is
// stable; Place is a JSON pointer to the member at fault and never has a value.
type DocumentError struct {
	Code  string // iep_malformed, iep_version_unknown, iep_member_missing or iep_value_unknown
	Place string
}

func (e *DocumentError) Error() string { return fmt.Sprintf("%s: at %s", e.Code, e.Place) }

// IEPPolicy is what a FIRST Information Exchange Policy 2.0 says in our terms.
type IEPPolicy struct {
	ID    string
	Name  string
	Terms Set
	Left  []string // statements that have no axis here, by member; sorted
}

// iepDocument is an IEP 2.0 policy object, member by member.
type iepDocument struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Version     jsontext.Value `json:"iep_version"`
	Start       string         `json:"start_date"`
	End         jsontext.Value `json:"end_date"` // a string, or null for never
	Transit     string         `json:"encrypt_in_transit,omitempty"`
	Actions     string         `json:"permitted_actions,omitempty"`
	Notify      string         `json:"affected_party_notifications,omitempty"`
	TLP         string         `json:"tlp,omitempty"`
	Attribution string         `json:"attribution,omitempty"`
	Resale      string         `json:"unmodified_resale,omitempty"`
	// The framework's example spells it in the plural, with a list.
	Reference  string   `json:"external_reference,omitempty"`
	References []string `json:"external_references,omitempty"`
}

// The words of IEP 2.0 and ours, strictest first.
var (
	iepActions = [][2]string{
		{"none", "none"},
		{"contact-for-instruction", "contact-originator"},
		{"internally-visible-actions", "internal-only"},
		{"externally-visible-indirect-actions", "passive-external"},
		{"externally-visible-direct-actions", "active"},
	}
	// IEP 2.0 was written against TLP 1: white is today's CLEAR, and there is no
	// word for AMBER+STRICT.
	iepLabels = [][2]string{
		{"red", "TLP:RED"}, {"amber", "TLP:AMBER"}, {"green", "TLP:GREEN"}, {"white", "TLP:CLEAR"},
	}
	iepNotify      = [][2]string{{"must-not", "must-not"}, {"may", "may"}}
	iepAttribution = [][2]string{{"must-not", "must-not"}, {"must", "must"}, {"may", "may"}}
)

// ReadIEP reads an IEP 2.0 policy in JSON (FIRST, IEP 2.0 JSON Specification,
// November 2019). A member or a word that the specification does not have is
// refused, because it may be a restriction that somebody meant. The label is
// written out as Expand does. The error is a *DocumentError.
func ReadIEP(b []byte) (*IEPPolicy, error) {
	doc, err := decodeIEP(b)
	if err != nil {
		return nil, err
	}
	policy := &IEPPolicy{ID: doc.ID, Name: doc.Name, Terms: Set{}, Left: []string{}}
	for _, read := range []func(*iepDocument) error{policy.window, policy.statements, policy.rest} {
		if err := read(doc); err != nil {
			return nil, err
		}
	}
	return policy, nil
}

func decodeIEP(b []byte) (*iepDocument, error) {
	if len(b) > MaxIEP {
		return nil, &DocumentError{"iep_malformed", ""}
	}
	var doc iepDocument
	if err := json.Unmarshal(b, &doc, json.RejectUnknownMembers(true)); err != nil {
		place := ""
		var semantic *json.SemanticError
		var syntactic *jsontext.SyntacticError
		switch {
		case errors.As(err, &semantic):
			place = string(semantic.JSONPointer)
		case errors.As(err, &syntactic):
			place = string(syntactic.JSONPointer)
		}
		return nil, &DocumentError{"iep_malformed", place}
	}
	for _, member := range []struct{ name, value string }{
		{"id", doc.ID}, {"name", doc.Name}, {"iep_version", string(doc.Version)},
		{"start_date", doc.Start}, {"end_date", string(doc.End)},
	} {
		if member.value == "" {
			return nil, &DocumentError{"iep_member_missing", "/" + member.name}
		}
	}
	if version := string(doc.Version); version != "2.0" && version != "2" {
		return nil, &DocumentError{"iep_version_unknown", "/iep_version"}
	}
	return &doc, nil
}

// window reads the dates, which are UTC. A fraction of a second is cut so that
// the window gets no longer.
func (p *IEPPolicy) window(doc *iepDocument) error {
	start, err := time.Parse(time.RFC3339, doc.Start)
	if _, offset := start.Zone(); err != nil || offset != 0 {
		return &DocumentError{"iep_value_unknown", "/start_date"}
	}
	if cut := start.Truncate(time.Second); !cut.Equal(start) {
		start = cut.Add(time.Second)
	}
	if err := p.moment(NotBefore, start, "/start_date"); err != nil {
		return err
	}
	if doc.End.Kind() == 'n' {
		return nil
	}
	var text string
	if json.Unmarshal(doc.End, &text) != nil {
		return &DocumentError{"iep_malformed", "/end_date"}
	}
	end, err := time.Parse(time.RFC3339, text)
	_, offset := end.Zone()
	if end = end.Truncate(time.Second); err != nil || offset != 0 || !end.After(start) {
		return &DocumentError{"iep_value_unknown", "/end_date"}
	}
	return p.moment(Expires, end, "/end_date")
}

func (p *IEPPolicy) moment(axis Axis, at time.Time, place string) error {
	term := canonical.At(at).String()
	if moment(term) == nil {
		return &DocumentError{"iep_value_unknown", place}
	}
	p.Terms[string(axis)] = []string{term}
	return nil
}

func (p *IEPPolicy) statements(doc *iepDocument) error {
	for _, statement := range []struct {
		axis   Axis
		member string
		word   string
		words  [][2]string
	}{
		{ActionExposure, "permitted_actions", doc.Actions, iepActions},
		{Notifications, "affected_party_notifications", doc.Notify, iepNotify},
		{Attribution, "attribution", doc.Attribution, iepAttribution},
		{TLP, "tlp", doc.TLP, iepLabels},
	} {
		if statement.word == "" {
			continue
		}
		i := slices.IndexFunc(statement.words, func(pair [2]string) bool { return pair[0] == statement.word })
		if i < 0 {
			return &DocumentError{"iep_value_unknown", "/" + statement.member}
		}
		p.Terms[string(statement.axis)] = []string{statement.words[i][1]}
	}
	p.Terms = p.Terms.Labelled()
	return nil
}

// rest looks at what has no axis. Transport is encrypted always, so both words
// of that statement are kept without one.
func (p *IEPPolicy) rest(doc *iepDocument) error {
	if doc.Transit != "" && doc.Transit != "must" && doc.Transit != "may" {
		return &DocumentError{"iep_value_unknown", "/encrypt_in_transit"}
	}
	switch doc.Resale {
	case "", "may":
	case "must-not":
		p.Left = append(p.Left, "unmodified_resale")
	default:
		return &DocumentError{"iep_value_unknown", "/unmodified_resale"}
	}
	for member, text := range map[string]string{
		"description": doc.Description, "external_reference": doc.Reference,
		"external_references": strings.Join(doc.References, " "),
	} {
		if text != "" {
			p.Left = append(p.Left, member)
		}
	}
	slices.Sort(p.Left)
	return nil
}
