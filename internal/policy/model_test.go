package policy_test

import (
	"iter"
	"slices"
	"time"
)

// The model answers the same questions as the ledger and policy.Decide from
// nothing but the list of what happened. It is written from the rules as people
// say them, holds no state, uses no package of the product, and is slow on
// purpose: two programs that agree by accident on every random history are
// unlikely.
//
// model_agreement_test.go is about an agreement's life and model_steps_test.go about
// which steps of it the ledger takes; model_restriction_test.go about restrictions;
// model_use_test.go about who receives and opens an item, model_release_test.go about
// who may release it, model_duty_test.go about what is owed for it, and
// model_takes_test.go about which acts on it the ledger takes.

type happening struct {
	at       time.Time
	order    int // 1 for the first that was tried; an act is named by its order
	who      string
	what     string
	key      int  // of an officer's act: with which of who's keys; of key acts: which key
	accepted bool // the hub took the act

	doc    int    // which paper, or -1
	other  string // the agency that it names
	reason string
	reach  []int // the papers to which a step applies: its own, and older ones
	joins  bool  // a countersignature that made the agency a party

	item    int
	version int
	asked   limits   // of a release and of a later restriction
	parents []parent // of a release
	names   int      // the release, accession or request that it names, 0 for none
	to      []string // for whom a later restriction is, nil for all
	by      time.Time
	use     string // of a consent: what for
	purpose string
	form    string
	officer string
	robot   bool
	part    int       // of an open: what of the release
	pieces  []limits  // of a release: what each of its sections restricts further
	silence time.Time // of a request: from when on silence is no, zero for no such time
	terms   limits
	attests []string
	says    string   // what a holder attests; the role of who accedes
	nature  nature   // of who accedes
	gives   []string // what who accedes undertakes to give, and to receive
	takes   []string
	allowed bool // an open: the decision that was recorded
}

type parent struct {
	release  int
	relation string
	consent  int
}

// side is one party as a document has it.
type side struct {
	name, role string
	nature     nature    // as the parties know it
	until      time.Time // of the authority to sign; zero for no end
	gives      []string  // the kinds of item that it undertakes to give
	takes      []string  // and to receive
}

// paper is one revision of an agreement as its parties read it.
type paper struct {
	agreement, revision int
	supersedes          int // which paper
	sides               []side
	needed              int
	from, to, signBy    time.Time
	renewal             time.Duration // which to has already
	notice              time.Duration
	full                bool // every clause is written out
	retain              bool // what was received is kept under the terms after the end
	purposes            []string
	kinds               []string // of items
	floor               limits
	community           []string // agencies, and kinds of them

	open       bool
	rule       string // of accession: unanimity, majority, depositary
	depositary string

	anyParty  bool // may suspend another
	grounds   []string
	urgent    []string
	warning   time.Duration // before a suspension bites
	longest   time.Duration // of a suspension, 0 for no limit
	goOn      bool          // reading what came before goes on in a suspension
	every     time.Duration // reviews, 0 for none
	overdue   string        // what follows without: warn, freeze-new, suspend
	consentIn time.Duration
	attest    bool // disposal is attested
	attestIn  time.Duration
	keeps     time.Duration // what was opened, at most
	mutual    bool          // who gives something opens what others gave once it gave
	holdsNew  bool          // an overdue duty holds what is released after it
}

// nature is what an agency is.
type nature struct{ kind, land string }

// The parts of a release. Sections count from 1 on.
const (
	cover = -1
	body  = 0
)

type model struct {
	papers   []paper
	names    []string          // of the agencies
	enrolled map[string]string // as which kind of agency the registrar knows them
	history  []happening
}

func (m model) happened(now time.Time) iter.Seq[*happening] {
	return func(yield func(*happening) bool) {
		for i := range m.history {
			if h := &m.history[i]; h.accepted && !h.at.After(now) && !yield(h) {
				return
			}
		}
	}
}

// did lists what was done of one sort.
func (m model) did(now time.Time, what ...string) iter.Seq[*happening] {
	return func(yield func(*happening) bool) {
		for h := range m.happened(now) {
			if slices.Contains(what, h.what) && !yield(h) {
				return
			}
		}
	}
}

// named finds the happening of an order.
func (m model) named(order int, what string, now time.Time) *happening {
	for h := range m.did(now, what) {
		if h.order == order {
			return h
		}
	}
	return nil
}

// asOf is the model as it was before the happening of an order.
func (m model) asOf(order int) model {
	for i := range m.history {
		if m.history[i].order >= order {
			m.history = m.history[:i]
			break
		}
	}
	return m
}

// banned says whether the registrar has shut an agency out at now.
func (m model) banned(who string, now time.Time) bool {
	out := false
	for h := range m.did(now, "ban", "unban", "leave") {
		if h.who != who {
			continue
		}
		switch h.what {
		case "ban":
			out = true
		case "unban":
			out = false
		case "leave":
			return true
		}
	}
	return out
}

func (m model) left(who string, now time.Time) bool {
	for h := range m.did(now, "leave") {
		if h.who == who {
			return true
		}
	}
	return false
}

// officerKeys lists the officer keys of an agency that sign at now. Key 0 comes
// with the agency.
func (m model) officerKeys(who string, now time.Time) []int {
	keys := []int{0}
	for h := range m.did(now, "add-key", "retire-key", "revoke-key") {
		switch {
		case h.who != who:
		case h.what == "add-key":
			keys = append(keys, h.names)
		default:
			keys = slices.DeleteFunc(keys, func(k int) bool { return k == h.names })
		}
	}
	return keys
}

func (m model) revoked(who string, key int, now time.Time) bool {
	for h := range m.did(now, "revoke-key") {
		if h.who == who && h.names == key {
			return true
		}
	}
	return false
}

// deskActs are signed by desks, all others by officers or by the registrar.
var (
	deskActs      = []string{"release", "retract", "restrict", "acknowledge", "cannot-comply", "report-use", "attest", "ask", "grant", "refuse", "take-back-consent", "hold", "lift", "disclose", "breach", "open"}
	registrarActs = []string{"ban", "unban", "leave"}
)

// takes says whether the hub's ledger takes what is tried. Whether a release or
// an open is allowed is another question: the ledger keeps only their order.
func (m model) takes(e happening) bool {
	switch e.what { // the hub's own records
	case "deliver":
		return true
	case "abort":
		return m.named(e.names, "open", e.at) != nil
	}
	if m.left(e.who, e.at) {
		return false
	}
	if slices.Contains(registrarActs, e.what) {
		return e.what == "leave" || m.banned(e.who, e.at) == (e.what == "unban")
	}
	if !slices.Contains(deskActs, e.what) && !slices.Contains(m.officerKeys(e.who, e.at), e.key) {
		return false
	}
	if slices.Contains(deskActs, e.what) {
		return m.takesUse(e)
	}
	switch e.what {
	case "add-key":
		return !m.banned(e.who, e.at)
	case "retire-key", "revoke-key":
		return m.takesEndOfKey(e)
	case "propose":
		return m.takesProposal(e)
	}
	return m.takesStep(e, e.doc)
}

// takesEndOfKey: a key ends once, except that a retired one can still be revoked;
// and the last officer key is not retired. What is not to be trusted any more has
// to end, and if nobody is left who signs.
func (m model) takesEndOfKey(e happening) bool {
	current := m.officerKeys(e.who, e.at)
	if slices.Contains(current, e.names) {
		return len(current) > 1 || e.what == "revoke-key"
	}
	known := e.names == 0
	for h := range m.did(e.at, "add-key") {
		known = known || h.who == e.who && h.names == e.names
	}
	return known && e.what == "revoke-key" && !m.revoked(e.who, e.names, e.at)
}
