package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/tlog"
)

func (h *handler) healthz(w http.ResponseWriter, _ *http.Request) {
	header(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readyz answers 503 with the same body while something is missing.
func (h *handler) readyz(w http.ResponseWriter, r *http.Request) {
	ready := h.desk.Ready(lang(r))
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	header(w)
	writeJSON(w, status, ready)
}

func (h *handler) openapi(w http.ResponseWriter, _ *http.Request) {
	header(w)
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPI)
}

func (h *handler) beginLogin(*http.Request, *desk.Officer) (int, any, error) {
	login, err := h.desk.BeginLogin()
	return http.StatusOK, login, err
}

func (h *handler) startSession(r *http.Request, _ *desk.Officer) (int, any, error) {
	var request deskapi.SessionRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	session, err := h.desk.StartSession(r.Context(), request)
	return http.StatusCreated, session, err
}

func (h *handler) endSession(r *http.Request, o *desk.Officer) (int, any, error) {
	return http.StatusNoContent, nil, h.desk.EndSession(r.Context(), o)
}

func (h *handler) me(_ *http.Request, o *desk.Officer) (int, any, error) {
	return http.StatusOK, h.desk.Me(o), nil
}

func (h *handler) agency(_ *http.Request, o *desk.Officer) (int, any, error) {
	agency, err := h.desk.Describe(o)
	return http.StatusOK, agency, err
}

func (h *handler) officers(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Officers(r.Context(), o)
	return http.StatusOK, list, err
}

func (h *handler) setRoles(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.RolesRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	set, err := h.desk.SetRoles(r.Context(), o, r.PathValue("officer"), request.Roles)
	return http.StatusOK, set, err
}

func (h *handler) endSessions(r *http.Request, o *desk.Officer) (int, any, error) {
	return http.StatusNoContent, nil, h.desk.EndSessions(r.Context(), o, r.PathValue("officer"))
}

func (h *handler) drafts(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Drafts(r.Context(), o, lang(r))
	return http.StatusOK, list, err
}

func (h *handler) createDraft(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.DraftRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	draft, err := h.desk.CreateDraft(r.Context(), o, lang(r), request)
	return http.StatusCreated, draft, err
}

func (h *handler) draft(r *http.Request, o *desk.Officer) (int, any, error) {
	draft, err := h.desk.Draft(r.Context(), o, lang(r), r.PathValue("id"))
	return http.StatusOK, draft, err
}

// editDraft needs If-Match (RFC 9110, section 13.1.1): two officers who edit at
// once must not overwrite each other unseen.
func (h *handler) editDraft(r *http.Request, o *desk.Officer) (int, any, error) {
	tag := r.Header.Get("If-Match")
	if tag == "" {
		return 0, nil, &desk.Error{Code: desk.CodePrecondition}
	}
	saw, err := strconv.Atoi(strings.Trim(tag, `"`))
	if err != nil {
		return 0, nil, &desk.Error{Code: desk.CodeDraftChanged}
	}
	var request deskapi.DraftRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	draft, err := h.desk.EditDraft(r.Context(), o, lang(r), r.PathValue("id"), saw, request)
	return http.StatusOK, draft, err
}

func (h *handler) approve(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.ApprovalRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	draft, err := h.desk.Approve(r.Context(), o, lang(r), r.PathValue("id"), request)
	return http.StatusCreated, draft, err
}

func (h *handler) release(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.ReleaseRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	if request.DryRun {
		dry, err := h.desk.DryRun(r.Context(), o, lang(r), r.PathValue("id"), request)
		return http.StatusOK, dry, err
	}
	release, err := h.desk.Release(r.Context(), o, lang(r), r.PathValue("id"), request)
	return http.StatusCreated, release, err
}

func (h *handler) items(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Items(r.Context(), o, lang(r), r.URL.Query().Get("box"))
	return http.StatusOK, list, err
}

func (h *handler) item(r *http.Request, o *desk.Officer) (int, any, error) {
	item, err := h.desk.Item(r.Context(), o, lang(r), r.PathValue("id"))
	return http.StatusOK, item, err
}

func (h *handler) conditions(r *http.Request, o *desk.Officer) (int, any, error) {
	query := r.URL.Query()
	conditions, err := h.desk.Conditions(r.Context(), o, lang(r), r.PathValue("id"), query.Get("release"), query.Get("purpose"))
	return http.StatusOK, conditions, err
}

// access answers about now unless an instant is given (RFC 3339).
func (h *handler) access(r *http.Request, o *desk.Officer) (int, any, error) {
	query := r.URL.Query()
	var at time.Time
	if given := query.Get("at"); given != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, given); err != nil || at.IsZero() {
			return 0, nil, &desk.Error{Code: desk.CodeMalformed}
		}
	}
	access, err := h.desk.Access(r.Context(), o, lang(r), r.PathValue("id"), query.Get("release"), at)
	return http.StatusOK, access, err
}

func (h *handler) openItem(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.OpenRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	opened, err := h.desk.Open(r.Context(), o, lang(r), r.PathValue("id"), request)
	return http.StatusOK, opened, err
}

func (h *handler) retract(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.RetractionRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	appended, err := h.desk.Retract(r.Context(), o, r.PathValue("id"), request)
	return http.StatusCreated, appended, err
}

func (h *handler) receipt(r *http.Request, o *desk.Officer) (int, any, error) {
	query := r.URL.Query()
	receipt, err := h.desk.Receipt(r.Context(), o, r.PathValue("id"), query.Get("release"), query.Get("of"), query.Get("part"))
	return http.StatusOK, text{tlog.ReceiptMediaType, receipt}, err
}

func (h *handler) agreements(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Agreements(r.Context(), o)
	return http.StatusOK, list, err
}

func (h *handler) agreement(r *http.Request, o *desk.Officer) (int, any, error) {
	agreement, err := h.desk.Agreement(r.Context(), o, lang(r), r.PathValue("id"), r.URL.Query().Get("digest"))
	return http.StatusOK, agreement, err
}

func (h *handler) agreementWhy(r *http.Request, o *desk.Officer) (int, any, error) {
	why, err := h.desk.AgreementWhy(r.Context(), o, lang(r), r.PathValue("id"), r.URL.Query().Get("agency"))
	return http.StatusOK, why, err
}

func (h *handler) giveBreachNotice(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.BreachRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	appended, err := h.desk.GiveBreachNotice(r.Context(), o, r.PathValue("id"), request)
	return http.StatusCreated, appended, err
}

func (h *handler) relay(r *http.Request, o *desk.Officer) (int, any, error) {
	var request deskapi.ActRequest
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	appended, err := h.desk.Relay(r.Context(), o, request.Act)
	return http.StatusCreated, appended, err
}
