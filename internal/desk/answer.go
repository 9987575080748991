package desk

import (
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// What a receiver says of an item after its release. None of it is refused
// because an agreement has ended: what is owed is owed afterwards too.

// Acknowledge says that this agency has the terms in force before it and complies,
// and attests the prerequisites that it names.
func (d *Desk) Acknowledge(ctx context.Context, o *Officer, itemID string, r deskapi.AcknowledgeRequest) (deskapi.Appended, error) {
	if err := o.need(AnswerTerms); err != nil {
		return deskapi.Appended{}, err
	}
	var digest string
	id, err := d.received(ctx, itemID, r.Release, func(release *ledger.Release, _ time.Time) error {
		digest = release.Terms(d.Agency).Digest
		if r.AcceptedRestrictions != digest {
			return refuse(CodeNotAccepted)
		}
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.ItemAcknowledge{Common: c, Release: id, Restrictions: digest, Prerequisites: sortedTerms(r.Prerequisites), Officer: o.Name}
	})
}

func sortedTerms(terms []string) []string {
	sorted := slices.Clone(terms)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// Hindrances are why an agency cannot comply.
func Hindrances() []string { return []string{"domestic-law", "organisational", "other", "technical"} }

// CannotComply says that this agency cannot comply with one of the terms. The
// item is sealed for it at once: at the hub with the entry, and here before
// anything is sent, whether there is a hub or not.
func (d *Desk) CannotComply(ctx context.Context, o *Officer, itemID string, r deskapi.CannotComplyRequest) (deskapi.Appended, error) {
	if err := o.need(AnswerTerms); err != nil {
		return deskapi.Appended{}, err
	}
	if !slices.Contains(Hindrances(), r.Reason) {
		return deskapi.Appended{}, malformed("the reason is not one of those that can be given")
	}
	var digest string
	id, err := d.received(ctx, itemID, r.Release, func(release *ledger.Release, _ time.Time) error {
		terms := release.Terms(d.Agency)
		if _, restricted := terms.Set[r.Axis]; !restricted {
			return badAxis(r.Axis)
		}
		digest = terms.Digest
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	jws, _, err := d.signFor(ctx, func(c act.Common) act.Payload {
		return &act.ItemCannotComply{Common: c, Release: id, Restrictions: digest, Axis: r.Axis, Reason: r.Reason, Officer: o.Name}
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	return only(d.commit(ctx, d.erase, jws))
}

func badAxis(axis string) error {
	return badTerms(&restriction.Error{Axis: restriction.Axis(axis), Code: "restriction_unknown"})
}

// ReportUse says what the item was used for, in codes and without a case.
func (d *Desk) ReportUse(ctx context.Context, o *Officer, itemID string, r deskapi.UseReportRequest) (deskapi.Appended, error) {
	if err := o.need(ReportUses); err != nil {
		return deskapi.Appended{}, err
	}
	for _, purpose := range r.Purposes {
		if !slices.Contains(restriction.KnownPurposes(), purpose) {
			return deskapi.Appended{}, malformed("the purpose is not one of those an agreement can name")
		}
	}
	if len(r.Purposes) == 0 && r.Outcome != "no-use" {
		return deskapi.Appended{}, malformed("a report names what the item was used for")
	}
	id, err := d.received(ctx, itemID, r.Release, asRecorded)
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.ItemReportUse{Common: c, Release: id, Purposes: append([]string{}, sortedTerms(r.Purposes)...), Outcome: r.Outcome, Officer: o.Name}
	})
}

func asRecorded(*ledger.Release, time.Time) error { return nil }

// Attest is this agency's signed word on its own copies. What the desk itself
// keeps is erased before the word is given that nothing is kept.
func (d *Desk) Attest(ctx context.Context, o *Officer, itemID string, r deskapi.AttestationRequest) (deskapi.Appended, error) {
	if err := o.need(AttestCopies); err != nil {
		return deskapi.Appended{}, err
	}
	id, err := d.received(ctx, itemID, r.Release, func(release *ledger.Release, _ time.Time) error {
		said := release.Acknowledged(d.Agency)
		held := said != nil && said.Held != nil || d.holdWaits(release.ID)
		if held && r.Statement != "retained-under-terms" {
			return refuse(CodeHeld)
		}
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	if slices.Contains([]string{"destroyed", "returned"}, r.Statement) {
		if err := d.Store.Erase(ctx, string(id)); err != nil {
			return deskapi.Appended{}, err
		}
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.ItemAttest{Common: c, Release: id, Statement: r.Statement, Method: r.Method, Officer: o.Name}
	})
}

// Hold stops the disposal of this agency's own copies for a legal reason, or lifts
// that. The originator is told.
func (d *Desk) Hold(ctx context.Context, o *Officer, itemID string, r deskapi.HoldRequest) (deskapi.Appended, error) {
	if err := o.need(AttestCopies); err != nil {
		return deskapi.Appended{}, err
	}
	id, err := d.received(ctx, itemID, r.Release, asRecorded)
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		step := act.HoldStep{Common: c, Release: id, Reason: r.Reason, Officer: o.Name}
		if r.Lift {
			return &act.HoldLift{HoldStep: step}
		}
		return &act.HoldPlace{HoldStep: step}
	})
}

// Disclose tells the originator of a disclosure that its restrictions cannot stop
// (UN Convention against Transnational Organized Crime, Article 18(5)). Neither
// the state of the agreement nor a restriction blocks it.
func (d *Desk) Disclose(ctx context.Context, o *Officer, itemID string, r deskapi.DisclosureRequest) (deskapi.Appended, error) {
	if err := o.need(GiveDisclosure); err != nil {
		return deskapi.Appended{}, err
	}
	id, err := d.received(ctx, itemID, r.Release, func(_ *ledger.Release, now time.Time) error {
		if r.Advance && !r.Disclosure.After(now) {
			return &Error{Code: CodeMalformed, Reason: "desk_disclosure_not_in_advance"}
		}
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.NoticeDisclosure{
			Common: c, Release: id, Cause: r.Cause, Advance: r.Advance, Why: r.WhyNotInAdvance, Consultation: r.Consultation,
			Disclosure: canonical.At(r.Disclosure), Officer: o.Name,
		}
	})
}

// unmetPrerequisites are those that this agency has not attested to meet for the
// terms in force.
func (d *Desk) unmetPrerequisites(release *ledger.Release) []string {
	if release.Item.Publisher == d.Agency {
		return nil
	}
	terms, said := release.Terms(d.Agency), release.Acknowledged(d.Agency)
	var unmet []string
	for _, term := range terms.Set[string(restriction.Prerequisites)] {
		if said == nil || said.Accepted != terms.Digest || !said.Prerequisites[term] {
			unmet = append(unmet, term)
		}
	}
	return unmet
}

// openNow reports whether a duty still waits for something.
func openNow(state policy.DutyState) bool {
	return state == policy.Owed || state == policy.Overdue
}
