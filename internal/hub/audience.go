package hub

import (
	"maps"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// subjectOf returns the agency whose standing or keys an act is about, or "".
func subjectOf(a *act.Act) act.AgencyName {
	switch p := a.Payload.(type) {
	case *act.AgencyEnrol:
		return p.Agency
	case *act.AgencySuspend:
		return p.Agency
	case *act.AgencyResume:
		return p.Agency
	case *act.AgencyOffboard:
		return p.Agency
	case *act.KeyAdd, *act.KeyRetire, *act.KeyRevoke:
		return a.KeyID.Agency
	}
	return ""
}

// publish puts an act other than a release or an open into the feeds of those
// whom it concerns, at the moment of its appending. The state is the one before
// the act.
func (b *batch) publish(a *act.Act, index uint64) error {
	if subject := subjectOf(a); subject != "" {
		return b.show(index, acquaintances(b.state, subject)...)
	}
	switch p := a.Payload.(type) {
	case *act.AgreementPropose:
		return b.publishProposal(p, index)
	case *act.AgreementInvite:
		return b.publishInvitation(p, index)
	case *act.NoticeBreach:
		return b.show(index, parties(b.state.Revision(p.Agreement.Digest))...)
	case *act.ItemRetract:
		return b.publishToHolders(a, b.state.Item(p.Item), everyHolder, index)
	case *act.ItemRestrict:
		asked := ledger.Restrict{Version: p.Version, Release: p.Release, For: p.For}
		return b.publishToHolders(a, b.state.Item(p.Item), asked.Concerns, index)
	}
	if step, ok := act.StepOf(a.Payload); ok {
		return b.show(index, followers(b.state, b.state.Revision(step.Agreement.Digest))...)
	}
	return b.show(index, sorted(between(b.state, a))...)
}

// between are the two agencies whom an act after a release concerns: who received
// and who released.
func between(state *ledger.State, a *act.Act) map[act.AgencyName]bool {
	concerned := map[act.AgencyName]bool{a.KeyID.Agency: true}
	if answer, ok := act.AnswerOf(a.Payload); ok {
		if consent := state.Consent(answer.Request); consent != nil {
			concerned[consent.By] = true
		}
	}
	if release := state.Release(act.ReleaseOf(a.Payload)); release != nil {
		concerned[release.Item.Publisher] = true
	}
	return concerned
}

func sorted(names map[act.AgencyName]bool) []act.AgencyName { return slices.Sorted(maps.Keys(names)) }

func parties(revision *ledger.Revision) []act.AgencyName {
	var names []act.AgencyName
	for _, party := range revision.AllParties() {
		names = append(names, party.Agency)
	}
	return names
}

// followers are whom the acts of a revision concern: its own audience, and that of
// every older revision, because what stops or ends a text stops and ends the older
// ones, and because all parties to a treaty are told when some of them amend it
// (Vienna Convention on the Law of Treaties, Articles 40(2) and 41(2)).
func followers(state *ledger.State, revision *ledger.Revision) []act.AgencyName {
	names := map[act.AgencyName]bool{}
	for _, one := range state.Agreement(revision.Document.ID).Revisions {
		if one.Document.Revision > revision.Document.Revision {
			continue
		}
		for _, name := range one.Audience() {
			names[name] = true
		}
	}
	return sorted(names)
}

// acquaintances are the agency and all that hear of acts which it can sign under
// an agreement: they verify them with its keys.
func acquaintances(state *ledger.State, name act.AgencyName) []act.AgencyName {
	known := map[act.AgencyName]bool{name: true}
	state.Revisions(func(revision *ledger.Revision) {
		if slices.Contains(revision.Audience(), name) {
			for _, follower := range followers(state, revision) {
				known[follower] = true
			}
		}
	})
	return sorted(known)
}

// publishProposal shows a document to its parties and to those who follow the
// revision before it.
func (b *batch) publishProposal(p *act.AgreementPropose, index uint64) error {
	document, _, err := agreement.Parse([]byte(p.Document))
	if err != nil {
		return err
	}
	named, told := map[act.AgencyName]bool{}, map[act.AgencyName]bool{}
	for _, party := range document.Parties {
		named[party.Agency], told[party.Agency] = true, true
	}
	if older := b.state.Agreement(document.ID); older != nil {
		for _, name := range followers(b.state, older.Revisions[len(older.Revisions)-1]) {
			told[name] = true
		}
	}
	if err := b.introduce(sorted(told), sorted(named)); err != nil {
		return err
	}
	return b.show(index, sorted(told)...)
}

// introduce gives each listener the history of the others' standing and keys
// before it hears of their agreement: it verifies what they sign with those.
func (b *batch) introduce(listeners, signers []act.AgencyName, also ...uint64) error {
	for _, listener := range listeners {
		others := slices.DeleteFunc(slices.Clone(signers), func(name act.AgencyName) bool { return name == listener })
		missing, err := b.NotInFeed(listener, others)
		if err != nil {
			return err
		}
		for _, index := range also {
			heard, err := b.InFeed(listener, index)
			if err != nil {
				return err
			}
			if !heard {
				missing = append(missing, index)
			}
		}
		slices.Sort(missing)
		for _, index := range missing {
			if err := b.show(index, listener); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishInvitation lets the invited agency follow the agreement from its
// proposal on, with newer revisions of it, in the order in which it happened, so
// that its own fold comes to the same state as everybody's. The others learn the
// keys with which it may accede.
func (b *batch) publishInvitation(p *act.AgreementInvite, index uint64) error {
	revision := b.state.Revision(p.Agreement.Digest)
	signers := map[act.AgencyName]bool{}
	var life []uint64
	for _, one := range b.state.Agreement(p.Agreement.ID).Revisions {
		if one.Document.Revision < revision.Document.Revision {
			continue
		}
		for _, name := range one.Audience() {
			signers[name] = true
		}
		for _, id := range one.Chain() {
			if at, seen := b.state.Seen(id); seen {
				life = append(life, at)
			}
		}
	}
	slices.Sort(life) // an act that reaches several revisions is in the life of each
	life = slices.Compact(life)
	told := followers(b.state, revision)
	if err := b.introduce([]act.AgencyName{p.Agency}, sorted(signers), life...); err != nil {
		return err
	}
	if err := b.introduce(told, []act.AgencyName{p.Agency}); err != nil {
		return err
	}
	if !slices.Contains(told, p.Agency) {
		told = append(told, p.Agency)
	}
	return b.show(index, told...)
}

func everyHolder(*ledger.Release, act.AgencyName) bool { return true }

// publishToHolders shows an act about an item to those who have a descriptor of
// a release of it and whom the act concerns.
func (b *batch) publishToHolders(a *act.Act, item *ledger.Item, concerns func(*ledger.Release, act.AgencyName) bool, index uint64) error {
	told := map[act.AgencyName]bool{a.KeyID.Agency: true}
	for _, release := range item.Releases {
		holders, err := b.Holders(release.ID)
		if err != nil {
			return err
		}
		for _, holder := range holders {
			if concerns(release, holder) {
				told[holder] = true
			}
		}
	}
	return b.show(index, sorted(told)...)
}

// showRequests tells the recipients of a release what its originator had asked
// for before of this version of the item: it binds them like the release itself.
func (b *batch) showRequests(p *act.ItemRelease, recipients []act.AgencyName) error {
	item := b.state.Item(p.Item)
	if item == nil {
		return nil
	}
	released := &ledger.Release{Item: item, Version: p.Version}
	for _, asked := range item.Restricts {
		for _, recipient := range recipients {
			if !asked.Concerns(released, recipient) {
				continue
			}
			heard, err := b.InFeed(recipient, asked.Index)
			if err != nil {
				return err
			}
			if heard {
				continue
			}
			if err := b.show(asked.Index, recipient); err != nil {
				return err
			}
		}
	}
	return nil
}
