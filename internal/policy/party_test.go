package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
	"github.com/concordat-hub/concordat/internal/policy"
)

// parting is a random history of one agreement of schema v2 among three.
type parting struct {
	*ledgertest.World
	digest   string
	parties  []act.AgencyName
	releases []act.ID
}

func (h *parting) turn(t *rapid.T) {
	h.Now = h.Now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 9 * time.Hour, 36 * time.Hour, 20 * 24 * time.Hour}).Draw(t, "wait"))
	who := rapid.SampledFrom(h.parties).Draw(t, "who")
	step := act.AgreementStep{
		Common: h.Common(who), Officer: ledgertest.Officer(who, 1), Agreement: act.AgreementRef{ID: h.State.Revision(h.digest).Document.ID, Digest: h.digest},
		Prev: h.State.Revision(h.digest).Last, Reason: rapid.SampledFrom([]string{"breach", "safety"}).Draw(t, "reason"),
	}
	about := act.AgreementPartyStep{AgreementStep: step, Agency: rapid.SampledFrom(h.parties).Draw(t, "about")}
	switch what := rapid.SampledFrom([]string{
		"release", "release", "retract", "suspend", "resume", "suspend-party", "resume-party", "withdraw", "terminate", "review", "standing", "standing",
	}).Draw(t, "what"); what {
	case "release":
		h.release(who)
	case "retract":
		h.retracts(who)
	case "standing":
		kind := act.AgencySuspendKind
		if h.State.Agency(who).Standing == ledger.Suspended {
			kind = act.AgencyResumeKind
		}
		_, _ = h.Standing(who, kind)
	default:
		_, _ = h.By(who, act.OfficerSign, map[string]act.Payload{
			"suspend": &act.AgreementSuspend{AgreementStep: step}, "resume": &act.AgreementResume{AgreementStep: step},
			"suspend-party": &act.AgreementSuspendParty{AgreementPartyStep: about}, "resume-party": &act.AgreementResumeParty{AgreementPartyStep: about},
			"withdraw": &act.AgreementWithdraw{AgreementStep: step}, "terminate": &act.AgreementTerminate{AgreementStep: step},
			"review": &act.AgreementReview{AgreementStep: step},
		}[what])
	}
}

// release lets a party whose role allows it put something plain before all.
func (h *parting) release(by act.AgencyName) {
	revision := h.State.Revision(h.digest)
	if !revision.Party(by).MayRelease() || !revision.Commitment(by).Gives("bulletin") {
		return
	}
	item := h.Release(by, ledgertest.ItemID(len(h.releases)), 1, h.digest, agreementtest.Floor())
	if id, err := h.By(by, act.DeskSign, item); err == nil {
		h.releases = append(h.releases, id)
	}
}

// retracts takes back whatever the party has released.
func (h *parting) retracts(by act.AgencyName) {
	for _, id := range h.releases {
		if item := h.State.Release(id).Item; item.Publisher == by && item.Retracted == nil {
			_, _ = h.By(by, act.DeskSign, &act.ItemRetract{Common: h.Common(by), Item: item.ID, Officer: ledgertest.Officer(by, 1), Reason: "error"})
		}
	}
}

// tookBack reports whether another party has taken back what it released first, or
// never released anything: what it released since may have come while nothing new
// was to be read.
func (h *parting) tookBack(name act.AgencyName) bool {
	return slices.ContainsFunc(h.parties, func(other act.AgencyName) bool {
		first := slices.IndexFunc(h.releases, func(id act.ID) bool { return h.State.Release(id).Item.Publisher == other })
		return other != name && (first < 0 || h.State.Release(h.releases[first]).Item.Retracted != nil)
	})
}

// What a party is told of its part is what Decide says of items: it may release
// exactly if Decide lets it release something plain to somebody, and it may not
// read or receive exactly if Decide lets nobody's plain item through.
func TestWhatAPartyIsToldOfItsPartIsWhatDecideSays(t *testing.T) {
	saw := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := &parting{World: ledgertest.New(), parties: []act.AgencyName{"alpha", "beta", "gamma"}}
		d := agreementtest.DocumentV2(h.parties...)
		d.Suspension.Reading = rapid.SampledFrom([]string{"stop", "continue"}).Draw(t, "reading")
		d.Suspension.NoticeDays, d.Suspension.MaxDays = rapid.IntRange(0, 2).Draw(t, "notice"), 30
		d.Review = &agreement.Review{IntervalDays: 30, OnOverdue: rapid.SampledFrom([]string{"warn", "freeze-new", "suspend"}).Draw(t, "overdue")}
		d.Termination.NoticeDays, d.Termination.Effect = 1, "destroy"
		d.Reciprocity = rapid.SampledFrom([]string{"reported", "required"}).Draw(t, "reciprocity")
		d.Parties[2].Role = rapid.SampledFrom([]agreement.Role{agreement.Both, agreement.Observer, agreement.Contributor, agreement.Recipient}).Draw(t, "role")
		if !d.Parties[2].MayRelease() {
			d.Commitments[2].Give = nil
		}
		if !d.Parties[2].MayReceiveCovers() {
			d.Commitments[2].Receive = nil
		}
		for i, may := range []string{"gives", "receives"} { // what a role leaves open
			list := []*[]string{&d.Commitments[1].Give, &d.Commitments[1].Receive}[i]
			if !rapid.Bool().Draw(t, may) && rapid.Bool().Draw(t, "not "+may) {
				*list = []string{}
			}
		}
		d.Parties[1].Authority = &agreement.Authority{Instrument: "A fictional decree", Until: canonical.At(ledgertest.Start.Add(60 * 24 * time.Hour))}
		var err error
		if h.digest, err = h.InForce(d); err != nil {
			t.Fatal(err)
		}
		for _, each := range h.parties { // each has released one plain item
			h.release(each)
		}
		if rapid.Bool().Draw(t, "takes back") {
			h.retracts("alpha")
		}
		for range rapid.IntRange(1, 15).Draw(t, "turns") {
			h.turn(t)
			for _, each := range h.parties {
				h.compare(t, each, saw)
			}
		}
	})
	for _, reason := range []string{
		policy.Allowed, policy.AgreementSuspended, policy.PartySuspended, policy.ReviewOverdue, policy.AgreementWithdrawn,
		policy.AgreementTerminated, policy.AgencySuspended, policy.RoleForbids, policy.AuthorityLapsed, policy.KindNotCovered, policy.ReciprocityOwed,
	} {
		if saw[reason] == 0 {
			t.Errorf("the histories never came to %s", reason)
		}
	}
}

func (h *parting) compare(t *rapid.T, name act.AgencyName, saw map[string]int) {
	part := policy.PartOf(h.State, h.State.Revision(h.digest), name, h.Now)
	saw[part.Release.Reason]++
	saw[part.Read.Reason]++
	releases := func(by act.AgencyName, to ...act.AgencyName) policy.Decision {
		return policy.Decide(h.State, policy.Request{
			Action: policy.ToRelease, Agency: by, Payload: h.Release(by, ledgertest.ItemID(99), 1, h.digest, agreementtest.Floor()), Recipients: to,
		}, h.Now)
	}
	var release, receive, read bool
	for _, other := range h.parties {
		if other != name {
			release = release || releases(name, other).Allow
			receive = receive || releases(other, name).Allow
		}
	}
	for _, id := range h.releases {
		if r := h.State.Release(id); r.Item.Publisher != name {
			read = read || policy.Decide(h.State, policy.Request{
				Action: policy.ToOpen, Agency: name, Release: id, Described: true, Purpose: "detection", Accepted: r.Terms(name).Digest,
				Officer: ledgertest.Officer(name, 1),
			}, h.Now).Allow
		}
	}
	if !read && h.tookBack(name) {
		read = part.Read.Allow // there may be nothing left to read
	}
	if part.Release.Allow != release || part.Receive.Allow != receive || part.Read.Allow != read {
		t.Fatalf("%s is told %+v; Decide lets it release %v, receive %v, read %v", name, part, release, receive, read)
	}
	for _, told := range []policy.Decision{part.Release, part.Receive, part.Read} {
		if told.Allow != (told.Reason == policy.Allowed) || slices.Contains(told.Evidence, "") {
			t.Fatalf("%s is told %+v", name, told)
		}
	}
}
