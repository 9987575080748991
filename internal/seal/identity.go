package seal

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"filippo.io/age"
)

// Identity is the private half of a sealing key: a hybrid ML-KEM-768 + X25519
// age identity. Formatting or logging one shows its thumbprint only; the secret
// leaves through Secret alone, to be wrapped by the agency's `wrap` key.
type Identity struct {
	key        *age.HybridIdentity
	recipient  string
	thumbprint string
}

// NewIdentity makes a fresh identity from crypto/rand.
func NewIdentity() (*Identity, error) {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("generate sealing identity: %w", err)
	}
	return fromKey(key), nil
}

// ParseIdentity reads what Secret wrote. The error never repeats its input.
func ParseIdentity(secret string) (*Identity, error) {
	key, err := age.ParseHybridIdentity(secret)
	if err != nil || key.String() != secret {
		return nil, errors.New("not a hybrid age identity in its canonical spelling")
	}
	return fromKey(key), nil
}

func fromKey(key *age.HybridIdentity) *Identity {
	recipient := key.Recipient().String()
	return &Identity{key: key, recipient: recipient, thumbprint: Thumbprint(recipient)}
}

// Recipient returns the public half as it is published in key.add (age1pq1…).
func (i *Identity) Recipient() string { return i.recipient }

// Thumbprint returns Thumbprint(i.Recipient()).
func (i *Identity) Thumbprint() string { return i.thumbprint }

// Secret returns the private key (AGE-SECRET-KEY-PQ-1…). Whoever has it reads
// everything sealed to this identity: wrap it before it is stored anywhere.
func (i *Identity) Secret() string { return i.key.String() }

// Format implements fmt.Formatter, so that no verb prints the secret.
func (i Identity) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "sealing identity "+i.thumbprint)
}

// LogValue implements slog.LogValuer for the same reason.
func (i Identity) LogValue() slog.Value { return slog.StringValue("sealing identity " + i.thumbprint) }

// MarshalText implements encoding.TextMarshaler and always fails: an identity
// does not end up in a document by accident.
func (i Identity) MarshalText() ([]byte, error) {
	return nil, errors.New("a sealing identity is not marshalled; use Secret and wrap it")
}

// Thumbprint names a recipient: base64url(SHA-256(recipient string)) without
// padding, 43 characters.
func Thumbprint(recipient string) string {
	sum := sha256.Sum256([]byte(recipient))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseRecipient checks that a string is a hybrid recipient in the one spelling
// that Identity.Recipient gives. Classic X25519 recipients are refused: one of
// them would undo the post-quantum protection of the whole file.
func ParseRecipient(recipient string) error {
	_, err := parseRecipient(recipient)
	return err
}

func parseRecipient(recipient string) (*age.HybridRecipient, error) {
	if !strings.HasPrefix(recipient, "age1pq1") {
		return nil, errors.New("recipient is not a hybrid age recipient (age1pq1…)")
	}
	r, err := age.ParseHybridRecipient(recipient)
	if err != nil {
		return nil, errors.New("recipient is not a well-formed hybrid age recipient")
	}
	if r.String() != recipient {
		return nil, errors.New("recipient is not in its canonical spelling")
	}
	return r, nil
}

// Keyring finds an identity by the thumbprint that a descriptor names. Trying
// each of many identities would cost a decapsulation per stanza and identity.
// A Keyring is not safe for concurrent changes.
type Keyring map[string]*Identity

// NewKeyring holds the given identities.
func NewKeyring(identities ...*Identity) Keyring {
	k := make(Keyring, len(identities))
	for _, i := range identities {
		k[i.thumbprint] = i
	}
	return k
}

// OpenPart opens one part as its descriptor says it is: it picks the identity
// by thumbprint, checks sizes and both digests, opens, and checks the content
// commitment. wantStanzas is the number of recipients of the part, or
// AnyStanzas. Errors: ErrNoIdentity, and those of Open and Descriptor.Check.
func (k Keyring) OpenPart(d Descriptor, header, body []byte, wantStanzas int) (content, salt []byte, err error) {
	identity, ok := k[d.Sealing]
	if !ok {
		return nil, nil, fmt.Errorf("%w: sealed to %s", ErrNoIdentity, d.Sealing)
	}
	if err := d.Check(header, body); err != nil {
		return nil, nil, err
	}
	if err := CheckHeader(header, wantStanzas); err != nil {
		return nil, nil, err
	}
	framed, err := Open(identity, header, body, d.Digest)
	if err != nil {
		return nil, nil, err
	}
	content, salt, err = Unframe(framed)
	if err != nil {
		return nil, nil, err
	}
	if Commitment(salt, content) != d.Content {
		return nil, nil, fmt.Errorf("%w: the content is not the one that was committed to", ErrMismatch)
	}
	return content, salt, nil
}
