package interop

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// ed25519Vectors is wycheproof's eddsa_verify_schema_v1.
type ed25519Vectors struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		PublicKey struct {
			PK hexBytes `json:"pk"`
		} `json:"publicKey"`
		JWK   json.RawMessage `json:"publicKeyJwk"`
		Tests []struct {
			ID      int      `json:"tcId"`
			Comment string   `json:"comment"`
			Flags   []string `json:"flags"`
			Message hexBytes `json:"msg"`
			Sig     hexBytes `json:"sig"`
			Result  string   `json:"result"`
		} `json:"tests"`
	} `json:"testGroups"`
}

// Checkpoints and acts are verified by two ways through the code; both have to
// say of every vector what wycheproof says.
func TestEd25519VectorsHaveTheirExpectedResult(t *testing.T) {
	var vectors ed25519Vectors
	load(t, &vectors, "wycheproof", "ed25519_test.json")
	judged := 0
	for _, group := range vectors.TestGroups {
		public := ed25519.PublicKey(group.PublicKey.PK)
		log, err := tlog.NewVerifier(tlog.VKey("vectors.test/log", public))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range group.Tests {
			if test.Result != "valid" && test.Result != "invalid" {
				t.Fatalf("vector %d has the unknown result %q", test.ID, test.Result)
			}
			judged++
			want := test.Result == "valid"
			if got := log.Verify(test.Message, test.Sig); got != want {
				t.Errorf("vector %d (%s, %v): the log's verifier says %t, want %t", test.ID, test.Comment, test.Flags, got, want)
			}
			// What act.Verify asks once the form of an act is right.
			if got := jwt.SigningMethodEdDSA.Verify(string(test.Message), test.Sig, public) == nil; got != want {
				t.Errorf("vector %d (%s, %v): the verifier of acts says %t, want %t", test.ID, test.Comment, test.Flags, got, want)
			}
		}
	}
	if judged != vectors.NumberOfTests || judged == 0 {
		t.Errorf("%d vectors judged of %d", judged, vectors.NumberOfTests)
	}
}

// Keys travel as JWK: ours is wycheproof's and go-jose's key, with go-jose's
// thumbprint.
func TestJWKOfTheVectorsIsTheSameKey(t *testing.T) {
	var vectors ed25519Vectors
	load(t, &vectors, "wycheproof", "ed25519_test.json")
	for n, group := range vectors.TestGroups {
		var key act.JWK
		if err := json.Unmarshal(group.JWK, &key); err != nil {
			t.Fatal(err)
		}
		public, err := key.PublicKey()
		if err != nil || !slices.Equal(public, ed25519.PublicKey(group.PublicKey.PK)) {
			t.Errorf("group %d: key %x, %v; want %x", n, public, err, group.PublicKey.PK)
		}
		if written := act.NewJWK(ed25519.PublicKey(group.PublicKey.PK)); written != key {
			t.Errorf("group %d: we write %+v, wycheproof %+v", n, written, key)
		}
		theirs := jose.JSONWebKey{Key: ed25519.PublicKey(group.PublicKey.PK)}
		sum, err := theirs.Thumbprint(sha256Hash)
		if err != nil || string(key.Thumbprint()) != base64url(sum) {
			t.Errorf("group %d: thumbprint %s, go-jose says %s (%v)", n, key.Thumbprint(), base64url(sum), err)
		}
	}
}

// What the invalid vectors do to their signatures, done to the signature of an
// act that would otherwise be accepted.
func TestAnActsSignatureHasOneForm(t *testing.T) {
	hand := newHand("agencya", act.DeskSign)
	raw := hand.sign(t, hand.retract())
	if _, err := act.Verify([]byte(raw), hubID, hand); err != nil {
		t.Fatal(err)
	}
	input, signature := cut(t, raw)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10) // L of RFC 8032, section 5.1
	addOrder := func(times int64) []byte {
		little := slices.Clone(signature[32:])
		slices.Reverse(little)
		sum := new(big.Int).Add(new(big.Int).SetBytes(little), new(big.Int).Mul(order, big.NewInt(times)))
		scalar := make([]byte, 32)
		sum.FillBytes(scalar)
		slices.Reverse(scalar)
		return append(slices.Clone(signature[:32]), scalar...)
	}
	changed := map[string][]byte{
		"s + L": addOrder(1), "s + 2L": addOrder(2),
		"a zero appended":      append(slices.Clone(signature), 0),
		"a zero put before":    append([]byte{0}, signature...),
		"cut short":            signature[:63],
		"all zeroes":           make([]byte, 64),
		"r and s exchanged":    append(slices.Clone(signature[32:]), signature[:32]...),
		"the signature, twice": append(slices.Clone(signature), signature...),
	}
	for bit := range 256 {
		flipped := slices.Clone(signature)
		flipped[bit/8] ^= 1 << (bit % 8)
		changed[fmt.Sprintf("bit %d of r", bit)] = flipped
	}
	for name, bad := range changed {
		_, err := act.Verify([]byte(act.Assemble(input, bad)), hubID, hand)
		var refused *act.Error
		if !errors.As(err, &refused) || refused.Code != "sig_invalid" {
			t.Errorf("%s: Verify = %v, want sig_invalid", name, err)
		}
	}
}
