package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/concordat-hub/concordat/internal/canonical"
)

const (
	// MaxContent is the largest content of one part, in bytes.
	MaxContent = 16 << 20
	// MaxPlaintext is the largest input of Seal: content and its salt.
	MaxPlaintext = MaxContent + SaltSize
	// MaxRecipients is age's own limit on stanzas in a header.
	MaxRecipients = 1024
	// MaxHeader is age's own limit on the size of a header, in bytes.
	MaxHeader = 2 << 20
	// MaxBody is the largest body that Seal can produce: a 16-byte nonce, then
	// chunks of 64 KiB with a 16-byte tag each (age-encryption.org/v1, Payload).
	MaxBody = 16 + MaxPlaintext + 16*(MaxPlaintext/chunkSize+1)

	chunkSize = 64 << 10
)

// Errors that callers branch on.
var (
	// ErrDigest: the ciphertext is not the one that was released. Nothing was decrypted.
	ErrDigest = errors.New("ciphertext does not have the expected digest")
	// ErrHeader: not a header of an age file in which every stanza is hybrid.
	ErrHeader = errors.New("unacceptable age header")
	// ErrNotRecipient: the identity opens no stanza of this header.
	ErrNotRecipient = errors.New("not sealed to this identity")
	// ErrNoIdentity: the keyring has no identity with the descriptor's thumbprint.
	ErrNoIdentity = errors.New("no sealing identity with that thumbprint")
	// ErrTooLarge: a cap of this package was exceeded.
	ErrTooLarge = errors.New("larger than one part may be")
	// ErrMismatch: what was opened or received differs from its descriptor.
	ErrMismatch = errors.New("part differs from its descriptor")
	// ErrLock: a locked header did not unlock under the given context.
	ErrLock = errors.New("header does not unlock in this context")
)

// Sealed is one age file in its two pieces; the file is Header followed by Body.
type Sealed struct {
	Header []byte // recipients' stanzas and their MAC: what the hub locks
	Body   []byte // nonce and encrypted chunks: useless without the header
}

// Digest returns the digest of the whole file, "sha256:" and 64 hex digits.
func (s Sealed) Digest() string { return canonical.Digest(Join(s.Header, s.Body)) }

// BodyDigest returns the digest of the body alone: the name of its blob.
func (s Sealed) BodyDigest() string { return canonical.Digest(s.Body) }

// Seal encrypts plaintext to every recipient. Stanza n is for recipients[n];
// the stanza itself does not say so. It refuses no recipients, more than
// MaxRecipients, the same one twice (a stanza count that says less than it
// seems), any that is not hybrid, and plaintext beyond MaxPlaintext.
func Seal(recipients []string, plaintext []byte) (Sealed, error) {
	if len(plaintext) > MaxPlaintext {
		return Sealed{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(plaintext), MaxPlaintext)
	}
	if len(recipients) == 0 || len(recipients) > MaxRecipients {
		return Sealed{}, fmt.Errorf("a part is sealed to 1 to %d recipients, not %d", MaxRecipients, len(recipients))
	}
	keys := make([]age.Recipient, len(recipients))
	seen := make(map[string]bool, len(recipients))
	for n, r := range recipients {
		key, err := parseRecipient(r)
		if err != nil {
			return Sealed{}, fmt.Errorf("recipient %d: %w", n, err)
		}
		if seen[r] {
			return Sealed{}, fmt.Errorf("recipient %d is given twice", n)
		}
		seen[r], keys[n] = true, key
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, keys...)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal: %w", err)
	}
	if _, err := w.Write(plaintext); err != nil {
		return Sealed{}, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return Sealed{}, fmt.Errorf("seal: %w", err)
	}
	header, body, err := Split(file.Bytes())
	if err != nil {
		return Sealed{}, err
	}
	if err := CheckHeader(header, len(recipients)); err != nil {
		return Sealed{}, err
	}
	return Sealed{Header: header, Body: body}, nil
}

// Open decrypts a part. It hashes the whole spooled ciphertext before it
// decrypts anything: age yields plaintext of the chunks before a truncation, and
// only a digest tells that the end is missing. wantDigest comes from the
// descriptor ("sha256:…"). On any error the plaintext is nil.
// Errors: ErrDigest, ErrHeader, ErrNotRecipient, ErrTooLarge.
func Open(identity *Identity, header, body []byte, wantDigest string) ([]byte, error) {
	if len(header) > MaxHeader || len(body) > MaxBody {
		return nil, ErrTooLarge
	}
	if canonical.Digest(Join(header, body)) != wantDigest {
		return nil, ErrDigest
	}
	if err := CheckHeader(header, AnyStanzas); err != nil {
		return nil, err
	}
	r, err := age.Decrypt(io.MultiReader(bytes.NewReader(header), bytes.NewReader(body)), identity.key)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) {
			return nil, ErrNotRecipient
		}
		return nil, fmt.Errorf("open: %w", err)
	}
	plaintext, err := io.ReadAll(io.LimitReader(r, MaxPlaintext+1))
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if len(plaintext) > MaxPlaintext {
		return nil, ErrTooLarge
	}
	return plaintext, nil
}
