package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// reading is a ledger in which beta opens what alpha released.
type reading struct {
	*ledgertest.World
	t        *testing.T
	digest   string
	releases []act.ID
}

const sectionPart = "section-aaaaaaaaaaaaaaaaaaaaaaaaaa"

func newReading(t *testing.T, releases int) *reading {
	t.Helper()
	w := ledgertest.New()
	r := &reading{World: w, t: t, digest: must[string](t)(w.InForce(agreementtest.Document("alpha", "beta")))}
	for n := range releases {
		r.releases = append(r.releases, must[act.ID](t)(w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(n), 1, r.digest, nil))))
	}
	return r
}

// open appends an open that is allowed, and returns the act and the index of its
// record. A minute passes.
func (r *reading) open(release act.ID, part string) (act.ID, uint64) {
	r.t.Helper()
	r.Now = r.Now.Add(time.Minute)
	asked := must[act.ID](r.t)(r.By("beta", act.DeskSign, &act.ItemOpen{
		Common: r.Common("beta"), Release: release, Part: part, Purpose: "detection", Officer: ledgertest.Officer("beta", 1),
		Restrictions: r.State.Release(release).Terms("beta").Digest,
	}))
	index := r.State.Next
	r.note(ledger.Record{
		Type: ledger.DecisionRecord, Action: "open", Act: asked, Part: part,
		Results: []ledger.Result{{Release: release, Allow: true, Reason: "policy_allowed"}},
	})
	return asked, index
}

func (r *reading) note(record ledger.Record) {
	r.t.Helper()
	record.Agency = "beta"
	if err := r.Note(record); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reading) abort(release act.ID, part string, asked act.ID, decision uint64) {
	r.t.Helper()
	r.note(ledger.Record{
		Type: ledger.AbortRecord, Action: "open", Act: asked, Part: part, Decision: decision,
		Results: []ledger.Result{{Release: release, Reason: ledger.AbortedEpochChanged}},
	})
}

// said is what the ledger says of beta as a reader: by index, which opens are the
// first and the last, and how many are counted.
func (r *reading) said(release act.ID) string {
	r.t.Helper()
	folded, err := ledger.New(ledgertest.Genesis())
	if err == nil {
		err = ledger.Fold(folded, r.Entries)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	one, other := reader(r.State.Release(release)), reader(folded.Release(release))
	if one != other {
		r.t.Errorf("the ledger says %q, and its bytes %q", one, other)
	}
	return one
}

func reader(release *ledger.Release) string {
	reader := release.Reader("beta")
	if reader == nil {
		return "none"
	}
	return fmt.Sprintf("%d to %d, %d of the body", reader.First.Index, reader.Last.Index, reader.Count)
}

// Whoever opened a section has read something: it owes what readers owe.
func TestOpeningASectionMakesAReader(t *testing.T) {
	r := newReading(t, 1)
	release := r.releases[0]
	r.open(release, "cover")
	if said := r.said(release); said != "none" {
		t.Errorf("with the cover: %s", said)
	}
	asked, section := r.open(release, sectionPart)
	if said, want := r.said(release), fmt.Sprintf("%d to %d, 0 of the body", section, section); said != want {
		t.Errorf("with a section: %s, want %s", said, want)
	}
	got := r.State.Release(release).Reader("beta")
	if want := (ledger.Step{Act: asked, Index: section, Time: r.Now, Effective: r.Now}); got.First != want {
		t.Errorf("first opened at %+v, want %+v", got.First, want)
	}
	if got.Accepted != "" {
		t.Error("who opens a section accepts the terms of the whole")
	}
	_, body := r.open(release, "body")
	if said, want := r.said(release), fmt.Sprintf("%d to %d, 1 of the body", section, body); said != want {
		t.Errorf("with the body: %s, want %s", said, want)
	}
	if got := r.State.Release(release).Reader("beta"); got.Accepted == "" {
		t.Error("who opens the body accepts no terms")
	}
}

// An open that was taken back before its first byte is as if it had not been
// allowed; what was signed with it stays.
func TestAnAbortedOpenIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		parts  []string
		aborts []int // which of the opens
		stands []int // the first and the last that remain, or none
		count  int
	}{
		"the only one":                  {[]string{"body"}, []int{0}, nil, 0},
		"the only one, twice":           {[]string{"body"}, []int{0, 0}, nil, 0},
		"the first of two":              {[]string{"body", "body"}, []int{0}, []int{1, 1}, 1},
		"the last of two, twice":        {[]string{"body", "body"}, []int{1, 1}, []int{0, 0}, 1},
		"the middle of three":           {[]string{"body", "body", "body"}, []int{1}, []int{0, 2}, 2},
		"the last of three":             {[]string{"body", "body", "body"}, []int{2}, []int{0, 1}, 2},
		"all, the newest first":         {[]string{"body", "body"}, []int{1, 0}, nil, 0},
		"a section before the body":     {[]string{sectionPart, "body"}, []int{0}, []int{1, 1}, 1},
		"the body, a section is left":   {[]string{sectionPart, "body"}, []int{1}, []int{0, 0}, 0},
		"a section, and nothing else":   {[]string{sectionPart}, []int{0}, nil, 0},
		"nothing, as it is not its act": {[]string{"body"}, []int{-1}, []int{0, 0}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReading(t, 1)
			release := r.releases[0]
			asked, decided := make([]act.ID, len(c.parts)), make([]uint64, len(c.parts))
			for n, part := range c.parts {
				asked[n], decided[n] = r.open(release, part)
			}
			said := *r.State.Release(release).Acknowledged("beta")
			for _, n := range c.aborts {
				if n < 0 {
					r.abort(release, "body", nobodysAct, decided[0])
					continue
				}
				r.abort(release, c.parts[n], asked[n], decided[n])
			}
			want := "none"
			if len(c.stands) > 0 {
				want = fmt.Sprintf("%d to %d, %d of the body", decided[c.stands[0]], decided[c.stands[1]], c.count)
			}
			if got := r.said(release); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if now := r.State.Release(release).Acknowledged("beta"); now.Accepted != said.Accepted || now.AcceptedStep != said.AcceptedStep {
				t.Errorf("what was signed does not stay: %+v, want %+v", now, said)
			}
			var readers, opened int
			r.State.Release(release).Readers(func(act.AgencyName, *ledger.Reader) { readers++ })
			r.State.Agreement(r.State.Revision(r.digest).Document.ID).Opened("beta", func(*ledger.Release) { opened++ })
			if one := min(len(c.stands), 1); readers != one || opened != one {
				t.Errorf("%d readers, and %d releases opened, want %d", readers, opened, one)
			}
		})
	}
}

// Releases are told in the order of their first opens, also where one of those was
// taken back.
func TestWhatWasOpenedIsToldInTheOrderOfTheOpensThatStand(t *testing.T) {
	r := newReading(t, 3)
	one, two, three := r.releases[0], r.releases[1], r.releases[2]
	asked, decided := r.open(one, "body")
	r.open(two, "body")
	gone, index := r.open(three, "body")
	r.open(one, "body")
	r.abort(one, "body", asked, decided)
	r.abort(three, "body", gone, index)
	var order []act.ID
	r.State.Agreement(r.State.Revision(r.digest).Document.ID).Opened("beta", func(release *ledger.Release) { order = append(order, release.ID) })
	if diff := cmp.Diff([]act.ID{two, one}, order); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
}
