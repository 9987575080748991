package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// DescriptorVersion is the only version of Descriptor so far.
const DescriptorVersion = 1

// Descriptor tells one recipient about one sealed part. A release act carries
// only its salted hash; the descriptor and the salt travel beside the act, to
// that recipient alone, so nobody learns of a part or a reader that he may not
// know while the signature covers the same bytes for all.
type Descriptor struct {
	Version     int    `json:"version"`     // DescriptorVersion
	Item        string `json:"item"`        // itm-…
	ItemVersion int    `json:"itemVersion"` // from 1
	Part        string `json:"part"`        // cover, body, …
	Ordinal     int    `json:"ordinal"`     // place of the part among parts of its name, from 0
	Agency      string `json:"agency"`      // the recipient
	Sealing     string `json:"sealing"`     // thumbprint of the recipient's sealing identity
	Digest      string `json:"digest"`      // of the sealed file, sha256:…
	Size        int64  `json:"size"`        // of the sealed file, bytes
	HeaderSize  int    `json:"headerSize"`  // of its header, bytes
	BodyDigest  string `json:"bodyDigest"`  // of its body, sha256:…
	Content     string `json:"content"`     // Commitment to the plaintext, sha256:…

	// Restrictions bind this part beside those of the release, by axis: the part of
	// a restricted section has some, any other part none.
	Restrictions map[string][]string `json:"restrictions,omitempty"`
}

var (
	itemPattern       = regexp.MustCompile(`^itm-[a-z2-7]{26}$`)
	partPattern       = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	agencyPattern     = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)
	thumbprintPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	digestPattern     = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// maxCounter bounds version and ordinal; far above any use, far below 2⁵³.
const maxCounter = 1 << 20

// Validate refuses a descriptor that Describe would not have made.
func (d Descriptor) Validate() error {
	checks := []struct {
		ok   bool
		name string
	}{
		{d.Version == DescriptorVersion, "version"},
		{itemPattern.MatchString(d.Item), "item"},
		{d.ItemVersion >= 1 && d.ItemVersion <= maxCounter, "itemVersion"},
		{partPattern.MatchString(d.Part), "part"},
		{d.Ordinal >= 0 && d.Ordinal <= maxCounter, "ordinal"},
		{agencyPattern.MatchString(d.Agency), "agency"},
		{thumbprintPattern.MatchString(d.Sealing), "sealing"},
		{digestPattern.MatchString(d.Digest), "digest"},
		{d.HeaderSize > 0 && d.HeaderSize <= MaxHeader, "headerSize"},
		{d.Size > int64(d.HeaderSize) && d.Size <= int64(d.HeaderSize)+MaxBody, "size"},
		{digestPattern.MatchString(d.BodyDigest), "bodyDigest"},
		{digestPattern.MatchString(d.Content), "content"},
		{d.sectionIsRestricted(), "restrictions"},
	}
	for _, c := range checks {
		if !c.ok {
			return fmt.Errorf("descriptor: %s is not acceptable", c.name)
		}
	}
	return nil
}

// Describe fills in what the sealed file says about itself: digests and sizes.
// The caller gives item, version, part, ordinal, agency, recipient's thumbprint
// and the commitment that Frame returned.
func (s Sealed) Describe(d Descriptor) (Descriptor, error) {
	d.Version = DescriptorVersion
	d.Digest, d.BodyDigest = s.Digest(), s.BodyDigest()
	d.HeaderSize = len(s.Header)
	d.Size = int64(len(s.Header) + len(s.Body))
	return d, d.Validate()
}

// Canonical returns the RFC 8785 bytes that are hashed.
func (d Descriptor) Canonical() []byte {
	b, err := canonical.Marshal(d)
	if err != nil {
		// Only text that is not UTF-8 gets here, and Validate refuses that. An
		// empty form would give a hash that two descriptors share.
		panic("seal: descriptor was not validated: " + err.Error())
	}
	return b
}

// Hash returns "sha256:" and the hexadecimal digits of
// SHA-256("concordat-descriptor/v1" || salt || SHA-256(canonical descriptor)).
// The descriptor must have passed Validate.
func (d Descriptor) Hash(salt [32]byte) string {
	return labelled(descriptorLabel, salt[:], d.Canonical())
}

// Check compares a received file with the descriptor without opening it.
// The error wraps ErrMismatch or ErrDigest.
func (d Descriptor) Check(header, body []byte) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	if len(header) != d.HeaderSize || int64(len(header)+len(body)) != d.Size {
		return fmt.Errorf("%w: size", ErrMismatch)
	}
	if canonical.Digest(body) != d.BodyDigest {
		return fmt.Errorf("%w: body", ErrDigest)
	}
	if canonical.Digest(Join(header, body)) != d.Digest {
		return fmt.Errorf("%w: file", ErrDigest)
	}
	return nil
}

// Salt is the 32 random bytes that open one salted hash; in JSON, base64url
// without padding.
type Salt [SaltSize]byte

// NewSalt draws a salt from crypto/rand.
func NewSalt() Salt {
	var s Salt
	_, _ = rand.Read(s[:]) // never fails: crypto/rand ends the program instead
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (s Salt) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, s[:]), nil
}

// UnmarshalText accepts exactly what MarshalText writes.
func (s *Salt) UnmarshalText(text []byte) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(b) != SaltSize || bytes.ContainsAny(text, "\r\n") {
		return errors.New("salt is not 32 bytes in base64url")
	}
	copy(s[:], b)
	return nil
}

// SaltedDescriptor is a descriptor with the salt that opens its hash:
// {"descriptor":{…},"salt":"…"}.
type SaltedDescriptor struct {
	Descriptor Descriptor `json:"descriptor"`
	Salt       Salt       `json:"salt"`
}

// NewSaltedDescriptor adds a fresh salt.
func NewSaltedDescriptor(d Descriptor) SaltedDescriptor {
	return SaltedDescriptor{Descriptor: d, Salt: NewSalt()}
}

// Hash returns the salted hash that the release act lists.
func (s SaltedDescriptor) Hash() string { return s.Descriptor.Hash(s.Salt) }

// Pad returns hashes with random dummies up to the next power of two, in
// ascending order. Salted hashes and dummies are both uniformly random to who
// lacks the salts, so the order is a shuffle that says nothing about parts or
// recipients; and being forced, it leaves no room for a hidden message either.
func Pad(hashes []string) []string { return PadTo(hashes, 1) }

// PadTo is Pad with a length that least gives: the first power of two that is at
// least least, whatever number of hashes up to that there is. Who sees the list
// learns least and nothing about the parts. More hashes than that give the length
// that Pad would.
func PadTo(hashes []string, least int) []string {
	size := 1
	for size < len(hashes) || size < least {
		size *= 2
	}
	padded := make([]string, 0, size)
	padded = append(padded, hashes...)
	for len(padded) < size {
		var dummy [32]byte
		_, _ = rand.Read(dummy[:]) // never fails: crypto/rand ends the program instead
		padded = append(padded, "sha256:"+hex.EncodeToString(dummy[:]))
	}
	slices.Sort(padded)
	return padded
}

// CheckPadded refuses a list that Pad did not make: a length that is not a power
// of two, an entry that is not a digest, or an order that is not ascending
// (which also excludes the same hash twice).
func CheckPadded(list []string) error {
	if n := len(list); n == 0 || n&(n-1) != 0 {
		return fmt.Errorf("%d descriptor hashes are not a power of two", n)
	}
	for i, h := range list {
		if !digestPattern.MatchString(h) {
			return fmt.Errorf("descriptor hash %d is not sha256: and 64 hexadecimal digits", i)
		}
		if i > 0 && list[i-1] >= h {
			return fmt.Errorf("descriptor hash %d is not in ascending order", i)
		}
	}
	return nil
}
