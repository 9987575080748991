package desk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

// The parts of an item in this version.
const (
	coverPart = "cover"
	bodyPart  = "body"
)

// target is one agency that a release is sealed to.
type target struct {
	agency    act.AgencyName
	recipient string // age recipient
	sealing   act.Thumbprint
	opens     bool // may open, and so gets the body; an observer gets the cover
}

// plan is a release as it would be made now.
type plan struct {
	payload    *act.ItemRelease
	revision   *ledger.Revision
	terms      restriction.Set
	decision   policy.Decision // on the release itself
	recipients []deskapi.Recipient
	targets    []target // this agency first
	sections   []plannedSection
}

// DryRun says who would receive the draft's current version, and who not, by
// which rule. It changes and sends nothing.
func (d *Desk) DryRun(ctx context.Context, o *Officer, lang, id string, r deskapi.ReleaseRequest) (deskapi.DryRun, error) {
	p, err := d.prepare(ctx, o, lang, id, r)
	if err != nil {
		return deskapi.DryRun{}, err
	}
	if p.decision.Allow && len(p.targets) < 2 {
		p.decision = policy.Decision{Reason: "desk_" + CodeNoRecipient}
	}
	return deskapi.DryRun{
		Agreement: p.revision.Document.ID, Reference: p.revision.Document.Reference, Restrictions: p.terms,
		Allow: p.decision.Allow, Reason: p.decision.Reason,
		Message:    sentence(lang, p.decision.Reason, p.revision, d.Agency, p.decision.Evidence),
		Recipients: p.recipients, Sections: describeSections(p.sections), Terms: readable(lang, p.terms),
		Parents: describePayloadParents(p.payload.Parents),
	}, nil
}

// prepare reads the draft and plans its release under the agreement.
func (d *Desk) prepare(ctx context.Context, o *Officer, lang, id string, r deskapi.ReleaseRequest) (plan, error) {
	if err := o.need(ReleaseDrafts); err != nil {
		return plan{}, err
	}
	draft, content, err := d.loadDraft(ctx, id)
	if err != nil {
		return plan{}, err
	}
	if err := d.catchUp(ctx); err != nil {
		return plan{}, err
	}
	return d.plan(ctx, lang, draft, content, r)
}

func (d *Desk) plan(ctx context.Context, lang string, draft deskstore.Draft, content item.Content, r deskapi.ReleaseRequest) (plan, error) {
	approvals, err := d.Store.Approvals(ctx, draft.ID, draft.Version)
	if err != nil {
		return plan{}, err
	}
	waiting, err := d.Store.Outgoings(ctx, deskstore.Pending)
	if err != nil {
		return plan{}, err
	}
	read, err := d.readSections(ctx, draft)
	if err != nil {
		return plan{}, err
	}
	var p plan
	err = d.view(func(s *ledger.State, now time.Time) error {
		p.revision = d.inForce(s, r.Agreement, now)
		if p.revision == nil {
			return notFound
		}
		if p.terms, err = expand(p.revision, r.Restrictions); err != nil {
			return err
		}
		if p.terms = d.inheritSections(s, d.inherit(s, draft, p.terms), read); p.terms.Validate() != nil {
			return badTerms(p.terms.Validate())
		}
		p.payload = d.releasePayload(s, draft, p, approvals, now)
		if p.payload.Parents, err = d.parentsOf(s, draft, p.terms, now); err != nil {
			return err
		}
		p.payload.Version = nextVersion(s, draft, waiting)
		p.decision = policy.Decide(s, policy.Request{Action: policy.ToRelease, Agency: d.Agency, Payload: p.payload}, now)
		d.choose(s, lang, &p, now)
		d.chooseForSections(s, lang, &p, draft, content, now)
		return nil
	})
	return p, err
}

func (d *Desk) releasePayload(s *ledger.State, draft deskstore.Draft, p plan, approvals []deskstore.Approval, now time.Time) *act.ItemRelease {
	payload := &act.ItemRelease{
		Common: act.Common{Issuer: d.Agency, Audience: s.Genesis.Hub, JTI: act.NewJTI(), IssuedAt: canonical.At(now)},
		Item:   draft.Item, ItemKind: draft.Kind,
		Agreement:    act.AgreementRef{ID: p.revision.Document.ID, Digest: p.revision.Digest},
		Restrictions: p.terms, Content: draft.Content, Author: draft.Author, Approvals: []act.Approval{},
		Attestation: act.Attestation{Ruleset: screen.Digest(), Tool: screen.Tool(), Verdict: string(screen.Release), Content: draft.Content},
	}
	for _, a := range approvals[:min(len(approvals), 8)] {
		payload.Approvals = append(payload.Approvals, act.Approval{Officer: a.Officer, Content: a.Content, At: canonical.At(time.Unix(a.At, 0))})
	}
	return payload
}

// nextVersion is the version under which this content was released before, or
// the one after the newest: an item version has one content. What waits in the
// outbox has its version already.
func nextVersion(s *ledger.State, draft deskstore.Draft, waiting []deskstore.Outgoing) int {
	newest := 0
	if known := s.Item(draft.Item); known != nil {
		newest = known.Version
		for _, release := range known.Releases {
			if release.Payload.Content == draft.Content {
				return release.Version
			}
		}
	}
	for _, o := range waiting {
		switch {
		case o.Item != draft.Item:
		case o.Content == draft.Content:
			return o.Version
		default:
			newest = max(newest, o.Version)
		}
	}
	return newest + 1
}

// choose asks the policy for each party and finds the sealing key of those who
// may receive. The agency's own identity is always among the recipients.
func (d *Desk) choose(s *ledger.State, lang string, p *plan, now time.Time) {
	own, _ := sealingTarget(s, d.Agency)
	own.opens = true
	p.targets, p.recipients = []target{own}, []deskapi.Recipient{}
	for _, party := range p.revision.AllParties() {
		if party.Agency == d.Agency {
			continue
		}
		decision := policy.Decide(s, policy.Request{
			Action: policy.ToRelease, Agency: d.Agency, Payload: p.payload, Recipients: []act.AgencyName{party.Agency},
		}, now)
		to, sealable := sealingTarget(s, party.Agency)
		if decision.Allow && !sealable {
			decision = policy.Decision{Reason: "desk_" + CodeNoSealingIdentity}
		}
		if decision.Allow {
			to.opens = party.MayOpen()
			p.targets = append(p.targets, to)
		}
		p.recipients = append(p.recipients, d.recipient(s, lang, p.revision, party.Agency, decision, now))
	}
}

// recipient says what becomes of a release for one party: it receives, by which
// rule it does not, or for which answer the release waits for it.
func (d *Desk) recipient(
	s *ledger.State, lang string, revision *ledger.Revision, name act.AgencyName, decision policy.Decision, now time.Time,
) deskapi.Recipient {
	out := deskapi.Recipient{Agency: string(name), Allow: decision.Allow, Reason: decision.Reason, Evidence: decision.Evidence}
	out.Message = sentence(lang, decision.Reason, revision, name, decision.Evidence)
	if !decision.Allow {
		return out
	}
	if held := policy.HeldFor(s, revision, d.Agency, name, now); held != nil {
		out.Held, out.Reason, out.Evidence = true, held.Reason, held.Evidence
		out.Message = message.Render(lang, message.New("desk_note_receiver_held", message.Params{"By": string(name)}))
	}
	return out
}

// sealingTarget finds the newest sealing key that the ledger holds for an agency.
func sealingTarget(s *ledger.State, name act.AgencyName) (target, bool) {
	agency := s.Agency(name)
	if agency == nil {
		return target{}, false
	}
	for _, key := range agency.CurrentKeys(act.Sealing) {
		// A published key that is not of the hybrid kind would undo the protection of
		// the whole file; seal would refuse it, and so refuse everybody.
		if seal.ParseRecipient(key.Recipient) == nil {
			return target{agency: name, recipient: key.Recipient, sealing: key.Thumbprint}, true
		}
	}
	return target{}, false
}

// Release puts the draft's current version before its recipients. Repeating the
// request gives the same release. When Vault or the hub is away, the release
// waits in the outbox and is sent as soon as they are back.
func (d *Desk) Release(ctx context.Context, o *Officer, lang, id string, r deskapi.ReleaseRequest) (deskapi.Release, error) {
	if err := o.need(ReleaseDrafts); err != nil {
		return deskapi.Release{}, err
	}
	outgoing, err := d.queue(ctx, lang, id, r)
	if err != nil {
		return deskapi.Release{}, err
	}
	failpoint.Hit("desk.release.queued")
	if outgoing.State == deskstore.Pending {
		outgoing, err = d.send(ctx, outgoing.ID)
		if err != nil {
			poke(d.outbox)
			return deskapi.Release{}, err
		}
	}
	return d.outcome(ctx, lang, outgoing)
}

func (d *Desk) outcome(ctx context.Context, lang string, o deskstore.Outgoing) (deskapi.Release, error) {
	if o.State == deskstore.Refused {
		return deskapi.Release{}, &Error{Code: CodeReleaseDenied, Reason: o.Code}
	}
	out := deskapi.Release{
		Release: o.Secret.ActID, Item: o.Item, Version: o.Version, Index: o.Index, Time: time.Unix(o.Created, 0).UTC(),
		Recipients: o.Secret.Recipients, State: o.State,
	}
	// The feed brings the entry itself; that it is not there yet is no failure.
	_ = d.await(ctx, act.ID(o.Secret.ActID))
	err := d.view(func(s *ledger.State, now time.Time) error {
		if release := s.Release(act.ID(o.Secret.ActID)); release != nil {
			n := &noting{d: d, s: s, lang: lang, release: release, now: now}
			n.held(agencies(o.Secret.Recipients))
			out.Notes = n.all
			out.Index, out.Time, out.Restrictions = release.Index, release.Time, release.Terms(d.Agency).Set
			out.Agreement, out.Reference = release.Revision.Document.ID, release.Revision.Document.Reference
		}
		return nil
	})
	if err != nil && o.State != deskstore.Done {
		return deskapi.Release{}, err
	}
	return out, nil
}

// queue finds the release in the outbox or makes it: sealed, and its act's bytes
// fixed, before anything is sent or even signed.
func (d *Desk) queue(ctx context.Context, lang, id string, r deskapi.ReleaseRequest) (deskstore.Outgoing, error) {
	leave, err := d.releasing.enter(ctx)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	defer leave()
	draft, content, err := d.loadDraft(ctx, id)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	var p plan
	if err = d.catchUp(ctx); err == nil {
		p, err = d.plan(ctx, lang, draft, content, r)
	}
	if errors.Is(err, ErrHubUnavailable) {
		// A release that is queued already can still be told about.
		p, err = d.plan(ctx, lang, draft, content, r)
		if err == nil {
			if known, knownErr := d.Store.OutgoingByKey(ctx, naturalKey(draft, p)); knownErr == nil && known.State != deskstore.Refused {
				return known, nil
			}
			err = ErrHubUnavailable
		}
	}
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	key, err := d.idempotent(ctx, r.IdempotencyKey, naturalKey(draft, p))
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	known, err := d.Store.OutgoingByKey(ctx, key)
	switch {
	case err == nil && known.Content != draft.Content:
		return deskstore.Outgoing{}, refuse(CodeIdempotency)
	case err == nil && known.State != deskstore.Refused:
		return known, nil
	case err != nil && !errors.Is(err, deskstore.ErrNotFound):
		return deskstore.Outgoing{}, err
	}
	if err := d.admissible(lang, content, p); err != nil {
		return deskstore.Outgoing{}, err
	}
	return d.makeOutgoing(ctx, draft, content, p, key)
}

// admissible is every condition under which the desk makes a release at all.
func (d *Desk) admissible(lang string, content item.Content, p plan) error {
	if err := d.releasable(lang, content); err != nil {
		return err
	}
	switch {
	case p.decision.Reason == policy.TwoPersonRequired:
		return &Error{Code: CodeTwoPersons, Reason: p.decision.Reason}
	case invisible(p.decision):
		return notFound
	case !p.decision.Allow:
		return &Error{Code: CodeReleaseDenied, Reason: p.decision.Reason, Evidence: p.decision.Evidence}
	case p.targets[0].recipient == "":
		return refuse(CodeNoSealingIdentity)
	// The hub sees no facets: that the agreement covers what is in the item is the
	// publishing desk's to hold to.
	case !p.revision.Document.Carries(p.payload.ItemKind, content.Cover().Facets):
		return refuse(CodeOutsideCategories)
	case len(p.targets) < 2:
		return refuse(CodeNoRecipient)
	}
	return nil
}

// idempotent binds the client's key to the release that was first asked for under
// it, and returns that release's natural key.
func (d *Desk) idempotent(ctx context.Context, name, key string) (string, error) {
	if name == "" {
		return key, nil
	}
	if len(name) > 128 {
		return "", malformed("an idempotency key has at most 128 characters")
	}
	return d.Store.Remember(ctx, "release", name, key)
}

// naturalKey says when two requests are the same release: the same content under
// the same agreement bytes, with the same restrictions, to the same agencies, and
// so each section.
func naturalKey(draft deskstore.Draft, p plan) string {
	digest, err := p.terms.Digest()
	if err != nil {
		digest = ""
	}
	parts := append([]string{draft.Item, draft.Content, p.revision.Digest, digest}, recipientNames(p.targets[1:])...)
	for _, parent := range p.payload.Parents {
		parts = append(parts, "parent", string(parent.Release), parent.Relation, string(parent.Consent))
	}
	for _, section := range p.sections {
		parts = append(append(parts, "section"), recipientNames(section.targets[1:])...)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
