package ledger

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
)

// DisposalRecord is the hub's word that it deleted its own copy of one part of a
// release: the locked header, and the sealed body unless another release or an
// upload still has it. Agency is the publisher, Action is DisposeAction, Part the
// part's name. The one result has the reason and, as evidence, the digests of the
// sealed bodies that were deleted.
const (
	DisposalRecord = "disposal.v1"
	DisposeAction  = "dispose"
)

// Disposal is what the ledger says of a part that the hub deleted.
type Disposal struct {
	Index  uint64
	Time   time.Time
	Reason string
	Bodies []string // digests of the sealed bodies that went with it
}

// Disposed returns the hub's word that it deleted its copy of the part, or nil.
// A section goes when the body goes.
func (r *Release) Disposed(part string) *Disposal {
	if part != coverPart {
		part = bodyPart
	}
	return r.disposed[part]
}

// dispose notes the deletion once: the first word stands.
func (r *Release) dispose(e Entry, result Result) {
	part := e.Record.Part
	if r.disposed[part] != nil {
		return
	}
	if r.disposed == nil {
		r.disposed = map[string]*Disposal{}
	}
	r.disposed[part] = &Disposal{Index: e.Index, Time: e.Time, Reason: result.Reason, Bodies: result.Evidence}
}

// NewDisposal is the record for one part.
func NewDisposal(release *Release, part, reason string, bodies []string) *Record {
	return &Record{
		Type: DisposalRecord, Agency: release.Item.Publisher, Action: DisposeAction, Part: part,
		Results: []Result{{Release: release.ID, Reason: reason, Evidence: bodies}},
	}
}

// ReleaseIDs returns the ids of the releases that the state holds, in no particular order.
func (s *State) ReleaseIDs() []act.ID {
	ids := make([]act.ID, 0, len(s.releases))
	for id := range s.releases {
		ids = append(ids, id)
	}
	return ids
}
