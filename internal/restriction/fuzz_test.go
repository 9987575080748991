package restriction

import (
	"errors"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// Whatever stands in a signed act, the arithmetic neither fails nor loosens.
func FuzzSet(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"tlp":["TLP:RED"]}`, `{"purposes":["training"],"recall":["recalled"]}`, `{"maxReads":["3"]}`,
		`{"attribution":["must"],"expires":["2027-01-01T00:00:00Z"]}`, `{"jurisdictionsDenied":["FR","ID"]}`,
		`{"colour":["red"]}`, `{"tlp":null}`, `{"tlp":[]}`, `{"retentionDays":["0"]}`,
	} {
		f.Add([]byte(seed))
	}
	floor := Set{"tlp": {"TLP:AMBER"}, "purposes": {"training"}, "maxReads": {"5"}, "recipientsDenied": {"b1"}}
	use := Use{
		Agency: "a1", Kind: "police", Jurisdiction: "ID", Officer: officer, Purpose: "training",
		At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var set Set
		if canonical.Unmarshal(b, &set) != nil {
			return
		}
		alone, axis := set.Permit(use)
		if _, restricted := set[string(axis)]; !alone && !restricted {
			t.Fatalf("%v is said to forbid on %q", set, axis)
		}
		if invalid := set.Validate(); alone && invalid != nil {
			var wrong *Error
			if !errors.As(invalid, &wrong) || wrong.Code != "restriction_malformed" {
				t.Fatalf("%v permits and is %v", set, invalid)
			}
		}
		met := Meet(set, floor)
		if permitted, _ := met.Permit(use); permitted && !alone {
			t.Fatalf("%v alone permits nothing, with a floor it does", set)
		}
		if axis, looser := met.Looser(floor); looser {
			t.Fatalf("%v with the floor is looser on %s", set, axis)
		}
		if _, err := met.Digest(); err != nil {
			t.Fatal(err)
		}
		_, _, _ = set.Contradiction(), Complete(set), Declare(set)
		if got := len(set.Lines()); got != len(set) {
			t.Fatalf("%d axes are said in %d lines", len(set), got)
		}
	})
}

// A policy of others is refused at a place, or says what can be declared.
func FuzzReadIEP(f *testing.F) {
	for _, seed := range []string{
		iepExample, `{}`, `{"id":"x","name":"y","iep_version":2.0,"start_date":"2026-01-01T00:00:00Z","end_date":null}`,
		`{"id":"x","name":"y","iep_version":2.0,"start_date":"2026-01-01T00:00:00.5Z","end_date":"2026-01-01T00:00:01Z","tlp":"red"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		policy, err := ReadIEP(b)
		var refused *DocumentError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err == nil {
			if err := Declare(policy.Terms); err != nil {
				t.Fatalf("%v cannot be declared: %v", policy.Terms, err)
			}
		}
	})
}
