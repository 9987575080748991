package compose

import (
	"errors"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
)

// A finished document is taken verbatim if it is the next revision, and never
// otherwise: its number and what it supersedes are signed.
func TestAFinishedDocumentIsTheNextRevisionOrNone(t *testing.T) {
	last := agreementtest.DocumentV2("alpha", "beta")
	_, digest, err := last.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		change func(*agreement.Document)
		place  string // of the refusal; empty means that it is taken
	}{
		"the next":                  {func(d *agreement.Document) {}, ""},
		"the same again":            {func(d *agreement.Document) { d.Revision, d.Supersedes = 1, "" }, "/revision"},
		"one too far":               {func(d *agreement.Document) { d.Revision = 3 }, "/revision"},
		"after another text":        {func(d *agreement.Document) { d.Supersedes = "sha256:" + digest[len("sha256:")+1:] + "0" }, "/revision"},
		"of another agreement":      {func(d *agreement.Document) { d.ID = "agr-bbbbbbbbbbbbbbbbbbbbbbbbbb" }, "/revision"},
		"the next, with other days": {func(d *agreement.Document) { d.Termination.NoticeDays = 60 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			next := agreementtest.DocumentV2("alpha", "beta")
			next.Revision, next.Supersedes = 2, digest
			row.change(next)
			raw, _, err := next.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Next(append(raw, '\n'), nil, last, digest)
			if row.place == "" {
				if err != nil || string(got.Bytes) != string(raw) {
					t.Fatalf("it was not taken as it is: %v", err)
				}
				return
			}
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Code != "not_the_next_revision" || wrong.Place != row.place {
				t.Errorf("got %v", err)
			}
		})
	}
}
