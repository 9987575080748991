package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

// MaxSource bounds what a draft is written in, in bytes.
const MaxSource = 1 << 20

// CreateDraft decodes and stores a draft. It is stored, encrypted, whatever the
// guard says of it: only what happens to it afterwards depends on the verdict.
func (d *Desk) CreateDraft(ctx context.Context, o *Officer, lang string, r deskapi.DraftRequest) (deskapi.Draft, error) {
	if err := o.need(WriteDrafts); err != nil {
		return deskapi.Draft{}, err
	}
	itemID := r.Item
	if itemID == "" {
		itemID = act.NewItemID()
	} else if err := d.ownItem(itemID, r.Kind); err != nil {
		return deskapi.Draft{}, err
	}
	for _, parent := range r.DerivedFrom {
		if parent.Relation == asItIs {
			return deskapi.Draft{}, malformed("a copy is taken by the desk itself")
		}
	}
	if err := d.checkParents(r.DerivedFrom); err != nil {
		return deskapi.Draft{}, err
	}
	parents, err := d.withEarlierParents(itemID, r.DerivedFrom)
	if err != nil {
		return deskapi.Draft{}, err
	}
	return d.newDraft(ctx, o, lang, itemID, r.Kind, []byte(r.Source), parents)
}

func (d *Desk) newDraft(ctx context.Context, o *Officer, lang, itemID, kind string, source []byte, parents []deskapi.Parent) (deskapi.Draft, error) {
	draft, content, err := d.decode(lang, kind, source)
	if err != nil {
		return deskapi.Draft{}, err
	}
	draft.Secret.Parents = storedParents(parents)
	now := d.Now().Unix()
	draft.ID, draft.Item, draft.Version, draft.Author = "drf-"+itemSuffix(act.NewItemID()), itemID, 1, o.Name
	draft.Created, draft.Updated = now, now
	if err := d.Store.AddDraft(ctx, draft); err != nil {
		return deskapi.Draft{}, err
	}
	return d.describeDraft(ctx, lang, draft, content, true)
}

func itemSuffix(id string) string { return id[len("itm-"):] }

// ownItem refuses a next version of what this agency has not published, or has
// retracted.
func (d *Desk) ownItem(id, kind string) error {
	return d.view(func(s *ledger.State, _ time.Time) error {
		known := s.Item(id)
		if known == nil || known.Publisher != d.Agency || known.Kind != kind || known.Retracted != nil {
			return notFound
		}
		return nil
	})
}

// decode reads the source of a draft and fixes the salts of this version.
func (d *Desk) decode(lang, kind string, source []byte) (deskstore.Draft, item.Content, error) {
	if len(source) == 0 || len(source) > MaxSource {
		return deskstore.Draft{}, nil, refuse(CodeTooLarge)
	}
	content, err := d.Kinds.Decode(kind, source)
	var problems item.Problems
	switch {
	case errors.Is(err, item.ErrUnknownKind):
		return deskstore.Draft{}, nil, refuse(CodeKindUnknown)
	case errors.As(err, &problems):
		return deskstore.Draft{}, nil, &Error{Code: CodeDraftInvalid, Problems: tell(lang, problems)}
	case err != nil:
		return deskstore.Draft{}, nil, err
	}
	secret, err := bindSections(content)
	if err != nil {
		return deskstore.Draft{}, nil, err
	}
	secret.Source = source
	return deskstore.Draft{Kind: kind, Content: seal.Commitment(secret.Salt, secret.Canonical), Secret: secret}, content, nil
}

func tell(lang string, problems []item.Problem) []deskapi.Problem {
	out := make([]deskapi.Problem, 0, len(problems))
	for _, p := range problems {
		out = append(out, deskapi.Problem{Path: p.Path, Line: p.Line, Column: p.Column, Code: p.Code, Message: message.Render(lang, p.Message())})
	}
	return out
}

// EditDraft stores the version after the one that the officer saw. Approvals are
// of versions: those of the older one count no more.
func (d *Desk) EditDraft(ctx context.Context, o *Officer, lang, id string, saw int, r deskapi.DraftRequest) (deskapi.Draft, error) {
	if err := o.need(WriteDrafts); err != nil {
		return deskapi.Draft{}, err
	}
	stored, err := d.Store.Draft(ctx, id)
	if err != nil {
		return deskapi.Draft{}, err
	}
	if stored.Version != saw {
		return deskapi.Draft{}, refuse(CodeDraftChanged)
	}
	if isCopy(stored) {
		return deskapi.Draft{}, refuse(CodeCopyUnchanged)
	}
	next, content, err := d.decode(lang, stored.Kind, []byte(r.Source))
	if err != nil {
		return deskapi.Draft{}, err
	}
	next.Secret.Parents = stored.Secret.Parents // what it was made from stays so
	next.ID, next.Item, next.Version, next.Author = stored.ID, stored.Item, saw+1, o.Name
	next.Created, next.Updated = stored.Created, d.Now().Unix()
	if err := d.Store.ReplaceDraft(ctx, next); errors.Is(err, deskstore.ErrChanged) {
		return deskapi.Draft{}, refuse(CodeDraftChanged)
	} else if err != nil {
		return deskapi.Draft{}, err
	}
	return d.describeDraft(ctx, lang, next, content, true)
}

// Draft returns a draft's newest version with its text.
func (d *Desk) Draft(ctx context.Context, o *Officer, lang, id string) (deskapi.Draft, error) {
	if err := o.need(ReadDrafts); err != nil {
		return deskapi.Draft{}, err
	}
	draft, content, err := d.loadDraft(ctx, id)
	if err != nil {
		return deskapi.Draft{}, err
	}
	return d.describeDraft(ctx, lang, draft, content, true)
}

// Drafts lists every draft without its text, last changed first.
func (d *Desk) Drafts(ctx context.Context, o *Officer, lang string) ([]deskapi.Draft, error) {
	if err := o.need(ReadDrafts); err != nil {
		return nil, err
	}
	stored, err := d.Store.Drafts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]deskapi.Draft, 0, len(stored))
	for _, s := range stored {
		content, err := d.Kinds.Decode(s.Kind, s.Secret.All())
		if err != nil {
			continue // of a kind that this program no longer knows
		}
		described, err := d.describeDraft(ctx, lang, s, content, false)
		if err != nil {
			return nil, err
		}
		out = append(out, described)
	}
	return out, nil
}

// loadDraft returns a draft with its content, decoded from what will be sealed.
func (d *Desk) loadDraft(ctx context.Context, id string) (deskstore.Draft, item.Content, error) {
	draft, err := d.Store.Draft(ctx, id)
	if err != nil {
		return draft, nil, err
	}
	content, err := d.Kinds.Decode(draft.Kind, draft.Secret.All())
	if err != nil {
		return draft, nil, refuseFor(CodeInternal, err)
	}
	if !bytes.Equal(content.Canonical(), draft.Secret.Canonical) || seal.Commitment(draft.Secret.Salt, draft.Secret.Canonical) != draft.Content ||
		!sectionsBound(draft.Secret, content) {
		return draft, nil, refuseFor(CodeInternal, errors.New("the draft's content is not the one that was committed to"))
	}
	return draft, content, nil
}

// reports remembers what the guard said of contents, by their digest: the rules
// of a running desk never change, and a long text takes seconds.
type reports struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]screen.Report
}

const maxReports = 1024

// screened is the guard's report on exactly this content.
func (d *Desk) screened(content item.Content) screen.Report {
	digest := sha256.Sum256(append([]byte(content.Cover().Kind+"\x00"), item.Whole(content)...))
	d.reports.mu.Lock()
	report, known := d.reports.known[digest]
	d.reports.mu.Unlock()
	if known {
		return report
	}
	d.mu.RLock()
	guard := d.guard
	d.mu.RUnlock()
	report = guard.Screen(content.Screen())
	d.reports.mu.Lock()
	defer d.reports.mu.Unlock()
	if d.reports.known == nil || len(d.reports.known) >= maxReports {
		d.reports.known = map[[sha256.Size]byte]screen.Report{}
	}
	d.reports.known[digest] = report
	return report
}

func (d *Desk) describeDraft(ctx context.Context, lang string, draft deskstore.Draft, content item.Content, whole bool) (deskapi.Draft, error) {
	report, cover := d.screened(content), content.Cover()
	approvals, err := d.Store.Approvals(ctx, draft.ID, draft.Version)
	if err != nil {
		return deskapi.Draft{}, err
	}
	out := deskapi.Draft{
		ID: draft.ID, Item: draft.Item, Kind: draft.Kind, Version: draft.Version, ContentDigest: draft.Content, Author: draft.Author,
		Created: time.Unix(draft.Created, 0).UTC(), Updated: time.Unix(draft.Updated, 0).UTC(),
		Title: cover.Title, Facets: cover.Facets, Languages: cover.Languages,
		Verdict: string(report.Verdict), Findings: findings(lang, report), Problems: tell(lang, content.Validate()),
		Approvals: []deskapi.Approval{}, Releases: []deskapi.Release{}, DerivedFrom: d.describeParents(draft.Secret.Parents),
	}
	for _, a := range approvals {
		out.Approvals = append(out.Approvals, deskapi.Approval{Officer: a.Officer, ContentDigest: a.Content, Time: time.Unix(a.At, 0).UTC()})
	}
	if out.Releases, err = d.draftReleases(ctx, draft); err != nil {
		return deskapi.Draft{}, err
	}
	if whole {
		out.Source, out.Content, out.Rendered = string(draft.Secret.Source), string(draft.Secret.Canonical), content.Render(lang)
		for _, section := range draft.Secret.Sections {
			out.Sections = append(out.Sections, string(section.Content))
		}
	}
	return out, nil
}

// draftReleases are the releases of any version of the draft, on their way or done.
func (d *Desk) draftReleases(ctx context.Context, draft deskstore.Draft) ([]deskapi.Release, error) {
	outgoing, err := d.Store.Outgoings(ctx, "")
	if err != nil {
		return nil, err
	}
	releases := []deskapi.Release{}
	for _, o := range outgoing {
		if o.Draft == draft.ID {
			releases = append(releases, deskapi.Release{
				Release: o.Secret.ActID, Item: o.Item, Version: o.Version, Index: o.Index, Time: time.Unix(o.Created, 0).UTC(),
				State: o.State, Reason: o.Code, Recipients: o.Secret.Recipients,
			})
		}
	}
	return releases, nil
}

// Approve is a second officer's word for exactly the content that they saw.
// Whoever wrote any version of the draft is not a second officer.
func (d *Desk) Approve(ctx context.Context, o *Officer, lang, id string, r deskapi.ApprovalRequest) (deskapi.Draft, error) {
	if err := o.need(ApproveDrafts); err != nil {
		return deskapi.Draft{}, err
	}
	draft, content, err := d.loadDraft(ctx, id)
	if err != nil {
		return deskapi.Draft{}, err
	}
	if r.ContentDigest != draft.Content {
		return deskapi.Draft{}, refuse(CodeDraftChanged)
	}
	authors, err := d.Store.Authors(ctx, id)
	if err != nil {
		return deskapi.Draft{}, err
	}
	if slices.Contains(authors, o.Name) {
		return deskapi.Draft{}, refuse(CodeTwoPersons)
	}
	if err := d.releasable(lang, content); err != nil {
		return deskapi.Draft{}, err
	}
	err = d.Store.AddApproval(ctx, id, draft.Version, deskstore.Approval{Officer: o.Name, Content: draft.Content, At: d.Now().Unix()})
	if errors.Is(err, deskstore.ErrChanged) {
		return deskapi.Draft{}, refuse(CodeDraftChanged)
	}
	if err != nil {
		return deskapi.Draft{}, err
	}
	return d.describeDraft(ctx, lang, draft, content, false)
}

// releasable refuses content that is incomplete or that the guard holds back.
func (d *Desk) releasable(lang string, content item.Content) error {
	if problems := content.Validate(); len(problems) > 0 {
		return &Error{Code: CodeDraftInvalid, Problems: tell(lang, problems)}
	}
	if report := d.screened(content); report.Verdict != screen.Release {
		return &Error{Code: CodeScreenRefused, Reason: "screen_verdict_" + string(report.Verdict), Findings: findings(lang, report)}
	}
	return nil
}
