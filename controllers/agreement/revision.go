package agreement

import (
	"context"
	"time"
)

// Revision is one revision of an agreement as the ledger has it. Times are zero
// and names empty where there is nothing to say.
type Revision struct {
	Digest string
	ID     string
	Number int64
	State  string // a word of the hub's; see states
	Index  int64  // of the proposal in the ledger

	Since      time.Time
	SinceIndex int64    // of the act that made the state, if one did
	Clause     string   // the place in the document that made it
	By         []string // who suspends it, or who proposed, retracted or countered it

	NextState     string
	NextChange    time.Time // when time alone changes the state
	ReviewDue     time.Time
	ReviewOverdue bool

	Parties []string
	Signed  []string
	Pending []string
	Parts   []Part // of each party

	SupersededBy string // digest of the revision after it
	NewerState   string // of that one
	Governs      bool   // it is the newest that binds some two parties
}

// Part is where one party stands under a revision.
type Part struct {
	Agency          string
	Signed          bool
	Declined        bool
	Voided          bool      // its signature fell with the key that made it
	Leaves          time.Time // when its withdrawal takes effect
	Withdrawn       bool      // that time has come
	AuthorityLapsed bool
	SuspendedBy     []string
	Release         Answer // may it put something new before anybody
	Receive         Answer // may anybody give it something new
	Read            Answer // may it open what anybody released before
}

// Answer is the policy's at the hub, about a party and no item.
type Answer struct {
	Allow  bool
	Reason string // a code of package policy
}

// Overview is all revisions that the hub knows. Tag goes with the next question;
// a hub that gives none never waits.
type Overview struct {
	Tag       string
	Unchanged bool // all is as it was at the tag that was asked with; Revisions is empty
	Revisions []Revision
}

// Ledger says how all revisions stand.
type Ledger interface {
	// Overview answers as soon as anything is not as it was at tag, or after some
	// seconds that it is unchanged. With an empty tag it answers at once.
	Overview(ctx context.Context, tag string) (Overview, error)
}
