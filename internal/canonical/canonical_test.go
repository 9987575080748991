package canonical

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

type document struct {
	Name string              `json:"name"`
	At   Time                `json:"at,omitzero"`
	Sets map[string][]string `json:"sets,omitempty"`
}

func TestUnmarshalRefusesWhatMarshalWouldNotWrite(t *testing.T) {
	tests := map[string]struct{ in, code string }{
		"unknown member":        {`{"name":"a","x":1}`, "malformed"},
		"duplicate member":      {`{"name":"a","name":"b"}`, "malformed"},
		"case variant":          {`{"NAME":"a"}`, "malformed"},
		"long s":                {`{"ſets":{}}`, "malformed"},
		"white space":           {`{"name": "a"}`, "not_canonical"},
		"member order":          {`{"name":"a","at":"2026-01-01T00:00:00Z"}`, "not_canonical"},
		"needless escape":       {"{\"name\":\"\\u0041\"}", "not_canonical"},
		"invalid UTF-8":         {"{\"name\":\"\xff\"}", "malformed"},
		"byte order mark":       {"\ufeff{\"name\":\"a\"}", "malformed"},
		"trailing value":        {`{"name":"a"}{}`, "malformed"},
		"trailing newline":      {"{\"name\":\"a\"}\n", "not_canonical"},
		"time with offset":      {`{"at":"2026-01-01T00:00:00+00:00","name":"a"}`, "malformed"},
		"time with fraction":    {`{"at":"2026-01-01T00:00:00.5Z","name":"a"}`, "malformed"},
		"leap second":           {`{"at":"2026-06-30T23:59:60Z","name":"a"}`, "malformed"},
		"year 9999":             {`{"at":"9999-01-01T00:00:00Z","name":"a"}`, "malformed"},
		"number for a string":   {`{"name":1}`, "malformed"},
		"nothing":               {``, "malformed"},
		"nested beyond any use": {`{"name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, "too_deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var d document
			err := Unmarshal([]byte(test.in), &d)
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != test.code {
				t.Fatalf("Unmarshal = %v, want code %s", err, test.code)
			}
		})
	}
}

func TestMarshalThenUnmarshalIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := document{
			Name: rapid.String().Draw(t, "name"),
			At:   At(time.Unix(rapid.Int64Range(946684800, 4102444800).Draw(t, "at"), 0)),
			Sets: rapid.MapOfN(rapid.String(), rapid.SliceOfN(rapid.String(), 1, 3), 1, 4).Draw(t, "sets"),
		}
		b, err := Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out document
		if err := Unmarshal(b, &out); err != nil {
			t.Fatalf("Unmarshal(%s): %v", b, err)
		}
		again, err := Marshal(out)
		if err != nil || string(again) != string(b) {
			t.Fatalf("canonical form changed: %s became %s (%v)", b, again, err)
		}
	})
}

// Marshal and Unmarshal canonicalise with two implementations of RFC 8785: what
// one writes and the other would spell differently would be refused for ever.
func TestTwoImplementationsOfRFC8785Agree(t *testing.T) {
	var value *rapid.Generator[any]
	value = rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(), rapid.Int64Range(-1<<53, 1<<53).AsAny(),
			rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return value }), 0, 3).AsAny(),
			rapid.MapOfN(rapid.String(), rapid.Deferred(func() *rapid.Generator[any] { return value }), 0, 3).AsAny(),
		)
	})
	rapid.Check(t, func(t *rapid.T) {
		plain, err := json.Marshal(map[string]any{"v": value.Draw(t, "value")})
		if err != nil {
			t.Fatal(err)
		}
		one, errOne := jcs.Transform(plain)
		other := jsontext.Value(bytes.Clone(plain))
		errOther := other.Canonicalize()
		if errOne != nil || errOther != nil || !bytes.Equal(one, other) {
			t.Fatalf("%s\n jcs: %s (%v)\n jsontext: %s (%v)", plain, one, errOne, other, errOther)
		}
	})
}
