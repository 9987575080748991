package interop

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/hub/hubhttp"
)

// joseVectors is what wycheproof's three JSON Web files have in common.
type joseVectors struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		Comment string          `json:"comment"`
		Private json.RawMessage `json:"private"`
		Public  json.RawMessage `json:"public"`
		Tests   []joseVector    `json:"tests"`
	} `json:"testGroups"`
}

type joseVector struct {
	ID      int             `json:"tcId"`
	Comment string          `json:"comment"`
	JWS     json.RawMessage `json:"jws"` // compact, or an object in JSON serialization
	JWE     json.RawMessage `json:"jwe"`
	Result  string          `json:"result"`
}

// token is what a client would send.
func (v joseVector) token(tb testing.TB) string {
	tb.Helper()
	raw := v.JWS
	if raw == nil {
		raw = v.JWE
	}
	if raw == nil {
		tb.Fatalf("vector %d has neither a jws nor a jwe", v.ID)
	}
	var compact string
	if json.Unmarshal(raw, &compact) == nil {
		return compact
	}
	return string(raw)
}

var joseFiles = []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"}

// anyKey resolves every kid: what is refused is refused for its form.
type anyKey struct{ *hand }

func (k anyKey) ResolveKey(act.KeyID) (ed25519.PublicKey, error) { return k.public(), nil }

// Our profile is narrower than JWS: one algorithm, exactly three header members,
// canonical payload, compact serialisation. So nothing of these files is an act
// or a bearer. What wycheproof calls valid is listed with the code that refuses
// it; a changed list means that the profile changed.
func TestNoJWSVectorIsAnAct(t *testing.T) {
	want := map[string]map[string]int{
		// 33 signed with HS256 to PS512; 6 with an empty payload and 2 with a character
		// that base64url has not and others skip; 5 with a header out of canonical form.
		"json_web_signature_test.json": {"sig_alg_not_allowed": 33, "sig_malformed": 8, "sig_header_forbidden": 5},
		"json_web_key_test.json":       {"sig_alg_not_allowed": 5},
		// The 2 malformed ones are JWE: five parts.
		"json_web_crypto_test.json": {"sig_alg_not_allowed": 4, "sig_malformed": 2},
	}
	keys := anyKey{newHand("agencya", act.DeskSign)}
	for _, file := range joseFiles {
		var vectors joseVectors
		load(t, &vectors, "wycheproof", file)
		got, judged := map[string]int{}, 0
		for _, group := range vectors.TestGroups {
			for _, test := range group.Tests {
				judged++
				_, err := act.Verify([]byte(test.token(t)), hubID, keys)
				var refused *act.Error
				if !errors.As(err, &refused) {
					t.Errorf("%s %d (%s): Verify = %v, want it refused with a code", file, test.ID, test.Comment, err)
					continue
				}
				if _, err := act.VerifyBearer([]byte(test.token(t)), hubID, keys, moment); err == nil {
					t.Errorf("%s %d (%s) is taken for a bearer", file, test.ID, test.Comment)
				}
				if test.Result == "valid" {
					got[refused.Code]++
				}
			}
		}
		if judged != vectors.NumberOfTests || judged == 0 {
			t.Errorf("%s: %d vectors judged of %d", file, judged, vectors.NumberOfTests)
		}
		if diff := cmp.Diff(want[file], got); diff != "" {
			t.Errorf("%s: valid vectors that the profile refuses, by code (-want +got):\n%s", file, diff)
		}
	}
}

// None of the files has an Ed25519 key, so none of their keys can sign for an
// agency: not a symmetric one, not an RSA one, not a set of keys.
func TestNoKeyOfTheVectorsIsASigningKey(t *testing.T) {
	for _, file := range joseFiles {
		var vectors joseVectors
		load(t, &vectors, "wycheproof", file)
		for n, group := range vectors.TestGroups {
			for _, raw := range []json.RawMessage{group.Private, group.Public} {
				if raw == nil {
					continue
				}
				var key act.JWK
				if json.Unmarshal(raw, &key) != nil {
					continue
				}
				if _, err := key.PublicKey(); err == nil {
					t.Errorf("%s, group %d (%s): accepted as a signing key", file, n, group.Comment)
				}
			}
		}
	}
}

// ServiceAccount tokens come signed with RSA or ECDSA by the cluster, so those
// vectors concern the hub. Their payload is no claim set: a right signature is
// told from a wrong one by how far a token gets.
func TestServiceAccountVerifierAndTheRSAAndECDSAVectors(t *testing.T) {
	// Each signature below is right for its key, and it is the key that wycheproof
	// objects to: its use, key_ops or alg, its 1024 bits, or how it was generated.
	// The hub takes the keys that bootstrap pinned as they are, so this list is
	// what a bad pinned set could do. It may become shorter, never longer.
	trusted := []string{
		"json_web_crypto_test.json jws_rsa_roca_key: rejectsKeyWithRocaVulnerability",
		"json_web_key_test.json invalid_algorithm: mismatchedAlgAndCurve",
		"json_web_key_test.json invalid_use: rejectsModifiedKey",
		"json_web_key_test.json jws_rsa_roca_key: rejectsKeyWithRocaVulnerability",
		"json_web_key_test.json keysize_too_small: rejects1024bitRsaKey",
		"json_web_key_test.json rs256: rejectsWrongUse",
		"json_web_key_test.json wrong_algorithm: mismatchedAlgAndCurve",
		"json_web_signature_test.json ec_key_for_encryption: rejectWrongKeyOps",
		"json_web_signature_test.json ec_key_for_encryption: rejectWrongUse",
		"json_web_signature_test.json ps512: UsingRS256",
		"json_web_signature_test.json ps512: UsingRS384",
		"json_web_signature_test.json ps512: UsingRS512",
		"json_web_signature_test.json rsa_encryption: rejectWrongKeyOps",
		"json_web_signature_test.json rsa_encryption: rejectWrongUse",
	}
	judged := 0
	for _, file := range joseFiles {
		var vectors joseVectors
		load(t, &vectors, "wycheproof", file)
		for _, group := range vectors.TestGroups {
			if group.Public == nil {
				continue
			}
			workloads := pinned(t, group.Public)
			for _, test := range group.Tests {
				judged++
				place := file + " " + group.Comment + ": " + test.Comment
				_, err := workloads.Subject(t.Context(), test.token(t))
				if err == nil {
					t.Fatalf("%s is a ServiceAccount token", place)
				}
				signed := strings.Contains(err.Error(), "unmarshal claims")
				if signed && test.Result != "valid" && !slices.Contains(trusted, place) {
					t.Errorf("%s: the hub takes the signature and wycheproof calls it invalid", place)
				}
				if !signed && test.Result == "valid" && !outOfUse(t, test.token(t), group.Public) {
					t.Errorf("%s: refused although valid: %v", place, err)
				}
			}
		}
	}
	if judged < 300 {
		t.Errorf("only %d vectors have a public key: has the schema changed?", judged)
	}
}

// outOfUse says whether a valid token may be refused all the same: it is signed
// with RSA-PSS, as no cluster signs, or with another algorithm than its key names.
func outOfUse(tb testing.TB, token string, public json.RawMessage) bool {
	tb.Helper()
	head, err := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
	if err != nil {
		tb.Fatal(err)
	}
	var header, key struct {
		Algorithm string `json:"alg"`
	}
	if err := errors.Join(json.Unmarshal(head, &header), json.Unmarshal(public, &key)); err != nil {
		tb.Fatal(err)
	}
	return strings.HasPrefix(header.Algorithm, "PS") || (key.Algorithm != "" && key.Algorithm != header.Algorithm)
}

// pinned has the hub trust one key, or one set of keys, as bootstrap would.
func pinned(tb testing.TB, public json.RawMessage) hubhttp.Workloads {
	tb.Helper()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(public, &set); err != nil {
		tb.Fatal(err)
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{public}
	}
	raw, err := json.Marshal(set)
	if err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(tb.TempDir(), "jwks.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		tb.Fatal(err)
	}
	return hubhttp.Workloads{Issuer: "https://cluster.test", JWKSFile: file}
}
