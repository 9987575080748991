package policy_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

var names = []string{"alpha", "beta", "gamma", "delta"}

// history drives the product and the model with the same acts.
type history struct {
	*ledgertest.World
	model
	digests  []string
	releases []released
	drafts   map[draft]*act.ItemRelease // payloads made before, for a test that needs them often
	allows   int
}

type draft struct {
	doc  int
	who  string
	item int
}

type released struct {
	happening
	id act.ID
}

func documentFor(t *rapid.T, n int) (*agreement.Document, contract) {
	size := rapid.IntRange(2, 4).Draw(t, "parties")
	parties := names[:size]
	agencies := make([]act.AgencyName, size)
	for i, name := range parties {
		agencies[i] = act.AgencyName(name)
	}
	d := agreementtest.Document(agencies...)
	d.ID = fmt.Sprintf("agr-%s%c", "aaaaaaaaaaaaaaaaaaaaaaaaa", 'a'+n)
	c := contract{parties: parties, roles: map[string]string{}, needed: size, to: d.Expires.Time, purposes: d.Purposes}
	for i := range d.Parties {
		d.Parties[i].Role = rapid.SampledFrom([]agreement.Role{agreement.Both, agreement.Both, agreement.Recipient, agreement.Contributor, agreement.Observer}).Draw(t, "role")
		c.roles[string(d.Parties[i].Agency)] = string(d.Parties[i].Role)
	}
	if size > 2 && rapid.Bool().Draw(t, "n-signed") {
		c.needed = rapid.IntRange(2, size).Draw(t, "count")
		d.EntryIntoForce = agreement.EntryIntoForce{Rule: "n-signed", Count: c.needed}
	}
	if rapid.Bool().Draw(t, "later") {
		d.EntryIntoForce.NotBefore = canonical.At(ledgertest.Start.Add(5 * time.Hour))
		c.from = d.EntryIntoForce.NotBefore.Time
	}
	d.Expires = canonical.At(ledgertest.Start.Add(time.Duration(rapid.IntRange(20, 400).Draw(t, "hours")) * time.Hour))
	c.to = d.Expires.Time
	d.Termination.NoticeDays = rapid.SampledFrom([]int{0, 0, 1}).Draw(t, "notice")
	c.notice = d.Notice()
	return d, c
}

// enrolled is the world from which every history forks: signing is slow, and what
// is tried here begins after it.
var enrolled = sync.OnceValue(func() *ledgertest.World {
	w := ledgertest.New()
	if err := w.Enrol("alpha", "beta", "gamma", "delta"); err != nil {
		panic(err)
	}
	return w
})

func newHistory(t *rapid.T) *history {
	h := &history{World: enrolled().Fork()}
	for n := range 2 {
		d, c := documentFor(t, n)
		digest, err := h.Propose("alpha", d)
		if err != nil {
			t.Fatal(err)
		}
		h.digests = append(h.digests, digest)
		h.contracts = append(h.contracts, c)
		// Most histories begin with everybody's signature, else little would ever flow.
		if rapid.IntRange(0, 4).Draw(t, "unsigned") < 4 {
			for _, who := range c.parties {
				if err := h.try(happening{who: who, what: "sign", doc: n}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return h
}

var kinds = map[string]act.Kind{
	"sign": act.AgreementSignKind, "suspend": act.AgreementSuspendKind, "resume": act.AgreementResumeKind,
	"withdraw": act.AgreementWithdrawKind, "terminate": act.AgreementTerminateKind,
	"ban": act.AgencySuspendKind, "unban": act.AgencyResumeKind, "leave": act.AgencyOffboardKind,
}

// try lets something happen now in the product, and tells the model what was
// tried. The error says that they differ on whether the ledger takes it.
func (h *history) try(e happening) error {
	e.at, e.order = h.Now, len(h.history)+1
	who := act.AgencyName(e.who)
	var id act.ID
	var refused error
	switch e.what {
	case "release":
		id, refused = h.By(who, act.DeskSign, h.payload(e))
	case "retract":
		e.doc = -1
		_, refused = h.By(who, act.DeskSign, &act.ItemRetract{
			Common: h.Common(who), Item: ledgertest.ItemID(e.item), Officer: ledgertest.Officer("alpha", 1), Reason: "error",
		})
	case "ban", "unban", "leave":
		e.doc = -1
		_, refused = h.Standing(who, kinds[e.what])
	default:
		_, refused = h.Step(who, kinds[e.what], h.digests[e.doc])
	}
	e.accepted = refused == nil
	if want := h.takes(e); e.accepted != want {
		return fmt.Errorf("%s by %s at %s: the ledger says %v, the model that it takes it is %v", e.what, e.who, e.at, refused, want)
	}
	h.history = append(h.history, e)
	if e.accepted && e.what == "release" {
		h.releases = append(h.releases, released{e, id})
	}
	return nil
}

func (h *history) payload(e happening) *act.ItemRelease {
	asked := restriction.Set{"purposes": e.asked.purposes}
	if e.asked.recipients != nil {
		asked["recipients"] = e.asked.recipients
	}
	if !e.asked.until.IsZero() {
		asked["expires"] = []string{canonical.At(e.asked.until).String()}
	}
	return h.Release(act.AgencyName(e.who), ledgertest.ItemID(e.item), 1, h.digests[e.doc], asked)
}

// step lets one random thing be tried at a random later moment.
func (h *history) step(t *rapid.T) {
	h.Now = h.Now.Add(time.Duration(rapid.SampledFrom([]int{1, 1, 1, 60_000, 60_000, 3_600_000, 3_600_000, 86_400_000 - 1, 86_400_000}).Draw(t, "wait")) * time.Millisecond)
	e := happening{who: rapid.SampledFrom(names).Draw(t, "who"), doc: rapid.IntRange(0, 1).Draw(t, "doc")}
	e.what = rapid.SampledFrom([]string{
		"release", "sign", "release", "resume", "unban", "release", "release", "suspend",
		"resume", "resume", "resume", "withdraw", "terminate", "ban", "unban", "unban", "unban", "leave", "retract",
	}).Draw(t, "what")
	switch e.what {
	case "release":
		e.item = rapid.IntRange(0, 3).Draw(t, "item")
		e.asked.purposes = []string{"detection"}
		if rapid.Bool().Draw(t, "named") {
			e.asked.recipients = []string{"beta"}
		}
		if rapid.Bool().Draw(t, "ends") {
			e.asked.until = canonical.At(h.Now.Add(10 * time.Hour)).Time
		}
	case "retract":
		e.item = rapid.IntRange(0, 3).Draw(t, "item")
	}
	if err := h.try(e); err != nil {
		t.Fatal(err)
	}
}

// uses are what a reader may want: each purpose to open for, and the cover alone.
var uses = []string{"detection", "training", "investigation-lead", ""}

// compare asks product and model whether each reader may make each use of each
// release at now, and returns how many answers were the same; the error shows
// the first that differ.
func (h *history) compare(now time.Time, readers []string) (int, error) {
	n := 0
	for _, r := range h.releases {
		accepted := h.State.Release(r.id).EffectiveDigest
		for _, reader := range readers {
			for _, purpose := range uses {
				request := policy.Request{Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: r.id, Described: true, Purpose: purpose, Accepted: accepted}
				if purpose == "" {
					request.Action = policy.ToDeliver
				}
				got := policy.Decide(h.State, request, now)
				want := purpose == "" && h.mayReceive(reader, r.happening, now) || purpose != "" && h.mayOpen(reader, r.happening, purpose, now)
				if got.Allow != want {
					return n, fmt.Errorf("%s gets %s for %q at %s: Decide says %v (%s), the model says %v", reader, r.id, purpose, now, got.Allow, got.Reason, want)
				}
				if !hasSentence(got.Reason) {
					return n, fmt.Errorf("no sentence for the reason %q", got.Reason)
				}
				if got.Allow {
					h.allows++
				}
				n++
			}
		}
	}
	return n, nil
}

// sentences remembers message.Known, which reads the catalogue each time.
var sentences sync.Map

func hasSentence(reason string) bool {
	known, asked := sentences.Load(reason)
	if !asked {
		known = message.Known(reason)
		sentences.Store(reason, known)
	}
	return known.(bool)
}

// compareNewReleases asks product and model whether each agency may release the
// item under each agreement to each single reader at now.
func (h *history) compareNewReleases(now time.Time, item int, readers []string) (int, error) {
	n := 0
	for doc := range h.digests {
		for _, who := range readers {
			e := happening{who: who, what: "release", doc: doc, item: item, asked: terms{purposes: []string{"detection"}}}
			payload := h.drafts[draft{doc, who, item}]
			if payload == nil {
				payload = h.payload(e)
			}
			for _, reader := range readers {
				got := policy.Decide(h.State, policy.Request{
					Action: policy.ToRelease, Agency: act.AgencyName(who), Payload: payload, Recipients: []act.AgencyName{act.AgencyName(who), act.AgencyName(reader)},
				}, now)
				if want := h.mayRelease(e, []string{reader}, now); got.Allow != want {
					return n, fmt.Errorf("%s releases to %s under %d at %s: Decide says %v (%s), the model says %v", who, reader, doc, now, got.Allow, got.Reason, want)
				}
				if got.Allow {
					h.allows++
				}
				n++
			}
		}
	}
	return n, nil
}

// decisionsWanted is how many decisions TestDecisionsAgreeWithAnIndependentModel
// compares: enough for seconds, or as many as a full run asks for.
func decisionsWanted(t *testing.T) int {
	wanted := os.Getenv("CONCORDAT_DECISIONS")
	if wanted == "" {
		return 200_000
	}
	n, err := strconv.Atoi(wanted)
	if err != nil {
		t.Fatalf("CONCORDAT_DECISIONS is %q and no number", wanted)
	}
	return n
}

// A full run compares ten million:
//
//	CONCORDAT_DECISIONS=10000000 go test -run IndependentModel -timeout 60m -v ./internal/policy
func TestDecisionsAgreeWithAnIndependentModel(t *testing.T) {
	decisions, allows := 0, 0
	agree := func(t *rapid.T, n int, err error) {
		if err != nil {
			t.Fatal(err)
		}
		decisions += n
	}
	for wanted := decisionsWanted(t); decisions < wanted; {
		rapid.Check(t, func(t *rapid.T) {
			h := newHistory(t)
			for range rapid.IntRange(5, 40).Draw(t, "steps") {
				h.step(t)
				n, err := h.compare(h.Now, names)
				agree(t, n, err)
			}
			n, err := h.compareNewReleases(h.Now, rapid.IntRange(0, 4).Draw(t, "new"), names)
			agree(t, n, err)
			allows += h.allows
		})
		if t.Failed() {
			return
		}
	}
	if allows < decisions/100 {
		t.Errorf("%d decisions compared, %d of them allowed: the histories hold too little to mean anything", decisions, allows)
	}
	t.Logf("%d decisions compared, %d of them allowed", decisions, allows)
}

// A metamorphic rule: whatever happens next that takes something away never
// gives anybody more.
func TestTakingAwayNeverGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		for range rapid.IntRange(10, 30).Draw(t, "steps") {
			h.step(t)
		}
		before := h.allowed()
		who := rapid.SampledFrom(names).Draw(t, "taker")
		switch rapid.SampledFrom([]string{"suspend", "terminate", "ban"}).Draw(t, "take") {
		case "suspend":
			_, _ = h.Step(act.AgencyName(who), act.AgreementSuspendKind, h.digests[0])
		case "terminate":
			_, _ = h.Step(act.AgencyName(who), act.AgreementTerminateKind, h.digests[0])
		default:
			_, _ = h.Standing(act.AgencyName(who), act.AgencySuspendKind)
		}
		for _, open := range h.allowed() {
			if !slices.Contains(before, open) {
				t.Fatalf("%s became possible", open)
			}
		}
	})
}

func (h *history) allowed() []string {
	var opens []string
	for _, r := range h.releases {
		for _, reader := range names {
			got := policy.Decide(h.State, policy.Request{
				Action: policy.ToOpen, Agency: act.AgencyName(reader), Release: r.id, Described: true,
				Purpose: "detection", Accepted: h.State.Release(r.id).EffectiveDigest,
			}, h.Now)
			if got.Allow {
				opens = append(opens, reader+" opens "+string(r.id))
			}
		}
	}
	return opens
}

func inForce(t *testing.T, change func(*agreement.Document)) (*ledgertest.World, string) {
	t.Helper()
	w := ledgertest.New()
	d := agreementtest.Document("alpha", "beta", "gamma")
	if change != nil {
		change(d)
	}
	digest, err := w.InForce(d)
	if err != nil {
		t.Fatal(err)
	}
	return w, digest
}

func TestReleasesThatAreRefused(t *testing.T) {
	tests := map[string]struct {
		document func(*agreement.Document)
		change   func(*act.ItemRelease)
		to       []act.AgencyName
		reason   string
	}{
		"as it should be":               {nil, func(*act.ItemRelease) {}, []act.AgencyName{"alpha", "beta"}, policy.Allowed},
		"approved by its author":        {nil, func(p *act.ItemRelease) { p.Approvals[0].Officer = p.Author }, nil, policy.TwoPersonRequired},
		"approved in an older version":  {nil, func(p *act.ItemRelease) { p.Approvals[0].Content = canonical.Digest(nil) }, nil, policy.TwoPersonRequired},
		"approved by nobody":            {nil, func(p *act.ItemRelease) { p.Approvals = nil }, nil, policy.TwoPersonRequired},
		"screened and held":             {nil, func(p *act.ItemRelease) { p.Attestation.Verdict = "hold" }, nil, policy.AttestationMissing},
		"screened in an older version":  {nil, func(p *act.ItemRelease) { p.Attestation.Content = canonical.Digest(nil) }, nil, policy.AttestationMissing},
		"looser than the floor":         {nil, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:CLEAR"} }, nil, policy.RestrictionLooser},
		"GREEN where no community is":   {func(d *agreement.Document) { delete(d.Floor, "tlp") }, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:GREEN"} }, nil, policy.LabelUndefined},
		"without the floor":             {nil, func(p *act.ItemRelease) { delete(p.Restrictions, "tlp") }, nil, policy.RestrictionLooser},
		"for a purpose not agreed":      {nil, func(p *act.ItemRelease) { p.Restrictions["purposes"] = []string{"investigation-lead"} }, nil, policy.RestrictionLooser},
		"an axis nobody knows":          {nil, func(p *act.ItemRelease) { p.Restrictions["colour"] = []string{"red"} }, nil, policy.RestrictionUnknown},
		"a kind that is not covered":    {nil, func(p *act.ItemRelease) { p.ItemKind = "curriculum" }, nil, policy.KindNotCovered},
		"to an agency that is no party": {nil, func(*act.ItemRelease) {}, []act.AgencyName{"alpha", "delta"}, policy.NotAParty},
		"to a party that only gives":    {func(d *agreement.Document) { d.Parties[1].Role = agreement.Contributor }, func(*act.ItemRelease) {}, []act.AgencyName{"beta"}, policy.RoleForbids},
		"by a party that only receives": {func(d *agreement.Document) { d.Parties[0].Role = agreement.Recipient }, func(*act.ItemRelease) {}, nil, policy.RoleForbids},
		"to a party it did not name":    {nil, func(p *act.ItemRelease) { p.Restrictions["recipients"] = []string{"beta"} }, []act.AgencyName{"gamma"}, policy.RestrictionForbids},
		"under another id":              {nil, func(p *act.ItemRelease) { p.Agreement.ID = act.NewAgreementID() }, nil, policy.AgreementUnknown},
		"AMBER where no clients are":    {func(d *agreement.Document) { delete(d.Floor, "tlp") }, func(p *act.ItemRelease) { p.Restrictions["tlp"] = []string{"TLP:AMBER"} }, nil, policy.LabelUndefined},
		"under an agreement of others":  {nil, func(p *act.ItemRelease) { p.Agreement.Digest = canonical.Digest(nil) }, nil, policy.AgreementUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w, digest := inForce(t, test.document)
			if err := w.Enrol("delta"); err != nil {
				t.Fatal(err)
			}
			payload := w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil)
			test.change(payload)
			got := policy.Decide(w.State, policy.Request{Action: policy.ToRelease, Agency: "alpha", Payload: payload, Recipients: test.to}, w.Now)
			if got.Reason != test.reason || got.Allow != (test.reason == policy.Allowed) {
				t.Errorf("Decide = %+v, want %s", got, test.reason)
			}
		})
	}
}

func TestOpensThatAreRefused(t *testing.T) {
	w, digest := inForce(t, nil)
	release, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
	if err != nil {
		t.Fatal(err)
	}
	good := policy.Request{
		Action: policy.ToOpen, Agency: "beta", Release: release, Described: true, Purpose: "training",
		Accepted: w.State.Release(release).EffectiveDigest,
	}
	tests := map[string]struct {
		change func(*policy.Request)
		reason string
	}{
		"as it should be":             {func(*policy.Request) {}, policy.Allowed},
		"an agency that is nobody":    {func(r *policy.Request) { r.Agency = "ghost" }, policy.AgencyNotEnrolled},
		"a release that is nothing":   {func(r *policy.Request) { r.Release = "nothing" }, policy.UnknownRelease},
		"without a descriptor":        {func(r *policy.Request) { r.Described = false }, policy.NotARecipient},
		"for another purpose":         {func(r *policy.Request) { r.Purpose = "policy" }, policy.RestrictionForbids},
		"for no purpose":              {func(r *policy.Request) { r.Purpose = "" }, policy.RestrictionForbids},
		"with other terms accepted":   {func(r *policy.Request) { r.Accepted = canonical.Digest(nil) }, policy.ConditionsNotAccepted},
		"with no terms accepted":      {func(r *policy.Request) { r.Accepted = "" }, policy.ConditionsNotAccepted},
		"an action that nobody knows": {func(r *policy.Request) { r.Action = "copy" }, policy.KindUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := good
			test.change(&request)
			got := policy.Decide(w.State, request, w.Now)
			if got.Reason != test.reason || got.Allow != (test.reason == policy.Allowed) {
				t.Errorf("Decide = %+v, want %s", got, test.reason)
			}
		})
	}
	if _, err := w.Standing("gamma", act.AgencySuspendKind); err != nil {
		t.Fatal(err)
	}
	suspended := good
	suspended.Agency = "gamma"
	if got := policy.Decide(w.State, suspended, w.Now); got.Reason != policy.AgencySuspended {
		t.Errorf("a suspended agency is told %s", got.Reason)
	}
	w.State.Unknown = true
	if got := policy.Decide(w.State, good, w.Now); got.Allow {
		t.Error("the ledger holds an act of an unknown kind, and something is allowed")
	}
}

// FIRST TLP 2.0: RED is for the eyes of those who are there, so it is asked for
// each time that it is shown.
func TestTheLabelDecidesHowLongADeskShowsAgain(t *testing.T) {
	w, digest := inForce(t, nil)
	for n, test := range []struct {
		label string
		want  int64
	}{{"TLP:RED", 0}, {"TLP:AMBER+STRICT", 900}} {
		id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(n), 1, digest, restriction.Set{"tlp": {test.label}}))
		if err != nil {
			t.Fatal(err)
		}
		got := policy.Decide(w.State, policy.Request{
			Action: policy.ToOpen, Agency: "beta", Release: id, Described: true, Purpose: "training", Accepted: w.State.Release(id).EffectiveDigest,
		}, w.Now)
		if len(got.Obligations) != 1 || got.Obligations[0].Seconds != test.want {
			t.Errorf("%s: Decide = %+v, want %d seconds", test.label, got, test.want)
		}
	}
}

func TestTheEndOfOneAgreementLeavesAnotherReleaseAsItIs(t *testing.T) {
	w, first := inForce(t, nil)
	other := agreementtest.Document("alpha", "beta")
	other.ID = act.NewAgreementID()
	second, err := w.InForce(other)
	if err != nil {
		t.Fatal(err)
	}
	item := ledgertest.ItemID(1)
	var ids []act.ID
	for _, digest := range []string{first, second} {
		id, err := w.By("alpha", act.DeskSign, w.Release("alpha", item, 1, digest, nil))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if _, err := w.Step("alpha", act.AgreementTerminateKind, first); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true} {
		got := policy.Decide(w.State, policy.Request{
			Action: policy.ToOpen, Agency: "beta", Release: ids[i], Described: true, Purpose: "training", Accepted: w.State.Release(ids[i]).EffectiveDigest,
		}, w.Now)
		if got.Allow != want {
			t.Errorf("release %d: Decide = %+v, want allow %v", i, got, want)
		}
	}
}

func BenchmarkDecideOpen(b *testing.B) {
	w := ledgertest.New()
	digest, err := w.InForce(agreementtest.Document("alpha", "beta", "gamma"))
	if err != nil {
		b.Fatal(err)
	}
	id, err := w.By("alpha", act.DeskSign, w.Release("alpha", ledgertest.ItemID(1), 1, digest, nil))
	if err != nil {
		b.Fatal(err)
	}
	request := policy.Request{
		Action: policy.ToOpen, Agency: "beta", Release: id, Described: true, Purpose: "training", Accepted: w.State.Release(id).EffectiveDigest,
	}
	for b.Loop() {
		if !policy.Decide(w.State, request, w.Now).Allow {
			b.Fatal("denied")
		}
	}
}
