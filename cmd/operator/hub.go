package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
)

// registrar is the hub as the agency controller knows it.
type registrar struct{ hub hubclient.Registrar }

func (r registrar) Agency(ctx context.Context, name string) (agency.Standing, error) {
	known, err := r.hub.Agency(ctx, act.AgencyName(name))
	if err != nil {
		return agency.Standing{}, answered(err)
	}
	standing := agency.Standing{
		Admitted: known.Admitted, Status: known.Status, Agreements: int32(known.Agreements),
		Thumbprints: thumbprints(known.Thumbprints),
	}
	if known.EnrolledIndex != nil {
		index := int64(*known.EnrolledIndex)
		standing.Enrolled = &index
	}
	return standing, nil
}

func (r registrar) Admit(ctx context.Context, name string, a agency.Admission) error {
	_, err := r.hub.Admit(ctx, act.AgencyName(name), hubclient.Admission{
		LegalName: a.LegalName, Kind: a.Kind, Jurisdiction: a.Jurisdiction, Custody: a.Custody, Mandate: a.Mandate,
	})
	return answered(err)
}

func (r registrar) Do(ctx context.Context, name string, request agency.Request) error {
	_, err := r.hub.Request(ctx, act.AgencyName(name), string(request))
	return answered(err)
}

// answered tells a refusal, which will be repeated, from having had no answer.
func answered(err error) error {
	var answer *hubclient.Error
	if !errors.As(err, &answer) || answer.Retryable || answer.Status == 0 || answer.Status >= http.StatusInternalServerError {
		return err
	}
	return &agency.RefusedError{Code: answer.Code, Title: answer.Title}
}

func thumbprints(keys map[act.Purpose]act.Thumbprint) map[v1alpha1.Purpose]string {
	named := make(map[v1alpha1.Purpose]string, len(keys))
	for purpose, thumbprint := range keys {
		named[v1alpha1.Purpose(purpose)] = string(thumbprint)
	}
	return named
}

// ledger is the hub as the agreement controller knows it.
type ledger struct{ hub hubclient.Registrar }

// patience is how long a question about agreements may wait for a change at the
// hub. A hub that vanished without a word is noticed when that is over.
const patience = 10 * time.Second

func (l ledger) Overview(ctx context.Context, tag string) (agreement.Overview, error) {
	all, err := l.hub.AgreementsAfter(ctx, tag, patience)
	if err != nil {
		return agreement.Overview{}, err
	}
	overview := agreement.Overview{Tag: all.Tag, Unchanged: !all.Changed}
	for _, k := range all.List {
		overview.Revisions = append(overview.Revisions, revisionOf(k))
	}
	return overview, nil
}

func revisionOf(k hubclient.Agreement) agreement.Revision {
	r := agreement.Revision{
		Digest: k.Digest, ID: k.ID, Number: int64(k.Revision), State: k.State, Index: int64(k.Index),
		Since: moment(k.Since), SinceIndex: int64(k.SinceIndex), Clause: k.Clause, By: words(k.By),
		NextState: k.NextState, NextChange: moment(k.NextChange), ReviewDue: moment(k.ReviewDue), ReviewOverdue: k.ReviewOverdue,
		Parties: words(k.Parties), Signed: words(k.Signed), Pending: words(k.Pending),
		SupersededBy: k.SupersededBy, NewerState: k.NewerState, Governs: k.Governs,
	}
	for _, p := range k.Parts {
		r.Parts = append(r.Parts, agreement.Part{
			Agency: string(p.Agency), Signed: p.Signed, Declined: p.Declined, Voided: p.Voided, Leaves: moment(p.Leaves), Withdrawn: p.Withdrawn,
			AuthorityLapsed: p.AuthorityLapsed, SuspendedBy: words(p.SuspendedBy),
			Release: answerOf(p.Release), Receive: answerOf(p.Receive), Read: answerOf(p.Read),
		})
	}
	return r
}

func answerOf(m hubclient.May) agreement.Answer {
	return agreement.Answer{Allow: m.Allow, Reason: m.Reason}
}

func moment(t *canonical.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func (l ledger) Keys(ctx context.Context, name string) (map[v1alpha1.Purpose]string, bool, error) {
	known, err := l.hub.Agency(ctx, act.AgencyName(name))
	if err != nil {
		return nil, false, err
	}
	return thumbprints(known.Thumbprints), known.EnrolledIndex != nil && known.Status != "offboarded", nil
}

func words(names []act.AgencyName) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = string(name)
	}
	return list
}
