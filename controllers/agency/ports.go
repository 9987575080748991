package agency

import (
	"context"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/vault"
)

// Keys makes and checks an agency's mount and keys. *vault.Client is one.
//
// Ensure methods MUST write nothing where all is as it should be; Check methods
// MUST never write. Errors match the sentinels of package vault.
type Keys interface {
	EnsureMount(ctx context.Context, mount string) error
	EnsureKey(ctx context.Context, mount, key, typ string) (vault.Key, error)
	CheckMount(ctx context.Context, mount string) error
	CheckKey(ctx context.Context, mount, key, typ, thumbprint string) (vault.Key, error)
}

// Officers asks whether officers can log in at Vault to sign. The question needs
// no token and gives none away.
type Officers interface {
	// LoginExists reports whether the login of this agency's officers is set up.
	LoginExists(ctx context.Context, agency string) (bool, error)
}

// Standing is what the hub knows of an agency. The zero Standing is an agency
// that the hub has not heard of.
type Standing struct {
	Admitted bool
	// Enrolled is the ledger index of the enrolment, or nil.
	Enrolled *int64
	// Thumbprints are those of the public keys in the ledger (RFC 7638).
	Thumbprints map[v1alpha1.Purpose]string
	// Status is empty before enrolment, then enrolled, suspended or offboarded.
	Status string
	// Agreements counts those that the agency is a party to and that have not ended.
	Agreements int32
}

// The values of Standing.Status.
const (
	statusSuspended  = "suspended"
	statusOffboarded = "offboarded"
)

// Admission is what the hub is told of an agency before it enrols.
type Admission struct {
	LegalName, Kind, Jurisdiction, Mandate string
	// Custody is managed or external: which proof of identity enrolment takes.
	Custody string
}

// Request asks the hub's registrar for an act.
type Request string

// The requests that the registrar turns into acts.
const (
	RequestSuspend Request = "suspend"
	RequestResume  Request = "resume"
	RequestLeave   Request = "offboard"
)

// Registrar is the hub as the operator uses it. Admit and Do MUST be idempotent.
// A refusal is a *RefusedError; any other error means that there was no answer.
type Registrar interface {
	Agency(ctx context.Context, name string) (Standing, error)
	Admit(ctx context.Context, name string, admission Admission) error
	Do(ctx context.Context, name string, request Request) error
}

// RefusedError is the hub's answer to a request that it will refuse again.
type RefusedError struct {
	// Code is the problem's stable code, Title its sentence.
	Code, Title string
}

func (e *RefusedError) Error() string { return "the hub refuses: " + e.Code }

// Desks asks a desk whether it is ready. A *NotReadyError is the desk's own
// answer; any other error means that it did not answer as a desk.
type Desks interface {
	Ready(ctx context.Context, url string) error
}

// NotReadyError is a desk that answers and cannot work.
type NotReadyError struct{ Says string }

func (e *NotReadyError) Error() string { return "the desk is not ready: " + e.Says }
