package rest

import (
	"net/http"
	"slices"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

// posted reads a body and hands it to the service.
func posted[In, Out any](r *http.Request, status int, serve func(In) (Out, error)) (int, any, error) {
	var request In
	if err := read(r, &request); err != nil {
		return 0, nil, err
	}
	out, err := serve(request)
	return status, out, err
}

// accepted is 202 for what is signed and waits for the hub (RFC 9110, section
// 15.3.3).
func accepted(status int, body any) int {
	waits := false
	switch body := body.(type) {
	case deskapi.Appended:
		waits = body.State != ""
	case deskapi.Restricted:
		waits = slices.ContainsFunc(body.Acts, func(a deskapi.Appended) bool { return a.State != "" })
	case deskapi.Consent:
		waits = body.Waits != ""
	}
	if waits {
		return http.StatusAccepted
	}
	return status
}

func (h *handler) outbox(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Outbox(r.Context(), o, lang(r))
	return http.StatusOK, list, err
}

func (h *handler) dismiss(r *http.Request, o *desk.Officer) (int, any, error) {
	return http.StatusNoContent, nil, h.desk.Dismiss(r.Context(), o, r.PathValue("act"))
}

func (h *handler) restrictions(r *http.Request, o *desk.Officer) (int, any, error) {
	query := r.URL.Query()
	media, body, err := h.desk.Restrictions(r.Context(), o, lang(r), r.PathValue("id"), query.Get("release"), query.Get("format"))
	return http.StatusOK, text{media, body}, err
}

func (h *handler) restrict(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.RestrictRequest) (deskapi.Restricted, error) {
		return h.desk.Restrict(r.Context(), o, lang(r), r.PathValue("id"), in)
	})
}

func (h *handler) acknowledge(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.AcknowledgeRequest) (deskapi.Appended, error) {
		return h.desk.Acknowledge(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) cannotComply(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.CannotComplyRequest) (deskapi.Appended, error) {
		return h.desk.CannotComply(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) reportUse(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.UseReportRequest) (deskapi.Appended, error) {
		return h.desk.ReportUse(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) attest(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.AttestationRequest) (deskapi.Appended, error) {
		return h.desk.Attest(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) hold(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.HoldRequest) (deskapi.Appended, error) {
		return h.desk.Hold(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) disclose(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.DisclosureRequest) (deskapi.Appended, error) {
		return h.desk.Disclose(r.Context(), o, r.PathValue("id"), in)
	})
}

func (h *handler) copyItem(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.CopyRequest) (deskapi.Draft, error) {
		return h.desk.CopyItem(r.Context(), o, lang(r), r.PathValue("id"), in)
	})
}

func (h *handler) obligations(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Obligations(r.Context(), o, lang(r), r.PathValue("id"))
	return http.StatusOK, list, err
}

// duties answers what this agency owes, and with of=others what others owe it.
func (h *handler) duties(r *http.Request, o *desk.Officer) (int, any, error) {
	query := r.URL.Query()
	of := query.Get("of")
	if of != "" && of != "others" {
		return 0, nil, &desk.Error{Code: desk.CodeMalformed}
	}
	list, err := h.desk.Duties(r.Context(), o, lang(r), "", of == "others", query.Get("closed") == "true")
	return http.StatusOK, list, err
}

func (h *handler) consents(r *http.Request, o *desk.Officer) (int, any, error) {
	list, err := h.desk.Consents(r.Context(), o, lang(r))
	return http.StatusOK, list, err
}

func (h *handler) requestConsent(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.ConsentRequest) (deskapi.Consent, error) {
		return h.desk.RequestConsent(r.Context(), o, lang(r), in)
	})
}

func (h *handler) answerConsent(r *http.Request, o *desk.Officer) (int, any, error) {
	return posted(r, http.StatusCreated, func(in deskapi.ConsentAnswer) (deskapi.Consent, error) {
		return h.desk.AnswerConsent(r.Context(), o, lang(r), r.PathValue("request"), in)
	})
}
