// Package canonical reads and writes the one JSON form in which things are
// signed and hashed: RFC 8785 (JSON Canonicalization Scheme).
//
// Unmarshal is strict, because a reader that is kinder than the verifier lets
// one byte string mean two things: unknown, duplicate and case-variant members,
// invalid UTF-8, trailing data and any spelling other than the canonical one are
// refused. The package is pure and may be imported by every other.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gowebpki/jcs"
)

// MaxDepth bounds nesting of what Unmarshal accepts. The deepest document that
// the product signs has six levels.
const MaxDepth = 32

// Error says why bytes are not an acceptable canonical document. Its text may
// name a member but never carries a value.
type Error struct {
	Code    string // malformed, too_deep, not_canonical
	Pointer string // JSON pointer (RFC 6901) to the member at fault, if one is
	Detail  string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Marshal returns the RFC 8785 form of v.
func Marshal(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("canonicalise: %w", err)
	}
	return canonical, nil
}

// Unmarshal decodes canonical bytes into v, refusing everything that Marshal
// of the same schema would not have written. The error is an *Error.
func Unmarshal(b []byte, v any) error {
	if err := CheckDepth(b, MaxDepth); err != nil {
		return err
	}
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		pointer, detail := place(err)
		return &Error{Code: "malformed", Pointer: pointer, Detail: detail}
	}
	// Folding a ledger comes through here for every entry, twice: this form of the
	// transformation costs half of the other, and a test holds the two together.
	again := jsontext.Value(bytes.Clone(b))
	if err := again.Canonicalize(); err != nil {
		return &Error{Code: "malformed", Detail: "not I-JSON"}
	}
	if !bytes.Equal(again, b) {
		return &Error{Code: "not_canonical", Detail: "the bytes are not in RFC 8785 form"}
	}
	return nil
}

// CheckDepth refuses bytes that are not one JSON value or nest deeper than max.
func CheckDepth(b []byte, max int) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(b))
	for {
		if _, err := decoder.ReadToken(); err != nil {
			if errors.Is(err, io.EOF) && decoder.StackDepth() == 0 && len(b) > 0 {
				return nil
			}
			return &Error{Code: "malformed", Detail: "not one JSON value in UTF-8 without duplicate names"}
		}
		if decoder.StackDepth() > max {
			return &Error{Code: "too_deep", Detail: fmt.Sprintf("nested deeper than %d levels", max)}
		}
	}
}

// place names the member at fault and never its value.
func place(err error) (pointer, detail string) {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" {
		return string(semantic.JSONPointer), "a member is unknown or has the wrong type"
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) && syntactic.JSONPointer != "" {
		return string(syntactic.JSONPointer), "a member is malformed or given twice"
	}
	return "", "not the expected JSON object"
}

// Digest returns "sha256:" and 64 hexadecimal digits.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Layout is the only spelling of a time in signed documents: RFC 3339, UTC,
// whole seconds. One spelling, so that canonical bytes are unique.
const Layout = "2006-01-02T15:04:05Z"

// Time is a moment in a signed document. The zero Time is absent (omitzero).
type Time struct{ time.Time }

// At returns t in UTC, cut to whole seconds.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Second)} }

// String returns t in Layout.
func (t Time) String() string { return t.UTC().Format(Layout) }

// MarshalJSON shadows the one of the embedded time, which keeps fractions.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON accepts exactly a string in Layout, in the years 2000 to 2199:
// a year 9999 is a mistake or a trick, never an agreement between agencies.
func (t *Time) UnmarshalJSON(b []byte) error {
	parsed, err := time.Parse(`"`+Layout+`"`, string(b))
	if err != nil || parsed.Format(`"`+Layout+`"`) != string(b) {
		return errors.New("time is not RFC 3339 UTC with whole seconds")
	}
	if parsed.Year() < 2000 || parsed.Year() > 2199 {
		return errors.New("time is outside the years 2000 to 2199")
	}
	t.Time = parsed
	return nil
}
