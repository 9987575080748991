package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Reader is what the ledger says of one agency that opened a release, or a section
// of it. An open that the hub took back, before a byte was answered, is none.
type Reader struct {
	First Step // the first allowed open
	Last  Step // the newest
	Count int  // allowed opens of the body

	// The newest terms to which the agency bound itself, by opening under them or by
	// acknowledging them, and since when.
	Accepted     string
	AcceptedStep Step

	Prerequisites map[string]bool // that the agency attested to meet, for Accepted
	Reported      Step            // the newest use report
	Attested      *Attestation    // the newest word on its own copies
	Held          *Step           // a legal hold that stops disposal

	opens []opening // all that stand, oldest first
}

// opening is one allowed open. It is small: what is read all day has many.
type opening struct {
	act   act.ID
	index uint64
	milli int64 // the time of its record
	body  bool
}

func (o opening) step() Step {
	at := time.UnixMilli(o.milli).UTC()
	return Step{Act: o.act, Index: o.index, Time: at, Effective: at}
}

// Attestation is a holder's word on its copies.
type Attestation struct {
	Step
	Statement string
}

// Terms are what binds one agency, and their digest.
type Terms struct {
	Set    restriction.Set
	Digest string
}

// Restrict is a later request of the originator that tightens the terms.
type Restrict struct {
	Step
	Version     int    // of this version and earlier ones
	Release     act.ID // one release, or "" for all of them
	For         []act.AgencyName
	Set         restriction.Set
	Acknowledge time.Time
	Recall      bool
}

// Concerns reports whether the request binds the agency for the release.
func (r Restrict) Concerns(release *Release, name act.AgencyName) bool {
	if r.Release != "" && r.Release != release.ID || release.Version > r.Version {
		return false
	}
	for _, one := range r.For {
		if one == name {
			return true
		}
	}
	return len(r.For) == 0
}

// Terms returns what binds the agency: the terms of the release, met with every
// later request of the originator that concerns it. Nothing loosens on the way.
func (r *Release) Terms(name act.AgencyName) Terms {
	if terms, asked := r.asks[name]; asked {
		return terms
	}
	if terms, asked := r.asks[everybody]; asked {
		return terms
	}
	return Terms{r.Effective, r.EffectiveDigest}
}

// everybody stands in asks for those whom no request names.
const everybody act.AgencyName = ""

// tighten computes the terms of all whom the item's later requests concern.
func (r *Release) tighten() {
	r.asks = map[act.AgencyName]Terms{}
	concerned := []act.AgencyName{everybody}
	for _, asked := range r.Item.Restricts {
		concerned = append(concerned, asked.For...)
	}
	for _, name := range concerned {
		terms := r.Effective
		for _, asked := range r.Item.Restricts {
			if asked.Concerns(r, name) {
				terms = restriction.Meet(terms, asked.Set)
			}
		}
		digest, err := terms.Digest()
		if err != nil {
			digest = "" // no acceptance names it, and so it denies
		}
		r.asks[name] = Terms{terms, digest}
	}
}

// Reader returns what the agency did with the release, or nil if it has not
// opened it.
func (r *Release) Reader(name act.AgencyName) *Reader {
	if reader := r.readers[name]; reader != nil && reader.First.Act != "" {
		return reader
	}
	return nil
}

// Acknowledged returns what the agency said of its terms, or nil.
func (r *Release) Acknowledged(name act.AgencyName) *Reader { return r.readers[name] }

// Readers calls f for each agency that has opened the release, in no particular
// order.
func (r *Release) Readers(f func(act.AgencyName, *Reader)) {
	for name, reader := range r.readers {
		if reader.First.Act != "" {
			f(name, reader)
		}
	}
}

// CannotComply returns the step by which the agency said that it cannot comply
// with the terms of this release or an earlier one of the item.
func (r *Release) CannotComply(name act.AgencyName) (Step, bool) {
	step, said := r.Item.cannot[name]
	return step, said && step.Index > r.Index
}

// reader returns the entry for the agency, made if it is missing.
func (r *Release) reader(name act.AgencyName) *Reader {
	if r.readers == nil {
		r.readers = map[act.AgencyName]*Reader{}
	}
	if r.readers[name] == nil {
		r.readers[name] = &Reader{}
	}
	return r.readers[name]
}

// recorded returns the change that the hub's own word on its decisions makes: who
// received and who opened what.
func (s *State) recorded(e Entry) func() {
	return func() {
		for _, result := range e.Record.Results {
			release := s.releases[result.Release]
			switch {
			case release == nil:
			case e.Record.Type == AbortRecord:
				s.tookBack(release, e.Record)
			case e.Record.Type == DisposalRecord:
				release.dispose(e, result)
			case result.Allow:
				if release.delivered == nil {
					release.delivered = map[act.AgencyName]bool{}
				}
				release.delivered[e.Record.Agency] = true
				if e.Record.Action == "open" {
					s.opened(release, e)
				}
			}
		}
	}
}

// The parts whose opening is not the same as that of any other: the cover is told
// to everybody, and only opens of the body are counted and accept the terms of the
// whole.
const (
	coverPart = "cover"
	bodyPart  = "body"
)

func (s *State) opened(release *Release, e Entry) {
	record := e.Record
	if record.Part == "" || record.Part == coverPart {
		return
	}
	reader := release.reader(record.Agency)
	one := opening{record.Act, e.Index, e.Time.UnixMilli(), record.Part == bodyPart}
	reader.opens = append(reader.opens, one)
	reader.Last = one.step()
	if len(reader.opens) == 1 {
		reader.First = reader.Last
		all := s.agreements[release.Revision.Document.ID]
		all.opened[record.Agency] = append(all.opened[record.Agency], release)
	}
	if one.body {
		reader.Count++
		// An open is allowed only under the terms in force: it accepts them.
		reader.accept(release.Terms(record.Agency).Digest, reader.Last)
	}
}

// tookBack lets one open be as if it had not been allowed. What the agency signed
// with it stays: the terms that it accepted, and that it knows of the release.
func (s *State) tookBack(release *Release, record *Record) {
	reader := release.readers[record.Agency]
	if reader == nil {
		return
	}
	at := slices.IndexFunc(reader.opens, func(o opening) bool { return o.index == record.Decision && o.act == record.Act })
	if at < 0 {
		return // taken back already, or never an open
	}
	if reader.opens[at].body {
		reader.Count--
	}
	reader.opens = slices.Delete(reader.opens, at, at+1)
	reader.First, reader.Last = Step{}, Step{}
	if last := len(reader.opens) - 1; last >= 0 {
		reader.First, reader.Last = reader.opens[0].step(), reader.opens[last].step()
	}
	all := s.agreements[release.Revision.Document.ID]
	opened := slices.DeleteFunc(all.opened[record.Agency], func(r *Release) bool { return r.Reader(record.Agency) == nil })
	slices.SortFunc(opened, func(a, b *Release) int {
		return cmp.Compare(a.Reader(record.Agency).First.Index, b.Reader(record.Agency).First.Index)
	})
	all.opened[record.Agency] = opened
}

// accept records to which terms the agency bound itself. What it attested for
// other terms does not carry over.
func (r *Reader) accept(digest string, step Step) {
	if r.Accepted != digest {
		r.Prerequisites = nil
	}
	r.Accepted, r.AcceptedStep = digest, step
}

// Opened calls f for each release under any revision of the agreement that the
// agency has opened, in the order of the first opening.
func (a *Agreement) Opened(name act.AgencyName, f func(*Release)) {
	for _, release := range a.opened[name] {
		f(release)
	}
}
