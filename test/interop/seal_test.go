package interop

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/seal"
)

const sentence = "A sample sentence about no one."

// stock decrypts with the age package alone, from nothing but the text of the
// identity, as `age --decrypt --identity FILE` does.
func stock(tb testing.TB, secret string, file []byte) ([]byte, error) {
	tb.Helper()
	identities, err := age.ParseIdentities(strings.NewReader(secret + "\n"))
	if err != nil {
		tb.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(file), identities...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func newIdentities(tb testing.TB, n int) (identities []*seal.Identity, recipients []string) {
	tb.Helper()
	for range n {
		identity, err := seal.NewIdentity()
		if err != nil {
			tb.Fatal(err)
		}
		identities = append(identities, identity)
		recipients = append(recipients, identity.Recipient())
	}
	return identities, recipients
}

// encrypt is the stock package's encryption.
func encrypt(tb testing.TB, plaintext []byte, recipients ...age.Recipient) []byte {
	tb.Helper()
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipients...)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(plaintext); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

func hybrids(tb testing.TB, recipients []string) []age.Recipient {
	tb.Helper()
	parsed, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n")))
	if err != nil {
		tb.Fatal(err)
	}
	return parsed
}

// An agency that leaves takes its identities along and reads with any age.
func TestStockAgeOpensASealedPart(t *testing.T) {
	framed, _, salt, err := seal.Frame([]byte(sentence))
	if err != nil {
		t.Fatal(err)
	}
	identities, recipients := newIdentities(t, 3)
	sealed, err := seal.Seal(recipients, framed)
	if err != nil {
		t.Fatal(err)
	}
	for n, identity := range identities {
		got, err := stock(t, identity.Secret(), seal.Join(sealed.Header, sealed.Body))
		if want := string(salt) + sentence; err != nil || string(got) != want {
			t.Errorf("recipient %d reads %q, %v", n, got, err)
		}
	}
	strangers, _ := newIdentities(t, 1)
	if _, err := stock(t, strangers[0].Secret(), seal.Join(sealed.Header, sealed.Body)); err == nil {
		t.Error("a stranger's identity opens the part")
	}
}

func TestStockAgeOpensTheGoldenPartOfVersion1(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		raw, err := os.ReadFile(filepath.Join("..", "golden", "seal", name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	got, err := stock(t, strings.TrimSpace(string(read("v1-identity.txt"))), read("v1-body.age"))
	if err != nil || len(got) <= seal.SaltSize {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// From the release at one desk through the hub's lock to the reader: what comes
// out is a stock age file.
func TestStockAgeOpensWhatTheHubHandsOut(t *testing.T) {
	hub := startHub(t)
	publisher, reader := hub.Enrol(t, "agencya"), hub.Enrol(t, "agencyb")
	ref := hub.Agree(t, hub.Document(publisher, reader), publisher, reader)
	released := publisher.Release(t, ref, sentence, reader)
	opened, err := reader.Open(t, released.Act)
	if err != nil {
		t.Fatal(err)
	}
	got, err := stock(t, reader.Identity.Secret(), handedOut(t, reader, opened.Descriptor.Descriptor, opened.Header))
	if err != nil || !bytes.HasSuffix(got, []byte(sentence)) {
		t.Errorf("read %q, %v", got, err)
	}
}

func handedOut(tb testing.TB, reader *hubtest.Agency, d seal.Descriptor, header []byte) []byte {
	tb.Helper()
	body, err := reader.Body(tb.Context(), d.BodyDigest, d.Size-int64(d.HeaderSize))
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Concat(header, body)
}

// describe makes the descriptor for a file that the stock package made.
func describe(tb testing.TB, file, framed []byte, sealing string) (seal.Descriptor, seal.Sealed) {
	tb.Helper()
	header, body, err := seal.Split(file)
	if err != nil {
		tb.Fatal(err)
	}
	sealed := seal.Sealed{Header: header, Body: body}
	d, err := sealed.Describe(seal.Descriptor{
		Item: "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", ItemVersion: 1, Part: "body", Agency: "agencya", Sealing: sealing,
		Content: seal.Commitment(framed[:seal.SaltSize], framed[seal.SaltSize:]),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return d, sealed
}

// Another hand's age file opens here when it is what its descriptors say, and
// not when somebody was added whom they do not name, or one of them left out.
func TestStockEncryptionOpensOnlyWithTheStanzasOfItsDescriptors(t *testing.T) {
	framed, _, _, err := seal.Frame([]byte(sentence))
	if err != nil {
		t.Fatal(err)
	}
	identities, recipients := newIdentities(t, 3)
	file := encrypt(t, framed, hybrids(t, recipients)...)
	d, sealed := describe(t, file, framed, identities[1].Thumbprint())
	keyring := seal.NewKeyring(identities[1])
	if content, _, err := keyring.OpenPart(d, sealed.Header, sealed.Body, 3); err != nil || string(content) != sentence {
		t.Errorf("three stanzas for three descriptors: %q, %v", content, err)
	}
	for _, described := range []int{1, 2, 4} {
		if content, _, err := keyring.OpenPart(d, sealed.Header, sealed.Body, described); !errors.Is(err, seal.ErrHeader) || content != nil {
			t.Errorf("three stanzas for %d descriptors: %q, %v; want ErrHeader", described, content, err)
		}
	}
}

// What age allows and our profile does not: stanzas that a quantum computer or a
// guessed passphrase opens, and the text form.
func TestStockFilesOutsideTheProfileAreRefused(t *testing.T) {
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	passphrase, err := age.NewScryptRecipient("a sample passphrase")
	if err != nil {
		t.Fatal(err)
	}
	passphrase.SetWorkFactor(10)
	var armoured bytes.Buffer
	_, recipients := newIdentities(t, 1)
	w := armor.NewWriter(&armoured)
	if _, err := w.Write(encrypt(t, []byte(sentence), hybrids(t, recipients)...)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"X25519":     encrypt(t, []byte(sentence), classic.Recipient()),
		"passphrase": encrypt(t, []byte(sentence), passphrase),
		"armour":     armoured.Bytes(),
	} {
		header, _, err := seal.Split(file)
		if err == nil {
			err = seal.CheckHeader(header, seal.AnyStanzas)
		}
		if !errors.Is(err, seal.ErrHeader) {
			t.Errorf("%s: %v, want ErrHeader", name, err)
		}
	}
	if _, err := seal.Seal([]string{classic.Recipient().String()}, []byte(sentence)); err == nil {
		t.Error("sealed to a classic recipient")
	}
}

// openLocker keeps the key in the open, so that the test can use it.
type openLocker struct{ key, aad []byte }

func (l *openLocker) LockKey(_ context.Context, _ string, key, aad []byte) (string, error) {
	l.key, l.aad = slices.Clone(key), aad
	return "kept", nil
}

func (l *openLocker) UnlockKey(context.Context, string, string, []byte) ([]byte, error) {
	return slices.Clone(l.key), nil
}

// The lock is AES-256-GCM of the header with the RFC 8785 context as additional
// data: who has the key needs nothing else of ours.
func TestALockIsPlainAESGCM(t *testing.T) {
	_, recipients := newIdentities(t, 2)
	sealed, err := seal.Seal(recipients, []byte(sentence))
	if err != nil {
		t.Fatal(err)
	}
	place := seal.LockContext{
		Hub: hubID, Item: "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", Version: 1, Part: "body",
		AgreementDigest: canonical.Digest(nil), BodyDigest: sealed.BodyDigest(),
	}
	locker := &openLocker{}
	locked, err := seal.LockHeader(t.Context(), locker, "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", place, sealed.Header)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(locker.key)
	if err != nil {
		t.Fatal(err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	// Written by hand: members in order, no white space (RFC 8785).
	aad := `{"agreementDigest":"` + place.AgreementDigest + `","bodyDigest":"` + place.BodyDigest +
		`","format":"concordat-header-lock/v1","hub":"` + hubID + `","item":"` + place.Item + `","part":"body","version":1}`
	header, err := box.Open(nil, locked.Nonce, locked.Box, []byte(aad))
	if err != nil || !bytes.Equal(header, sealed.Header) || len(locker.key) != 32 {
		t.Errorf("plain AES-256-GCM opens %d bytes with a key of %d, %v", len(header), len(locker.key), err)
	}
}
