package hubhttp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/ledger"
)

type agreementAnswer struct {
	ID            string           `json:"id"`
	Revision      int              `json:"revision"`
	Digest        string           `json:"digest"`
	Reference     string           `json:"reference"`
	Index         uint64           `json:"index"`
	State         ledger.StateName `json:"state"`
	Since         canonical.Time   `json:"since"`
	SinceAct      act.ID           `json:"sinceAct,omitempty"`
	SinceIndex    uint64           `json:"sinceIndex"`
	Clause        string           `json:"clause,omitempty"`
	By            []act.AgencyName `json:"by"`
	NextState     ledger.StateName `json:"nextState,omitempty"`
	NextChange    canonical.Time   `json:"nextChange,omitzero"`
	NextClause    string           `json:"nextClause,omitempty"`
	ReviewDue     canonical.Time   `json:"reviewDue,omitzero"`
	ReviewOverdue bool             `json:"reviewOverdue,omitzero"`
	Parties       []act.AgencyName `json:"parties"`
	Signed        []act.AgencyName `json:"signed"`
	Pending       []act.AgencyName `json:"pending"`
	Parts         []partAnswer     `json:"parts"`
	Supersedes    string           `json:"supersedes,omitempty"`
	SupersededBy  string           `json:"supersededBy,omitempty"`
	NewerState    ledger.StateName `json:"newerState,omitempty"`
	Governs       bool             `json:"governs"`
}

type partAnswer struct {
	Agency          act.AgencyName   `json:"agency"`
	Role            agreement.Role   `json:"role"`
	Signed          bool             `json:"signed"`
	Declined        bool             `json:"declined,omitzero"`
	Voided          bool             `json:"voided,omitzero"`
	Joined          bool             `json:"joined,omitzero"`
	Leaves          canonical.Time   `json:"leaves,omitzero"`
	Withdrawn       bool             `json:"withdrawn,omitzero"`
	AuthorityLapsed bool             `json:"authorityLapsed,omitzero"`
	SuspendedBy     []act.AgencyName `json:"suspendedBy,omitempty"`
	Release         may              `json:"release"`
	Receive         may              `json:"receive"`
	Read            may              `json:"read"`
}

type may struct {
	Allow  bool   `json:"allow"`
	Reason string `json:"reason"`
	Clause string `json:"clause,omitempty"`
}

func agreementOf(view hub.AgreementView) agreementAnswer {
	answer := agreementAnswer{
		ID: view.ID, Revision: view.Revision, Digest: view.Digest, Reference: view.Reference, Index: view.Index,
		State: view.State, Since: canonical.At(view.Since), SinceAct: view.SinceAct, SinceIndex: view.SinceIndex, Clause: view.Clause, By: names(view.By),
		NextState: view.NextState, NextChange: ahead(view.NextChange), NextClause: view.NextClause,
		ReviewDue: ahead(view.ReviewDue), ReviewOverdue: view.ReviewOverdue, Parties: names(view.Parties), Signed: names(view.Signed), Pending: names(view.Pending),
		Parts: []partAnswer{}, Supersedes: view.Supersedes, SupersededBy: view.SupersededBy, NewerState: view.NewerState, Governs: view.Governs,
	}
	for _, part := range view.Parts {
		answer.Parts = append(answer.Parts, partAnswer{
			part.Agency, part.Role, part.Signed, part.Declined, part.Voided, part.Joined, ahead(part.Leaves), part.Withdrawn,
			part.AuthorityLapsed, part.SuspendedBy, may(part.Release), may(part.Receive), may(part.Read),
		})
	}
	return answer
}

// ahead tells a coming moment in whole seconds and never too early: who looks then
// finds it done.
func ahead(t time.Time) canonical.Time {
	if at := t.Truncate(time.Second); at.Before(t) {
		return canonical.Time{Time: at.Add(time.Second)}
	}
	return canonical.Time{Time: t}
}

func names(list []act.AgencyName) []act.AgencyName { return append([]act.AgencyName{}, list...) }

// agreements answers with all revisions. With the ETag of an earlier answer in
// If-None-Match (RFC 9110, sections 8.8.3 and 13.1.2) it waits up to ?wait seconds
// for another, and answers 304 if none comes.
func (h *handler) agreements(w http.ResponseWriter, r *http.Request) error {
	seconds, err := number(r, "wait")
	if err != nil {
		return err
	}
	known, _ := strconv.Unquote(r.Header.Get("If-None-Match"))
	overview, err := h.service.Overview(r.Context(), known, time.Duration(min(seconds, 30))*time.Second)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", strconv.Quote(overview.Tag))
	if overview.Tag == known {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	list := []agreementAnswer{}
	for _, view := range overview.Views {
		list = append(list, agreementOf(view))
	}
	return answer(w, http.StatusOK, list)
}

func (h *handler) agreement(w http.ResponseWriter, r *http.Request) error {
	view, err := h.service.Agreement(r.PathValue("digest"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, agreementOf(view))
}
