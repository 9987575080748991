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

// referenceOf returns the agreement revision that an agreement act names, or "".
func referenceOf(a *act.Act) string {
	if step, ok := act.StepOf(a.Payload); ok {
		return step.Agreement.Digest
	}
	return ""
}

// publish puts an act other than a release or an open into the feeds of those
// whom it concerns, at the moment of its appending.
func (b *batch) publish(a *act.Act, index uint64) error {
	switch p := a.Payload.(type) {
	case *act.AgreementPropose:
		document, _, err := agreement.Parse([]byte(p.Document))
		if err != nil {
			return err
		}
		parties := partiesOf(document)
		if err := b.introduce(parties); err != nil {
			return err
		}
		return b.show(index, parties...)
	case *act.ItemRetract:
		return b.publishRetraction(p, index)
	}
	if subject := subjectOf(a); subject != "" {
		return b.show(index, acquaintances(b.state, subject)...)
	}
	if revision := b.state.Revision(referenceOf(a)); revision != nil {
		return b.show(index, partiesOf(revision.Document)...)
	}
	return b.show(index, a.KeyID.Agency)
}

func partiesOf(document *agreement.Document) []act.AgencyName {
	names := make([]act.AgencyName, 0, len(document.Parties))
	for _, party := range document.Parties {
		names = append(names, party.Agency)
	}
	return names
}

// introduce gives every party the history of the others' standing and keys
// before it hears of their agreement: it verifies what they sign with those.
func (b *batch) introduce(parties []act.AgencyName) error {
	for _, party := range parties {
		others := slices.DeleteFunc(slices.Clone(parties), func(name act.AgencyName) bool { return name == party })
		missing, err := b.NotInFeed(party, others)
		if err != nil {
			return err
		}
		for _, index := range missing {
			if err := b.show(index, party); err != nil {
				return err
			}
		}
	}
	return nil
}

// acquaintances are the agency and all that share an agreement document with it.
func acquaintances(state *ledger.State, name act.AgencyName) []act.AgencyName {
	known := map[act.AgencyName]bool{name: true}
	state.Revisions(func(revision *ledger.Revision) {
		if revision.Party(name) != nil {
			for _, party := range partiesOf(revision.Document) {
				known[party] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(known))
}

func (b *batch) publishRetraction(p *act.ItemRetract, index uint64) error {
	concerned := map[act.AgencyName]bool{p.Issuer: true}
	for _, release := range b.state.Item(p.Item).Releases {
		holders, err := b.Holders(release.ID)
		if err != nil {
			return err
		}
		for _, holder := range holders {
			concerned[holder] = true
		}
	}
	return b.show(index, slices.Sorted(maps.Keys(concerned))...)
}
