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
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// The small world: three agencies, at most two papers, two items, and three
// moments. At the second moment notice given at the first is over, and what begins
// a day later begins; at the third the first paper expires.
var (
	small   = cast[:3]
	moments = []time.Time{ledgertest.Start, after(24), after(48)}
)

// scene is a beginning from which every sequence of acts is tried.
type scene struct {
	papers    []paper
	begin     []happening
	tries     []happening
	acts      int // the longest sequence
	least     int // what even a shorter search tries
	sequences int // at least so many of them, else the search is broken
}

// newest, as the order that an act names, is the newest release, request or
// accession, whichever the act can name.
const newest = -1

// A refused act ends its sequence after it was tried: it changes nothing, which
// the sequences that go on without it show. So the counts are of sequences that
// the ledger takes whole; many more are tried.
var scenes = map[string]scene{
	"from two proposals": {
		papers: []paper{three(), two()}, begin: proposed(2), acts: 3, sequences: 8_000,
		tries: slices.Concat(ofAgencies(), ofItems(2, 2), ofLife(2, "sign suspend resume withdraw terminate")),
	},
	"from two agreements in force": {
		papers: []paper{three(), two()}, begin: slices.Concat(proposed(2), signedBy(0, 3), signedBy(1, 2), shared(0, 0, 1), shared(1, 1, 2)), acts: 2, sequences: 700,
		tries: slices.Concat(ofAgencies(), ofItems(2, 2), ofLife(2, "sign suspend resume withdraw terminate")),
	},
	"the life of one agreement": {
		papers: []paper{three()}, begin: slices.Concat(proposed(1), signedBy(0, 1), shared(0, 0, 1)), acts: 5, sequences: 4_000,
		tries: ofLife(1, "sign suspend resume withdraw terminate decline take-back"),
	},
	"an amendment": {
		papers: []paper{full(three()), amended()}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 4, sequences: 3_000,
		tries: slices.Concat([]happening{{who: "alpha", what: "propose", doc: 1}}, ofLife(2, "sign withdraw suspend resume terminate"), shared(1, 1, 2)),
	},
	"one party's part": {
		papers: []paper{full(three())}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 3, sequences: 2_000,
		tries: slices.Concat(ofLife(1, "sign withdraw suspend review"), parts("suspend-party", "resume-party"), shared(1, 0, 2)),
	},
	"an accession": {
		papers: []paper{full(two())}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 5, sequences: 3_500,
		tries: slices.Concat(ofLife(1, "countersign withdraw"), []happening{
			{who: "alpha", what: "invite", other: "gamma"}, {who: "gamma", what: "accede", says: "both", nature: natures["gamma"]},
			{who: "gamma", what: "accede", says: "observer", nature: natures["gamma"], by: after(24)}, {who: "alpha", what: "ban", doc: -1}, {who: "gamma", what: "withdraw"},
		}, shared(0, 0, 2), shared(2, 0, 2)),
	},
	"restrictions and answers": {
		papers: []paper{full(three())}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 3, sequences: 3_500,
		tries: slices.Concat(opens("beta"), opens("gamma"), ofLife(1, "terminate"), []happening{
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"prerequisites": {"agency-attestation"}}, by: after(24)},
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"accessForm": {"view-only"}}, by: after(24), to: []string{"beta"}},
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"recall": {"recalled"}}, by: after(48), names: newest},
			{who: "beta", what: "acknowledge", doc: -1, names: newest, attests: []string{"agency-attestation"}},
			{who: "beta", what: "cannot-comply", doc: -1, names: newest}, {who: "beta", what: "report-use", doc: -1, names: newest},
			{who: "beta", what: "attest", doc: -1, names: newest, says: "destroyed"}, {who: "beta", what: "attest", doc: -1, names: newest, says: "retained-under-terms"},
			{who: "beta", what: "hold", doc: -1, names: newest}, {who: "beta", what: "lift", doc: -1, names: newest},
			{who: "alpha", what: "retract", doc: -1, item: 1},
		}),
	},
	"a review that stops everything": {
		papers: []paper{stopping()}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 3, least: 3, sequences: 50,
		tries: []happening{{who: "alpha", what: "terminate"}, {who: "beta", what: "withdraw"}, {who: "alpha", what: "withdraw"}, {who: "beta", what: "review"},
			{who: "gamma", what: "suspend"}, {who: "beta", what: "suspend-party", other: "beta"}, {who: "alpha", what: "suspend-party", other: "alpha"}},
	},
	"translating": {
		papers: []paper{translating()}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 1, least: 1, sequences: 3,
		tries: ofLife(1, "suspend"),
	},
	"passing on": {
		papers: []paper{full(three())}, acts: 2, least: 2, sequences: 300,
		begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta"), shared(0, 0, 3), opens("beta"), opens("gamma")),
		tries: slices.Concat(ofLife(1, "suspend"), []happening{
			asks("beta", newest, "onward", "gamma", "detection", 48), asks("beta", newest, "onward", "gamma", "training", 24), asks("beta", newest, "onward", "alpha", "detection", 48),
			asks("beta", 5, "onward", "gamma", "detection", 48), asks("gamma", newest, "onward", "gamma", "detection", 48),
			asks("beta", newest, "derivation", "", "detection", 24), asks("beta", newest, "judicial-use", "", "detection", 48),
			{who: "alpha", what: "grant", doc: -1, names: newest}, {who: "alpha", what: "refuse", doc: -1, names: newest}, {who: "alpha", what: "take-back-consent", doc: -1, names: newest},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"derivation": {"none"}}, by: after(48)},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"embargo": {"2026-11-22T12:00:00Z"}}, by: after(48)},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"derivation": {"translate-only"}}, by: after(48)},
			{who: "alpha", what: "ban", doc: -1}, {who: "beta", what: "cannot-comply", doc: -1, names: newest},
			{who: "beta", what: "release", item: 2, version: 1, asked: bare(0), parents: []parent{{5, "copy", newest}}},
		}),
	},
}

// stopping stops for a review that is overdue.
func stopping() paper {
	p := full(three())
	p.overdue, p.goOn, p.longest = "suspend", false, 0
	return p
}

// translating lets receivers translate, and make nothing else.
func translating() paper {
	p := full(three())
	p.floor["derivation"] = []string{"translate-only"}
	return p
}

func asks(who string, release int, use, other, purpose string, hours int) happening {
	return happening{who: who, what: "ask", doc: -1, names: release, use: use, other: other, purpose: purpose, by: after(hours)}
}

// three is a paper of three parties, of whom two must sign and one only receives.
func three() paper {
	return paper{
		revision: 1, supersedes: -1, needed: 2, to: after(48), purposes: []string{"detection", "prevention", "training"}, floor: limits{"tlp": {"TLP:AMBER+STRICT"}},
		sides: []side{{"alpha", "both", natures["alpha"], time.Time{}}, {"beta", "both", natures["beta"], time.Time{}}, {"gamma", "recipient", natures["gamma"], time.Time{}}},
	}
}

// two is a paper of two parties with a day's notice, that begins a day later.
func two() paper {
	p := three()
	p.agreement, p.sides, p.from, p.to, p.notice = 1, p.sides[:2], after(24), after(10_000), 24*time.Hour
	return p
}

// full writes all clauses out.
func full(p paper) paper {
	p.full, p.retain, p.agreement, p.from = true, true, 0, time.Time{}
	p.floor = limits{
		"tlp": {"TLP:GREEN"}, "audience": {"agreement-parties"}, "onwardScope": {"agreement-parties"}, "onwardConsent": {"always"}, "judicialUse": {"allowed"},
		"actionExposure": {"active"}, "attribution": {"may"}, "derivation": {"with-consent"}, "accessForm": {"download"}, "onTermination": {"retain-under-terms"},
		"automatedProcessing": {"allowed"}, "notifications": {"may"},
	}
	if len(p.sides) > 2 {
		p.open, p.rule = false, ""
	} else {
		p.open, p.rule = true, "unanimity"
	}
	p.anyParty, p.grounds, p.urgent = true, []string{"breach"}, []string{"safety"}
	p.longest, p.goOn, p.every, p.overdue = 24*time.Hour, true, 24*time.Hour, "freeze-new"
	p.consentIn, p.attest, p.attestIn, p.holdsNew, p.keeps = 24*time.Hour, true, 24*time.Hour, true, 416*24*time.Hour
	return p
}

// amended is the next revision of full(three()), between two.
func amended() paper {
	p := full(three())
	p.revision, p.supersedes, p.sides, p.goOn, p.overdue, p.to, p.retain = 2, 0, p.sides[:2], false, "suspend", after(10_000), false
	p.floor = p.floor.with(limits{"onTermination": {"destroy"}})
	return p
}

func bare(doc int) limits {
	p := three()
	if doc == 0 {
		p = full(p)
	}
	return p.floor.with(limits{"purposes": {"detection"}})
}

func proposed(papers int) []happening {
	return []happening{{who: "alpha", what: "propose", doc: 0}, {who: "alpha", what: "propose", doc: 1}}[:papers]
}

func signedBy(doc, parties int) []happening {
	var all []happening
	for _, who := range small[:parties] {
		all = append(all, happening{who: who, what: "sign", doc: doc})
	}
	return all
}

// shared is a release by a party of an item under a paper, as strict as both of
// the small world's floors.
func shared(who, doc, item int) []happening {
	return []happening{{who: small[who], what: "release", doc: doc, item: item, version: 1}}
}

func opens(who string) []happening {
	return []happening{{who: who, what: "open", doc: -1, names: newest, purpose: "detection", officer: ledgertest.Officer(act.AgencyName(who), 1)}}
}

func ofAgencies() []happening {
	var all []happening
	for _, who := range small {
		for _, what := range []string{"ban", "unban", "leave"} {
			all = append(all, happening{who: who, what: what, doc: -1})
		}
	}
	return all
}

func ofItems(papers, items int) []happening {
	var all []happening
	for who := range small {
		for item := range items {
			all = append(all, happening{who: small[who], what: "retract", doc: -1, item: item + 1})
			for doc := range papers {
				all = append(all, shared(who, doc, item+1)...)
			}
		}
	}
	return all
}

func ofLife(papers int, whats string) []happening {
	var all []happening
	for doc := range papers {
		for _, who := range small {
			for what := range strings.FieldsSeq(whats) {
				all = append(all, happening{who: who, what: what, doc: doc, names: newest, reason: "other"})
			}
		}
	}
	return all
}

func parts(whats ...string) []happening {
	var all []happening
	for _, what := range whats {
		for _, who := range small[:2] {
			for _, other := range small[:2] {
				all = append(all, happening{who: who, what: what, other: other, reason: "breach"})
			}
		}
	}
	return all
}

// resolve fills in what depends on what happened before.
func (h *history) resolve(e happening) happening {
	last := func(what string) int {
		order := 0
		for one := range h.did(h.Now, what) {
			order = one.order
		}
		return order
	}
	named := map[string]string{"grant": "ask", "refuse": "ask", "take-back-consent": "ask", "countersign": "accede"}
	if e.names == newest && e.what == "ask" {
		e.names = 0
		for one := range h.did(h.Now, "release") {
			if one.who == "alpha" {
				e.names = one.order
			}
		}
	}
	if e.names == newest {
		e.names = 0
		if what, is := named[e.what]; is {
			e.names = last(what)
		} else if e.doc < 0 {
			e.names = last("release")
		}
	}
	if e.what == "release" && e.asked == nil {
		e.asked = h.papers[e.doc].floor.with(limits{"purposes": {"detection", "prevention"}})
	}
	e.parents = slices.Clone(e.parents)
	for i := range e.parents {
		if e.parents[i].consent == newest {
			e.parents[i].consent = last("ask")
		}
	}
	if r := h.release(e.names, h.Now); r != nil && e.what != "restrict" {
		e.terms = h.termsFor(r, e.who, h.Now)
	}
	return e
}

func smallWorld(t *testing.T, s scene) *history {
	t.Helper()
	documents := make([]*agreement.Document, len(s.papers))
	for doc, p := range s.papers {
		documents[doc] = documentOf(p)
		if p.supersedes >= 0 {
			_, digest, err := documents[p.supersedes].Bytes()
			if err != nil {
				t.Fatal(err)
			}
			documents[doc].Supersedes = digest
		}
	}
	h := newHistory(s.papers, documents)
	for _, e := range s.begin {
		if err := h.try(h.resolve(e)); err != nil {
			t.Fatal(err)
		}
		if !h.history[len(h.history)-1].accepted {
			t.Fatalf("the scene does not begin: %s", h.history[len(h.history)-1].String())
		}
	}
	return h
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
	err := h.try(h.resolve(e))
	if err != nil {
		return false, fmt.Errorf("%w, after:%s", err, h.story())
	}
	taken := h.history[len(h.history)-1].accepted
	if !taken {
		h.history = h.history[:len(h.history)-1] // it changed nothing, and need not be looked at again
	}
	return taken, nil
}

// compare asks about now, and about the last millisecond before the next moment.
func (s *search) compare(h *history) error {
	asked := []time.Time{h.Now}
	if i := slices.Index(moments, h.Now); i < len(moments)-1 {
		asked = append(asked, moments[i+1].Add(-time.Millisecond))
	}
	h.answers, h.allows = new(int), new(int)
	for _, now := range asked {
		if err := h.compareSmall(now); err != nil {
			return fmt.Errorf("%w, after:%s", err, h.story())
		}
	}
	s.decisions.Add(int64(*h.answers))
	s.allows.Add(int64(*h.allows))
	return nil
}

func (h *history) compareSmall(now time.Time) error {
	if err := h.compareWords(now); err != nil {
		return err
	}
	var last *happening
	for r := range h.did(h.Now, "release") {
		last = r
		if err := h.compareDuties(r, now); err != nil {
			return err
		}
		for _, reader := range small {
			q := request{purpose: "detection", officer: ledgertest.Officer(act.AgencyName(reader), 1), accepted: h.termsFor(r, reader, h.Now)}
			if _, err := h.compareOpen(reader, r, q, now); err != nil {
				return err
			}
			if err := h.compareDelivery(reader, r, now); err != nil {
				return err
			}
		}
	}
	for doc := range h.papers {
		for _, who := range small[:2] {
			e := h.resolve(happening{what: "release", who: who, doc: doc, item: 9, version: 1})
			if err := h.compareRelease(e, []string{"gamma"}, now); err != nil {
				return err
			}
			if last == nil || who == last.who || !h.papers[doc].full {
				continue
			}
			for _, relation := range act.Relations() {
				e.asked = bare(0)
				e.parents = h.resolve(happening{parents: []parent{{last.order, relation, newest}}}).parents
				for _, to := range [][]string{nil, {"gamma"}} {
					if err := h.compareRelease(e, to, now); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
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
			s := &search{acts: append([]happening{{what: "wait"}}, scene.tries...), longest: max(scene.acts+more, scene.least)}
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
