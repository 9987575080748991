package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/controllers/agency"
	"github.com/concordat-hub/concordat/controllers/agreement"
	"github.com/concordat-hub/concordat/internal/act"
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

func (l ledger) Revisions(ctx context.Context) ([]agreement.Revision, error) {
	known, err := l.hub.Agreements(ctx)
	if err != nil {
		return nil, err
	}
	revisions := make([]agreement.Revision, 0, len(known))
	for _, k := range known {
		r := agreement.Revision{
			Digest: k.Digest, ID: k.ID, Number: int64(k.Revision), State: k.State,
			Parties: words(k.Parties), Signed: words(k.Signed), Pending: words(k.Pending), Index: int64(k.Index),
		}
		if k.NextChange != nil {
			r.NextChange = k.NextChange.Time
		}
		revisions = append(revisions, r)
	}
	return revisions, nil
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
