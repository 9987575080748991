package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// names are those of the history that version 0.1 left behind.
var names = []string{"alpha", "beta", "gamma", "delta"}

// cast are all who may take part.
var cast = []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}

// natures are what the agencies are.
var natures = map[string]nature{
	"alpha": {"police", "ID"}, "beta": {"police", "FR"}, "gamma": {"customs", "ID"},
	"delta": {"border", "FR"}, "epsilon": {"police", "KE"}, "zeta": {"customs", "KE"},
}

// history drives the product and the model with the same acts.
type history struct {
	*ledgertest.World
	model
	documents []*agreement.Document
	digests   []string
	ids       map[int]act.ID // by the order of the act
	answers   *int           // compared
	allows    *int
}

func newHistory(papers []paper, documents []*agreement.Document) *history {
	h := &history{World: enrolled().Fork(), ids: map[int]act.ID{}, answers: new(int), allows: new(int)}
	h.papers, h.names, h.documents = papers, cast, documents
	for _, d := range documents {
		_, digest, err := d.Bytes()
		if err != nil {
			panic(err)
		}
		h.digests = append(h.digests, digest)
	}
	return h
}

func (h *history) fork() *history {
	next := *h
	next.World = h.Fork()
	next.history, next.ids = slices.Clone(h.history), maps.Clone(h.ids)
	return &next
}

// enrolled is the world from which every history forks: signing is slow, and what
// is tried here begins after it.
var enrolled = sync.OnceValue(func() *ledgertest.World {
	w := ledgertest.New()
	for _, name := range cast {
		if err := w.Enrol(act.AgencyName(name)); err != nil {
			panic(err)
		}
	}
	return w
})

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
			p := partyOf(side{e.who, e.says, e.nature, e.by})
			b, err := canonical.Marshal(p)
			if err != nil {
				panic(err)
			}
			return &act.AgreementAccede{AgreementStep: s, Party: string(b)}
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

// officerKey is the key id of an agency's numbered officer key.
func officerKey(who string, n int) act.KeyID {
	if n == 0 {
		return ledgertest.KeyID(act.AgencyName(who), act.OfficerSign)
	}
	id := ledgertest.KeyID(act.AgencyName(fmt.Sprintf("%s-%d", who, n)), act.OfficerSign)
	id.Agency = act.AgencyName(who)
	return id
}

// id cast an act to the ledger; what was never taken has an id that nothing has.
func (h *history) id(order int) act.ID {
	if id, ok := h.ids[order]; ok {
		return id
	}
	return act.ID(strings.Repeat("A", 43))
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
	id, err := h.By(who, act.DeskSign, h.use(e))
	if err == nil && e.what == "open" {
		err = h.Note(ledger.Record{
			Type: "decision.v1", Agency: who, Action: "open", Act: id, Part: part(e.cover),
			Results: []ledger.Result{{Release: h.id(e.names), Allow: e.allowed, Reason: policy.Allowed}},
		})
	}
	return id, err
}

func part(cover bool) string {
	if cover {
		return "cover"
	}
	return "body"
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
		return &act.ConsentRequest{
			Common: common, Release: release, Use: e.use, For: act.AgencyName(e.other), Purpose: e.purpose, Until: canonical.At(e.by), Officer: officer,
		}
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
			Common: common, Release: release, Part: part(e.cover), Purpose: e.purpose, Restrictions: digestOf(e.terms), Officer: e.officer, Form: e.form,
		}
	}
	panic("nobody knows how to " + e.what)
}

func (h *history) payload(e *happening) *act.ItemRelease {
	p := h.Release(act.AgencyName(e.who), ledgertest.ItemID(e.item), e.version, h.digests[e.doc], restriction.Set(e.asked))
	p.Restrictions = e.asked
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

// try lets something happen now in the product, and tells the model what was
// tried. The error says that they differ on whether the ledger takes it.
func (h *history) try(e happening) error {
	e.at, e.order = h.Now, len(h.history)+1
	if e.what == "open" || e.what == "deliver" {
		if err := h.decide(&e); err != nil {
			return err
		}
	}
	id, refused := h.perform(&e)
	e.accepted = refused == nil
	if want := h.takes(e); e.accepted != want {
		return fmt.Errorf("%s: the ledger says %v, the model that it takes it is %v", e.String(), refused, want)
	}
	if e.accepted {
		h.ids[e.order] = id
		if e.doc >= 0 {
			e.reach = h.applied(e)
		}
		e.joins = e.what == "countersign" && h.accepts(e)
	}
	h.history = append(h.history, e)
	return nil
}

// decide asks both whether a delivery or an open is allowed; the ledger then
// records it.
func (h *history) decide(e *happening) error {
	r := h.release(e.names, h.Now)
	if r == nil {
		return nil
	}
	if e.what == "deliver" {
		e.allowed = h.mayReceive(e.who, r, h.Now)
		return h.compareDelivery(e.who, r, h.Now)
	}
	q := request{purpose: e.purpose, form: e.form, officer: e.officer, robot: e.robot, cover: e.cover, accepted: e.terms}
	allowed, err := h.compareOpen(e.who, r, q, h.Now)
	e.allowed = allowed
	return err
}

func (e *happening) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "#%d %s %s: %s", e.order, e.at.Format("Jan 2 15:04:05.000"), e.who, e.what)
	if e.doc >= 0 && (e.item == 0 || e.what == "release") {
		fmt.Fprintf(&out, " paper %d", e.doc)
	}
	for label, value := range map[string]any{"reach": e.reach, "asked": e.asked, "for": e.to, "terms": e.terms, "parents": e.parents, "attests": e.attests} {
		if s := fmt.Sprint(value); s != "[]" && s != "map[]" {
			fmt.Fprintf(&out, " %s=%s", label, s)
		}
	}
	for label, value := range map[string]string{"other": e.other, "reason": e.reason, "use": e.use, "purpose": e.purpose, "form": e.form, "says": e.says} {
		if value != "" {
			fmt.Fprintf(&out, " %s=%s", label, value)
		}
	}
	if e.item != 0 {
		fmt.Fprintf(&out, " item=%d.%d", e.item, e.version)
	}
	if e.names != 0 {
		fmt.Fprintf(&out, " names #%d", e.names)
	}
	if !e.by.IsZero() {
		fmt.Fprintf(&out, " by %s", e.by.Format("Jan 2 15:04:05.000"))
	}
	if e.what == "open" {
		fmt.Fprintf(&out, " allowed=%v cover=%v", e.allowed, e.cover)
	}
	if e.joins {
		out.WriteString(" joins")
	}
	return out.String()
}

func (h *history) story() string {
	var out strings.Builder
	for doc, p := range h.papers {
		fmt.Fprintf(&out, "\npaper %d: %+v", doc, p)
	}
	for _, e := range h.history {
		if e.accepted {
			out.WriteString("\n" + e.String())
		}
	}
	return out.String()
}

// same counts an answer on which both agree, and else says how they differ.
func (h *history) same(got, want any, format string, args ...any) error {
	*h.answers++
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: the product says %v, the model %v", fmt.Sprintf(format, args...), got, want)
}

func (h *history) decision(q policy.Request, want bool, now time.Time, format string, args ...any) error {
	got := policy.Decide(h.State, q, now)
	*h.answers++
	if got.Allow {
		*h.allows++
	}
	if got.Allow != want {
		return fmt.Errorf("%s at %s: Decide says %v (%s %v), the model %v", fmt.Sprintf(format, args...), now.Format("Jan 2 15:04:05.000"), got.Allow, got.Reason, got.Evidence, want)
	}
	if !hasSentence(got.Reason) {
		return fmt.Errorf("no sentence for the reason %q", got.Reason)
	}
	return nil
}

// compareOpen asks both whether reader may open, and returns what they say.
func (h *history) compareOpen(reader string, r *happening, q request, now time.Time) (bool, error) {
	want := h.mayOpen(reader, r, q, now)
	return want, h.decision(policy.Request{
		Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: h.id(r.order), Described: true, Part: part(q.cover),
		Purpose: q.purpose, Form: q.form, Officer: q.officer, Automated: q.robot, Accepted: digestOf(q.accepted),
	}, want, now, "%s opens #%d with %+v", reader, r.order, q)
}

func (h *history) compareDelivery(reader string, r *happening, now time.Time) error {
	return h.decision(policy.Request{Action: policy.ToDeliver, Agency: act.AgencyName(reader), Release: h.id(r.order), Described: true},
		h.mayReceive(reader, r, now), now, "%s receives #%d", reader, r.order)
}

func (h *history) compareTerms(reader string, r *happening, now time.Time) error {
	got := limits(h.State.Release(h.id(r.order)).Terms(act.AgencyName(reader)).Set)
	return h.same(got.String(), h.termsFor(r, reader, now).String(), "terms of #%d for %s", r.order, reader)
}

// compareRelease asks both whether something may be released now.
func (h *history) compareRelease(e happening, to []string, now time.Time) error {
	q := policy.Request{Action: policy.ToRelease, Agency: act.AgencyName(e.who), Payload: h.payload(&e)}
	for _, name := range append([]string{e.who}, to...) {
		q.Recipients = append(q.Recipients, act.AgencyName(name))
	}
	return h.decision(q, h.mayRelease(e, to, now), now, "%s releases to %v: %v", e.who, to, &e)
}

var kindsOfDuty = map[policy.DutyKind]string{
	policy.ToAcknowledge: "acknowledge", policy.ToReportUse: "use-report", policy.ToDispose: "disposal", policy.ToErase: "retention", policy.ToDestroy: "destruction",
}

// compareDuties asks both what everybody owes for a release.
func (h *history) compareDuties(r *happening, now time.Time) error {
	var got, want []string
	for _, d := range policy.Duties(h.State, h.State.Release(h.id(r.order)), now) {
		got = append(got, fmt.Sprintf("%s %s %s %s", d.Holder, kindsOfDuty[d.Kind], d.Due.Format(time.RFC3339), d.State))
	}
	for _, d := range h.duties(now) {
		if d.release == r.order {
			want = append(want, fmt.Sprintf("%s %s %s %s", d.holder, d.kind, d.due.Format(time.RFC3339), d.state))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	return h.same(strings.Join(got, ", "), strings.Join(want, ", "), "duties for #%d at %s", r.order, now.Format("Jan 2 15:04:05.000"))
}

// compareWords asks both how each agreement stands.
func (h *history) compareWords(now time.Time) error {
	for doc := range h.papers {
		revision := h.State.Revision(h.digests[doc])
		if (revision != nil) != (h.proposed(doc, now) != nil) {
			return fmt.Errorf("paper %d is proposed for only one", doc)
		}
		if revision == nil {
			continue
		}
		if err := h.same(string(revision.At(now).State), h.word(doc, now), "paper %d at %s", doc, now.Format("Jan 2 15:04:05.000")); err != nil {
			return err
		}
	}
	return nil
}

// sentences remembers message.Known, which reads the catalogue each time.
var sentences sync.Map

func hasSentence(reason string) bool {
	known, asked := sentences.Load(reason)
	if !asked {
		known = message.Known(reason)
		sentences.Store(reason, known)
	}
	return known.(bool)
}
