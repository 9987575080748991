package desk

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
)

// dismissing is the right that an officer needs to note that the hub refused an
// act for good: the one with which it was signed.
var dismissing = map[act.Kind]Right{
	act.ItemRestrictKind: RestrictItems, act.ItemRetractKind: RetractItems, act.ItemCannotComplyKind: AnswerTerms, act.ItemAcknowledgeKind: AnswerTerms,
	act.ItemReportUseKind: ReportUses, act.ItemAttestKind: AttestCopies, act.HoldPlaceKind: AttestCopies, act.HoldLiftKind: AttestCopies,
	act.NoticeDisclosureKind: GiveDisclosure, act.NoticeBreachKind: GiveNotice, act.ConsentRefuseKind: GiveConsent, act.ConsentWithdrawKind: GiveConsent,
}

// Outbox lists what this agency has signed and the hub does not have yet, in the
// order in which it is sent, and what the hub has refused for good after it waited:
// that stays until an officer has noted it.
func (d *Desk) Outbox(ctx context.Context, o *Officer, lang string) ([]deskapi.Outgoing, error) {
	if err := o.need(ReadDuties); err != nil {
		return nil, err
	}
	releases, err := d.Store.Outgoings(ctx, deskstore.Pending)
	if err != nil {
		return nil, err
	}
	out := []deskapi.Outgoing{}
	err = d.view(func(s *ledger.State, _ time.Time) error {
		for _, p := range d.promised {
			if p.State != deskstore.Done {
				out = append(out, describePromised(s, lang, p))
			}
		}
		return nil
	})
	for _, o := range releases {
		one := deskapi.Outgoing{
			Act: o.Secret.ActID, Kind: string(act.ItemReleaseKind), State: o.State, Reason: o.Code, Item: o.Item, Signed: time.Unix(o.Created, 0).UTC(),
		}
		one.Message = outgoingSentence(lang, one)
		out = append(out, one)
	}
	return out, err
}

// Dismiss notes that the hub refused an act for good. What the agency said with it
// counts here no longer.
func (d *Desk) Dismiss(ctx context.Context, o *Officer, id string) error {
	if err := o.need(ReadDuties); err != nil {
		return err
	}
	if err := d.begun(); err != nil {
		return err
	}
	found, err := d.Store.SignedAct(ctx, id)
	switch {
	case err != nil:
		return err
	case found.State != deskstore.Refused:
		return refuse(CodeActWaits)
	}
	if err := o.need(cmp.Or(dismissing[act.Kind(found.Kind)], RelayActs)); err != nil {
		return err
	}
	if err := d.Store.ForgetAct(ctx, id); err != nil {
		return err
	}
	defer poke(d.changed)
	return d.recall(ctx)
}

func describePromised(s *ledger.State, lang string, p promised) deskapi.Outgoing {
	out := deskapi.Outgoing{
		Act: p.Act, Kind: p.Kind, State: p.State, Reason: p.Code, Evidence: p.Secret.Evidence, Signed: time.Unix(p.Created, 0).UTC(),
		Release: string(aboutRelease(p.payload)),
	}
	switch said := p.payload.(type) {
	case *act.ItemRestrict:
		out.Item = said.Item
	case *act.ItemRetract:
		out.Item = said.Item
	case *act.NoticeBreach:
		out.Agreement = said.Agreement.ID
	}
	if answer, is := act.AnswerOf(p.payload); is {
		out.Release = consentRelease(s, answer.Request)
	}
	if step, ok := act.StepOf(p.payload); ok {
		out.Agreement = step.Agreement.ID
	}
	if release := s.Release(act.ID(out.Release)); release != nil {
		out.Item = release.Item.ID
	}
	out.Message = outgoingSentence(lang, out)
	return out
}

func consentRelease(s *ledger.State, request act.ID) string {
	if asked := s.Consent(request); asked != nil {
		return string(asked.Release.ID)
	}
	return ""
}

func outgoingSentence(lang string, one deskapi.Outgoing) string {
	code := "desk_outgoing_" + one.State
	if one.State == deskstore.Pending && one.Reason == CodeVaultUnavailable {
		code = "desk_outgoing_pending_vault"
	}
	if one.State == deskstore.Refused && one.Kind == string(act.ItemCannotComplyKind) {
		code = "desk_outgoing_refused_sealed"
	}
	return message.Render(lang, message.New(code, message.Params{"Act": message.Word(lang, "act", one.Kind), "Why": whyRefused(lang, one)}))
}

// whyRefused is the hub's reason as a sentence, or as its code where a sentence
// would need more than is known here.
func whyRefused(lang string, one deskapi.Outgoing) string {
	for _, code := range []string{one.Reason, "hub_" + one.Reason, "desk_" + one.Reason} {
		if !message.Known(code) {
			continue
		}
		text := message.Render(lang, message.New(code, message.Params{"Axis": strings.Join(one.Evidence, ", ")}))
		if !strings.Contains(text, "<no value>") {
			return text
		}
	}
	return one.Reason
}

// outgoing adds what is on its way about this release, and what was refused.
func (n *noting) outgoing() {
	for _, p := range n.d.promised {
		one := describePromised(n.s, n.lang, p)
		about := one.Release == string(n.release.ID) || one.Release == "" && one.Item == n.release.Item.ID
		if about && p.State != deskstore.Done {
			n.all = append(n.all, deskapi.Note{Code: "act_" + p.State, Message: one.Message, Act: one.Act})
		}
	}
}

// outgoingOf are the acts about one agreement that the hub does not have.
func (d *Desk) outgoingOf(s *ledger.State, lang, agreement string) []deskapi.Outgoing {
	var out []deskapi.Outgoing
	for _, p := range d.promised {
		if one := describePromised(s, lang, p); one.Agreement == agreement && p.State != deskstore.Done {
			out = append(out, one)
		}
	}
	return out
}
