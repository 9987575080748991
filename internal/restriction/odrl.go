package restriction

import (
	"net/url"
	"slices"
	"strconv"
)

// The names that ODRL asks for and does not have: parties, purposes and scopes of
// ours, as IRIs that nobody has to resolve.
const (
	agencyIRI   = "urn:concordat:agency:"
	purposeIRI  = "urn:concordat:purpose:"
	audienceIRI = "urn:concordat:audience:"
	scopeIRI    = "urn:concordat:scope:"
	affectedIRI = "urn:concordat:party:affected"
	endIRI      = "urn:concordat:event:agreement-end"
)

// ODRLHeader names what an ODRL policy is about. Each is an absolute IRI.
type ODRLHeader struct {
	UID        string // of the policy
	Target     string // the item
	Originator string // who restricts: asked for consent, told of use, named
}

// odrlPolicy is a policy of type Set in the JSON-LD of the ODRL Vocabulary and
// Expression 2.2, section 4. Where rules meet, a prohibition wins.
type odrlPolicy struct {
	Context     string     `json:"@context"`
	Type        string     `json:"@type"`
	UID         string     `json:"uid"`
	Conflict    string     `json:"conflict"`
	Permission  []odrlRule `json:"permission,omitempty"`
	Prohibition []odrlRule `json:"prohibition,omitempty"`
	Obligation  []odrlRule `json:"obligation,omitempty"`
}

type odrlRule struct {
	Target      string           `json:"target,omitempty"`
	Assigner    string           `json:"assigner,omitempty"`
	Action      string           `json:"action"`
	Consenting  string           `json:"consentingParty,omitempty"`
	Informed    string           `json:"informedParty,omitempty"`
	Attributed  string           `json:"attributedParty,omitempty"`
	Constraints []odrlConstraint `json:"constraint,omitempty"`
	Duties      []odrlRule       `json:"duty,omitempty"`
}

type odrlConstraint struct {
	Left     string `json:"leftOperand"`
	Operator string `json:"operator"`
	Right    any    `json:"rightOperand"`
}

type odrlID struct {
	ID string `json:"@id"`
}

type odrlTyped struct {
	Value string `json:"@value"`
	Type  string `json:"@type"`
}

// writer holds an ODRL policy while it grows. Constraints bind every permission:
// what may be done is done inside the window, for the purposes, by the receivers.
type writer struct {
	Export
	s       Set
	header  ODRLHeader
	policy  odrlPolicy
	purpose []odrlConstraint
	who     []odrlConstraint
	window  []odrlConstraint
}

// ODRL writes s as an ODRL 2.2 policy in JSON-LD, in terms of the core and common
// vocabulary only. What that vocabulary cannot say is left out and listed. A set
// that permits nothing on some axis is refused with an *Error, a header that is
// no IRI with a *DocumentError.
func ODRL(s Set, header ODRLHeader) (*Export, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	for _, member := range []struct{ place, iri string }{
		{"/uid", header.UID}, {"/target", header.Target}, {"/assigner", header.Originator},
	} {
		if !iri(member.iri) {
			return nil, &DocumentError{"odrl_iri_malformed", member.place}
		}
	}
	w := &writer{s: s, header: header, Export: Export{Left: []Axis{}, Tightened: []Axis{}}}
	w.policy = odrlPolicy{Context: "http://www.w3.org/ns/odrl.jsonld", Type: "Set", UID: header.UID, Conflict: "prohibit"}
	for axis := range axes {
		if _, restricted := s[string(axis)]; restricted && !odrlSays(axis) {
			w.Left = append(w.Left, axis)
		}
	}
	w.bound()
	if s.Value(Recall) != "" {
		w.recall()
	} else {
		w.opening()
		w.judicial()
		w.onward()
		w.derivation()
		w.naming()
	}
	w.duties()
	return w.finish(w.policy)
}

// odrlSays reports whether the vocabulary has words for an axis. A label, kinds
// and jurisdictions of agencies, officers, exposure, programs, storage and what
// is attested before opening have none.
func odrlSays(axis Axis) bool {
	switch axis {
	case TLP, RecipientKinds, Jurisdictions, JurisdictionsDenied, Officers, ActionExposure,
		AutomatedProcessing, Encryption, Prerequisites:
		return false
	}
	return true
}

// bound says who, when and what for.
func (w *writer) bound() {
	if terms := w.s[string(Purposes)]; len(terms) > 0 {
		w.purpose = []odrlConstraint{{"purpose", "isAnyOf", ids(purposeIRI, terms)}}
	}
	if audience := w.s.Value(Audience); audience != "" && audience != "public" {
		w.who = append(w.who, odrlConstraint{"recipient", "isPartOf", odrlID{audienceIRI + audience}})
	}
	if terms := w.s[string(Recipients)]; len(terms) > 0 {
		w.who = append(w.who, odrlConstraint{"recipient", "isAnyOf", ids(agencyIRI, terms)})
	}
	if terms := w.s[string(RecipientsDenied)]; len(terms) > 0 {
		w.who = append(w.who, odrlConstraint{"recipient", "isNoneOf", ids(agencyIRI, terms)})
	}
	for _, edge := range []struct {
		axis     Axis
		operator string
	}{{NotBefore, "gteq"}, {Expires, "lt"}, {ReviewBy, "lt"}} {
		if at := w.s.Value(edge.axis); at != "" {
			w.window = append(w.window, when(edge.operator, at))
		}
	}
}

// opening says how the content may be had.
func (w *writer) opening() {
	var times []odrlConstraint
	if n, counted := w.s.Count(MaxReads); counted {
		times = append(times, odrlConstraint{"count", "lteq", n})
	}
	form := w.s.Value(AccessForm)
	w.permit("display", times, nil)
	if form != "view-only" {
		w.permit("print", times, nil)
	}
	switch form {
	case "", "download":
		w.permit("reproduce", times, nil)
	case "download-watermarked":
		w.permit("reproduce", times, []odrlRule{{Action: "watermark"}})
	}
}

// judicial says whether it may be shown in proceedings. That is asked for beside
// the purposes, and so is not bound by them. The permission is to display and not
// to use: ODRL's use would take passing on with it.
func (w *writer) judicial() {
	inCourt := []odrlConstraint{{"purpose", "eq", odrlID{purposeIRI + "judicial-proceedings"}}}
	rule := w.rule("display", slices.Concat(inCourt, w.who, w.window), nil)
	switch w.s.Value(JudicialUse) {
	case "prohibited":
		w.forbid("use", inCourt)
	case "consent":
		rule.Duties = w.consent()
		w.policy.Permission = append(w.policy.Permission, rule)
	case "allowed":
		w.policy.Permission = append(w.policy.Permission, rule)
	}
}

// onward says to whom it may be passed on. A scope of nobody is a prohibition;
// that consent may still open it has no place beside one, and is listed.
func (w *writer) onward() {
	if at := w.s.Value(Embargo); at != "" {
		w.forbid("distribute", []odrlConstraint{when("lt", at)})
	}
	scope, consent := w.s.Value(OnwardScope), w.s.Value(OnwardConsent)
	switch {
	case scope == "none":
		w.forbid("distribute", nil)
		if consent != "" {
			w.Tightened = append(w.Tightened, OnwardConsent)
		}
	case scope == "" && consent == "":
	case consent == "always":
		w.permit("distribute", inScope(scope), w.consent())
	case consent == "outside-own-organisation":
		w.permit("distribute", inScope("own-organisation"), nil)
		if scope != "own-organisation" {
			w.permit("distribute", inScope(scope), w.consent())
		}
	default:
		w.permit("distribute", inScope(scope), nil)
	}
}

func inScope(scope string) []odrlConstraint {
	if scope == "" || scope == "anyone" {
		return nil
	}
	return []odrlConstraint{{"recipient", "isPartOf", odrlID{scopeIRI + scope}}}
}

func (w *writer) derivation() {
	for _, action := range []string{"translate", "extract", "derive"} {
		if at := w.s.Value(Embargo); at != "" {
			w.forbid(action, []odrlConstraint{when("lt", at)})
		}
		switch value := w.s.Value(Derivation); {
		case value == "none", value == "translate-only" && action != "translate":
			w.forbid(action, nil)
		case value == "with-consent":
			w.permit(action, nil, w.consent())
		case value != "":
			w.permit(action, nil, nil)
		}
	}
}

// naming says whether the originator is named, and an affected party told.
func (w *writer) naming() {
	switch w.s.Value(Attribution) {
	case "must-not":
		w.forbid("attribute", nil)
	case "consent":
		w.permit("attribute", nil, w.consent())
	case "may":
		w.permit("attribute", nil, nil)
	case "must":
		w.oblige(odrlRule{Action: "attribute", Attributed: w.header.Originator})
	}
	affected := []odrlConstraint{{"recipient", "eq", odrlID{affectedIRI}}}
	switch w.s.Value(Notifications) {
	case "must-not":
		w.forbid("inform", affected)
	case "may": // who is told is no receiver of the item
		w.policy.Permission = append(w.policy.Permission, w.rule("inform", slices.Concat(affected, w.window), nil))
	}
}

// recall takes everything back: nothing is permitted, and copies go.
func (w *writer) recall() {
	w.forbid("use", nil)
	w.oblige(odrlRule{Action: "delete"})
}

// duties says what is owed: deletion and a report. That copies are returned or
// may be kept has no word.
func (w *writer) duties() {
	if days, limited := w.s.Count(RetentionDays); limited {
		w.oblige(odrlRule{Action: "delete", Constraints: []odrlConstraint{within(days)}})
	}
	switch w.s.Value(OnTermination) {
	case "":
	case "destroy":
		w.oblige(odrlRule{Action: "delete", Constraints: []odrlConstraint{{"event", "gt", odrlID{endIRI}}}})
	default:
		w.Left = append(w.Left, OnTermination)
	}
	if days, owed := w.s.Count(UseReportDays); owed {
		w.oblige(odrlRule{Action: "inform", Informed: w.header.Originator, Constraints: []odrlConstraint{within(days)}})
	}
}

func (w *writer) rule(action string, constraints []odrlConstraint, duties []odrlRule) odrlRule {
	return odrlRule{
		Target: w.header.Target, Assigner: w.header.Originator, Action: action,
		Constraints: constraints, Duties: duties,
	}
}

func (w *writer) permit(action string, more []odrlConstraint, duties []odrlRule) {
	all := slices.Concat(w.purpose, w.who, w.window, more)
	w.policy.Permission = append(w.policy.Permission, w.rule(action, all, duties))
}

func (w *writer) forbid(action string, constraints []odrlConstraint) {
	w.policy.Prohibition = append(w.policy.Prohibition, w.rule(action, constraints, nil))
}

func (w *writer) oblige(duty odrlRule) {
	duty.Target, duty.Assigner = w.header.Target, w.header.Originator
	w.policy.Obligation = append(w.policy.Obligation, duty)
}

func (w *writer) consent() []odrlRule {
	return []odrlRule{{Action: "obtainConsent", Consenting: w.header.Originator}}
}

func ids(prefix string, terms []string) []odrlID {
	named := make([]odrlID, 0, len(terms))
	for _, term := range terms {
		// Recipients of the first version were held to no form.
		named = append(named, odrlID{prefix + url.PathEscape(term)})
	}
	return named
}

func when(operator, at string) odrlConstraint {
	return odrlConstraint{"dateTime", operator, odrlTyped{at, "xsd:dateTime"}}
}

func within(days int) odrlConstraint {
	return odrlConstraint{"elapsedTime", "lteq", odrlTyped{"P" + strconv.Itoa(days) + "D", "xsd:duration"}}
}
