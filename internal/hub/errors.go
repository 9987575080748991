package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/store"
	"github.com/concordat-hub/concordat/internal/vault"
)

// Error is a refusal at the hub's boundary. Code is stable and has a sentence in
// the message catalogue; nothing in it tells of what the caller may not see.
type Error struct {
	Code       string
	Reason     string        // the policy's reason, where a decision refused
	Index      *uint64       // the entry that records the refusal, if one does
	RetryAfter time.Duration // more than 0 where the same call can succeed later
	Detail     string        // for a person; never quotes the input
	cause      error
}

func (e *Error) Error() string {
	text := e.Code
	for _, more := range []string{e.Reason, e.Detail} {
		if more != "" {
			text += ": " + more
		}
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.cause }

// The codes that this package itself gives.
const (
	CodeNotFound         = "not_found"
	CodeUnauthenticated  = "unauthenticated"
	CodeForbidden        = "forbidden"
	CodeMalformed        = "request_malformed"
	CodeAgencySuspended  = "agency_suspended"
	CodeNotTheIssuer     = "not_the_issuer"
	CodeWrongEndpoint    = "act_wrong_endpoint"
	CodeReleaseMalformed = "release_malformed"
	CodeReleaseDenied    = "release_denied"
	CodeOpenDenied       = "open_denied"
	CodeUploadMissing    = "upload_missing"
	CodeUploadOffset     = "upload_offset"
	CodeUploadDigest     = "upload_digest"
	CodeUploadTooLarge   = "upload_too_large"
	CodeUploadBusy       = "upload_busy"
	CodeUploadQuota      = "upload_quota"
	CodeNotHybrid        = "recipient_not_hybrid"
	CodeDepositExists    = "deposit_exists"
	CodeAgencyExists     = "agency_exists"
	CodeNotAdmitted      = "not_admitted"
	CodeCustodyMismatch  = "custody_mismatch"
	CodeProofInvalid     = "enrolment_proof_invalid"
	CodeVaultUnavailable = "vault_unavailable"
	CodeStorageFull      = "storage_full"
	CodeStorageBusy      = "storage_unavailable"
	CodeClockUntrusted   = "clock_untrusted"
	CodeUpgradeNeeded    = "upgrade_needed"
	CodeCheckpointLate   = "checkpoint_pending"
	CodeInternal         = "internal"
	CodeRateLimited      = "rate_limited"
)

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

var errNotFound = &Error{Code: CodeNotFound}

// invisible are the refusals that must look like an absent thing.
var invisible = map[string]bool{"item_unknown": true, "agreement_unknown": true, "release_unknown": true, "consent_unknown": true}

// Typed turns any error into the *Error that a caller may be shown.
func Typed(err error) *Error {
	var own *Error
	var fromAct *act.Error
	var fromLedger *ledger.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &fromAct):
		return &Error{Code: fromAct.Code, Detail: fromAct.Detail, cause: nil}
	case errors.As(err, &fromLedger):
		if invisible[fromLedger.Code] {
			return errNotFound
		}
		return &Error{Code: fromLedger.Code, Detail: fromLedger.Detail}
	case errors.Is(err, store.ErrNotFound):
		return errNotFound
	case errors.Is(err, store.ErrFull):
		return &Error{Code: CodeStorageFull, RetryAfter: 30 * time.Second, cause: err}
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: CodeStorageBusy, RetryAfter: time.Second, cause: err}
	case isVault(err):
		return &Error{Code: CodeVaultUnavailable, RetryAfter: 5 * time.Second, cause: err}
	}
	return &Error{Code: CodeInternal, cause: err}
}

// isVault: whatever Vault refuses, the hub cannot mend by itself; a caller may
// try again when a person has.
func isVault(err error) bool {
	var failed *vault.Error
	if errors.As(err, &failed) {
		return true
	}
	for _, kind := range []error{vault.ErrSealed, vault.ErrUnavailable, vault.ErrDenied, vault.ErrKeyMissing, vault.ErrKeyTampered, vault.ErrRefused} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
