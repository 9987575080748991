package tlog

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/seal"
)

// ReceiptFormat is the version of the receipt's extra data.
const ReceiptFormat = "concordat-receipt/v1"

// ReceiptMediaType is served with receipts.
const ReceiptMediaType = "application/x-tlog-proof"

// Receipt proves to anyone who trusts the log's key that an entry is in the
// ledger: a C2SP tlog-proof whose extra data opens the leaf. Given to those
// entitled to the entry only, since it contains it.
//
// Extra data are not authenticated by the format. Here Verify ties Entry and
// Salt to the leaf, CheckDescriptors ties Descriptors to the hashes that the
// entry's act lists, and CheckContent ties a content and ContentSalt to a
// descriptor: use a field only after its check.
type Receipt struct {
	Entry       []byte                  // canonical bytes of the ledger entry
	Salt        [32]byte                // of the leaf
	Descriptors []seal.SaltedDescriptor // the holder's own, for a release
	ContentSalt []byte                  // 32 bytes, added by the desk that opened the part; or none
	Index       int64                   // of the leaf
	Hashes      []Hash                  // inclusion proof
	Checkpoint  []byte                  // signed note, verbatim
}

// receiptExtra is the RFC 8785 form inside `extra`; bytes are base64url without
// padding.
type receiptExtra struct {
	ContentSalt string                  `json:"contentSalt,omitempty"`
	Descriptors []seal.SaltedDescriptor `json:"descriptors"`
	Entry       string                  `json:"entry"`
	Format      string                  `json:"format"`
	Salt        string                  `json:"salt"`
}

// Marshal returns the receipt's text.
func (r Receipt) Marshal() ([]byte, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	extra, err := r.extra()
	if err != nil {
		return nil, err
	}
	b := Proof{Extra: extra, Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}.Marshal()
	if len(b) > MaxProof {
		return nil, fmt.Errorf("receipt of %d bytes, at most %d", len(b), MaxProof)
	}
	return b, nil
}

func (r Receipt) extra() ([]byte, error) {
	encode := base64.RawURLEncoding.EncodeToString
	return canonical.Marshal(receiptExtra{
		ContentSalt: encode(r.ContentSalt),
		Descriptors: append([]seal.SaltedDescriptor{}, r.Descriptors...),
		Entry:       encode(r.Entry),
		Format:      ReceiptFormat,
		Salt:        encode(r.Salt[:]),
	})
}

func (r Receipt) validate() error {
	if len(r.Entry) == 0 {
		return fmt.Errorf("%w: receipt without an entry", ErrMalformed)
	}
	if n := len(r.ContentSalt); n != 0 && n != seal.SaltSize {
		return fmt.Errorf("%w: content salt of %d bytes", ErrMalformed, n)
	}
	for _, d := range r.Descriptors {
		if err := d.Descriptor.Validate(); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}

// ParseReceipt reads what Marshal wrote and verifies nothing. The error wraps
// ErrMalformed.
func ParseReceipt(b []byte) (Receipt, error) {
	p, err := ParseProof(b)
	if err != nil {
		return Receipt{}, err
	}
	var extra receiptExtra
	if err := canonical.Unmarshal(p.Extra, &extra); err != nil {
		return Receipt{}, fmt.Errorf("%w: receipt's extra data: %w", ErrMalformed, err)
	}
	if extra.Format != ReceiptFormat {
		return Receipt{}, fmt.Errorf("%w: receipt format %.40q, this version reads %s", ErrMalformed, extra.Format, ReceiptFormat)
	}
	r := Receipt{Descriptors: extra.Descriptors, Index: p.Index, Hashes: p.Hashes, Checkpoint: p.Checkpoint}
	salt, err1 := decodeURL(extra.Salt)
	entry, err2 := decodeURL(extra.Entry)
	contentSalt, err3 := decodeURL(extra.ContentSalt)
	if err1 != nil || err2 != nil || err3 != nil || len(salt) != len(r.Salt) {
		return Receipt{}, fmt.Errorf("%w: receipt's entry or salt", ErrMalformed)
	}
	copy(r.Salt[:], salt)
	r.Entry, r.ContentSalt = entry, contentSalt
	if err := r.validate(); err != nil {
		return Receipt{}, err
	}
	// A missing member decodes to its zero value; only the way back shows it.
	again, err := r.extra()
	if err != nil || !bytes.Equal(again, p.Extra) {
		return Receipt{}, fmt.Errorf("%w: receipt's extra data are not complete", ErrMalformed)
	}
	return r, nil
}

func decodeURL(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrMalformed // the decoder would skip them
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// Verify proves offline that Entry is in the log at the returned index. What is
// inside the entry is for the caller to read: its own index must be the same.
// Errors: ErrMalformed, ErrSignature, ErrProof.
func (r Receipt) Verify(log note.Verifier) (entry []byte, index int64, err error) {
	if _, _, err := r.VerifyCosigned(log); err != nil {
		return nil, 0, err
	}
	return r.Entry, r.Index, nil
}

// VerifyCosigned does what Verify does and returns the checkpoint with the
// cosignatures of the given witnesses. How many make a receipt final, counting an
// agency once, is the caller's policy.
func (r Receipt) VerifyCosigned(log note.Verifier, witnesses ...*Cosigner) (Checkpoint, []Cosignature, error) {
	if err := r.validate(); err != nil {
		return Checkpoint{}, nil, err
	}
	p := Proof{Index: r.Index, Hashes: r.Hashes, Checkpoint: r.Checkpoint}
	return p.Verify(Commit(r.Salt, r.Entry), log, witnesses...)
}

// CheckDescriptors verifies that the hash of every descriptor is among those that
// the release act in Entry lists. The error wraps ErrMismatch.
func (r Receipt) CheckDescriptors(listed []string) error {
	for _, d := range r.Descriptors {
		if !slices.Contains(listed, d.Hash()) {
			return fmt.Errorf("%w: descriptor of %s", ErrMismatch, d.Descriptor.Part)
		}
	}
	return nil
}

// CheckContent verifies that content is what was released: it opens the content
// commitment of one of the descriptors, which it returns, and that descriptor's
// hash is among those listed by the act in Entry. The error wraps ErrMismatch.
func (r Receipt) CheckContent(content []byte, listed []string) (seal.Descriptor, error) {
	if err := r.CheckDescriptors(listed); err != nil {
		return seal.Descriptor{}, err
	}
	commitment := seal.Commitment(r.ContentSalt, content)
	for _, d := range r.Descriptors {
		if d.Descriptor.Content == commitment {
			return d.Descriptor, nil
		}
	}
	return seal.Descriptor{}, fmt.Errorf("%w: content", ErrMismatch)
}
