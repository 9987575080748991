package deskapi

import "time"

// PartyStanding is where one party of a revision stands: what it signed or
// declined, what stops or ends its part, and how it became a party.
type PartyStanding struct {
	Agency          string       `json:"agency"`
	Role            string       `json:"role"`
	Signed          time.Time    `json:"signed,omitzero"`
	Voided          time.Time    `json:"voided,omitzero"` // its signature fell with its key, before the document was complete
	Declined        time.Time    `json:"declined,omitzero"`
	Suspensions     []Suspension `json:"suspensions,omitempty"` // of its part, now or after a notice
	Suspends        []Suspension `json:"suspends,omitempty"`    // its own suspension of the whole
	WithdrawnFrom   time.Time    `json:"withdrawnFrom,omitzero"`
	AuthorityUntil  time.Time    `json:"authorityUntil,omitzero"`
	AuthorityLapsed bool         `json:"authorityLapsed,omitempty"`
	Joined          uint64       `json:"joined,omitempty"`   // the entry that accepted its accession: it sees what was released after it
	Revision        int          `json:"revision,omitempty"` // the newest complete revision that binds it
}

// Suspension is one suspension, of the whole or of a party.
type Suspension struct {
	By    string    `json:"by"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // it ends by itself; else whoever asked for it lifts it
	Bites bool      `json:"bites"`          // now, and not only after its notice
	Act   string    `json:"act"`
}

// Accession is an agency's consent to join, with what the others read before they
// countersign it.
type Accession struct {
	Act           string     `json:"act"`
	Agency        string     `json:"agency"`
	Time          time.Time  `json:"time"`
	Signed        string     `json:"signed"` // the act itself: the party that would join is exactly what stands in it
	Party         Party      `json:"party"`
	Commitment    Commitment `json:"commitment"`
	Countersigned []string   `json:"countersigned"`
	Accepted      bool       `json:"accepted"`
}

// Commitment is what a party undertakes to give and to receive: these kinds of item
// and no others.
type Commitment struct {
	Give       []string `json:"give"`
	Receive    []string `json:"receive"`
	Languages  []string `json:"languages,omitempty"`
	Frequency  string   `json:"frequency,omitempty"`
	Assistance string   `json:"assistance,omitempty"`
}

// Review says when the parties look at the agreement again, and what follows if
// they do not.
type Review struct {
	Due       time.Time `json:"due,omitzero"` // not before the agreement is complete
	Overdue   bool      `json:"overdue"`
	Last      time.Time `json:"last,omitzero"`
	OnOverdue string    `json:"onOverdue"` // warn, freeze-new, suspend
}

// BreachNotice is a notice that a party gave of a breach.
type BreachNotice struct {
	Act        string    `json:"act"`
	By         string    `json:"by"`
	Time       time.Time `json:"time"`
	Class      string    `json:"class"`
	Discovered time.Time `json:"discovered"`
	Release    string    `json:"release,omitempty"`
}

// BreachRequest gives notice of a breach to the parties. Class is one of the
// listed codes; what happened goes by the channel that the agreement names.
type BreachRequest struct {
	Digest     string    `json:"digest"` // of the revision under which it happened
	Class      string    `json:"class"`
	Discovered time.Time `json:"discovered"`
	Release    string    `json:"release,omitempty"`
}

// AgreementRevision is one revision of an agreement beside others: while an
// amendment waits, some parties are on it and some on the one before.
type AgreementRevision struct {
	Revision int      `json:"revision"`
	Digest   string   `json:"digest"`
	State    string   `json:"state"`
	Signed   []string `json:"signed"`
	Pending  []string `json:"pending"`
	Bound    []string `json:"bound"` // the parties whose newest complete revision it is
}

// AgreementWhy says in one sentence why an agency can or cannot read and release
// under an agreement now. What a single release restricts is not asked here.
type AgreementWhy struct {
	Agreement     string `json:"agreement"`
	Reference     string `json:"reference"`
	Revision      int    `json:"revision"`
	Agency        string `json:"agency"`
	Read          bool   `json:"read"`
	ReadReason    string `json:"readReason"`
	Release       bool   `json:"release"`
	ReleaseReason string `json:"releaseReason"`
	Clause        string `json:"clause,omitempty"`
	Act           string `json:"act,omitempty"`
	Message       string `json:"message"`
}
