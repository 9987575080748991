package ledger

import (
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
)

// reach returns the revision and all earlier ones of its agreement that the
// signer has signed and not left: what stops or ends a text stops and ends the
// older texts too, so that an amendment cannot hide an end.
func (c *cursor) reach(revision *Revision) []*Revision {
	var all []*Revision
	for _, earlier := range c.agreements[revision.Document.ID].Revisions {
		if earlier.Document.Revision > revision.Document.Revision {
			continue
		}
		_, signed := earlier.Signatures[c.issuer()]
		_, left := earlier.Withdrawn[c.issuer()]
		ended := earlier.Terminated != nil && !c.now().Before(earlier.Terminated.Effective)
		if earlier == revision || signed && !left && !ended && earlier.Retracted == nil {
			all = append(all, earlier)
		}
	}
	return all
}

// everywhere makes the change on each revision within reach.
func (c *cursor) everywhere(revision *Revision, change func(*Revision)) func() {
	return func() {
		for _, each := range c.reach(revision) {
			change(each)
			c.extendRevision(each)
		}
	}
}

// suspension is the step with the notice and the limit that the document gives
// to a suspension for this reason.
func (c *cursor) suspension(document *agreement.Document, reason string) Step {
	step := c.step
	step.Effective = c.now().Add(document.SuspensionNotice(reason))
	if limit := document.SuspensionLimit(); limit > 0 {
		step.Until = step.Effective.Add(limit)
	}
	return step
}

// over reports whether a suspension has ended by itself.
func over(step Step, now time.Time) bool { return !step.Until.IsZero() && !now.Before(step.Until) }

func (c *cursor) suspend(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if step, already := revision.Suspended[c.issuer()]; already && !over(step, c.now()) {
		return nil, refuse("agreement_suspended", "the party has suspended the agreement already")
	}
	return c.everywhere(revision, func(each *Revision) {
		if step, already := each.Suspended[c.issuer()]; !already || over(step, c.now()) {
			each.Suspended[c.issuer()] = c.suspension(each.Document, p.Reason)
		}
	}), nil
}

func (c *cursor) resume(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if step, own := revision.Suspended[c.issuer()]; !own || over(step, c.now()) {
		return nil, refuse("agreement_not_suspended", "a party resumes only what it suspended itself")
	}
	if err := c.lapsed(revision); err != nil {
		return nil, err
	}
	return c.everywhere(revision, func(each *Revision) { delete(each.Suspended, c.issuer()) }), nil
}

// lapsed refuses what gives from an office whose authority has ended.
func (c *cursor) lapsed(revision *Revision) error {
	if !c.late() && c.AuthorityLapsed(revision, c.issuer(), c.now()) {
		return refuse("authority_lapsed", "the authority of the signatory's office has ended (/parties/authority)")
	}
	return nil
}

// suspendParty stops one party's part. Each party may always stop its own.
func (c *cursor) suspendParty(p *act.AgreementPartyStep) (func(), error) {
	revision, err := c.signed(&p.AgreementStep)
	if err != nil {
		return nil, err
	}
	if _, signed := revision.Signatures[p.Agency]; !signed {
		return nil, refuse("agreement_not_a_party", "the agency to be suspended has not signed the agreement (/parties)")
	}
	if err := c.mayStop(revision.Document, p); err != nil {
		return nil, err
	}
	which := PartySuspension{p.Agency, c.issuer()}
	if step, already := revision.Stopped[which]; already && !over(step, c.now()) {
		return nil, refuse("agreement_suspended", "the signer has suspended this party already")
	}
	return c.everywhere(revision, func(each *Revision) {
		_, signed := each.Signatures[p.Agency]
		if step, already := each.Stopped[which]; signed && c.mayStop(each.Document, p) == nil && (!already || over(step, c.now())) {
			each.Stopped[which] = c.suspension(each.Document, p.Reason)
		}
	}), nil
}

// mayStop asks whether the document lets the signer stop this party's part.
func (c *cursor) mayStop(document *agreement.Document, p *act.AgreementPartyStep) error {
	clause := document.Suspension
	switch {
	case p.Agency == c.issuer():
		return nil
	case clause == nil || clause.Parties != "any-party":
		return refuse("suspension_not_allowed", "a party suspends only its own part (/suspension/parties)")
	case !slices.Contains(clause.Grounds, p.Reason):
		return refuse("suspension_not_allowed", "the reason is no ground on which another party is suspended (/suspension/grounds)")
	}
	return nil
}

func (c *cursor) resumeParty(p *act.AgreementPartyStep) (func(), error) {
	revision, err := c.signed(&p.AgreementStep)
	if err != nil {
		return nil, err
	}
	which := PartySuspension{p.Agency, c.issuer()}
	if step, own := revision.Stopped[which]; !own || over(step, c.now()) {
		return nil, refuse("agreement_not_suspended", "a party resumes only what it suspended itself")
	}
	if err := c.lapsed(revision); err != nil {
		return nil, err
	}
	return c.everywhere(revision, func(each *Revision) { delete(each.Stopped, which) }), nil
}

// afterNotice is the step with the moment from which it bites.
func (c *cursor) afterNotice(revision *Revision) Step {
	step := c.step
	step.Effective = c.now().Add(revision.Document.Notice())
	return step
}

func (c *cursor) withdraw(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	return c.everywhere(revision, func(each *Revision) {
		left := c.afterNotice(each)
		each.Withdrawn[c.issuer()] = left
		// A suspension must not outlive the party that alone could end it, and its
		// notice must not end it early.
		if step, own := each.Suspended[c.issuer()]; own {
			each.Suspended[c.issuer()] = until(step, left.Effective)
		}
		for which, step := range each.Stopped {
			if which.By == c.issuer() {
				each.Stopped[which] = until(step, left.Effective)
			}
		}
	}), nil
}

func until(step Step, end time.Time) Step {
	if step.Until.IsZero() || end.Before(step.Until) {
		step.Until = end
	}
	return step
}

func (c *cursor) terminate(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	if revision.Terminated != nil {
		return nil, refuse("agreement_terminated", "notice of termination has been given already (/termination)")
	}
	return c.everywhere(revision, func(each *Revision) {
		if step := c.afterNotice(each); each.Terminated == nil {
			each.Terminated = &step
		}
	}), nil
}

// review records that the parties looked at the agreement again.
func (c *cursor) review(p *act.AgreementStep) (func(), error) {
	revision, err := c.signed(p)
	if err != nil {
		return nil, err
	}
	switch {
	case revision.Document.ReviewInterval() == 0:
		return nil, refuse("review_not_agreed", "the agreement asks for no review (/review)")
	case revision.Complete == nil:
		return nil, refuse("agreement_not_complete", "there is nothing to review before the agreement is complete (/entryIntoForce)")
	}
	if err := c.gives(revision); err != nil {
		return nil, err
	}
	return func() { step := c.step; revision.Reviewed = &step; c.extendRevision(revision) }, nil
}

// Breach is a notice that a party gave of a breach.
type Breach struct {
	Step
	By      act.AgencyName
	Payload *act.NoticeBreach
}

// breach is taken from every party at any time, also after the end.
func (c *cursor) breach(p *act.NoticeBreach) (func(), error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	revision := c.revisions[p.Agreement.Digest]
	if revision == nil || revision.Document.ID != p.Agreement.ID || revision.Party(c.issuer()) == nil {
		return nil, refuse("agreement_unknown", "the signer has no such agreement")
	}
	return func() {
		all := c.agreements[revision.Document.ID]
		all.Breaches = append(all.Breaches, Breach{Step: c.step, By: c.issuer(), Payload: p})
	}, nil
}
