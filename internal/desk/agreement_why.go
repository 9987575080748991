package desk

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
)

// AgreementWhy says in one sentence why an agency, by default this one, can or
// cannot read and release under an agreement now: under the revision that binds
// it, or else the newest that this desk knows.
func (d *Desk) AgreementWhy(_ context.Context, o *Officer, lang, id, agency string) (deskapi.AgreementWhy, error) {
	if err := o.need(ReadAgreements); err != nil {
		return deskapi.AgreementWhy{}, err
	}
	name := act.AgencyName(agency)
	if agency == "" {
		name = d.Agency
	}
	var out deskapi.AgreementWhy
	err := d.view(func(s *ledger.State, now time.Time) error {
		revision := d.revisionFor(s, id, name, now)
		if revision == nil {
			return notFound
		}
		out = whyUnder(s, lang, revision, name, now)
		return nil
	})
	return out, err
}

// revisionFor returns the newest revision that binds the agency, or else the
// newest of which it is a party, or else the newest at all; nil if this agency
// knows none.
func (d *Desk) revisionFor(s *ledger.State, id string, name act.AgencyName, now time.Time) *ledger.Revision {
	all := s.Agreement(id)
	if all == nil {
		return nil
	}
	if bound := all.Governing(name, name, now); bound != nil && d.knows(bound) {
		return bound
	}
	var newest *ledger.Revision
	for _, each := range slices.Backward(all.Revisions) {
		if !d.knows(each) {
			continue
		}
		if each.Party(name) != nil {
			return each
		}
		if newest == nil {
			newest = each
		}
	}
	return newest
}

func whyUnder(s *ledger.State, lang string, r *ledger.Revision, name act.AgencyName, now time.Time) deskapi.AgreementWhy {
	part := policy.PartOf(s, r, name, now)
	out := deskapi.AgreementWhy{
		Agreement: r.Document.ID, Reference: r.Document.Reference, Revision: r.Document.Revision, Agency: string(name),
		Read: part.Read.Allow, ReadReason: part.Read.Reason, Release: part.Release.Allow, ReleaseReason: part.Release.Reason,
	}
	e := explanation{r: r, name: name, now: now, part: part, params: message.Params{
		"Agency": string(name), "Reference": r.Document.Reference, "Revision": r.Document.Revision, "By": "", "When": "", "Role": "",
	}}
	if party := r.Party(name); party != nil {
		e.params["Role"] = message.Word(lang, "role", string(party.Role))
	}
	code := e.code()
	out.Clause, out.Act = e.clause, string(e.act)
	if code == "" {
		out.Message = sentence(lang, e.reason().Reason, r, name, e.reason().Evidence)
		return out
	}
	out.Message = message.Render(lang, message.New("desk_why_"+code, e.params))
	return out
}

// explanation finds the one sentence for what a party may do.
type explanation struct {
	r      *ledger.Revision
	name   act.AgencyName
	now    time.Time
	part   policy.Part
	params message.Params
	clause string
	act    act.ID
}

// reason is the denial that says most: one by role is the same whatever happens
// to the agreement, and one by the office's authority says that reading goes on.
func (e *explanation) reason() policy.Decision {
	release, read := e.part.Release, e.part.Read
	if release.Allow || !read.Allow && (release.Reason == policy.RoleForbids || release.Reason == policy.AuthorityLapsed) {
		return read
	}
	return release
}

func (e *explanation) when(at time.Time) { e.params["When"] = at.UTC().Format(time.RFC3339) }

func (e *explanation) step(step ledger.Step, from time.Time) {
	e.act = step.Act
	e.when(from)
	if by, known := takenBy(e.r, step.Act); known {
		e.params["By"] = string(by)
	}
}

// reading picks the sentence for a stop in which what was released before is
// still read, or the one for a stop of everything.
func (e *explanation) reading(code string) string {
	if e.part.Read.Allow {
		return code + "_reading"
	}
	return code
}

func (e *explanation) code() string {
	if e.part.Read.Allow && e.part.Release.Allow {
		e.clause = "/entryIntoForce"
		return "allowed"
	}
	switch e.reason().Reason {
	case policy.RoleForbids:
		return e.byRole()
	case policy.KindNotCovered:
		return e.byCommitment()
	case policy.ReciprocityOwed:
		e.clause = "/reciprocity"
		if !e.part.Release.Allow {
			return "reciprocity_owed_stuck"
		}
		return "reciprocity_owed"
	case policy.NotAParty:
		e.clause = "/parties"
		if step, invited := e.r.Invited[e.name]; invited {
			e.step(step, step.Time)
			e.clause = "/accession"
			return "invited"
		}
		return "not_a_party"
	case policy.AgreementNotSigned:
		return e.unsigned()
	case policy.AgreementNotYet:
		e.clause = "/entryIntoForce/notBefore"
		e.when(e.r.Document.EntryIntoForce.NotBefore.Time)
		return "not_yet"
	case policy.AgreementSuspended:
		e.clause = "/suspension"
		e.when(e.r.Since(e.now))
		e.act = e.r.Stands(e.now).Since
		e.params["By"] = strings.Join(names(e.r.HaltedBy(e.now)), ", ")
		return e.reading("suspended")
	case policy.PartySuspended:
		return e.partSuspended()
	case policy.ReviewOverdue:
		e.clause = "/review/onOverdue"
		e.when(e.r.ReviewDue())
		return e.reading("review_overdue")
	case policy.AuthorityLapsed:
		e.clause = "/parties/authority"
		return "authority_lapsed"
	case policy.AgreementExpired, policy.AgreementTerminated, policy.AgreementWithdrawn:
		return e.ended()
	case policy.AgencyNotEnrolled, policy.AgencySuspended, policy.AgencyOffboarded, policy.KindUnknown:
		return strings.TrimPrefix(e.reason().Reason, "policy_")
	}
	return ""
}

func (e *explanation) byRole() string {
	e.clause = "/parties/role"
	switch {
	case e.part.Read.Allow:
		return "reads_only"
	case e.part.Release.Allow:
		return "releases_only"
	}
	return "observes"
}

// byCommitment says that what it undertook meets nothing that the others did.
func (e *explanation) byCommitment() string {
	e.clause = "/commitments"
	switch {
	case e.part.Read.Allow:
		return "gives_nothing"
	case e.part.Release.Allow:
		return "receives_nothing"
	}
	return "exchanges_nothing"
}

// unsigned says what became of a document that does not bind the agency.
func (e *explanation) unsigned() string {
	e.clause = "/entryIntoForce"
	if e.r.Complete != nil {
		return "not_signed"
	}
	at := e.r.Stands(e.now)
	e.when(e.r.Since(e.now))
	e.act = at.Since
	switch at.State {
	case ledger.Declined:
		e.params["By"] = strings.Join(names(slices.Sorted(maps.Keys(e.r.Declined))), ", ")
		return "declined"
	case ledger.Retracted:
		e.params["By"] = string(e.r.Proposer)
		return "retracted"
	case ledger.Countered:
		return "countered"
	case ledger.Lapsed:
		e.clause = "/signBy"
		return "lapsed"
	}
	var missing []act.AgencyName
	for _, party := range e.r.AllParties() {
		if _, signed := e.r.Signatures[party.Agency]; !signed {
			missing = append(missing, party.Agency)
		}
	}
	e.params["By"] = strings.Join(names(missing), ", ")
	return "waits"
}

// partSuspended says whose part is stopped: the agency's own, or that of every
// other with whom it could exchange.
func (e *explanation) partSuspended() string {
	e.clause = "/suspension/parties"
	step, own := e.r.PartySuspended(e.name, e.now)
	if !own {
		return e.reading("others_suspended")
	}
	e.step(step, step.Effective)
	e.params["By"] = strings.Join(names(e.r.StoppedBy(e.name, e.now)), ", ")
	return e.reading("party_suspended")
}

func (e *explanation) ended() string {
	ends, _ := e.r.Ended(e.name, e.now)
	e.when(ends)
	code := "left"
	switch reason := e.reason().Reason; {
	case reason == policy.AgreementExpired:
		e.clause, code = "/expires", "expired"
	case reason == policy.AgreementWithdrawn:
		e.clause, code = "/termination", "withdrawn"
		e.step(e.r.Withdrawn[e.name], ends)
	case e.r.Terminated != nil && !e.now.Before(e.r.Terminated.Effective):
		e.clause, code = "/termination", "terminated"
		e.act = e.r.Terminated.Act
	}
	if e.r.Document.Schema == agreement.SchemaV2 && e.r.Document.Termination.Effect == "retain-under-terms" {
		e.clause = "/termination/effect"
		return "ended_retained"
	}
	return code
}
