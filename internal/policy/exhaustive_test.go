package policy_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// The small world: three agencies, two agreements, two items, and three moments.
// At the second moment the second agreement's window begins and notice given at
// the first is over; at the third the first agreement expires.
var (
	small   = []string{"alpha", "beta", "gamma"}
	moments = []time.Time{ledgertest.Start, ledgertest.Start.Add(24 * time.Hour), ledgertest.Start.Add(48 * time.Hour)}
)

// scene is a beginning from which every sequence of acts is tried.
type scene struct {
	contracts int
	begin     []happening
	acts      int    // the longest sequence
	sequences int    // at least so many of them, else the search is broken
	skip      string // what is not tried, so that sequences of the rest can be longer
}

// A refused act ends its sequence after it was tried: it changes nothing, which
// the sequences that go on without it show. So the counts are of sequences that
// the ledger takes whole; many more are tried.
var scenes = map[string]scene{
	"from two proposals":           {contracts: 2, acts: 3, sequences: 8_000},
	"from two agreements in force": {contracts: 2, begin: append(signed(0), append(signed(1), shared("alpha", 0, 0), shared("beta", 1, 1))...), acts: 3, sequences: 16_000},
	"the use of one agreement":     {contracts: 1, begin: append(signed(0), shared("alpha", 0, 0)), acts: 4, sequences: 16_000, skip: "leave release"},
	"the life of one agreement":    {contracts: 1, begin: append(signed(0)[:1], shared("alpha", 0, 0)), acts: 6, sequences: 20_000, skip: "ban unban leave release retract"},
}

func signed(doc int) []happening {
	steps := []happening{{who: "alpha", what: "sign", doc: doc}, {who: "beta", what: "sign", doc: doc}}
	if doc == 0 {
		steps = append(steps, happening{who: "gamma", what: "sign"})
	}
	return steps
}

func shared(who string, doc, item int) happening {
	return happening{who: who, what: "release", doc: doc, item: item, asked: terms{purposes: []string{"detection", "prevention"}}}
}

// smallWorld proposes the two agreements: one of three, of whom two must sign and
// one only receives; and one of two with a day's notice, that begins a day later.
func smallWorld(t *testing.T, s scene) *history {
	t.Helper()
	h := &history{World: enrolled().Fork()}
	three, two := agreementtest.Document("alpha", "beta", "gamma"), agreementtest.Document("alpha", "beta")
	three.Parties[2].Role = agreement.Recipient
	three.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: 2}
	three.Expires = canonical.At(moments[2])
	two.ID = "agr-aaaaaaaaaaaaaaaaaaaaaaaaab"
	two.EntryIntoForce.NotBefore = canonical.At(moments[1])
	two.Termination.NoticeDays = 1
	both := []*agreement.Document{three, two}
	h.contracts = []contract{
		{parties: small, roles: map[string]string{"alpha": "both", "beta": "both", "gamma": "recipient"}, needed: 2, to: moments[2], purposes: three.Purposes},
		{parties: small[:2], roles: map[string]string{"alpha": "both", "beta": "both"}, needed: 2, from: moments[1], to: two.Expires.Time, notice: 24 * time.Hour, purposes: two.Purposes},
	}[:s.contracts]
	for _, d := range both[:s.contracts] {
		digest, err := h.Propose("alpha", d)
		if err != nil {
			t.Fatal(err)
		}
		h.digests = append(h.digests, digest)
	}
	h.drafts = map[draft]*act.ItemRelease{}
	for doc := range s.contracts {
		for _, who := range small {
			h.drafts[draft{doc, who, 1}] = h.payload(shared(who, doc, 1))
		}
	}
	for _, e := range s.begin {
		if err := h.try(e); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// everything lists each act of the small world, and the passing of time.
func (s scene) everything() []happening {
	all := []happening{{what: "wait"}}
	for _, who := range small {
		for _, what := range []string{"ban", "unban", "leave"} {
			all = append(all, happening{who: who, what: what})
		}
		for item := range 2 {
			all = append(all, happening{who: who, what: "retract", item: item})
		}
		for doc := range s.contracts {
			for _, what := range []string{"sign", "suspend", "resume", "withdraw", "terminate"} {
				all = append(all, happening{who: who, what: what, doc: doc})
			}
			for item := range 2 {
				all = append(all, shared(who, doc, item))
			}
		}
	}
	return slices.DeleteFunc(all, func(e happening) bool { return s.skip != "" && slices.Contains(strings.Fields(s.skip), e.what) })
}

func (h *history) fork() *history {
	next := *h
	next.World = h.Fork()
	next.history, next.releases = slices.Clone(h.history), slices.Clone(h.releases)
	return &next
}

// search tries every sequence of acts and compares after each act.
type search struct {
	acts                         []happening
	longest                      int
	sequences, decisions, allows atomic.Int64
}

// from tries the act in h, which is its own to change, and after it all others.
func (s *search) from(h *history, e happening, length int) error {
	if taken, err := s.happen(h, e); err != nil || !taken {
		return err
	}
	s.sequences.Add(1)
	if err := s.compare(h); err != nil || length == s.longest {
		return err
	}
	next := h.fork()
	for _, e := range s.acts {
		before := len(next.history)
		now := next.Now
		if err := s.from(next, e, length+1); err != nil {
			return err
		}
		if len(next.history) != before || next.Now != now {
			next = h.fork()
		}
	}
	return nil
}

// happen says whether the act was taken, or time passed.
func (s *search) happen(h *history, e happening) (bool, error) {
	if e.what == "wait" {
		i := slices.Index(moments, h.Now)
		if i == len(moments)-1 {
			return false, nil
		}
		h.Now = moments[i+1]
		return true, nil
	}
	err := h.try(e)
	taken := h.history[len(h.history)-1].accepted
	if err == nil && !taken {
		h.history = h.history[:len(h.history)-1] // it changed nothing, and need not be looked at again
	}
	return taken, err
}

// compare asks about now, and about the last millisecond before the next moment.
func (s *search) compare(h *history) error {
	asked := []time.Time{h.Now}
	if i := slices.Index(moments, h.Now); i < len(moments)-1 {
		asked = append(asked, moments[i+1].Add(-time.Millisecond))
	}
	h.allows = 0
	decisions := 0
	for _, now := range asked {
		n, err := h.compare(now, small)
		decisions += n
		if err == nil {
			n, err = h.compareNewReleases(now, 1, small)
			decisions += n
		}
		if err != nil {
			return fmt.Errorf("%w, after:%s", err, h.story())
		}
	}
	s.decisions.Add(int64(decisions))
	s.allows.Add(int64(h.allows))
	return nil
}

func (h *history) story() string {
	var out strings.Builder
	for _, e := range h.history {
		if e.accepted {
			fmt.Fprintf(&out, "\n%s %s %s (agreement %d, item %d)", e.at.Format(time.RFC3339), e.who, e.what, e.doc, e.item)
		}
	}
	return out.String()
}

// Longer sequences take longer: CONCORDAT_ACTS=1 tries all that have one
// act more, -1 those that have one less.
func TestEverySequenceOfActsInASmallWorldAgreesWithTheModel(t *testing.T) {
	more := 0
	if asked := os.Getenv("CONCORDAT_ACTS"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil {
			t.Fatalf("CONCORDAT_ACTS is %q and no number", asked)
		}
		more = n
	}
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			h := smallWorld(t, scene)
			s := &search{acts: scene.everything(), longest: scene.acts + more}
			var all sync.WaitGroup
			wrong := make([]error, len(s.acts))
			for i, e := range s.acts {
				first := h.fork()
				all.Go(func() { wrong[i] = s.from(first, e, 1) })
			}
			all.Wait()
			if err := errors.Join(wrong...); err != nil {
				t.Fatal(err)
			}
			if more == 0 && s.sequences.Load() < int64(scene.sequences) {
				t.Errorf("only %d sequences were tried", s.sequences.Load())
			}
			t.Logf("%d sequences of at most %d acts, %d decisions compared, %d of them allowed", s.sequences.Load(), s.longest, s.decisions.Load(), s.allows.Load())
		})
	}
}
