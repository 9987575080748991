package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
)

// Entry is one line of the ledger: an agency's or the registrar's act, or the
// hub's own record. Exactly one of Act and Record is set.
type Entry struct {
	Index  uint64
	Time   time.Time // the hub's time of admission, UTC, whole milliseconds, never before the entry before
	Act    *act.Act
	Record *Record
}

// Record is the hub's own word on what it decided: unsigned, vouched for by the
// log's checkpoint. It names agencies by slug and officers by pseudonym.
type Record struct {
	Type     string         `json:"type"`
	Agency   act.AgencyName `json:"agency"`
	Action   string         `json:"action"`        // open, deliver
	Act      act.ID         `json:"act,omitempty"` // the item.open that asked
	Part     string         `json:"part,omitempty"`
	Results  []Result       `json:"results"`
	Count    int            `json:"count,omitzero"`    // of rolled-up denials
	Decision uint64         `json:"decision,omitzero"` // index of the decision that an abort takes back
}

// The types of record.
const (
	DecisionRecord = "decision.v1"
	DenialsRecord  = "denials.v1" // how often a denial was repeated
	AbortRecord    = "abort.v1"   // an open that was allowed and of which not one byte was answered
)

// AbortedEpochChanged is the reason of an AbortRecord: the right to open ended
// between the decision and the first byte of the answer.
const AbortedEpochChanged = "aborted_epoch_changed"

// Result is the decision on one release.
type Result struct {
	Release  act.ID   `json:"release"`
	Allow    bool     `json:"allow"`
	Reason   string   `json:"reason"`
	Evidence []string `json:"evidence,omitempty"` // act ids, clause places, axes, in the order in which they decided
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// wire is the canonical form of an entry, of which the log's leaf is a salted
// commitment.
type wire struct {
	Act    string  `json:"act,omitempty"`
	Index  uint64  `json:"index"`
	Record *Record `json:"record,omitempty"`
	Time   string  `json:"time"`
}

// Bytes returns the canonical form of the entry (RFC 8785).
func (e Entry) Bytes() ([]byte, error) {
	w := wire{Index: e.Index, Record: e.Record, Time: e.Time.UTC().Format(timeLayout)}
	if e.Act != nil {
		w.Act = e.Act.Raw
	}
	return canonical.Marshal(w)
}

// ErrUnknownKind is returned for an entry whose act has a kind, or whose record has
// a type, of a later version. The reader must stop deciding and upgrade.
var ErrUnknownKind = errors.New("the entry's kind is of a later version")

// ParseEntry reads the canonical form. It checks no signature: State.Verify does.
func ParseEntry(b []byte) (Entry, error) {
	var w wire
	if err := canonical.Unmarshal(b, &w); err != nil {
		return Entry{}, fmt.Errorf("entry: %w", err)
	}
	at, err := time.Parse(timeLayout, w.Time)
	if err != nil || (w.Act == "") == (w.Record == nil) {
		return Entry{}, errors.New("entry: not one act or one record with its time")
	}
	e := Entry{Index: w.Index, Time: at, Record: w.Record}
	if w.Act == "" {
		return e, w.Record.known()
	}
	e.Act, err = act.Parse([]byte(w.Act))
	var refused *act.Error
	if errors.As(err, &refused) && refused.Code == "act_kind_unknown" {
		return e, ErrUnknownKind
	}
	return e, err
}

func (r *Record) known() error {
	switch r.Type {
	case DecisionRecord, DenialsRecord, AbortRecord, DisposalRecord:
		return nil
	}
	return ErrUnknownKind
}
