package rest

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/concordat-hub/concordat/internal/desk"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// statuses is the one table from codes to HTTP statuses; what is not in it is a
// refusal of the request's content, 422.
var statuses = map[string]int{
	desk.CodeMalformed:         http.StatusBadRequest,
	desk.CodeLoginRequired:     http.StatusUnauthorized,
	desk.CodeLoginRefused:      http.StatusUnauthorized,
	desk.CodeRoleRequired:      http.StatusForbidden,
	desk.CodeTwoPersons:        http.StatusForbidden,
	desk.CodeReleaseDenied:     http.StatusForbidden,
	desk.CodeOpenDenied:        http.StatusForbidden,
	desk.CodeActNotOwn:         http.StatusForbidden,
	desk.CodeOwnRoles:          http.StatusForbidden,
	desk.CodeNotFound:          http.StatusNotFound,
	desk.CodeIdempotency:       http.StatusConflict,
	desk.CodeActWaits:          http.StatusConflict,
	desk.CodeNotAccepted:       http.StatusConflict,
	desk.CodeNoRecipient:       http.StatusConflict,
	desk.CodeOutsideCategories: http.StatusConflict,
	desk.CodeDraftChanged:      http.StatusPreconditionFailed,
	desk.CodeTooLarge:          http.StatusRequestEntityTooLarge,
	desk.CodePrecondition:      http.StatusPreconditionRequired,
	desk.CodeTooMany:           http.StatusTooManyRequests,
	desk.CodeInternal:          http.StatusInternalServerError,
	desk.CodeContentDamaged:    http.StatusBadGateway,
	desk.CodeVaultUnavailable:  http.StatusServiceUnavailable, desk.CodeHubUnavailable: http.StatusServiceUnavailable,
	desk.CodeProviderAway: http.StatusServiceUnavailable, desk.CodeLedgerGap: http.StatusServiceUnavailable,
	desk.CodeNotReady: http.StatusServiceUnavailable, desk.CodeReceiptNotYet: http.StatusServiceUnavailable,
	desk.CodeHubChanged: http.StatusServiceUnavailable,
	desk.CodeKeysDiffer: http.StatusServiceUnavailable, desk.CodeUpgradeNeeded: http.StatusServiceUnavailable,
	desk.CodeNotEnrolled: http.StatusServiceUnavailable, desk.CodeNoSealingIdentity: http.StatusServiceUnavailable,
	desk.CodeStorageFull: http.StatusInsufficientStorage,
}

// fail writes the problem document of an error. Its cause goes to the log only.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	refused := desk.AsError(err)
	status, special := statuses[refused.Code]
	if !special {
		status = http.StatusUnprocessableEntity
	}
	if status >= 500 {
		h.log.Error("request failed", "route", r.Pattern, "code", refused.Code, "cause", err)
	}
	problem := deskapi.ProblemDetails{
		Type: "urn:concordat:problem:" + refused.Code, Status: status, Code: refused.Code, Retryable: refused.Retryable(),
		Title:    message.Render(lang(r), message.New("desk_"+refused.Code, params(lang(r), refused))),
		Problems: refused.Problems, Findings: refused.Findings,
	}
	// One answer for "no such thing" and "not for you": nothing beside the code.
	if refused.Code != desk.CodeNotFound {
		problem.Reason, problem.Evidence = refused.Reason, refused.Evidence
		problem.Detail = detail(lang(r), refused)
	}
	header(w)
	if refused.Retryable() {
		w.Header().Set("Retry-After", "5")
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	writeProblem(w, status, problem)
}

func params(lang string, e *desk.Error) message.Params {
	out := message.Params{"Right": "", "Axis": ""}
	for name, value := range e.Params {
		out[name] = value
	}
	if axes, ok := out["Axis"].(string); ok {
		said := strings.Split(axes, ", ")
		for i := range said {
			said[i] = message.Word(lang, "axis", said[i])
		}
		out["Axis"] = strings.Join(said, ", ")
	}
	return out
}

// detail says the reason, where the catalogue has a sentence for it that needs no
// more than is known here.
func detail(lang string, e *desk.Error) string {
	code := e.Reason
	if !message.Known(code) {
		code = "hub_" + code // a refusal that the hub explained
	}
	if e.Reason == "" || !message.Known(code) {
		return ""
	}
	text := message.Render(lang, message.New(code, message.Params{"Axis": message.Word(lang, "axis", last(e.Evidence)), "Other": message.Word(lang, "axis", beforeLast(e.Evidence)), "Findings": len(e.Findings)}))
	if strings.Contains(text, "<no value>") {
		return ""
	}
	if clause := clauseOf(e); clause != "" {
		text += " " + message.Render(lang, message.New("desk_forbidden_by_clause", message.Params{"Clause": clause}))
	}
	return text
}

var clauseForm = regexp.MustCompile(`\((/[A-Za-z/]{1,64})\)$`)

// clauseOf returns the place in the agreement's document that the hub names as
// what forbids an act.
func clauseOf(e *desk.Error) string {
	var refused *desk.HubError
	if !errors.As(e, &refused) {
		return ""
	}
	if found := clauseForm.FindStringSubmatch(refused.Detail); found != nil {
		return found[1]
	}
	return ""
}

func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// beforeLast is the other of a pair that contradicts itself.
func beforeLast(values []string) string {
	if len(values) < 2 {
		return ""
	}
	return values[len(values)-2]
}

func writeProblem(w http.ResponseWriter, status int, problem deskapi.ProblemDetails) {
	raw, err := json.Marshal(problem)
	if err != nil {
		raw = []byte(`{"code":"internal","status":500}`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}
