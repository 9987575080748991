// Package evidencetest makes real receipts for tests: a log of its own, a release
// signed by a desk's key, and a proof of its inclusion. Only tests import it.
package evidencetest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Hub is the log's origin.
const Hub = "concordat.test/hub"

// Content is what was released.
const Content = `{"kind":"bulletin","title":"A fictional method"}`

// Item was released.
const Item = "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa"

// Receipt is a receipt with what it is verified against.
type Receipt struct {
	Text   []byte
	LogKey string
	Ring   *keyring.Ring
	Act    *act.Act
}

func key(seed string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(seed))
	return ed25519.NewKeyFromSeed(sum[:])
}

// Change alters what is made before it is signed into the log.
type Change func(entry *ledger.Entry, receipt *tlog.Receipt)

// Release makes the receipt of a release by agencya to agencyb.
func Release(t testing.TB, changes ...Change) Receipt {
	t.Helper()
	contentSalt := bytes.Repeat([]byte{9}, seal.SaltSize)
	sealed := seal.Sealed{Header: make([]byte, 1600), Body: make([]byte, 100)}
	commitment := seal.Commitment(contentSalt, []byte(Content))
	description, err := sealed.Describe(seal.Descriptor{
		Item: Item, ItemVersion: 1, Part: "body", Agency: "agencyb", Sealing: strings.Repeat("B", 43), Content: commitment,
	})
	check(t, err)
	salted := seal.SaltedDescriptor{Descriptor: description, Salt: seal.Salt{5}}
	desk := key("desk-sign of agencya")
	id := act.KeyID{Agency: "agencya", Purpose: act.DeskSign, Thumbprint: act.ThumbprintOf(desk.Public().(ed25519.PublicKey))}
	signed, err := act.Sign(desk, id, &act.ItemRelease{
		Common: act.Common{Issuer: "agencya", Audience: Hub, JTI: "jti-0000000000000001", IssuedAt: canonical.At(at)},
		Item:   Item, Version: 1, ItemKind: "bulletin",
		Agreement:    act.AgreementRef{ID: "agr-aaaaaaaaaaaaaaaaaaaaaaaaaa", Digest: canonical.Digest([]byte("document"))},
		Restrictions: map[string][]string{"tlp": {"TLP:AMBER"}}, Content: commitment,
		Descriptors: seal.Pad([]string{salted.Hash(), canonical.Digest([]byte("another"))}),
		Author:      "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa",
		Approvals:   []act.Approval{{Officer: "ofc-bbbbbbbbbbbbbbbbbbbbbbbbbb", Content: commitment, At: canonical.At(at)}},
		Attestation: act.Attestation{Ruleset: canonical.Digest([]byte("rules")), Tool: "test", Verdict: "release", Content: commitment},
	})
	check(t, err)
	parsed, err := act.Parse([]byte(signed))
	check(t, err)
	entry := &ledger.Entry{Index: index, Time: at, Act: parsed}
	receipt := &tlog.Receipt{Salt: [32]byte{3}, Descriptors: []seal.SaltedDescriptor{salted}, ContentSalt: contentSalt, Index: index}
	for _, change := range changes {
		change(entry, receipt)
	}
	text, logKey := prove(t, entry, receipt)
	return Receipt{Text: text, LogKey: logKey, Act: parsed, Ring: &keyring.Ring{
		Hub: agreement.Hub{ID: Hub, LogKey: logKey, Registrar: act.ThumbprintOf(key("registrar").Public().(ed25519.PublicKey))},
		Agencies: map[act.AgencyName]keyring.Agency{"agencya": {
			DeskSign: id.Thumbprint, Keys: []keyring.Key{{Purpose: act.DeskSign, JWK: act.NewJWK(desk.Public().(ed25519.PublicKey))}},
		}},
	}}
}

const index = 6

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// prove puts the entry into a log of eleven leaves and signs its checkpoint.
func prove(t testing.TB, entry *ledger.Entry, receipt *tlog.Receipt) (text []byte, logKey string) {
	t.Helper()
	var err error
	receipt.Entry, err = entry.Bytes()
	check(t, err)
	log := key("log-sign")
	tree := tlog.NewAppender(0, none{})
	for n := range 11 {
		leaf := [32]byte{byte(n)}
		if n == index {
			leaf = tlog.Commit(receipt.Salt, receipt.Entry)
		}
		_, err := tree.Append(leaf)
		check(t, err)
	}
	receipt.Hashes, err = tlog.InclusionProof(tree.Size(), index, tree)
	check(t, err)
	root, err := tree.Root()
	check(t, err)
	signer, err := tlog.NewSigner(Hub, log)
	check(t, err)
	receipt.Checkpoint, err = tlog.SignCheckpoint(tlog.Checkpoint{Origin: Hub, Size: tree.Size(), Root: root}, signer)
	check(t, err)
	text, err = receipt.Marshal()
	check(t, err)
	return text, tlog.VKey(Hub, log.Public().(ed25519.PublicKey))
}

// none is the store of a log that begins empty.
type none struct{}

func (none) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	return make([]tlog.Hash, len(indexes)), nil
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
