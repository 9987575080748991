package policy_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

var (
	steps = map[string]func(act.AgreementStep, *happening) act.Payload{
		"sign":      func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementSign{AgreementStep: s} },
		"decline":   func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementDecline{AgreementStep: s} },
		"take-back": func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementRetract{AgreementStep: s} },
		"suspend":   func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementSuspend{AgreementStep: s} },
		"resume":    func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementResume{AgreementStep: s} },
		"withdraw":  func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementWithdraw{AgreementStep: s} },
		"terminate": func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementTerminate{AgreementStep: s} },
		"review":    func(s act.AgreementStep, _ *happening) act.Payload { return &act.AgreementReview{AgreementStep: s} },
		"suspend-party": func(s act.AgreementStep, e *happening) act.Payload {
			return &act.AgreementSuspendParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: s, Agency: act.AgencyName(e.other)}}
		},
		"resume-party": func(s act.AgreementStep, e *happening) act.Payload {
			return &act.AgreementResumeParty{AgreementPartyStep: act.AgreementPartyStep{AgreementStep: s, Agency: act.AgencyName(e.other)}}
		},
		"invite": func(s act.AgreementStep, e *happening) act.Payload {
			return &act.AgreementInvite{AgreementStep: s, Agency: act.AgencyName(e.other)}
		},
		"accede": func(s act.AgreementStep, e *happening) act.Payload {
			joins := side{e.who, e.says, e.nature, e.by, e.gives, e.takes}
			return &act.AgreementAccede{AgreementStep: s, Commitment: written(commitmentOf(joins)), Party: written(partyOf(joins))}
		},
	}
	standings = map[string]act.Kind{"ban": act.AgencySuspendKind, "unban": act.AgencyResumeKind, "leave": act.AgencyOffboardKind}
)

// partyOf is how a document of the full form describes a party.
func partyOf(s side) agreement.Party {
	p := agreementtest.PartyV2(act.AgencyName(s.name))
	p.Role, p.Kind, p.Jurisdiction = agreement.Role(s.role), s.nature.kind, s.nature.land
	if !s.until.IsZero() {
		p.Authority.Until = canonical.At(s.until)
	}
	return p
}

// commitmentOf is what a document of the full form says that a party undertakes.
func commitmentOf(s side) agreement.Commitment {
	c := agreementtest.CommitmentOf(act.AgencyName(s.name))
	c.Give, c.Receive = slices.Concat([]string{}, s.gives), slices.Concat([]string{}, s.takes)
	return c
}

func written(v any) string {
	b, err := canonical.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// officerKey is the key id of an agency's numbered officer key.
func officerKey(who string, n int) act.KeyID {
	if n == 0 {
		return ledgertest.KeyID(act.AgencyName(who), act.OfficerSign)
	}
	id := ledgertest.KeyID(act.AgencyName(fmt.Sprintf("%s-%d", who, n)), act.OfficerSign)
	id.Agency = act.AgencyName(who)
	return id
}

// perform lets something happen in the product.
func (h *history) perform(e *happening) (act.ID, error) {
	who := act.AgencyName(e.who)
	if kind, is := standings[e.what]; is {
		return h.Standing(who, kind)
	}
	if e.what == "propose" {
		b, _, err := h.documents[e.doc].Bytes()
		if err != nil {
			return "", err
		}
		return h.Append(nil, officerKey(e.who, e.key), &act.AgreementPropose{Common: h.Common(who), Document: string(b)})
	}
	if step, is := steps[e.what]; is || e.what == "countersign" {
		s := act.AgreementStep{Common: h.Common(who), Officer: ledgertest.Officer(who, 1), Reason: e.reason, Agreement: act.AgreementRef{ID: h.documents[e.doc].ID, Digest: h.digests[e.doc]}}
		if revision := h.State.Revision(h.digests[e.doc]); revision != nil {
			s.Prev = revision.Last
		}
		if e.what == "countersign" {
			return h.Append(nil, officerKey(e.who, e.key), &act.AgreementCountersign{AgreementStep: s, Accession: h.id(e.names)})
		}
		return h.Append(nil, officerKey(e.who, e.key), step(s, e))
	}
	if slices.Contains([]string{"add-key", "retire-key", "revoke-key"}, e.what) {
		return h.changeKey(e)
	}
	if e.what == "deliver" {
		return "", h.Note(ledger.Record{
			Type: "decision.v1", Agency: who, Action: "deliver", Results: []ledger.Result{{Release: h.id(e.names), Allow: e.allowed, Reason: policy.Allowed}},
		})
	}
	if e.what == "abort" {
		return "", h.abort(e)
	}
	id, err := h.By(who, act.DeskSign, h.use(e))
	h.records[e.order] = h.State.Next
	if err == nil && e.what == "open" {
		err = h.Note(ledger.Record{
			Type: "decision.v1", Agency: who, Action: "open", Act: id, Part: partName(e.part),
			Results: []ledger.Result{{Release: h.id(e.names), Allow: e.allowed, Reason: policy.Allowed}},
		})
	}
	return id, err
}

// abort takes an open back.
func (h *history) abort(e *happening) error {
	open := h.named(e.names, "open", h.Now)
	if open == nil {
		return errors.New("there is no such open")
	}
	return h.Note(ledger.Record{
		Type: "abort.v1", Agency: act.AgencyName(open.who), Action: "open", Act: h.id(open.order), Part: partName(open.part), Decision: h.records[open.order],
		Results: []ledger.Result{{Release: h.id(open.names), Reason: "aborted_epoch_changed"}},
	})
}

// partName is the name of a part as its descriptor has it.
func partName(part int) string {
	switch part {
	case cover:
		return "cover"
	case body:
		return "body"
	}
	return "section-aaaaaaaaaaaaaaa" + string(rune('a'+part-1))
}

func (h *history) changeKey(e *happening) (act.ID, error) {
	who := act.AgencyName(e.who)
	last := h.State.Agency(who).Last
	end := act.KeyEnd{Common: h.Common(who), Purpose: act.OfficerSign, Thumbprint: officerKey(e.who, e.names).Thumbprint, Prev: last}
	var payload act.Payload
	switch e.what {
	case "add-key":
		key := agreementtest.JWK(act.AgencyName(fmt.Sprintf("%s-%d", e.who, e.names)), act.OfficerSign)
		payload = &act.KeyAdd{Common: h.Common(who), Purpose: act.OfficerSign, Key: &key, Prev: last}
	case "retire-key":
		payload = &act.KeyRetire{KeyEnd: end}
	default:
		payload = &act.KeyRevoke{KeyEnd: end}
	}
	return h.Append(nil, officerKey(e.who, e.key), payload)
}

// use makes the payload of an act about items.
func (h *history) use(e *happening) act.Payload {
	who := act.AgencyName(e.who)
	common, officer, release := h.Common(who), ledgertest.Officer(who, 1), h.id(e.names)
	answer := act.ConsentAnswer{Common: common, Request: release, Officer: officer}
	held := act.HoldStep{Common: common, Release: release, Reason: "litigation", Officer: officer}
	switch e.what {
	case "release":
		return h.payload(e)
	case "retract":
		return &act.ItemRetract{Common: common, Item: ledgertest.ItemID(e.item), Officer: officer, Reason: "error"}
	case "restrict":
		p := &act.ItemRestrict{Common: common, Item: ledgertest.ItemID(e.item), Version: e.version, Restrictions: e.asked, Acknowledge: canonical.At(e.by), Officer: officer}
		if e.names != 0 {
			p.Release = release
		}
		for _, name := range e.to {
			p.For = append(p.For, act.AgencyName(name))
		}
		return p
	case "acknowledge":
		return &act.ItemAcknowledge{Common: common, Release: release, Restrictions: digestOf(e.terms), Prerequisites: e.attests, Officer: officer}
	case "cannot-comply":
		return &act.ItemCannotComply{Common: common, Release: release, Restrictions: digestOf(e.terms), Axis: "purposes", Reason: "technical", Officer: officer}
	case "report-use":
		return &act.ItemReportUse{Common: common, Release: release, Purposes: []string{"detection"}, Outcome: "useful", Officer: officer}
	case "attest":
		return &act.ItemAttest{Common: common, Release: release, Statement: e.says, Officer: officer}
	case "ask":
		p := &act.ConsentRequest{
			Common: common, Release: release, Use: e.use, For: act.AgencyName(e.other), Purpose: e.purpose, Until: canonical.At(e.by), Officer: officer,
		}
		if !e.silence.IsZero() {
			p.AnswerBy = canonical.At(e.silence)
		}
		return p
	case "grant":
		return &act.ConsentGrant{ConsentAnswer: answer}
	case "refuse":
		return &act.ConsentRefuse{ConsentAnswer: answer}
	case "take-back-consent":
		return &act.ConsentWithdraw{ConsentAnswer: answer}
	case "hold":
		return &act.HoldPlace{HoldStep: held}
	case "lift":
		return &act.HoldLift{HoldStep: held}
	case "disclose":
		return &act.NoticeDisclosure{Common: common, Release: release, Cause: "compelled", Advance: true, Disclosure: canonical.At(h.Now), Officer: officer}
	case "breach":
		return &act.NoticeBreach{Common: common, Agreement: act.AgreementRef{ID: h.documents[e.doc].ID, Digest: h.digests[e.doc]}, Class: "other", Discovered: canonical.At(h.Now), Officer: officer}
	case "open":
		return &act.ItemOpen{
			Common: common, Release: release, Part: partName(e.part), Purpose: e.purpose, Restrictions: digestOf(e.terms), Officer: e.officer, Form: e.form,
		}
	}
	panic("nobody knows how to " + e.what)
}

func (h *history) payload(e *happening) *act.ItemRelease {
	p := h.Release(act.AgencyName(e.who), ledgertest.ItemID(e.item), e.version, h.digests[e.doc], restriction.Set(e.asked))
	p.ItemKind, p.Restrictions = kindOf(e.item), e.asked
	for _, one := range e.parents {
		of := act.Parent{Release: h.id(one.release), Relation: one.relation}
		if one.consent != 0 {
			of.Consent = h.id(one.consent)
		}
		p.Parents = append(p.Parents, of)
	}
	return p
}

// digestOf cast a set of terms as the product does. Whether the product has the
// same terms is compared by itself.
func digestOf(terms limits) string {
	set := restriction.Set{}
	for axis, of := range terms {
		set[axis] = slices.Concat([]string{}, of)
	}
	digest, err := set.Digest()
	if err != nil {
		panic(err)
	}
	return digest
}
