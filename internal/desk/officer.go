package desk

import (
	"slices"
	"time"
)

// Role is one of the registered roles. Roles come from the provider's groups, or
// from the agency-admin at the desk.
type Role string

// The roles.
const (
	Reader          Role = "reader"
	Analyst         Role = "analyst"
	Releaser        Role = "releaser"
	Reviewer        Role = "reviewer"
	ChildProtection Role = "child-protection"
	Trainer         Role = "trainer"
	Signatory       Role = "signatory"
	Auditor         Role = "auditor"
	AgencyAdmin     Role = "agency-admin"
)

// Right is what a role lets an officer do.
type Right string

// The rights.
const (
	ReadItems      Right = "item.read" // covers and conditions
	OpenItems      Right = "item.open"
	RetractItems   Right = "item.retract"
	ReadDrafts     Right = "draft.read"
	WriteDrafts    Right = "draft.write"
	ApproveDrafts  Right = "draft.approve"
	ReleaseDrafts  Right = "draft.release"
	ReadAgreements Right = "agreement.read"
	RelayActs      Right = "act.relay"
	GiveNotice     Right = "notice.give" // of a breach
	ReadReceipts   Right = "receipt.read"
	ReadAccess     Right = "access.read" // who could open what, at any instant
	ManageOfficers Right = "officer.manage"

	RestrictItems  Right = "item.restrict"   // tighten and recall what this agency released
	AnswerTerms    Right = "terms.answer"    // acknowledge them, or say that they cannot be kept
	ReportUses     Right = "use.report"      // what an item was used for
	AttestCopies   Right = "copies.attest"   // the agency's word on its copies, and legal holds
	GiveDisclosure Right = "disclosure.give" // tell of a disclosure that no restriction stops
	AskConsent     Right = "consent.ask"
	GiveConsent    Right = "consent.give" // or refuse it, or take it back
	ReadDuties     Right = "duty.read"    // what is owed, and what became of requests for consent
	ReadOwnAccess  Right = "access.own"   // who can open what this agency released, now
)

// rights is the whole table. An author never approves whatever the roles are,
// and an agency-admin sees no content by that role alone.
var rights = map[Role][]Right{
	Reader:  {ReadItems, OpenItems, ReadAgreements, ReadReceipts},
	Analyst: {ReadItems, OpenItems, ReadDrafts, WriteDrafts, ReadAgreements, ReadReceipts, AnswerTerms, ReportUses, AskConsent, ReadDuties},
	Releaser: {ReadItems, OpenItems, RetractItems, ReadDrafts, ApproveDrafts, ReleaseDrafts, ReadAgreements, ReadReceipts, GiveNotice,
		RestrictItems, AnswerTerms, ReportUses, AttestCopies, GiveDisclosure,
		AskConsent, GiveConsent, ReadDuties, ReadOwnAccess},
	Reviewer:        {ReadItems, ReadDrafts, ApproveDrafts, ReadAgreements},
	ChildProtection: {ReadItems, ReadDrafts, ApproveDrafts, ReadAgreements},
	Trainer:         {ReadItems, OpenItems, ReadDrafts, WriteDrafts, ReadAgreements, ReadReceipts, ReportUses, ReadDuties},
	Signatory:       {ReadItems, ReadAgreements, RelayActs, ReadReceipts, GiveNotice, GiveDisclosure, ReadDuties},
	Auditor:         {ReadItems, ReadAgreements, ReadReceipts, ReadAccess, AttestCopies, GiveDisclosure, ReadDuties},
	AgencyAdmin:     {ReadAgreements, ManageOfficers},
}

// Roles lists the registered roles.
func Roles() []Role {
	return []Role{Reader, Analyst, Releaser, Reviewer, ChildProtection, Trainer, Signatory, Auditor, AgencyAdmin}
}

// Officer is who is asking: a session of somebody whom the provider vouched for.
type Officer struct {
	Name    string // pseudonym
	Roles   []Role
	hash    []byte // of the session token
	expires time.Time
}

// Rights returns what the officer may do, in alphabetical order.
func (o *Officer) Rights() []Right {
	var all []Right
	for _, role := range o.Roles {
		all = append(all, rights[role]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// need returns nil exactly if one of the officer's roles has the right.
func (o *Officer) need(right Right) error {
	if o == nil {
		return refuse(CodeLoginRequired)
	}
	for _, role := range o.Roles {
		if slices.Contains(rights[role], right) {
			return nil
		}
	}
	return &Error{Code: CodeRoleRequired, Params: map[string]any{"Right": string(right)}}
}

// RoleMap says which groups of the provider mean which roles; only what is in it
// counts. Without a map (nil) a group gives the role of its own name.
type RoleMap map[string][]Role

// Of returns the roles that the groups mean, in the order of the register.
func (m RoleMap) Of(groups []string) []Role {
	given := map[Role]bool{}
	for _, group := range groups {
		if m == nil {
			given[Role(group)] = true
		}
		for _, role := range m[group] {
			given[role] = true
		}
	}
	var out []Role
	for _, role := range Roles() {
		if given[role] {
			out = append(out, role)
		}
	}
	return out
}

// Registered reports whether the role is one of the registered ones.
func Registered(role Role) bool { return slices.Contains(Roles(), role) }

func names[T ~string](values []T) []string {
	out := make([]string, 0, len(values))
	for _, value := range values {
		out = append(out, string(value))
	}
	return out
}
