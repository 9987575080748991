package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// DutyKind is what a receiver owes the originator.
type DutyKind string

// The kinds of duty.
const (
	ToAcknowledge DutyKind = "acknowledge" // a later restriction
	ToReportUse   DutyKind = "report-use"
	ToDispose     DutyKind = "dispose" // at the end of the agreement
	ToErase       DutyKind = "erase"   // at the end of the retention period
	ToDestroy     DutyKind = "destroy" // after a recall or a retraction
)

// DutyState says where a duty stands.
type DutyState string

// The states of a duty.
const (
	Owed        DutyState = "open"
	Overdue     DutyState = "overdue"
	Done        DutyState = "done"
	Held        DutyState = "held"        // a legal hold stops the disposal
	Unreachable DutyState = "unreachable" // the holder takes no part any more
)

// Duty is one thing that one receiver owes one originator.
type Duty struct {
	Kind    DutyKind
	Holder  act.AgencyName
	Release *ledger.Release
	Because act.ID // the act from which it follows
	Due     time.Time
	State   DutyState
	Closed  act.ID // the act that closed it, if it is done
}

// Duties returns what every holder owes for a release at now, in the order of
// their days. Only agencies that opened the release owe anything.
func Duties(s *ledger.State, release *ledger.Release, now time.Time) []Duty {
	var all []Duty
	release.Readers(func(name act.AgencyName, reader *ledger.Reader) {
		if name != release.Item.Publisher {
			all = append(all, dutiesOf(s, release, name, reader, now)...)
		}
	})
	slices.SortFunc(all, func(a, b Duty) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Holder, b.Holder), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Because, b.Because))
	})
	return all
}

func dutiesOf(s *ledger.State, release *ledger.Release, name act.AgencyName, reader *ledger.Reader, now time.Time) []Duty {
	d := owing{s: s, release: release, name: name, reader: reader, now: now}
	d.acknowledge()
	d.reportUse()
	d.dispose()
	d.erase()
	d.destroy()
	return d.all
}

type owing struct {
	s       *ledger.State
	release *ledger.Release
	name    act.AgencyName
	reader  *ledger.Reader
	now     time.Time
	all     []Duty
}

func (d *owing) add(kind DutyKind, because act.ID, due time.Time, closed act.ID) {
	duty := Duty{Kind: kind, Holder: d.name, Release: d.release, Because: because, Due: due, Closed: closed}
	switch {
	case closed != "":
		duty.State = Done
	case d.disposes(kind) && d.reader.Held != nil:
		duty.State = Held
	case d.unreachable():
		duty.State = Unreachable
	case !d.now.Before(due):
		duty.State = Overdue
	default:
		duty.State = Owed
	}
	d.all = append(d.all, duty)
}

func (d *owing) disposes(kind DutyKind) bool {
	return kind == ToDispose || kind == ToErase || kind == ToDestroy
}

func (d *owing) unreachable() bool {
	agency := d.s.Agency(d.name)
	return agency == nil || agency.Standing != ledger.Enrolled
}

// acknowledge: each later restriction asks every earlier reader for an answer.
func (d *owing) acknowledge() {
	for _, asked := range d.release.Item.Restricts {
		if !asked.Concerns(d.release, d.name) || d.reader.First.Index > asked.Index {
			continue
		}
		closed := act.ID("")
		if step := d.reader.AcceptedStep; step.Index > asked.Index {
			closed = step.Act
		} else if step, said := d.release.CannotComply(d.name); said && step.Index > asked.Index {
			closed = step.Act
		}
		d.add(ToAcknowledge, asked.Act, asked.Acknowledge, closed)
	}
}

func (d *owing) reportUse() {
	days, asked := d.release.Terms(d.name).Set.Count(restriction.UseReportDays)
	if !asked {
		return
	}
	closed := act.ID("")
	if d.reader.Reported.Index > d.reader.First.Index {
		closed = d.reader.Reported.Act
	}
	d.add(ToReportUse, d.reader.First.Act, d.reader.First.Time.Add(time.Duration(days)*24*time.Hour), closed)
}

// attested returns the act by which the holder attested, after the index and
// after it last opened the release, that it holds no copy any more.
func (d *owing) attested(after uint64) act.ID {
	said := d.reader.Attested
	if said == nil || said.Index < after || said.Index < d.reader.Last.Index || said.Statement == "retained-under-terms" {
		return ""
	}
	return said.Act
}

func (d *owing) dispose() {
	revision := d.release.Revision
	within, asked := revision.Document.AttestWithin()
	governs := governing(d.s, revision, d.release.Item.Publisher, d.name, d.now)
	end, ended := governs.Ended(d.name, d.now)
	if !asked || !ended {
		return
	}
	closed := d.attested(0)
	if said := d.reader.Attested; said != nil && said.Statement == "retained-under-terms" && !said.Time.Before(end) {
		closed = said.Act
	}
	d.add(ToDispose, governs.Last, end.Add(within), closed)
}

func (d *owing) erase() {
	until, runs := KeptUntil(d.release, d.name)
	if !runs {
		return
	}
	d.add(ToErase, d.reader.First.Act, until, d.attested(d.reader.First.Index))
}

func (d *owing) destroy() {
	within, asked := d.release.Revision.Document.AttestWithin()
	if !asked {
		return
	}
	for _, request := range d.release.Item.Restricts {
		if request.Recall && request.Concerns(d.release, d.name) && d.reader.First.Index < request.Index {
			d.add(ToDestroy, request.Act, request.Time.Add(within), d.attested(request.Index))
		}
	}
	if step := d.release.Item.Retracted; step != nil {
		d.add(ToDestroy, step.Act, step.Time.Add(within), d.attested(step.Index))
	}
}

// overdue says that the receiver owes the publisher something since a day that
// was over when the release came, and that the agreement holds new releases for
// that. What it owes for is not held: it must be able to answer.
func overdue(s *ledger.State, revision *ledger.Revision, publisher, receiver act.AgencyName, released, now time.Time) *Decision {
	if !revision.Document.HoldsNewReleases() {
		return nil
	}
	var found *Decision
	s.Agreement(revision.Document.ID).Opened(receiver, func(release *ledger.Release) {
		reader := release.Reader(receiver)
		if found != nil || reader == nil || release.Item.Publisher != publisher {
			return
		}
		for _, duty := range dutiesOf(s, release, receiver, reader, now) {
			if duty.State == Overdue && !duty.Due.After(released) {
				found = refused(DutyOverdue, string(duty.Because), "/duties/holdNewReleases")
				return
			}
		}
	})
	return found
}
