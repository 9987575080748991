package act

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/canonical"
)

const hub = "concordat.test/hub"

var moment = canonical.At(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))

// key returns a fixed key, so that golden bytes stay the same.
func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

type keyring map[KeyID]ed25519.PublicKey

func (k keyring) ResolveKey(id KeyID) (ed25519.PublicKey, error) {
	if public, ok := k[id]; ok {
		return public, nil
	}
	return nil, errors.New("unknown")
}

func identity(agency AgencyName, purpose Purpose, private ed25519.PrivateKey) KeyID {
	return KeyID{agency, purpose, ThumbprintOf(private.Public().(ed25519.PublicKey))}
}

func ring(id KeyID, private ed25519.PrivateKey) keyring {
	return keyring{id: private.Public().(ed25519.PublicKey)}
}

func retract() *ItemRetract {
	return &ItemRetract{
		Common: Common{"alpha", hub, "jti-0000000000000001", moment},
		Item:   "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", Officer: "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", Reason: "error",
	}
}

func TestASignedActVerifies(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	raw, err := Sign(private, id, retract())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify([]byte(raw), hub, ring(id, private))
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != ItemRetractKind || got.KeyID != id || got.Payload.(*ItemRetract).Reason != "error" {
		t.Errorf("Verify = %+v", got)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "test", "golden", "act", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("the bytes of %s changed:\n got %s\nwant %s", name, got, want)
	}
}

// forged signs any header and payload, as an attacker would who holds a key.
func forged(private ed25519.PrivateKey, header, payload string) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return Assemble([]byte(input), ed25519.Sign(private, []byte(input)))
}

func TestRefusedBeforeAnythingIsBelieved(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	body, err := canonical.Marshal(retract())
	if err != nil {
		t.Fatal(err)
	}
	good := string(body)
	head := func(alg, kid, typ string) string {
		return `{"alg":"` + alg + `","kid":"` + kid + `","typ":"` + typ + `"}`
	}
	typ := ItemRetractKind.Type()
	valid := head("EdDSA", id.String(), typ)
	other := func(member, value, with string) string {
		return strings.Replace(good, `"`+member+`":"`+value+`"`, `"`+member+`":"`+with+`"`, 1)
	}

	tests := map[string]struct{ header, payload, code string }{
		"alg none":                       {head("none", id.String(), typ), good, "sig_alg_not_allowed"},
		"alg None":                       {head("None", id.String(), typ), good, "sig_alg_not_allowed"},
		"alg HS256 over the public key":  {head("HS256", id.String(), typ), good, "sig_alg_not_allowed"},
		"alg ES256":                      {head("ES256", id.String(), typ), good, "sig_alg_not_allowed"},
		"alg RS256":                      {head("RS256", id.String(), typ), good, "sig_alg_not_allowed"},
		"alg Ed25519, the other name":    {head("Ed25519", id.String(), typ), good, "sig_alg_not_allowed"},
		"jku in the header":              {strings.Replace(valid, `"kid"`, `"jku":"https://example.org","kid"`, 1), good, "sig_header_forbidden"},
		"jwk in the header":              {strings.Replace(valid, `"kid"`, `"jwk":{},"kid"`, 1), good, "sig_header_forbidden"},
		"x5u in the header":              {strings.TrimSuffix(valid, "}") + `,"x5u":"https://example.org"}`, good, "sig_header_forbidden"},
		"crit in the header":             {strings.Replace(valid, `"kid"`, `"crit":["exp"],"kid"`, 1), good, "sig_header_forbidden"},
		"b64 in the header":              {strings.Replace(valid, `"kid"`, `"b64":false,"kid"`, 1), good, "sig_header_forbidden"},
		"alg given twice":                {`{"alg":"none",` + valid[1:], good, "sig_header_forbidden"},
		"ALG beside alg":                 {`{"ALG":"none",` + valid[1:], good, "sig_header_forbidden"},
		"header with white space":        {" " + valid, good, "sig_header_forbidden"},
		"typ of another kind":            {head("EdDSA", id.String(), ItemOpenKind.Type()), good, "act_malformed"},
		"typ of a bearer":                {head("EdDSA", id.String(), bearerType), good, "sig_type_mismatch"},
		"typ of a later version":         {head("EdDSA", id.String(), "concordat.item.retract.v2+jws"), good, "act_kind_unknown"},
		"a kind nobody knows":            {head("EdDSA", id.String(), "concordat.item.shred.v1+jws"), good, "act_kind_unknown"},
		"kid with a path":                {head("EdDSA", "../../alpha", typ), good, "sig_kid_malformed"},
		"kid with SQL":                   {head("EdDSA", "alpha' OR 1=1--", typ), good, "sig_kid_malformed"},
		"kid of another agency":          {head("EdDSA", "beta/desk-sign#"+string(id.Thumbprint), typ), good, "sig_issuer_mismatch"},
		"kid of another purpose":         {head("EdDSA", "alpha/officer-sign#"+string(id.Thumbprint), typ), good, "sig_purpose_mismatch"},
		"kid of the registrar":           {head("EdDSA", "registrar/registrar-sign#"+string(id.Thumbprint), typ), good, "sig_purpose_mismatch"},
		"addressed to another hub":       {valid, other("aud", hub, "concordat.test/other"), "sig_audience"},
		"an unknown member":              {valid, strings.TrimSuffix(good, "}") + `,"zebra":1}`, "act_malformed"},
		"a member given twice":           {valid, `{"aud":"` + hub + `",` + good[1:], "act_malformed"},
		"iss with a long s":              {valid, strings.Replace(good, `"iss"`, `"iſs"`, 1), "act_malformed"},
		"members in another order":       {valid, `{"reason":"error",` + strings.Replace(good[1:], `,"reason":"error"`, "", 1), "act_not_canonical"},
		"invalid UTF-8":                  {valid, other("reason", "error", "e\xff"), "act_malformed"},
		"deeply nested":                  {valid, strings.Replace(good, `"error"`, strings.Repeat("[", 200)+strings.Repeat("]", 200), 1), "act_too_deep"},
		"a time in another zone":         {valid, other("iat", moment.String(), "2026-11-21T13:00:00+01:00"), "act_malformed"},
		"an item id that can be guessed": {valid, other("item", "itm-aaaaaaaaaaaaaaaaaaaaaaaaaa", "itm-1"), "act_malformed"},
		"a name for an officer":          {valid, other("officer", "ofc-aaaaaaaaaaaaaaaaaaaaaaaaaa", "jane"), "act_malformed"},
		"free text for a reason":         {valid, other("reason", "error", "because I say so"), "act_malformed"},
		"too large":                      {valid, other("reason", "error", strings.Repeat("a", 20000)), "act_too_large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Verify([]byte(forged(private, test.header, test.payload)), hub, ring(id, private))
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != test.code {
				t.Fatalf("Verify = %v, want %s", err, test.code)
			}
		})
	}
}

func TestRefusedSerialisations(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	raw, err := Sign(private, id, retract())
	if err != nil {
		t.Fatal(err)
	}
	dot := strings.IndexByte(raw, '.')
	tests := map[string]struct{ raw, code string }{
		"a newline within base64": {raw[:10] + "\n" + raw[10:], "sig_malformed"},
		"padding":                 {raw[:dot] + "=" + raw[dot:], "sig_malformed"},
		"two parts":               {raw[:strings.LastIndexByte(raw, '.')], "sig_malformed"},
		"no signature":            {raw[:strings.LastIndexByte(raw, '.')+1], "sig_malformed"},
		"four parts":              {raw + ".AAAA", "sig_malformed"},
		"signature of other bits": {raw[:len(raw)-8] + "AAAAAAAA", "sig_invalid"},
		"signature cut short":     {raw[:len(raw)-2], "sig_invalid"},
		"nothing":                 {"", "sig_malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Verify([]byte(test.raw), hub, ring(id, private))
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != test.code {
				t.Fatalf("Verify = %v, want %s", err, test.code)
			}
		})
	}
}

func TestOneChangedByteIsRefused(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	raw, err := Sign(private, id, retract())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		with := rapid.Byte().Draw(t, "with")
		changed := []byte(raw)
		if changed[at] == with {
			return
		}
		changed[at] = with
		if _, err := Verify(changed, hub, ring(id, private)); err == nil {
			t.Fatalf("byte %d changed to %q and the act still verifies", at, with)
		}
	})
}

// RFC 8037, appendix A.3.
func TestThumbprintOfRFC8037(t *testing.T) {
	jwk := JWK{Curve: "Ed25519", Type: "OKP", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
	if got, want := jwk.Thumbprint(), Thumbprint("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"); got != want {
		t.Errorf("Thumbprint = %s, want %s", got, want)
	}
}

func TestABearerEndsAndBelongsToOneHub(t *testing.T) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	raw, err := SignBearer(private, id, hub, NewJTI(), moment.Time)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		hub  string
		now  time.Time
		code string
	}{
		"within its time": {hub, moment.Add(4 * time.Minute), ""},
		"at its end":      {hub, moment.Add(MaxBearerAge), "bearer_expired"},
		"long before":     {hub, moment.Add(-time.Hour), "bearer_expired"},
		"at another hub":  {"concordat.test/other", moment.Time, "sig_audience"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			agency, err := VerifyBearer([]byte(raw), test.hub, ring(id, private), test.now)
			var refused *Error
			switch {
			case test.code == "" && (err != nil || agency != "alpha"):
				t.Fatalf("VerifyBearer = %q, %v", agency, err)
			case test.code != "" && (!errors.As(err, &refused) || refused.Code != test.code):
				t.Fatalf("VerifyBearer = %v, want %s", err, test.code)
			}
		})
	}
}

func TestEnrolmentProvesExactlyItsKeys(t *testing.T) {
	desk, stranger := key('a'), key('x')
	keys := EnrolledKeys{
		OfficerSign: NewJWK(key('o').Public().(ed25519.PublicKey)),
		DeskSign:    NewJWK(desk.Public().(ed25519.PublicKey)),
		WitnessSign: NewJWK(key('w').Public().(ed25519.PublicKey)),
	}
	enrolment := Enrolment{"alpha", hub, NewJTI(), moment, keys}
	proof, err := SignEnrolment(desk, enrolment)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := VerifyEnrolment([]byte(proof), hub); err != nil || got.Keys != keys {
		t.Fatalf("VerifyEnrolment = %+v, %v", got, err)
	}
	forgery, err := SignEnrolment(stranger, enrolment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyEnrolment([]byte(forgery), hub); err == nil {
		t.Error("a stranger's key proved possession of the desk's")
	}
}

func FuzzVerify(f *testing.F) {
	private := key('a')
	id := identity("alpha", DeskSign, private)
	raw, err := Sign(private, id, retract())
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(raw))
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Verify(in, hub, ring(id, private))
		if err == nil && got.Raw != raw {
			t.Fatalf("bytes that nobody signed verify: %q", in)
		}
	})
}
