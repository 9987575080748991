package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

// askedSection is one section that an officer may come to have, as the desk judges
// it now.
type askedSection struct {
	descriptor seal.SaltedDescriptor
	terms      restriction.Set // of the item and the section together
	digest     string
	decision   policy.Decision
	until      time.Time // how long it may be shown again
	accepted   bool
}

func (a askedSection) part() string { return a.descriptor.Descriptor.Part }

// openable reports whether to ask the hub for it.
func (a askedSection) openable() bool { return a.accepted && a.decision.Allow }

// whoReads are the axes that say for whom a section is. Whom one of them leaves
// out must not learn that there is a section; what any other axis forbids is a
// condition, which a reader is told of.
var whoReads = []restriction.Axis{
	restriction.Audience, restriction.Recipients, restriction.RecipientsDenied, restriction.RecipientKinds,
	restriction.Jurisdictions, restriction.JurisdictionsDenied, restriction.Officers,
}

// concerns reports whether a section is for an officer of this agency. An axis that
// this version does not know may be one that says for whom it is: then it is not.
func (d *Desk) concerns(release *ledger.Release, section restriction.Set, o *Officer, now time.Time) bool {
	use := restriction.Use{Agency: string(d.Agency), Officer: o.Name, At: now}
	if party := release.Revision.Party(d.Agency); party != nil {
		use.Kind, use.Jurisdiction = party.Kind, party.Jurisdiction
	}
	who := restriction.Set{}
	for axis, terms := range section {
		if slices.Contains(whoReads, restriction.Axis(axis)) || !slices.Contains(restriction.Axes(), restriction.Axis(axis)) {
			who[axis] = terms
		}
	}
	if release.Item.Publisher == d.Agency {
		who = restriction.ForOriginator(who)
	}
	permitted, _ := who.Permit(use)
	return permitted
}

// descriptors are this agency's own of a release, as they came with its cover.
func (d *Desk) descriptors(ctx context.Context, id act.ID) ([]seal.SaltedDescriptor, error) {
	cover, err := d.Store.Cover(ctx, string(id))
	if err != nil {
		return nil, err
	}
	var all []seal.SaltedDescriptor
	if len(cover.Secret.Descriptors) == 0 {
		return nil, nil
	}
	return all, json.Unmarshal(cover.Secret.Descriptors, &all)
}

// askSections judges the sections of a release that are for the officer, by the
// ledger as the desk knows it.
func (d *Desk) askSections(ctx context.Context, o *Officer, id act.ID, how showing, accepted []string) ([]askedSection, error) {
	all, err := d.descriptors(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []askedSection
	err = d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		for _, sd := range all {
			set := restriction.Set(sd.Descriptor.Restrictions)
			if !seal.IsSection(sd.Descriptor.Part) || d.checkDescriptor(release.Payload, sd) != nil || !d.concerns(release, set, o, now) {
				continue
			}
			one := askedSection{descriptor: sd, terms: restriction.Meet(release.Terms(d.Agency).Set, set)}
			if one.digest, err = one.terms.Digest(); err != nil {
				return err
			}
			one.accepted = slices.Contains(accepted, one.digest)
			asked := how
			asked.purpose = firstOf(how.purpose, anyPurpose(one.terms))
			one.decision = d.mayShowSection(s, release, sd.Descriptor, asked, now)
			one.until = now.Add(leaseOf(one.decision))
			out = append(out, one)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b askedSection) int { return bytes.Compare([]byte(a.part()), []byte(b.part())) })
	return out, err
}

// mayShowSection asks whether one section may be shown, under the restrictions in
// force now.
func (d *Desk) mayShowSection(s *ledger.State, release *ledger.Release, section seal.Descriptor, how showing, now time.Time) policy.Decision {
	if said, sealed := d.sealedHere(s, release.Item); sealed {
		return cannotComply(said)
	}
	digest, err := restriction.Meet(release.Terms(d.Agency).Set, section.Restrictions).Digest()
	if err != nil {
		return policy.Decision{Reason: policy.RestrictionUnknown}
	}
	return policy.Decide(s, policy.Request{
		Action: policy.ToOpen, Agency: d.Agency, Release: release.ID, Described: true, Purpose: how.purpose, Accepted: digest,
		Officer: how.officer, Form: how.form, Again: how.again, Part: section.Part, Section: section.Restrictions,
	}, now)
}

func leaseOf(decision policy.Decision) time.Duration {
	for _, obligation := range decision.Obligations {
		if obligation.Code == "show_again_until" {
			return time.Duration(obligation.Seconds) * time.Second
		}
	}
	return 0
}

// sectionConditions are what an officer reads of each section before the content.
func (d *Desk) sectionConditions(lang string, release *ledger.Release, asked []askedSection) []deskapi.SectionConditions {
	var out []deskapi.SectionConditions
	for _, one := range asked {
		out = append(out, deskapi.SectionConditions{
			Part: one.part(), Restrictions: one.descriptor.Descriptor.Restrictions, RestrictionsDigest: one.digest,
			Allow: one.decision.Allow, Reason: one.decision.Reason,
			Message: sentence(lang, one.decision.Reason, release.Revision, d.Agency, one.decision.Evidence),
		})
	}
	return out
}

// openedSection is one section in the clear.
type openedSection struct {
	asked    askedSection
	content  []byte // of its part
	passage  []byte // canonical bytes of the section
	decision uint64
}

// sections are what became of the sections beside a body.
type sections struct {
	opened   []openedSection
	withheld []deskapi.WithheldSection
}

// The desk's own reasons for withholding a section.
const (
	reasonSectionDamaged     = "desk_section_damaged"
	reasonSectionScreened    = "desk_section_screened"
	reasonSectionNotAccepted = "desk_section_not_accepted"
)

func (s *sections) withhold(lang, part, reason string, evidence []string) {
	s.withheld = append(s.withheld, deskapi.WithheldSection{Part: part, Reason: reason, Message: sentence(lang, reason, nil, "", evidence)})
}

// openSections asks the hub for each section that the officer accepted the
// conditions of, by an act of its own, and opens what it hands out. A section that
// cannot be had keeps nothing else back.
func (d *Desk) openSections(ctx context.Context, o *Officer, lang string, a asked, bodySalt []byte, r deskapi.OpenRequest) (sections, error) {
	var out sections
	for _, one := range a.sections {
		if !one.openable() {
			d.withholdUnasked(&out, lang, one)
			continue
		}
		opened, err := d.openSection(ctx, o, a, one, bodySalt, r)
		switch {
		case err == nil:
			out.opened = append(out.opened, opened)
		case ctx.Err() != nil:
			return out, ctx.Err()
		case errors.Is(err, errDamaged):
			d.Log.Error("a section is not what was released", "agency", d.Agency, "release", a.id, "part", one.part(), "cause", err)
			out.withhold(lang, one.part(), reasonSectionDamaged, nil)
		default:
			refused := AsError(err)
			if refused.Code == CodeNotFound {
				continue // the hub says that there is none for us: so do we
			}
			out.withhold(lang, one.part(), firstOf(refused.Reason, "desk_"+refused.Code), refused.Evidence)
		}
	}
	return out, nil
}

func (d *Desk) withholdUnasked(out *sections, lang string, one askedSection) {
	if !one.decision.Allow {
		out.withhold(lang, one.part(), one.decision.Reason, one.decision.Evidence)
		return
	}
	out.withhold(lang, one.part(), reasonSectionNotAccepted, nil)
}

func (d *Desk) openSection(ctx context.Context, o *Officer, a asked, one askedSection, bodySalt []byte, r deskapi.OpenRequest) (openedSection, error) {
	opening, answer, err := d.askHub(ctx, o, a, one.part(), one.digest, r)
	if err != nil {
		return openedSection{}, err
	}
	if answer.Descriptor.Hash() != one.descriptor.Hash() {
		return openedSection{}, damaged("the header of another part")
	}
	content, salt, err := d.openPart(ctx, one.descriptor, answer.Header)
	if err != nil {
		return openedSection{}, err
	}
	passage, err := seal.DecodeSection(content, bodySalt)
	if err != nil {
		return openedSection{}, damaged("%v", err)
	}
	opening.Secret.Salt = salt
	if err := d.Store.AnsweredOpening(ctx, opening); err != nil {
		return openedSection{}, err
	}
	return openedSection{asked: one, content: content, passage: passage, decision: answer.Decision}, nil
}

// stillAllowed drops the sections that the ledger, read to its end after the hub's
// answers, no longer allows.
func (d *Desk) stillAllowed(lang string, got sections, again []askedSection) sections {
	out := sections{withheld: got.withheld}
	for _, opened := range got.opened {
		at := slices.IndexFunc(again, func(one askedSection) bool { return one.part() == opened.asked.part() })
		switch {
		case at < 0:
		case !again[at].openable():
			d.withholdUnasked(&out, lang, again[at])
		default:
			opened.asked = again[at]
			out.opened = append(out.opened, opened)
		}
	}
	return out
}

// join puts the opened sections into the body's content. Each was released as an
// act of its own, so each is checked and screened of its own: one that does not
// hold is withheld.
func (d *Desk) join(lang string, release *act.ItemRelease, body item.Content, got *sections) (item.Content, error) {
	if len(got.opened) == 0 {
		return body, nil
	}
	kind, err := d.Kinds.Joiner(release.ItemKind)
	if err != nil {
		return nil, refuseFor(CodeContentDamaged, err)
	}
	var kept []openedSection
	var passages [][]byte
	for _, opened := range got.opened {
		if reason := d.receiveSection(kind, body, opened); reason != "" {
			got.withhold(lang, opened.asked.part(), reason, nil)
			continue
		}
		kept, passages = append(kept, opened), append(passages, opened.passage)
	}
	got.opened = kept
	whole, err := kind.Join(body, passages)
	if err != nil {
		return nil, refuseFor(CodeContentDamaged, err)
	}
	// A sentence that is harmless alone may not be beside another.
	if report := d.screened(whole); report.Verdict != screen.Release {
		for _, opened := range kept {
			got.withhold(lang, opened.asked.part(), reasonSectionScreened, nil)
		}
		got.opened = nil
		return body, nil
	}
	return whole, nil
}

// receiveSection returns why a section is withheld, or "".
func (d *Desk) receiveSection(kind item.Joiner, body item.Content, opened openedSection) string {
	section, err := kind.DecodeSection(opened.passage)
	told := restriction.Set(opened.asked.descriptor.Descriptor.Restrictions)
	if err != nil || !maps.EqualFunc(section.Restrictions, told, slices.Equal[[]string]) {
		return reasonSectionDamaged
	}
	joined, err := kind.Join(body, [][]byte{opened.passage})
	if err != nil || len(joined.Validate()) > 0 {
		return reasonSectionDamaged
	}
	if report := d.screened(joined); report.Verdict != screen.Release {
		return reasonSectionScreened
	}
	return ""
}

// keepSections keeps what was opened for as long as each may be shown again.
func (d *Desk) keepSections(ctx context.Context, o *Officer, a asked, purpose string, got sections) error {
	for _, opened := range got.opened {
		if !opened.asked.until.After(d.Now()) {
			continue
		}
		err := d.Store.PutKept(ctx, deskstore.Kept{
			Release: string(a.id), Officer: o.Name, Purpose: purpose, Part: opened.asked.part(), Until: opened.asked.until.Unix(),
			Secret: deskstore.KeptSecret{Content: opened.content, Decision: opened.decision},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keptSections returns the sections as they are kept, and false if one that the
// officer may have now is not.
func (d *Desk) keptSections(ctx context.Context, o *Officer, lang string, a asked, purpose string) (sections, bool, error) {
	var out sections
	for _, one := range a.sections {
		if !one.openable() {
			d.withholdUnasked(&out, lang, one)
			continue
		}
		kept, err := d.Store.Kept(ctx, string(a.id), o.Name, purpose, one.part())
		if errors.Is(err, deskstore.ErrNotFound) {
			return out, false, nil
		}
		if err != nil {
			return out, false, err
		}
		passage, err := seal.DecodeSection(kept.Secret.Content, nil)
		if err != nil || d.Now().Unix() >= kept.Until {
			return out, false, nil
		}
		one.until = time.Unix(kept.Until, 0)
		out.opened = append(out.opened, openedSection{asked: one, content: kept.Secret.Content, passage: passage, decision: kept.Secret.Decision})
	}
	return out, true, nil
}

// showSections says in the answer what became of the sections. The exact bytes of
// one whose own terms let no unmarked copy leave the desk stay here.
func (d *Desk) showSections(out *deskapi.Opened, got sections) {
	for _, opened := range got.opened {
		content := string(opened.content)
		if form := opened.asked.terms.Value(restriction.AccessForm); form != "" && form != unmarkedCopy && out.Originator != string(d.Agency) {
			content = ""
		}
		out.Sections = append(out.Sections, deskapi.OpenedSection{
			Part: opened.asked.part(), Content: content, Restrictions: opened.asked.terms, Decision: opened.decision,
		})
		if until := opened.asked.until.UTC().Truncate(time.Second); until.Before(out.ShowUntil) {
			out.ShowUntil = until
		}
	}
	out.Withheld = got.withheld
}

// eraseSections removes kept sections that may not be kept, although the body may.
func (d *Desk) eraseSections(ctx context.Context, kept []deskstore.Kept) error {
	for _, k := range kept {
		if k.Part == "" {
			continue
		}
		all, err := d.descriptors(ctx, act.ID(k.Release))
		if err != nil && !errors.Is(err, deskstore.ErrNotFound) {
			return err
		}
		at := slices.IndexFunc(all, func(sd seal.SaltedDescriptor) bool { return sd.Descriptor.Part == k.Part })
		if at >= 0 && d.mayKeepSection(k, all[at].Descriptor) {
			continue
		}
		if err := d.Store.ErasePart(ctx, k.Release, k.Part); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) mayKeepSection(k deskstore.Kept, section seal.Descriptor) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	now := d.now(d.state)
	release := d.state.Release(act.ID(k.Release))
	if now.Unix() >= k.Until || release == nil {
		return false
	}
	how := showing{officer: k.Officer, purpose: k.Purpose, again: true}
	return d.gap != "" || d.mayShowSection(d.state, release, section, how, now).Allow
}
