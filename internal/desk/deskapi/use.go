package deskapi

import (
	"encoding/json"
	"time"
)

// Term is one axis of restrictions as people read it, with what stands behind it.
type Term struct {
	Axis        string   `json:"axis"`
	Terms       []string `json:"terms"`
	Name        string   `json:"name"`              // of the axis, in the reader's language
	Says        []string `json:"says"`              // what the terms mean
	Enforcement string   `json:"enforcement"`       // prevented, gated, traceable, recorded
	How         string   `json:"how,omitempty"`     // what exactly hub and desk do about it
	Outside     string   `json:"outside,omitempty"` // what is left of it once a copy has left
}

// Note is something that an officer has to know of a release beside its state.
type Note struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Due     time.Time `json:"due,omitzero"`
	By      string    `json:"by,omitempty"`  // the agency that did it
	Act     string    `json:"act,omitempty"` // from which it follows
}

// Parent names a release that an item is made from, and how: copy, translation,
// extract, derived.
type Parent struct {
	Release  string `json:"release"`
	Relation string `json:"relation"`
	Item     string `json:"item,omitempty"`    // in answers
	Consent  string `json:"consent,omitempty"` // in answers: the consent that is relied on
}

// CopyRequest takes opened content into a draft, to pass it on as it is.
type CopyRequest struct {
	Release string `json:"release,omitempty"`
	Purpose string `json:"purpose,omitempty"` // for which it was opened; any when left out
}

// RestrictRequest tightens the terms of an own item from now on. For empty means
// every receiver; a list of several becomes one request to each, because no
// receiver is told of the others.
type RestrictRequest struct {
	Release       string              `json:"release,omitempty"` // one release only
	For           []string            `json:"for,omitempty"`
	Restrictions  map[string][]string `json:"restrictions"`
	AcknowledgeBy time.Time           `json:"acknowledgeBy,omitzero"` // the agreement's time when left out
	Reason        string              `json:"reason,omitempty"`
	DryRun        bool                `json:"dryRun,omitempty"`
}

// Restricted is what a later request changes. Acts is empty in a dry run.
type Restricted struct {
	Acts          []Appended `json:"acts"`
	Terms         []Term     `json:"terms"`   // what binds the receivers concerned from then on
	Readers       []string   `json:"readers"` // who opened it before, and now owes an answer
	AcknowledgeBy time.Time  `json:"acknowledgeBy"`
}

// AcknowledgeRequest says that the agency has these terms before it and complies.
type AcknowledgeRequest struct {
	Release              string   `json:"release,omitempty"`
	AcceptedRestrictions string   `json:"acceptedRestrictions"`
	Prerequisites        []string `json:"prerequisites,omitempty"` // that the agency attests to meet
}

// CannotComplyRequest says that the agency cannot comply; it seals the item for it.
type CannotComplyRequest struct {
	Release string `json:"release,omitempty"`
	Axis    string `json:"axis"`
	Reason  string `json:"reason"` // domestic-law, technical, organisational, other
}

// UseReportRequest says what an item was used for.
type UseReportRequest struct {
	Release  string   `json:"release,omitempty"`
	Purposes []string `json:"purposes"`
	Outcome  string   `json:"outcome"` // measure-adopted, no-use, not-useful, training-held, useful
}

// AttestationRequest is the agency's word on its own copies.
type AttestationRequest struct {
	Release   string `json:"release,omitempty"`
	Statement string `json:"statement"` // destroyed, returned, retained-under-terms
	Method    string `json:"method,omitempty"`
}

// HoldRequest stops the disposal of the agency's own copies, or lifts that.
type HoldRequest struct {
	Release string `json:"release,omitempty"`
	Reason  string `json:"reason"`
	Lift    bool   `json:"lift,omitempty"`
}

// DisclosureRequest tells the originator of a disclosure that its restrictions
// cannot stop.
type DisclosureRequest struct {
	Release         string    `json:"release,omitempty"`
	Cause           string    `json:"cause"` // exculpatory, compelled
	Advance         bool      `json:"advance"`
	WhyNotInAdvance string    `json:"whyNotInAdvance,omitempty"`
	Consultation    bool      `json:"consultation,omitempty"`
	Disclosure      time.Time `json:"disclosure"`
}

// ConsentRequest asks the originator for a use that is left to its consent.
type ConsentRequest struct {
	Item    string    `json:"item"`
	Release string    `json:"release,omitempty"`
	Use     string    `json:"use"`           // attribution, derivation, judicial-use, onward
	For     string    `json:"for,omitempty"` // of onward: who would receive it
	Purpose string    `json:"purpose"`
	Until   time.Time `json:"until"`
	// AnswerBy is when silence becomes no, if that is before the time that the
	// agreement gives.
	AnswerBy time.Time `json:"answerBy,omitzero"`
}

// ConsentAnswer grants, refuses or withdraws.
type ConsentAnswer struct {
	Answer string `json:"answer"` // grant, refuse, withdraw
	Reason string `json:"reason,omitempty"`
}

// Consent is a request for consent and what became of it.
type Consent struct {
	Request    string    `json:"request"`
	Item       string    `json:"item"`
	Release    string    `json:"release"`
	By         string    `json:"by"`         // who asks
	Originator string    `json:"originator"` // who is asked
	Use        string    `json:"use"`
	For        string    `json:"for,omitempty"`
	Purpose    string    `json:"purpose"`
	Until      time.Time `json:"until"`
	Asked      time.Time `json:"asked"`
	Lapses     time.Time `json:"lapses"`          // when silence is no
	State      string    `json:"state"`           // pending, granted, refused, withdrawn, lapsed, ended
	Waits      string    `json:"waits,omitempty"` // the act of an answer that is signed and waits for the hub
	Message    string    `json:"message"`
}

// Duty is one thing that one receiver owes one originator.
type Duty struct {
	Kind       string    `json:"kind"` // acknowledge, report-use, dispose, erase, destroy
	Holder     string    `json:"holder"`
	Originator string    `json:"originator"`
	Item       string    `json:"item"`
	Release    string    `json:"release"`
	Agreement  string    `json:"agreement"` // under which it was released
	Because    string    `json:"because"`   // the act from which it follows
	Due        time.Time `json:"due"`
	State      string    `json:"state"` // open, overdue, done, held, unreachable
	Closed     string    `json:"closed,omitempty"`
	Message    string    `json:"message"`
}

// Export is what binds an item in the words of another scheme. What is left out
// still binds, and what was tightened was meant less strictly.
type Export struct {
	Format    string          `json:"format"` // iep, odrl
	Document  json.RawMessage `json:"document"`
	Left      []string        `json:"left"`
	Tightened []string        `json:"tightened"`
}
