package act

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Whatever stands in an act's payload, of whatever kind and version: reading it
// never breaks, a refusal has a code, and what is accepted is written again byte
// for byte, so that nobody can have meant something else by it.
func FuzzPayloadOfEveryKind(f *testing.F) {
	types := make([]string, 0, len(profiles))
	for n, payload := range everyKind() {
		types = append(types, typeOf(payload))
		body, err := canonical.Marshal(payload)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(n), false, body)
		f.Add(uint16(n), true, body)
	}
	kinds := everyKind()
	private := key('a')
	f.Fuzz(func(t *testing.T, n uint16, earlier bool, body []byte) {
		of := kinds[int(n)%len(kinds)]
		typ := types[int(n)%len(types)]
		if earlier {
			typ = of.Kind().Type()
		}
		issuer := AgencyName("alpha")
		if slices.Contains(profiles[of.Kind()].signers, RegistrarSign) {
			issuer = Registrar
		}
		head, err := canonical.Marshal(header{"EdDSA", identity(issuer, profiles[of.Kind()].signers[0], private).String(), typ})
		if err != nil {
			t.Fatal(err)
		}
		input := append(encoding.AppendEncode(nil, head), '.')
		raw := Assemble(encoding.AppendEncode(input, body), make([]byte, 64))
		read, err := Parse([]byte(raw))
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || refused.Code == "" {
				t.Fatalf("refused without a code: %v", err)
			}
			return
		}
		again, err := canonical.Marshal(read.Payload)
		if err != nil || !bytes.Equal(again, body) {
			t.Fatalf("accepted\n%q and written again as\n%q (%v)", body, again, err)
		}
		input, err = SigningInput(read.KeyID, read.Payload)
		if err != nil || Assemble(input, make([]byte, 64)) != raw {
			t.Fatalf("what is read cannot be signed as it is: %v", err)
		}
		if _, ok := StepOf(read.Payload); ok && ReleaseOf(read.Payload) != "" {
			t.Fatal("a step of an agreement's life is about a release")
		}
	})
}
