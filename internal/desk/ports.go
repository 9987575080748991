package desk

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
)

// Hub is what the desk asks of the hub. Implementations MUST be safe for
// concurrent use, MUST return a *HubError for every answer of the hub that is not
// a success, and an error matching ErrHubUnavailable where there was no answer.
type Hub interface {
	Info(ctx context.Context) (HubInfo, error)
	// Enrol submits the agency's first keys; repeating it is harmless.
	Enrol(ctx context.Context, e Enrolment) error
	// Append submits any act but releases and opens. An act that stands in the
	// ledger already gives its place, and no error.
	Append(ctx context.Context, jws string) (Appended, error)
	// Upload stores a sealed body under its digest, going on where an earlier
	// attempt was cut.
	Upload(ctx context.Context, body []byte) error
	Release(ctx context.Context, r ReleaseRequest) (Appended, error)
	// Feed returns what follows the cursor, waiting at most wait for something new.
	Feed(ctx context.Context, after uint64, wait time.Duration) (Feed, error)
	Deliveries(ctx context.Context, releases []act.ID) ([]Delivery, error)
	// Open asks for a header with an item.open act. A denial is a *HubError with
	// code open_denied and the reason.
	Open(ctx context.Context, jws string) (Opened, error)
	// Body returns a sealed body, going on where the transfer was cut. What has
	// another size or digest is ErrBodyDiffers.
	Body(ctx context.Context, digest string, size int64) ([]byte, error)
	Receipt(ctx context.Context, index uint64) ([]byte, error)
	PutDeposit(ctx context.Context, thumbprint, wrapped string) error
	// Deposit returns what was deposited, or a *HubError with status 404.
	Deposit(ctx context.Context, thumbprint string) (string, error)
}

// ErrHubUnavailable: the hub gave no answer, or one that only time can mend.
var ErrHubUnavailable = errors.New("the hub is unavailable")

// ErrBodyDiffers: the hub sent another body than the digest names.
var ErrBodyDiffers = errors.New("the body does not have its digest")

// HubError is a refusal by the hub.
type HubError struct {
	Status    int
	Code      string
	Reason    string
	Detail    string
	Evidence  []string
	Retryable bool
	cause     error
}

func (e *HubError) Unwrap() error { return e.cause }

func (e *HubError) Error() string { return fmt.Sprintf("hub: %d %s %s", e.Status, e.Code, e.Reason) }

// Is matches ErrHubUnavailable for answers that only time can mend.
func (e *HubError) Is(target error) bool {
	return target == ErrHubUnavailable && (e.Retryable || e.Status >= 500 || e.Status == 429)
}

// HubInfo is what the hub says of itself. It is pinned at the first contact;
// agreements name the same keys, so that a false hub is noticed before anybody signs.
type HubInfo struct {
	ID        string  `json:"id"`
	LogKey    string  `json:"logKey"`
	Registrar act.JWK `json:"registrar"`
}

// Enrolment is the agency's first keys with a proof that its desk holds them.
type Enrolment struct {
	Agency act.AgencyName
	Keys   act.EnrolledKeys
	Proof  string
}

// Appended says where an act stands.
type Appended struct {
	Index uint64
	Time  time.Time
	Act   act.ID
}

// ReleasePart is one sealed part: its header here, its body uploaded before.
type ReleasePart struct {
	Part       string `json:"part"`
	Ordinal    int    `json:"ordinal"`
	Header     []byte `json:"header"`
	BodyDigest string `json:"bodyDigest"`
	BodySize   int64  `json:"bodySize"`
}

// ReleaseRequest is an item.release act with what travels beside it.
type ReleaseRequest struct {
	Act         string
	Parts       []ReleasePart
	Descriptors []seal.SaltedDescriptor
}

// FeedEntry is one entry that concerns the agency.
type FeedEntry struct {
	Index uint64
	Bytes []byte
	Salt  [32]byte
}

// Feed is a stretch of the agency's feed.
type Feed struct {
	Entries []FeedEntry
	Next    uint64 // cursor after the last entry
	More    bool   // there is more at once
}

// Delivery is the hub's answer about one release's cover.
type Delivery struct {
	Release     act.ID
	Allow       bool
	Reason      string
	Descriptors []seal.SaltedDescriptor // this agency's own
	Header      []byte                  // of the cover
	BodyDigest  string
	BodySize    int64
}

// Opened is an allowed open.
type Opened struct {
	Decision   uint64 // index of the decision record
	Descriptor seal.SaltedDescriptor
	Header     []byte
}

// Keys is the agency's mount in Vault, as far as a desk may use it.
type Keys interface {
	// Public returns the current public key of officer-sign, desk-sign or witness-sign.
	Public(ctx context.Context, purpose act.Purpose) (ed25519.PublicKey, error)
	// Signer returns a signer of desk-sign with this thumbprint, good for the
	// context's life; the empty thumbprint means the newest.
	Signer(ctx context.Context, thumbprint act.Thumbprint) (crypto.Signer, error)
	Wrap(ctx context.Context, plaintext, aad []byte) (string, error)
	Unwrap(ctx context.Context, wrapped string, aad []byte) ([]byte, error)
	// Ready proves that the desk can sign at this moment.
	Ready(ctx context.Context) error
	// OfficersCanLogIn reports whether the agency's own signing login is set up.
	OfficersCanLogIn(ctx context.Context) bool
}

// Claims are what the agency's provider vouches for about an officer.
type Claims struct {
	Issuer  string
	Subject string
	Label   string // preferred_username; never leaves the desk
	Groups  []string
}

// Provider verifies id_tokens of the agency's OpenID Connect provider.
type Provider interface {
	// Verify checks signature, issuer, audience, times and nonce.
	Verify(ctx context.Context, idToken, nonce string) (Claims, error)
	Ready(ctx context.Context) error
}
