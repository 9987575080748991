package hubhttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/concordat-hub/concordat/internal/hub"
	"github.com/concordat-hub/concordat/internal/message"
)

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Code      string  `json:"code"`
	Detail    string  `json:"detail,omitempty"`
	Retryable bool    `json:"retryable"`
	Reason    string  `json:"reason,omitempty"` // the policy's, of a denial
	Index     *uint64 `json:"index,omitempty"`  // the entry that records the denial
}

// ProblemMediaType is that of RFC 9457.
const ProblemMediaType = "application/problem+json"

// statuses are those that are not 422. An act or a document that is refused for
// what it says is 422.
var statuses = map[string]int{
	hub.CodeMalformed: 400, hub.CodeUnauthenticated: 401,
	hub.CodeForbidden: 403, hub.CodeAgencySuspended: 403, hub.CodeNotTheIssuer: 403, hub.CodeReleaseDenied: 403,
	hub.CodeOpenDenied: 403, hub.CodeNotAdmitted: 403, hub.CodeCustodyMismatch: 409,
	hub.CodeNotFound:     404,
	hub.CodeAgencyExists: 409, hub.CodeUploadMissing: 409, hub.CodeUploadOffset: 409, hub.CodeUploadBusy: 409, hub.CodeDepositExists: 409,
	"act_replayed": 409, "prev_unknown": 409, "standing_unchanged": 409, "key_taken": 409, "key_ended": 409,
	"agreement_exists": 409, "agreement_signed": 409, "agreement_withdrawn": 409, "agreement_suspended": 409,
	"agreement_not_suspended": 409, "agreement_not_signed": 409, "agreement_terminated": 409, "agreement_ended": 409,
	"revision_out_of_order": 409, "version_out_of_order": 409, "item_retracted": 409,
	"agreement_retracted": 409, "agreement_declined": 409, "agreement_countered": 409, "agreement_proposal_expired": 409,
	"agreement_complete": 409, "agreement_not_complete": 409, "agreement_not_in_force": 409, "agreement_invited": 409,
	"accession_accepted": 409, "terms_outdated": 409, "hold_unchanged": 409,
	"consent_answered": 409, "consent_lapsed": 409, "consent_not_granted": 409,
	"agreement_not_proposer": 403, "agreement_not_invited": 403, "agreement_not_open": 403, "accession_depositary": 403,
	"authority_lapsed": 403, "suspension_not_allowed": 403,
	"act_too_large": 413, "document_too_large": 413, hub.CodeUploadTooLarge: 413,
	hub.CodeRateLimited: 429, hub.CodeUploadQuota: 429,
	hub.CodeInternal:         500,
	hub.CodeVaultUnavailable: 503, hub.CodeStorageBusy: 503, hub.CodeClockUntrusted: 503, hub.CodeUpgradeNeeded: 503,
	hub.CodeCheckpointLate: 503,
	hub.CodeStorageFull:    507,
}

// fail writes the problem of err. Causes go to the log only.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = &hub.Error{Code: "act_too_large"}
	}
	typed := hub.Typed(err)
	status, known := statuses[typed.Code]
	if !known {
		status = http.StatusUnprocessableEntity
	}
	if status >= 500 {
		h.log.Error("request failed", "method", r.Method, "route", r.Pattern, "code", typed.Code, "error", err)
	}
	title := message.Render(r.Header.Get("Accept-Language"), message.New("hub_"+typed.Code, nil))
	problem := Problem{
		Type: "urn:concordat:problem:" + typed.Code, Title: title, Status: status, Code: typed.Code, Detail: typed.Detail,
		Retryable: typed.RetryAfter > 0, Reason: typed.Reason, Index: typed.Index,
	}
	if typed.Reason != "" {
		problem.Detail = reason(r.Header.Get("Accept-Language"), typed.Reason)
	}
	if typed.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(max(int(typed.RetryAfter.Seconds()), 1)))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", ProblemMediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem)
}

// reason is the policy's sentence, unless it needs a parameter that the caller
// may not be told: the code alone then says enough.
func reason(lang, code string) string {
	text := message.Render(lang, message.New(code, message.Params{}))
	if text == code || strings.Contains(text, "<no value>") {
		return ""
	}
	return text
}
