package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
)

// AgreementView is what the operator projects of a revision. Times are zero and
// names empty where there is nothing to say.
type AgreementView struct {
	ID        string
	Revision  int
	Digest    string
	Reference string
	Index     uint64 // of the proposal

	State      ledger.StateName
	Since      time.Time        // from when it has been in this state
	SinceAct   act.ID           // the act that made it so, if one did
	SinceIndex uint64           // of that act
	Clause     string           // the place in the document that made it so, if one did
	By         []act.AgencyName // who suspends it now, or who proposed, retracted or countered it

	NextState     ledger.StateName
	NextChange    time.Time // when time alone will change the state
	NextClause    string
	ReviewDue     time.Time
	ReviewOverdue bool // it was not reviewed by then

	Parties []act.AgencyName // of the document, and those that acceded
	Signed  []act.AgencyName
	Pending []act.AgencyName // parties who have neither signed nor declined
	Parts   []PartView       // of each party, in the order of Parties

	Supersedes   string           // digest of the revision before, if there is one
	SupersededBy string           // digest of the revision after, if there is one
	NewerState   ledger.StateName // of that one
	Governs      bool             // it is the newest text that binds some two parties now
}

// PartView is where one party stands under a revision.
type PartView struct {
	Agency          act.AgencyName
	Role            agreement.Role
	Signed          bool
	Declined        bool
	Voided          bool      // its signature fell with the key that made it
	Joined          bool      // by accession
	Leaves          time.Time // when its withdrawal takes effect
	Withdrawn       bool      // that time has come
	AuthorityLapsed bool
	SuspendedBy     []act.AgencyName // who has suspended its part
	Release         Answer
	Receive         Answer
	Read            Answer
}

// Answer is the policy's, about a party and no item. Clause is the place in the
// document that it rests on, if there is one.
type Answer struct {
	Allow  bool
	Reason string
	Clause string
}

// Overview is all revisions as they stand, by proposal. Tag is another when
// anything in it is, also over a restart.
type Overview struct {
	Tag   string
	Views []AgreementView

	until time.Time // when time alone may change it; zero means never
}

// overview keeps the last answer until an act or time may have changed it.
type overview struct {
	acts    atomic.Uint64 // counts acts that may change it
	changed bell[struct{}]

	mu   sync.Mutex
	last *Overview
	at   uint64 // the count that it was made at
}

// heed notes entries that may change how agreements stand: what agencies release
// and open does not.
func (o *overview) heed(entries ...ledger.Entry) {
	for _, entry := range entries {
		if entry.Act == nil {
			continue
		}
		switch family, _, _ := strings.Cut(string(entry.Act.Kind), "."); family {
		case "agreement", "agency", "key":
			o.acts.Add(1)
			o.changed.ring(struct{}{})
		}
	}
}

// look is how often a waiting Overview compares the clock, which people may set,
// with the next moment at which something changes by itself.
const look = 250 * time.Millisecond

// Overview returns how all agreements stand. If that is what tag says, it waits for
// a change, as long as wait and at most MaxFeedWait.
func (s *Service) Overview(ctx context.Context, tag string, wait time.Duration) (Overview, error) {
	timer, tick := time.NewTimer(min(wait, MaxFeedWait)), time.NewTicker(look)
	defer timer.Stop()
	defer tick.Stop()
	for {
		changed := s.overview.changed.hear(struct{}{})
		now, err := s.present()
		if err != nil || now.Tag != tag || wait <= 0 {
			return now, err
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-tick.C:
				waiting = !s.stale(now)
			case <-timer.C:
				return now, nil
			case <-s.closing:
				return now, nil
			case <-ctx.Done():
				return now, ctx.Err()
			}
		}
	}
}

func (s *Service) stale(o Overview) bool {
	now := s.shown()
	return !o.until.IsZero() && !now.Before(o.until)
}

// present makes the overview, or returns the last one if nothing can have changed
// it since.
func (s *Service) present() (Overview, error) {
	o := &s.overview
	o.mu.Lock()
	defer o.mu.Unlock()
	acts := o.acts.Load() // before the look at the state: an act that comes meanwhile is looked at again
	if o.last != nil && o.at == acts && !s.stale(*o.last) {
		return *o.last, nil
	}
	// A moment that passes between these two makes the answer stale, not wrong.
	made := Overview{until: s.nextMoment()}
	made.Views = s.Agreements()
	raw, err := json.Marshal(made.Views)
	if err != nil {
		return Overview{}, err
	}
	sum := sha256.Sum256(raw)
	made.Tag = hex.EncodeToString(sum[:16])
	o.last, o.at = &made, acts
	return made, nil
}

// nextMoment is when time alone may next change how any agreement stands.
func (s *Service) nextMoment() time.Time {
	now := s.shown()
	var next time.Time
	s.read(func(state *ledger.State) {
		state.Revisions(func(revision *ledger.Revision) {
			if at := revision.NextMoment(now); !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		})
	})
	return next
}

// Agreements lists all revisions, by proposal.
func (s *Service) Agreements() []AgreementView {
	now := s.shown()
	views := []AgreementView{}
	s.read(func(state *ledger.State) {
		state.Revisions(func(revision *ledger.Revision) { views = append(views, viewOf(state, revision, now)) })
	})
	slices.SortFunc(views, func(a, b AgreementView) int { return cmp.Compare(a.Index, b.Index) })
	return views
}

// Agreement returns one revision by its digest.
func (s *Service) Agreement(digest string) (view AgreementView, err error) {
	now := s.shown()
	err = errNotFound
	s.read(func(state *ledger.State) {
		if revision := state.Revision(digest); revision != nil {
			view, err = viewOf(state, revision, now), nil
		}
	})
	return view, err
}

func viewOf(state *ledger.State, revision *ledger.Revision, now time.Time) AgreementView {
	if now.Before(state.Time) {
		now = state.Time // an act that came after the clock was read has its effect too
	}
	standing := revision.At(now)
	view := AgreementView{
		ID: revision.Document.ID, Revision: revision.Document.Revision, Digest: revision.Digest, Reference: revision.Document.Reference,
		Index: revision.Proposed.Index, State: standing.State, Since: revision.Since(now), SinceAct: standing.Since, Clause: standing.Clause,
		NextState: standing.NextState, NextChange: standing.NextChange, NextClause: standing.NextClause, ReviewDue: revision.ReviewDue(), ReviewOverdue: revision.ReviewOverdue(now),
		Supersedes: revision.Document.Supersedes,
	}
	view.SinceIndex, _ = state.Seen(standing.Since)
	for _, party := range revision.AllParties() {
		part := partOf(state, revision, party, now)
		view.Parties, view.Parts = append(view.Parties, party.Agency), append(view.Parts, part)
		switch {
		case part.Signed:
			view.Signed = append(view.Signed, party.Agency)
		case !part.Declined:
			view.Pending = append(view.Pending, party.Agency)
		}
	}
	all := state.Agreement(revision.Document.ID).Revisions
	if n := slices.Index(all, revision); n+1 < len(all) {
		newer := all[n+1]
		view.SupersededBy, view.NewerState = newer.Digest, newer.Stands(now).State
	}
	switch standing.State {
	case ledger.Halted:
		view.By = revision.HaltedBy(now)
	case ledger.Countered:
		view.By = []act.AgencyName{all[slices.Index(all, revision)+1].Proposer}
	case ledger.Proposed, ledger.Retracted:
		view.By = []act.AgencyName{revision.Proposer}
	}
	view.Governs = governs(state.Agreement(revision.Document.ID), revision, view.Signed, now)
	return view
}

// governs reports whether the revision is what some two of its signatories hold
// each other to.
func governs(all *ledger.Agreement, revision *ledger.Revision, signed []act.AgencyName, now time.Time) bool {
	for n, one := range signed {
		for _, other := range signed[n+1:] {
			if all.Governing(one, other, now) == revision {
				return true
			}
		}
	}
	return false
}

func partOf(state *ledger.State, revision *ledger.Revision, party *agreement.Party, now time.Time) PartView {
	name := party.Agency
	may := policy.PartOf(state, revision, name, now)
	part := PartView{
		Agency: name, Role: party.Role, SuspendedBy: revision.StoppedBy(name, now), AuthorityLapsed: state.AuthorityLapsed(revision, name, now),
		Release: answerOf(may.Release), Receive: answerOf(may.Receive), Read: answerOf(may.Read),
	}
	_, part.Signed = revision.Signatures[name]
	_, part.Declined = revision.Declined[name]
	_, part.Voided = revision.Voided[name]
	_, part.Joined = revision.Joined[name]
	if step, leaves := revision.Withdrawn[name]; leaves {
		part.Leaves, part.Withdrawn = step.Effective, !now.Before(step.Effective)
	}
	return part
}

func answerOf(d policy.Decision) Answer {
	a := Answer{Allow: d.Allow, Reason: d.Reason}
	for _, evidence := range d.Evidence {
		if strings.HasPrefix(evidence, "/") {
			a.Clause = evidence
		}
	}
	return a
}
