package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// The states of a request for consent.
const (
	consentPending   = "pending"
	consentGranted   = "granted"
	consentRefused   = "refused"
	consentWithdrawn = "withdrawn"
	consentLapsed    = "lapsed" // silence was no
	consentEnded     = "ended"  // granted, and its time is over
)

// RequestConsent asks the originator for a use that is left to its consent. Until
// it answers, and if it never does, the answer is no.
func (d *Desk) RequestConsent(ctx context.Context, o *Officer, lang string, r deskapi.ConsentRequest) (deskapi.Consent, error) {
	if err := o.need(AskConsent); err != nil {
		return deskapi.Consent{}, err
	}
	if !slices.Contains(restriction.KnownPurposes(), r.Purpose) {
		return deskapi.Consent{}, malformed("the purpose is not one of those an agreement can name")
	}
	if !slices.Contains(act.ConsentUses(), r.Use) || (r.Use == "onward") == (r.For == "") {
		return deskapi.Consent{}, malformed("consent is asked for one of the known uses, and of passing on for one agency")
	}
	id, err := d.received(ctx, r.Item, r.Release, func(_ *ledger.Release, now time.Time) error {
		if !r.Until.After(now) {
			return &Error{Code: CodeMalformed, Reason: "desk_consent_until_passed"}
		}
		return nil
	})
	if err != nil {
		return deskapi.Consent{}, err
	}
	appended, err := d.say(ctx, func(c act.Common) act.Payload {
		request := &act.ConsentRequest{
			Common: c, Release: id, Use: r.Use, For: act.AgencyName(r.For), Purpose: r.Purpose, Until: canonical.At(r.Until), Officer: o.Name,
		}
		if !r.AnswerBy.IsZero() {
			request.AnswerBy = canonical.At(r.AnswerBy)
		}
		return request
	})
	if err != nil {
		return deskapi.Consent{}, err
	}
	return d.consent(lang, act.ID(appended.Act))
}

// AnswerConsent grants, refuses or takes back, as the originator.
func (d *Desk) AnswerConsent(ctx context.Context, o *Officer, lang, request string, r deskapi.ConsentAnswer) (deskapi.Consent, error) {
	if err := o.need(GiveConsent); err != nil {
		return deskapi.Consent{}, err
	}
	if !slices.Contains([]string{"grant", "refuse", "withdraw"}, r.Answer) {
		return deskapi.Consent{}, malformed("an answer is grant, refuse or withdraw")
	}
	if err := d.refresh(ctx); err != nil {
		return deskapi.Consent{}, err
	}
	err := d.view(func(s *ledger.State, _ time.Time) error {
		if asked := s.Consent(act.ID(request)); asked == nil || asked.Release.Item.Publisher != d.Agency {
			return notFound
		}
		return nil
	})
	if err != nil {
		return deskapi.Consent{}, err
	}
	said, err := d.say(ctx, func(c act.Common) act.Payload {
		answer := act.ConsentAnswer{Common: c, Request: act.ID(request), Officer: o.Name, Reason: r.Reason}
		switch r.Answer {
		case "grant":
			return &act.ConsentGrant{ConsentAnswer: answer}
		case "refuse":
			return &act.ConsentRefuse{ConsentAnswer: answer}
		}
		return &act.ConsentWithdraw{ConsentAnswer: answer}
	})
	if err != nil {
		return deskapi.Consent{}, err
	}
	out, err := d.consent(lang, act.ID(request))
	if said.State == deskstore.Pending {
		out.Waits = said.Act
	}
	return out, err
}

// Consents lists what this agency asked for and what it is asked for, newest
// first.
func (d *Desk) Consents(_ context.Context, o *Officer, lang string) ([]deskapi.Consent, error) {
	if err := o.need(ReadDuties); err != nil {
		return nil, err
	}
	out := []deskapi.Consent{}
	err := d.view(func(s *ledger.State, now time.Time) error {
		s.Consents(func(c *ledger.Consent) {
			if c.By == d.Agency || c.Release.Item.Publisher == d.Agency {
				out = append(out, describeConsent(lang, c, now))
			}
		})
		return nil
	})
	slices.SortFunc(out, func(a, b deskapi.Consent) int {
		return cmp.Or(b.Asked.Compare(a.Asked), cmp.Compare(a.Request, b.Request))
	})
	return out, err
}

func (d *Desk) consent(lang string, request act.ID) (deskapi.Consent, error) {
	var out deskapi.Consent
	err := d.view(func(s *ledger.State, now time.Time) error {
		asked := s.Consent(request)
		if asked == nil {
			return refuse(CodeHubUnavailable) // appended, and its entry has not come back yet
		}
		out = describeConsent(lang, asked, now)
		return nil
	})
	return out, err
}

func consentState(c *ledger.Consent, now time.Time) string {
	switch {
	case c.Refused != nil:
		return consentRefused
	case c.Withdrawn != nil:
		return consentWithdrawn
	case c.Granted != nil && !now.Before(c.Payload.Until.Time):
		return consentEnded
	case c.Granted != nil:
		return consentGranted
	case !now.Before(c.Lapses.Effective):
		return consentLapsed
	}
	return consentPending
}

func describeConsent(lang string, c *ledger.Consent, now time.Time) deskapi.Consent {
	p := c.Payload
	out := deskapi.Consent{
		Request: string(c.Act), Item: c.Release.Item.ID, Release: string(c.Release.ID), By: string(c.By),
		Originator: string(c.Release.Item.Publisher), Use: p.Use, For: string(p.For), Purpose: p.Purpose, Until: p.Until.Time,
		Asked: c.Time, Lapses: c.Lapses.Effective, State: consentState(c, now),
	}
	out.Message = message.Render(lang, message.New("desk_consent_"+out.State, message.Params{
		"By": out.By, "Originator": out.Originator, "Until": out.Until.UTC().Format(time.RFC3339), "Lapses": out.Lapses.UTC().Format(time.RFC3339),
	}))
	return out
}
