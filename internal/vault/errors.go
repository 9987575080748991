package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
)

// The kinds of failure that callers treat differently. Errors of this package wrap one of them.
var (
	// ErrSealed means: Vault answers and is sealed. A sealed Vault is also unavailable: errors.Is matches
	// ErrUnavailable too.
	ErrSealed = errors.New("vault is sealed")
	// ErrUnavailable means: no answer in time, no connection, a server error (a Vault whose audit devices
	// are all full answers 500), or a rate limit. Trying again later can help.
	ErrUnavailable = errors.New("vault is unavailable")
	// ErrDenied means: Vault refused the login, or the token's policy does not allow the call.
	ErrDenied = errors.New("vault denies")
	// ErrKeyMissing means: the key or its mount does not exist. This package never makes it anew in
	// passing; only EnsureKey makes keys.
	ErrKeyMissing = errors.New("key is missing")
	// ErrKeyTampered means: the key is not what it was made as (type, exportable, imported, restored from a
	// backup), or a signature does not verify under the public key that was expected.
	ErrKeyTampered = errors.New("key was tampered with")
	// ErrRefused means: Vault understood and refused the input, for example a ciphertext under another
	// context or other associated data. The same call will be refused again.
	ErrRefused = errors.New("vault refuses the input")
)

// Error is a failed call.
type Error struct {
	// Op is what was attempted, for example "sign".
	Op string
	// Path is the API path without /v1/; it holds no secret.
	Path string
	// Status is the HTTP status, 0 where there was no answer.
	Status int
	// Code is the stable reason: vault_sealed, vault_unavailable, vault_throttled, vault_denied,
	// key_missing, key_tampered or vault_refused.
	Code string
	// RetryAfter is how long to wait before trying again; 0 where trying again cannot help.
	RetryAfter time.Duration

	kind   error
	detail string
}

func (e *Error) Error() string {
	if e.detail == "" {
		return fmt.Sprintf("%s at %s: %v", e.Op, e.Path, e.kind)
	}
	return fmt.Sprintf("%s at %s: %v: %s", e.Op, e.Path, e.kind, e.detail)
}

// Is matches the sentinel of this error's kind; a sealed Vault also matches ErrUnavailable.
func (e *Error) Is(target error) bool {
	return target == e.kind || (e.kind == ErrSealed && target == ErrUnavailable)
}

// Retryable says whether the same call can succeed later without anybody changing anything else
// than Vault's own state.
func (e *Error) Retryable() bool { return e.Is(ErrUnavailable) }

// codes are the reason codes of the sentinels.
var codes = map[error]string{
	ErrSealed: "vault_sealed", ErrUnavailable: "vault_unavailable", ErrDenied: "vault_denied",
	ErrKeyMissing: "key_missing", ErrKeyTampered: "key_tampered", ErrRefused: "vault_refused",
}

func failure(kind error, op, path, detail string) *Error {
	e := &Error{Op: op, Path: path, Code: codes[kind], kind: kind, detail: detail}
	if e.Retryable() {
		e.RetryAfter = 5 * time.Second
	}
	return e
}

// classify turns what the API client returned into an *Error. A login that fails for the
// credential's sake is a denial even where Vault says 400.
func classify(op, path string, err error) error {
	var typed *Error
	if errors.As(err, &typed) {
		return typed
	}
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		detail := err.Error()
		if errors.Is(err, context.DeadlineExceeded) {
			detail = "no answer in time"
		}
		return failure(ErrUnavailable, op, path, detail)
	}
	said := strings.Join(answer.Errors, "; ")
	e := failure(kindOf(op, answer.StatusCode, said), op, path, strings.Join(strings.Fields(said), " "))
	e.Status = answer.StatusCode
	if answer.StatusCode == http.StatusTooManyRequests {
		e.Code, e.RetryAfter = "vault_throttled", time.Second
	}
	return e
}

func kindOf(op string, status int, said string) error {
	switch {
	case status == http.StatusServiceUnavailable && strings.Contains(said, "sealed"):
		return ErrSealed
	case status >= 500, status == http.StatusTooManyRequests,
		status == 472, status == 473: // standby nodes that forward to nobody
		return ErrUnavailable
	case status == http.StatusForbidden, status == http.StatusUnauthorized, op == "login":
		return ErrDenied
	case status == http.StatusNotFound, strings.Contains(said, "key not found"):
		return ErrKeyMissing
	default:
		return ErrRefused
	}
}
