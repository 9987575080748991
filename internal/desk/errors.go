package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/vault"
)

// Error is a refusal that a client is told about. Code is stable; the sentence
// for it is desk_<code> in the catalogue.
type Error struct {
	Code     string
	Params   message.Params
	Reason   string   // the rule that decided, for refusals by policy
	Evidence []string // what decided, as far as the agency may know it
	Problems []deskapi.Problem
	Findings []deskapi.Finding
	cause    error
}

func (e *Error) Error() string {
	switch {
	case e.cause != nil:
		return e.Code + ": " + e.cause.Error()
	case e.Reason != "":
		return e.Code + ": " + e.Reason
	}
	return e.Code
}

func (e *Error) Unwrap() error { return e.cause }

// The codes of refusals.
const (
	CodeNotFound          = "not_found"
	CodeLoginRequired     = "login_required"
	CodeLoginRefused      = "login_refused"
	CodeRoleRequired      = "role_required"
	CodeMalformed         = "request_malformed"
	CodeTooLarge          = "request_too_large"
	CodeTooMany           = "too_many_requests"
	CodePrecondition      = "precondition_required"
	CodeDraftChanged      = "draft_changed"
	CodeDraftInvalid      = "draft_invalid"
	CodeKindUnknown       = "item_kind_unknown"
	CodeScreenRefused     = "screen_refused"
	CodeTwoPersons        = "two_person_required"
	CodeReleaseDenied     = "release_denied"
	CodeNoRecipient       = "no_recipient"
	CodeOutsideCategories = "outside_categories"
	CodeIdempotency       = "idempotency_conflict"
	CodeRestrictions      = "restrictions_invalid"
	CodeNotAccepted       = "restrictions_not_accepted"
	CodeOpenDenied        = "open_denied"
	CodeContentDamaged    = "content_damaged"
	CodeActRefused        = "act_refused"
	CodeActNotOwn         = "act_not_own"
	CodeVaultUnavailable  = "vault_unavailable"
	CodeHubUnavailable    = "hub_unavailable"
	CodeProviderAway      = "provider_unavailable"
	CodeLedgerGap         = "ledger_gap"
	CodeNotReady          = "not_ready"
	CodeStorageFull       = "storage_full"
	CodeReasonUnknown     = "reason_unknown"
	CodeBreachClass       = "breach_class_unknown"
	CodeOwnRoles          = "own_roles"
	CodeLooser            = "request_loosens"
	CodeNotTighter        = "request_changes_nothing"
	CodeOwnRelease        = "own_release"
	CodeNotHeld           = "content_not_held"
	CodeCopyUnchanged     = "copy_unchanged"
	CodeHeld              = "copies_held"
	CodeReceiptNotYet     = "receipt_not_yet"
	CodeActWaits          = "act_waits"
	CodeInternal          = "internal"
	CodeHubChanged        = "hub_changed"
	CodeKeysDiffer        = "keys_differ"
	CodeEnrolmentRefused  = "enrolment_refused"
	CodeUpgradeNeeded     = "upgrade_needed"
	CodeNotEnrolled       = "not_enrolled"
	CodeNoSealingIdentity = "no_sealing_identity"
)

// Codes lists every code, for the test that each has a sentence.
func Codes() []string {
	return []string{CodeNotFound, CodeLoginRequired, CodeLoginRefused, CodeRoleRequired, CodeMalformed, CodeTooLarge,
		CodeTooMany, CodePrecondition, CodeDraftChanged, CodeDraftInvalid, CodeKindUnknown, CodeScreenRefused, CodeTwoPersons,
		CodeReleaseDenied, CodeNoRecipient, CodeOutsideCategories, CodeIdempotency, CodeRestrictions, CodeNotAccepted,
		CodeHubUnavailable, CodeProviderAway, CodeLedgerGap, CodeNotReady, CodeStorageFull, CodeReasonUnknown, CodeBreachClass, CodeOwnRoles,
		CodeReceiptNotYet, CodeInternal, CodeHubChanged, CodeKeysDiffer, CodeEnrolmentRefused, CodeUpgradeNeeded, CodeNotEnrolled,
		CodeNoSealingIdentity, CodeLooser, CodeNotTighter, CodeOwnRelease, CodeNotHeld, CodeCopyUnchanged, CodeHeld, CodeActWaits}
}

func refuse(code string) *Error { return &Error{Code: code} }

func refuseFor(code string, cause error) *Error { return &Error{Code: code, cause: cause} }

func malformed(format string, args ...any) *Error {
	return &Error{Code: CodeMalformed, cause: fmt.Errorf(format, args...)}
}

var notFound = refuse(CodeNotFound)

// AsError gives every error of the service its place in the table of codes. What
// is not known here is internal: its text goes to the log and not to a client.
func AsError(err error) *Error {
	var own *Error
	var hub *HubError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, deskstore.ErrFull):
		return refuseFor(CodeStorageFull, err)
	case errors.Is(err, deskstore.ErrLocked):
		return refuseFor(CodeNotReady, err)
	case errors.Is(err, deskstore.ErrNotFound):
		return refuseFor(CodeNotFound, err)
	case errors.Is(err, vault.ErrUnavailable), errors.Is(err, vault.ErrDenied), errors.Is(err, vault.ErrKeyMissing),
		errors.Is(err, vault.ErrKeyTampered), errors.Is(err, vault.ErrRefused):
		return refuseFor(CodeVaultUnavailable, err)
	case errors.Is(err, ErrHubUnavailable), errors.Is(err, context.DeadlineExceeded):
		return refuseFor(CodeHubUnavailable, err)
	case errors.As(err, &hub) && hub.Status == 404:
		return refuseFor(CodeNotFound, err)
	case errors.As(err, &hub):
		return &Error{Code: CodeActRefused, Reason: firstOf(hub.Reason, hub.Code), Evidence: hub.Evidence, cause: err}
	}
	return refuseFor(CodeInternal, err)
}

func firstOf(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// Retryable reports whether the same request can succeed later without anybody
// changing it.
func (e *Error) Retryable() bool {
	switch e.Code {
	case CodeVaultUnavailable, CodeHubUnavailable, CodeProviderAway, CodeLedgerGap, CodeNotReady, CodeStorageFull,
		CodeTooMany, CodeReceiptNotYet:
		return true
	}
	return false
}

// findings turns what the guard found into what an officer is told: places and
// rules, never the text.
func findings(lang string, report screen.Report) []deskapi.Finding {
	out := make([]deskapi.Finding, 0, len(report.Findings))
	for _, f := range report.Findings {
		out = append(out, deskapi.Finding{
			Class: string(f.Class), Rule: f.Rule, Effect: string(f.Effect), Path: f.Path, Line: f.Line, Length: f.Length,
			Message: message.Render(lang, f.Message()),
		})
	}
	return out
}
