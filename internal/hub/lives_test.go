package hub_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/client/hubclient"
	"github.com/concordat-hub/concordat/internal/hub/hubtest"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/store"
)

// Agencies propose, sign, amend, suspend, invite, accede, leave, release and
// restrict at random, as far as they are let. Each desk is told only of what
// concerns it, and of some of that late; what it folds of an agreement and of what
// it holds is what the whole ledger says.
func TestWhatEachDeskIsToldIsEnoughToFollowWhatConcernsIt(t *testing.T) {
	t.Parallel()
	// The same history each time in make test; another one each time when asked for
	// a longer one.
	seed := uint64(1)
	if os.Getenv("CONCORDAT_LIVES") != "" {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	l := newLives(t, seed)
	steps, every := livesWanted(t), 20
	for n := range steps {
		l.step()
		if n%every == every-1 {
			l.compare()
		}
	}
	t.Logf("%d compared after %v and %d amendments", l.compared, l.taken, l.amended)
	l.Verify(t)
}

// livesWanted is how many steps are tried: more with CONCORDAT_LIVES.
func livesWanted(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CONCORDAT_LIVES")
	if text == "" {
		return 300
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type lives struct {
	*hubtest.Hub
	t        *testing.T
	dice     *rand.Rand
	all      []*hubtest.Agency
	refs     []act.AgreementRef                     // newest last
	parties  map[act.AgreementRef][]*hubtest.Agency // of the document, and who acceded
	releases []act.ID
	taken    map[string]int
	amended  int
	compared int
}

func newLives(t *testing.T, seed uint64) *lives {
	t.Helper()
	l := &lives{Hub: hubtest.Start(t, hubtest.Options{}), t: t, dice: rand.New(rand.NewPCG(seed, 7)), taken: map[string]int{}, parties: map[act.AgreementRef][]*hubtest.Agency{}}
	for _, name := range []act.AgencyName{"agencya", "agencyb", "agencyc", "agencyd", "agencye", "agencyf", "agencyg"} {
		l.all = append(l.all, l.Enrol(t, name))
	}
	return l
}

func pick[T any](l *lives, of []T) T { return of[l.dice.IntN(len(of))] }

// try hands an act in that may be refused, but not by a fault of the hub.
func (l *lives) try(who *hubtest.Agency, purpose act.Purpose, payload act.Payload) bool {
	l.t.Helper()
	_, err := who.Client.Submit(l.t.Context(), who.SignAct(l.t, purpose, payload))
	if err != nil {
		if status := statusOf(err); status/100 != 4 {
			l.t.Fatalf("%s of %s: %v", payload.Kind(), who.Name, err)
		}
		l.taken["refused "+string(payload.Kind())+" "+hubclient.CodeOf(err)]++
		return false
	}
	l.taken[string(payload.Kind())]++
	return true
}

func (l *lives) step() {
	l.t.Helper()
	who := pick(l, l.all)
	if len(l.refs) == 0 || l.dice.IntN(50) == 0 {
		l.propose(who, nil)
		return
	}
	ref := pick(l, l.refs[max(0, len(l.refs)-4):]) // lives that go on
	if l.dice.IntN(8) > 0 {
		who = pick(l, l.parties[ref])
	}
	who.Sync(l.t)
	revision := who.State.Revision(ref.Digest)
	if revision == nil {
		return
	}
	switch roll := l.dice.IntN(100); {
	case roll < 4:
		l.propose(who, revision)
	case roll < 7:
		who.Rotate(l.t)
	case roll < 9:
		l.stand(who)
	case roll < 65:
		l.agreementStep(who, ref)
	default:
		l.itemStep(who, ref)
	}
}

// stand suspends an agency at the hub for a moment in which nothing else happens.
func (l *lives) stand(who *hubtest.Agency) {
	l.t.Helper()
	for _, request := range []string{hubclient.RequestSuspend, hubclient.RequestResume} {
		if _, err := l.Operator.Request(l.t.Context(), who.Name, request); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *lives) propose(who *hubtest.Agency, before *ledger.Revision) {
	l.t.Helper()
	parties := []*hubtest.Agency{who}
	for _, other := range l.all {
		if other != who && l.dice.IntN(3) == 0 {
			parties = append(parties, other)
		}
	}
	if len(parties) < 2 {
		return
	}
	document := thirdMayStayOut(l.WholeDocument(parties...))
	document.Accession = "open"
	document.AccessionRule.Rule = pick(l, []string{"unanimity", "majority"})
	document.Suspension.NoticeDays = l.dice.IntN(2)
	if before != nil {
		document.ID, document.Revision, document.Supersedes = before.Document.ID, before.Document.Revision+1, before.Digest
	}
	bytes, digest, err := document.Bytes()
	if err != nil {
		l.t.Fatal(err)
	}
	if !l.try(who, act.OfficerSign, &act.AgreementPropose{Common: who.Common(), Document: string(bytes)}) {
		return
	}
	if before != nil {
		l.amended++
	}
	ref := act.AgreementRef{ID: document.ID, Digest: digest}
	l.refs, l.parties[ref] = append(l.refs, ref), parties
	for _, party := range parties[:max(l.dice.IntN(len(parties)), l.dice.IntN(len(parties)))+1] {
		party.Sign(l.t, ref)
	}
}

func (l *lives) agreementStep(who *hubtest.Agency, ref act.AgreementRef) {
	l.t.Helper()
	step := who.Reasoned(l.t, ref, pick(l, []string{"safety", "breach", "other"}))
	about := act.AgreementPartyStep{AgreementStep: step, Agency: pick(l, l.all).Name}
	revision := who.State.Revision(ref.Digest)
	accessions := slices.Sorted(maps.Keys(revision.Accessions))
	switch l.dice.IntN(16) {
	case 0, 1, 2:
		l.try(who, act.OfficerSign, &act.AgreementSign{AgreementStep: step})
	case 3:
		l.try(who, act.OfficerSign, &act.AgreementSuspend{AgreementStep: step})
	case 4, 5:
		l.try(who, act.OfficerSign, &act.AgreementResume{AgreementStep: step})
	case 6:
		l.try(who, act.OfficerSign, &act.AgreementSuspendParty{AgreementPartyStep: about})
	case 7:
		l.try(who, act.OfficerSign, &act.AgreementResumeParty{AgreementPartyStep: about})
	case 8:
		seldom := []act.Payload{&act.AgreementDecline{AgreementStep: step}, &act.AgreementRetract{AgreementStep: step}, &act.AgreementReview{AgreementStep: step}}
		if l.dice.IntN(4) == 0 {
			seldom = []act.Payload{&act.AgreementWithdraw{AgreementStep: step}, &act.AgreementTerminate{AgreementStep: step}}
		}
		l.try(who, act.OfficerSign, pick(l, seldom))
	case 9, 10, 11:
		invited := pick(l, l.all)
		if l.try(who, act.OfficerSign, &act.AgreementInvite{AgreementStep: step, Agency: invited.Name}) && l.dice.IntN(3) > 0 {
			l.accede(invited, ref)
		}
	case 12:
		l.accede(who, ref)
	default:
		for _, accession := range accessions {
			for _, party := range revision.AllParties() {
				l.countersign(party.Agency, ref, accession)
			}
		}
	}
}

func (l *lives) countersign(name act.AgencyName, ref act.AgreementRef, accession act.ID) {
	l.t.Helper()
	who := l.all[slices.IndexFunc(l.all, func(a *hubtest.Agency) bool { return a.Name == name })]
	l.try(who, act.OfficerSign, &act.AgreementCountersign{AgreementStep: who.Step(l.t, ref), Accession: accession})
}

func (l *lives) accede(who *hubtest.Agency, ref act.AgreementRef) {
	l.t.Helper()
	if l.try(who, act.OfficerSign, who.Accession(l.t, ref)) {
		l.parties[ref] = append(l.parties[ref], who)
	}
}

func (l *lives) itemStep(who *hubtest.Agency, ref act.AgreementRef) {
	l.t.Helper()
	if len(l.releases) == 0 || l.dice.IntN(3) == 0 {
		l.release(who, ref)
		return
	}
	id := pick(l, l.releases)
	release := who.State.Release(id)
	if release == nil {
		return
	}
	switch l.dice.IntN(5) {
	case 0, 1:
		_, err := who.Open(l.t, id)
		if status := statusOf(err); err != nil && status/100 != 4 {
			l.t.Fatal(err)
		}
	case 2:
		asked := pick(l, []restriction.Set{{"accessForm": {"print"}}, {"accessForm": {"view-only"}}, {"retentionDays": {"9"}}, {"notifications": {"must-not"}}})
		var receivers []act.AgencyName
		if l.dice.IntN(2) == 0 {
			receivers = []act.AgencyName{pick(l, l.all).Name}
		}
		l.try(who, act.DeskSign, who.Restriction(l.t, release.Item.ID, asked, receivers...))
	case 3:
		l.try(who, act.DeskSign, &act.ItemAcknowledge{Common: who.Common(), Release: id, Restrictions: who.Terms(l.t, id), Officer: who.Officer()})
	default:
		l.try(who, act.DeskSign, &act.ItemCannotComply{
			Common: who.Common(), Release: id, Restrictions: who.Terms(l.t, id), Axis: "accessForm", Reason: "technical", Officer: who.Officer(),
		})
	}
}

// release shares a new item, or one that was released before, with some parties.
func (l *lives) release(who *hubtest.Agency, ref act.AgreementRef) {
	l.t.Helper()
	var recipients []*hubtest.Agency
	for _, other := range l.all {
		if other != who && who.State.Revision(ref.Digest).Binds(other.Name, who.State.Time) && l.dice.IntN(2) == 0 {
			recipients = append(recipients, other)
		}
	}
	item := who.Seal(l.t, ref, "content", recipients...)
	for _, id := range l.releases {
		if old := who.State.Release(id); old != nil && old.Item.Publisher == who.Name && l.dice.IntN(3) == 0 {
			again := &hubtest.Item{Payload: &act.ItemRelease{Item: old.Item.ID}, Content: "content"}
			item = who.SealAgain(l.t, again, ref, recipients...)
			break
		}
	}
	who.Upload(l.t, item)
	done, err := who.Client.Release(l.t.Context(), who.Request(l.t, item))
	if err != nil {
		if status := statusOf(err); status/100 != 4 {
			l.t.Fatal(err)
		}
		return
	}
	l.releases = append(l.releases, done.Act)
	l.taken["item.release"]++
}

// compare folds everybody's feed and the whole ledger, and compares what both say
// of each revision and each release that an agency knows.
func (l *lives) compare() {
	l.t.Helper()
	whole := l.whole()
	for _, agency := range l.all {
		agency.Sync(l.t)
		for _, ref := range l.refs {
			if own := agency.State.Revision(ref.Digest); own != nil {
				l.compared++
				if diff := cmp.Diff(life(whole, whole.Revision(ref.Digest), l.all), life(agency.State, own, l.all)); diff != "" {
					l.t.Fatalf("%s is wrong about revision %d (-ledger +desk):\n%s", agency.Name, own.Document.Revision, diff)
				}
			}
		}
		for _, id := range l.releases {
			own := agency.State.Release(id)
			if own == nil {
				continue
			}
			l.compared++
			request := policy.Request{Action: policy.ToDeliver, Agency: agency.Name, Release: id, Described: true}
			want := fmt.Sprintln(whole.Release(id).Terms(agency.Name), policy.Decide(whole, request, whole.Time))
			if got := fmt.Sprintln(own.Terms(agency.Name), policy.Decide(agency.State, request, whole.Time)); got != want {
				l.t.Fatalf("%s is wrong about a release (-ledger +desk):\n%s", agency.Name, cmp.Diff(want, got))
			}
		}
	}
}

// life is what matters of a revision to whoever follows it.
func life(s *ledger.State, r *ledger.Revision, all []*hubtest.Agency) map[string]string {
	out := map[string]string{
		"stands": fmt.Sprint(r.Stands(s.Time.Add(36 * time.Hour)).State), "complete": fmt.Sprint(r.Complete), "last": string(r.Last),
		"suspended": fmt.Sprint(r.Suspended), "stopped": fmt.Sprint(r.Stopped), "withdrawn": fmt.Sprint(r.Withdrawn), "invited": fmt.Sprint(r.Invited),
		"declined": fmt.Sprint(r.Declined), "signatures": fmt.Sprint(r.Signatures), "accessions": fmt.Sprint(len(r.Accessions)),
	}
	for _, agency := range all {
		out["party "+string(agency.Name)] = fmt.Sprint(r.Party(agency.Name) != nil, r.Joined[agency.Name] != nil)
	}
	return out
}

// whole folds every entry, as the hub does.
func (l *lives) whole() *ledger.State {
	l.t.Helper()
	s, err := ledger.New(l.Service.Genesis())
	if err != nil {
		l.t.Fatal(err)
	}
	err = l.Store.View(l.t.Context(), func(r store.Reader) error {
		size, err := r.Size()
		if err != nil {
			return err
		}
		entries, err := r.Entries(0, int(size))
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := ledger.Fold(s, [][]byte{entry.Bytes}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}
