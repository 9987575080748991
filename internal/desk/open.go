package desk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/screen"
)

// maxJustification bounds the officer's own note on an open, in bytes.
const maxJustification = 4 << 10

// asked is one open while it is being made.
type asked struct {
	release  *act.ItemRelease
	id       act.ID
	digest   string // of the effective restrictions
	terms    restriction.Set
	by       act.AgencyName
	form     string
	decision policy.Decision // the desk's own, on the newest ledger it has
	sealed   bool            // by this agency's own word, of which the hub may not know yet
	until    time.Time       // how long it may be shown again
	sections []askedSection  // those that are for the officer
}

// Open shows the content of one release to an officer who read and accepted its
// conditions. Within the lease of an earlier allow to the same officer for the
// same purpose it shows what is kept; otherwise it asks the hub anew.
func (d *Desk) Open(ctx context.Context, o *Officer, lang, itemID string, r deskapi.OpenRequest) (deskapi.Opened, error) {
	if err := o.need(OpenItems); err != nil {
		return deskapi.Opened{}, err
	}
	if !slices.Contains(restriction.KnownPurposes(), r.Purpose) {
		return deskapi.Opened{}, malformed("the purpose is not one of those an agreement can name")
	}
	if len(r.Justification) > maxJustification {
		return deskapi.Opened{}, refuse(CodeTooLarge)
	}
	if r.Form != "" && !slices.Contains(act.Forms(), r.Form) {
		return deskapi.Opened{}, malformed("the form is not one in which content leaves a desk")
	}
	id, err := d.pickRelease(ctx, itemID, r.Release)
	if err != nil {
		return deskapi.Opened{}, err
	}
	a, err := d.ask(id, showing{officer: o.Name, purpose: r.Purpose, form: r.Form})
	if err != nil {
		return deskapi.Opened{}, err
	}
	if a.sealed {
		return deskapi.Opened{}, d.openDenied(a.decision.Reason, a.decision.Evidence)
	}
	if r.AcceptedRestrictions != a.digest {
		return deskapi.Opened{}, refuse(CodeNotAccepted)
	}
	how := showing{officer: o.Name, purpose: r.Purpose, form: r.Form}
	if a.sections, err = d.askSections(ctx, o, id, how, r.AcceptedSections); err != nil {
		return deskapi.Opened{}, err
	}
	if r.Form == "" || r.Form == shownOnly {
		if opened, ok, err := d.showAgain(ctx, o, lang, a, r.Purpose); ok || err != nil {
			return opened, err
		}
	}
	return d.openAnew(ctx, o, lang, a, r)
}

// ask looks a release up and judges the open on the ledger as the desk knows it.
func (d *Desk) ask(id act.ID, how showing) (asked, error) {
	a := asked{id: id, form: how.form}
	err := d.view(func(s *ledger.State, now time.Time) error {
		release := s.Release(id)
		if release == nil {
			return notFound
		}
		terms := release.Terms(d.Agency)
		a.release, a.digest, a.terms, a.by = release.Payload, terms.Digest, terms.Set, release.Item.Publisher
		a.decision = d.mayShow(s, id, how, now)
		_, a.sealed = d.sealedHere(s, release.Item)
		for _, obligation := range a.decision.Obligations {
			if obligation.Code == "show_again_until" {
				a.until = now.Add(time.Duration(obligation.Seconds) * time.Second)
			}
		}
		return nil
	})
	return a, err
}

// showAgain serves kept content, if the ledger still allows it under the terms
// that were accepted for it, and the lease of the allow has not run out.
func (d *Desk) showAgain(ctx context.Context, o *Officer, lang string, a asked, purpose string) (deskapi.Opened, bool, error) {
	kept, err := d.Store.Kept(ctx, string(a.id), o.Name, purpose, "")
	if errors.Is(err, deskstore.ErrNotFound) {
		return deskapi.Opened{}, false, nil
	}
	if err != nil {
		return deskapi.Opened{}, false, err
	}
	again, err := d.ask(a.id, showing{officer: o.Name, purpose: purpose, again: true})
	if err != nil {
		return deskapi.Opened{}, false, err
	}
	if !again.decision.Allow || kept.Secret.Accepted != a.digest || d.Now().Unix() >= kept.Until {
		return deskapi.Opened{}, false, nil
	}
	got, whole, err := d.keptSections(ctx, o, lang, a, purpose)
	if err != nil || !whole {
		return deskapi.Opened{}, false, err
	}
	content, err := d.receive(lang, a.release, kept.Secret.Content)
	if err != nil {
		return deskapi.Opened{}, false, err
	}
	opened, err := d.shown(o, lang, a, purpose, content, got, kept.Secret.Decision, time.Unix(kept.Until, 0))
	return opened, err == nil, err
}

// openAnew signs an item.open, asks the hub and opens what it hands out.
func (d *Desk) openAnew(ctx context.Context, o *Officer, lang string, a asked, r deskapi.OpenRequest) (deskapi.Opened, error) {
	opening, opened, err := d.askHub(ctx, o, a, bodyPart, a.digest, r)
	if AsError(err).Code == CodeNotFound && err != nil && !a.decision.Allow {
		// To the hub an observer of the cover has no body at all; the officer is told
		// why, since the desk knows the agreement.
		return deskapi.Opened{}, d.openDenied(a.decision.Reason, a.decision.Evidence)
	}
	if err != nil {
		return deskapi.Opened{}, err
	}
	sd := opened.Descriptor
	if err := d.checkDescriptor(a.release, sd); err != nil || sd.Descriptor.Part != bodyPart || sd.Descriptor.Content != a.release.Content {
		return deskapi.Opened{}, refuseFor(CodeContentDamaged, errors.Join(err, errDamaged))
	}
	failpoint.Hit("desk.open.answered")
	raw, salt, openErr := d.openPart(ctx, sd, opened.Header)
	var got sections
	if openErr == nil {
		if got, err = d.openSections(ctx, o, lang, a, salt, r); err != nil {
			return deskapi.Opened{}, err
		}
	}
	how := showing{officer: o.Name, purpose: r.Purpose, form: r.Form, again: true}
	again, err := d.askAgain(ctx, a, how, openErr)
	if err != nil {
		return deskapi.Opened{}, err
	}
	if again.sections, err = d.askSections(ctx, o, a.id, how, r.AcceptedSections); err != nil {
		return deskapi.Opened{}, err
	}
	got = d.stillAllowed(lang, got, again.sections)
	content, err := d.receive(lang, a.release, raw)
	if err != nil {
		return deskapi.Opened{}, err
	}
	opening.Secret.Salt = salt
	if err := d.Store.AnsweredOpening(ctx, opening); err != nil {
		return deskapi.Opened{}, err
	}
	failpoint.Hit("desk.open.noted")
	if again.until.After(d.Now()) {
		err := d.Store.PutKept(ctx, deskstore.Kept{
			Release: string(a.id), Officer: o.Name, Purpose: r.Purpose, Until: again.until.Unix(),
			Secret: deskstore.KeptSecret{Content: raw, Decision: opened.Decision, Accepted: a.digest},
		})
		if err != nil {
			return deskapi.Opened{}, err
		}
		if err := d.keepSections(ctx, o, a, r.Purpose, got); err != nil {
			return deskapi.Opened{}, err
		}
	}
	return d.shown(o, lang, a, r.Purpose, content, got, opened.Decision, again.until)
}

// askAgain judges the open once more after the hub's answer. The hub allowed it at
// its index; what the ledger says meanwhile counts too, and may be why the body is
// not handed out any more.
func (d *Desk) askAgain(ctx context.Context, a asked, how showing, openErr error) (asked, error) {
	if err := d.catchUp(ctx); err != nil {
		return asked{}, err
	}
	again, err := d.ask(a.id, how)
	switch {
	case err != nil:
		return asked{}, err
	case !again.decision.Allow:
		return asked{}, d.openDenied(again.decision.Reason, again.decision.Evidence)
	case again.digest != a.digest:
		// A later request came while the item was being opened: it is to be read first.
		return asked{}, refuse(CodeNotAccepted)
	case errors.Is(openErr, errDamaged):
		return asked{}, refuseFor(CodeContentDamaged, openErr)
	}
	return again, openErr
}

// askHub makes the act for one part, stores it, and sends it. An answer that was
// lost on the way is asked for with the same act; the hub then decides anew.
func (d *Desk) askHub(ctx context.Context, o *Officer, a asked, part, accepted string, r deskapi.OpenRequest) (deskstore.Opening, Opened, error) {
	hub, err := d.hubID(ctx)
	if err != nil {
		return deskstore.Opening{}, Opened{}, err
	}
	jws, err := d.signAct(ctx, &act.ItemOpen{
		Common:  act.Common{Issuer: d.Agency, Audience: hub, JTI: act.NewJTI(), IssuedAt: canonical.At(d.Now())},
		Release: a.id, Part: part, Purpose: r.Purpose, Restrictions: accepted, Officer: o.Name, Form: r.Form,
	})
	if err != nil {
		return deskstore.Opening{}, Opened{}, err
	}
	signed, err := act.Parse([]byte(jws))
	if err != nil {
		return deskstore.Opening{}, Opened{}, err
	}
	opening := deskstore.Opening{
		Act: string(signed.ID), Release: string(a.id), Officer: o.Name, Purpose: r.Purpose, Created: d.Now().Unix(),
		Secret: deskstore.OpeningSecret{Justification: r.Justification},
	}
	if part != bodyPart {
		opening.Secret.Part = part
	}
	if err := d.Store.AddOpening(ctx, opening); err != nil {
		return deskstore.Opening{}, Opened{}, err
	}
	if _, err := d.deliver(ctx); err != nil {
		return opening, Opened{}, err
	}
	for attempt := 0; ; attempt++ {
		opened, err := d.hub.Open(ctx, jws)
		if err == nil {
			return opening, opened, nil
		}
		var refused *HubError
		switch {
		case errors.As(err, &refused) && refused.Code == "open_denied":
			evidence := refused.Evidence
			if part == bodyPart && a.decision.Reason == refused.Reason {
				evidence = a.decision.Evidence // the hub says which rule; the desk knows what it bit on
			}
			return opening, Opened{}, d.openDenied(refused.Reason, evidence)
		case errors.As(err, &refused) && refused.Status == 401:
			d.forgetBearer()
		case !errors.Is(err, ErrHubUnavailable):
			return opening, Opened{}, err
		}
		if attempt == 2 || !pause(ctx, 200*time.Millisecond) {
			return opening, Opened{}, errors.Join(ErrHubUnavailable, err)
		}
	}
}

func (d *Desk) openDenied(reason string, evidence []string) error {
	if invisible(policy.Decision{Reason: reason}) {
		return notFound
	}
	return &Error{Code: CodeOpenDenied, Reason: reason, Evidence: evidence}
}

// receive decodes what was opened and screens it again: the publisher's
// attestation is a claim, and this agency answers for what its officers see.
func (d *Desk) receive(lang string, release *act.ItemRelease, raw []byte) (item.Content, error) {
	content, err := d.Kinds.Decode(release.ItemKind, raw)
	if errors.Is(err, item.ErrUnknownKind) {
		return nil, refuse(CodeKindUnknown)
	}
	if err != nil || !bytes.Equal(content.Canonical(), raw) || len(content.Validate()) > 0 {
		return nil, refuse(CodeContentDamaged)
	}
	if report := d.screened(content); report.Verdict != screen.Release {
		return nil, &Error{Code: CodeScreenRefused, Reason: "screen_verdict_" + string(report.Verdict), Findings: findings(lang, report)}
	}
	return content, nil
}

// shown is the answer: the body with the sections that were opened beside it.
func (d *Desk) shown(o *Officer, lang string, a asked, purpose string, body item.Content, got sections, decision uint64, until time.Time) (deskapi.Opened, error) {
	content, err := d.join(lang, a.release, body, &got)
	if err != nil {
		return deskapi.Opened{}, err
	}
	out := deskapi.Opened{
		Item: a.release.Item, Kind: a.release.ItemKind, Version: a.release.Version, Release: string(a.id), Originator: string(a.by),
		Content: string(content.Canonical()), Rendered: content.Render(lang), Restrictions: a.terms, Purpose: purpose,
		Decision: decision, ShowUntil: until.UTC().Truncate(time.Second), Form: cmp.Or(a.form, shownOnly),
	}
	d.showSections(&out, got)
	d.mark(o, lang, a, &out)
	return out, nil
}
