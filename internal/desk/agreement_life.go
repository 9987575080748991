package desk

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// stateInvited is what an agency is told of an agreement that it could join: the
// state among its parties is theirs.
const stateInvited = "invited"

// knows reports whether a revision is this agency's to see: as a party, or as one
// that was invited to become one.
func (d *Desk) knows(r *ledger.Revision) bool {
	_, invited := r.Invited[d.Agency]
	return invited || r.Party(d.Agency) != nil
}

// summariseLife fills in where a revision stands, since when, and by whose act.
func (d *Desk) summariseLife(out *deskapi.AgreementSummary, r *ledger.Revision, now time.Time) {
	if step, invited := r.Invited[d.Agency]; invited && r.Party(d.Agency) == nil {
		out.State, out.Since, out.SinceAct, out.Clause = stateInvited, step.Time, string(step.Act), "/accession"
		return
	}
	at := r.At(now)
	out.State, out.Since, out.Clause = string(at.State), r.Since(now), at.Clause
	out.NextState, out.NextChange, out.NextClause = string(at.NextState), at.NextChange, at.NextClause
	if by, took := takenBy(r, at.Since); took && !madeByTime(at) {
		out.SinceAct, out.SinceBy = string(at.Since), string(by)
	}
}

// madeByTime reports whether a day that came, and nobody's act, made the state.
func madeByTime(at ledger.RevisionStanding) bool {
	switch at.State {
	case ledger.Lapsed, ledger.Expired, ledger.ReviewOverdue:
		return true
	case ledger.Halted:
		return at.Clause == "/review/onOverdue"
	}
	return false
}

// takenBy finds whose act a step of a revision's life is.
func takenBy(r *ledger.Revision, id act.ID) (act.AgencyName, bool) {
	if id == r.Proposed.Act || r.Retracted != nil && id == r.Retracted.Act {
		return r.Proposer, true
	}
	for name, signature := range r.Signatures {
		if signature.Act == id {
			return name, true
		}
	}
	for _, steps := range []map[act.AgencyName]ledger.Step{r.Declined, r.Suspended, r.Withdrawn} {
		for name, step := range steps {
			if step.Act == id {
				return name, true
			}
		}
	}
	for which, step := range r.Stopped {
		if step.Act == id {
			return which.By, true
		}
	}
	return "", false
}

// describeLife adds what the parties did with a revision, one line for each.
func (d *Desk) describeLife(out *deskapi.Agreement, s *ledger.State, r *ledger.Revision, now time.Time) {
	all := s.Agreement(r.Document.ID)
	out.Standings = []deskapi.PartyStanding{}
	for _, party := range r.AllParties() {
		out.Standings = append(out.Standings, partyStanding(s, all, r, party.Agency, now))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Invited)) {
		if r.Party(name) == nil {
			out.Invited = append(out.Invited, string(name))
		}
	}
	out.Accessions = accessions(s, r)
	if clause := r.Document.Review; clause != nil {
		out.Review = &deskapi.Review{Due: r.ReviewDue(), Overdue: r.ReviewOverdue(now), OnOverdue: clause.OnOverdue}
		if r.Reviewed != nil {
			out.Review.Last = r.Reviewed.Time
		}
	}
	for _, breach := range all.Breaches {
		out.Breaches = append(out.Breaches, deskapi.BreachNotice{
			Act: string(breach.Act), By: string(breach.By), Time: breach.Time, Class: breach.Payload.Class,
			Discovered: breach.Payload.Discovered.Time, Release: string(breach.Payload.Release),
		})
	}
	out.Revisions = []deskapi.AgreementRevision{}
	for _, each := range all.Revisions {
		if d.knows(each) {
			out.Revisions = append(out.Revisions, d.describeRevision(all, each, now))
		}
	}
}

func (d *Desk) describeRevision(all *ledger.Agreement, r *ledger.Revision, now time.Time) deskapi.AgreementRevision {
	summary := d.summarise(r, now)
	out := deskapi.AgreementRevision{
		Revision: summary.Revision, Digest: r.Digest, State: summary.State, Signed: summary.Signed, Pending: summary.Pending, Bound: []string{},
	}
	for _, party := range r.AllParties() {
		if all.Governing(party.Agency, party.Agency, now) == r {
			out.Bound = append(out.Bound, string(party.Agency))
		}
	}
	return out
}

func partyStanding(s *ledger.State, all *ledger.Agreement, r *ledger.Revision, name act.AgencyName, now time.Time) deskapi.PartyStanding {
	party := r.Party(name)
	out := deskapi.PartyStanding{
		Agency: string(name), Role: string(party.Role), Signed: r.Signatures[name].Time, Voided: r.Voided[name].Time, Declined: r.Declined[name].Time,
		WithdrawnFrom: r.Withdrawn[name].Effective, AuthorityLapsed: s.AuthorityLapsed(r, name, now),
	}
	if party.Authority != nil {
		out.AuthorityUntil = party.Authority.Until.Time
	}
	for which, step := range r.Stopped {
		if which.Agency == name {
			out.Suspensions = appendSuspension(out.Suspensions, which.By, step, now)
		}
	}
	slices.SortFunc(out.Suspensions, func(a, b deskapi.Suspension) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.By, b.By))
	})
	if step, suspends := r.Suspended[name]; suspends {
		out.Suspends = appendSuspension(out.Suspends, name, step, now)
	}
	if joined := r.Joined[name]; joined != nil {
		out.Joined = joined.Accepted.Index
	}
	if bound := all.Governing(name, name, now); bound != nil {
		out.Revision = bound.Document.Revision
	}
	return out
}

// appendSuspension adds a suspension that bites now or after its notice; one that
// has ended by itself is history.
func appendSuspension(to []deskapi.Suspension, by act.AgencyName, step ledger.Step, now time.Time) []deskapi.Suspension {
	if !step.Until.IsZero() && !now.Before(step.Until) {
		return to
	}
	return append(to, deskapi.Suspension{By: string(by), From: step.Effective, Until: step.Until, Bites: step.Bites(now), Act: string(step.Act)})
}

func accessions(s *ledger.State, r *ledger.Revision) []deskapi.Accession {
	var out []deskapi.Accession
	for id, accession := range r.Accessions {
		out = append(out, deskapi.Accession{
			Act: string(id), Agency: string(accession.Party.Agency), Time: accession.Time, Party: describeParty(s, accession.Party), Commitment: describeCommitment(accession.Commitment),
			Countersigned: sortedNames(accession.Countersigned), Accepted: accession.Accepted != nil,
		})
	}
	slices.SortFunc(out, func(a, b deskapi.Accession) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Act, b.Act)) })
	return out
}

func describeCommitment(c *agreement.Commitment) deskapi.Commitment {
	return deskapi.Commitment{
		Give: append([]string{}, c.Give...), Receive: append([]string{}, c.Receive...), Languages: c.Languages, Frequency: c.Frequency, Assistance: c.Assistance,
	}
}

// verbatim adds to each accession the act itself, as this desk has it: who
// countersigns reads the party from there and from nowhere else.
func (d *Desk) verbatim(ctx context.Context, accessions []deskapi.Accession) error {
	for i := range accessions {
		var index uint64
		err := d.view(func(s *ledger.State, _ time.Time) error {
			var seen bool
			if index, seen = s.Seen(act.ID(accessions[i].Act)); !seen {
				return notFound
			}
			return nil
		})
		if err != nil {
			return err
		}
		stored, err := d.Store.Entry(ctx, index)
		if err != nil {
			return err
		}
		entry, err := ledger.ParseEntry(stored.Bytes)
		if err != nil {
			return err
		}
		if entry.Act != nil {
			accessions[i].Signed = entry.Act.Raw
		}
	}
	return nil
}
