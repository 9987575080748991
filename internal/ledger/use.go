package ledger

import (
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// restrict tightens the terms of what the signer released. It takes effect with
// its entry, before anybody has acknowledged it (Palermo Protocol, Article 10(3)).
func (c *cursor) restrict(p *act.ItemRestrict) (func(), error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	item := c.items[p.Item]
	if item == nil || item.Publisher != c.issuer() {
		return nil, refuse("item_unknown", "the signer has published no such item")
	}
	if item.Retracted != nil {
		return nil, refuse("item_retracted", "the item is retracted already")
	}
	if release := c.releases[p.Release]; p.Release != "" && (release == nil || release.Item != item) {
		return nil, refuse("release_unknown", "the item has no such release")
	}
	if p.Version > item.Version && !c.Partial {
		return nil, refuse("version_out_of_order", "the item has no such version yet")
	}
	set := restriction.Set(p.Restrictions)
	if err := set.Validate(); err != nil {
		return nil, refuse("restriction_invalid", "%v", err)
	}
	if !c.now().Before(p.Acknowledge.Time) {
		return nil, refuse("acknowledge_by_passed", "the day by which to acknowledge is over")
	}
	asked := Restrict{
		Step: c.step, Version: p.Version, Release: p.Release, For: p.For, Set: set, Acknowledge: p.Acknowledge.Time,
		Recall: len(set[string(restriction.Recall)]) > 0,
	}
	return func() {
		item.Restricts = append(item.Restricts, asked)
		for _, release := range item.Releases {
			release.tighten()
		}
	}, nil
}

// holder returns the release for an agency that has received it, whatever became
// of the agreement since: what is owed is owed after the end too.
func (c *cursor) holder(id act.ID) (*Release, error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	release := c.releases[id]
	// A desk hears of openings of what it published, and not of deliveries to others.
	if release == nil || !c.Partial && !release.delivered[c.issuer()] && release.Item.Publisher != c.issuer() {
		return nil, refuse("release_unknown", "the signer has received no such release")
	}
	return release, nil
}

func (c *cursor) acknowledge(p *act.ItemAcknowledge) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	if p.Restrictions != release.Terms(c.issuer()).Digest {
		return nil, refuse("terms_outdated", "the terms in force are others than those that are acknowledged")
	}
	return func() {
		reader := release.reader(c.issuer())
		reader.accept(p.Restrictions, c.step)
		reader.AcceptedStep = c.step
		for _, term := range p.Prerequisites {
			if reader.Prerequisites == nil {
				reader.Prerequisites = map[string]bool{}
			}
			reader.Prerequisites[term] = true
		}
	}, nil
}

// cannotComply seals the item for the signer at once.
func (c *cursor) cannotComply(p *act.ItemCannotComply) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	if release.Item.Publisher == c.issuer() {
		return nil, refuse("own_release", "the originator makes the terms and does not answer them")
	}
	return func() {
		if release.Item.cannot == nil {
			release.Item.cannot = map[act.AgencyName]Step{}
		}
		release.Item.cannot[c.issuer()] = c.step
	}, nil
}

func (c *cursor) reportUse(p *act.ItemReportUse) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	return func() { release.reader(c.issuer()).Reported = c.step }, nil
}

func (c *cursor) attest(p *act.ItemAttest) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	if p.Statement == "retained-under-terms" && release.Revision.Document.Termination.Effect != "retain-under-terms" {
		return nil, refuse("retention_not_agreed", "the agreement does not let a holder keep copies after the end (/termination/effect)")
	}
	return func() {
		release.reader(c.issuer()).Attested = &Attestation{Step: c.step, Statement: p.Statement}
	}, nil
}

func (c *cursor) hold(p *act.HoldStep, place bool) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	held := release.readers[c.issuer()] != nil && release.readers[c.issuer()].Held != nil
	if held == place {
		return nil, refuse("hold_unchanged", "a hold is placed once and lifted once")
	}
	return func() {
		reader := release.reader(c.issuer())
		reader.Held = nil
		if place {
			step := c.step
			reader.Held = &step
		}
	}, nil
}

// Notice is a disclosure that a holder told the originator of.
type Notice struct {
	Step
	By      act.AgencyName
	Payload *act.NoticeDisclosure
}

// disclosure is never refused for what it says: the law that compels it is not
// this hub's to judge (UN Convention against Transnational Organized Crime,
// Article 18(5)).
func (c *cursor) disclosure(p *act.NoticeDisclosure) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	return func() {
		release.Notices = append(release.Notices, Notice{Step: c.step, By: c.issuer(), Payload: p})
	}, nil
}

// Consent is what became of a request for a use that restrictions leave to the
// originator.
type Consent struct {
	Step      // of the request
	By        act.AgencyName
	Payload   *act.ConsentRequest
	Release   *Release
	Lapses    Step // Effective is when silence becomes no
	Granted   *Step
	Refused   *Step
	Withdrawn *Step
}

func (c *cursor) askConsent(p *act.ConsentRequest) (func(), error) {
	release, err := c.holder(p.Release)
	if err != nil {
		return nil, err
	}
	if release.Item.Publisher == c.issuer() {
		return nil, refuse("own_release", "the originator asks nobody for consent")
	}
	if !c.now().Before(p.Until.Time) {
		return nil, refuse("consent_until_passed", "the time for which consent is asked is over")
	}
	lapses := c.step
	lapses.Effective = c.now().Add(release.Revision.Document.ConsentTimeout())
	if by := p.AnswerBy; !by.IsZero() && by.Before(lapses.Effective) {
		lapses.Effective = by.Time
	}
	return func() {
		c.consents[c.entry.Act.ID] = &Consent{Step: c.step, By: c.issuer(), Payload: p, Release: release, Lapses: lapses}
	}, nil
}

// answered returns the request that the originator answers.
func (c *cursor) answered(p *act.ConsentAnswer) (*Consent, error) {
	if _, err := c.signer(); err != nil {
		return nil, err
	}
	consent := c.consents[p.Request]
	if consent == nil || consent.Release.Item.Publisher != c.issuer() {
		return nil, refuse("consent_unknown", "nobody has asked the signer for this consent")
	}
	return consent, nil
}

// unanswered refuses an answer that comes after another, or after silence was one.
func (c *cursor) unanswered(p *act.ConsentAnswer) (*Consent, error) {
	consent, err := c.answered(p)
	if err != nil {
		return nil, err
	}
	switch {
	case consent.Granted != nil || consent.Refused != nil:
		return nil, refuse("consent_answered", "the request is answered already")
	case !c.now().Before(consent.Lapses.Effective):
		return nil, refuse("consent_lapsed", "silence was no; the receiver has to ask again (/onwardDisclosure/consentTimeoutHours)")
	}
	return consent, nil
}

func (c *cursor) grant(p *act.ConsentAnswer) (func(), error) {
	consent, err := c.unanswered(p)
	if err != nil {
		return nil, err
	}
	if c.agencies[c.issuer()].Standing == Suspended && !c.late() {
		return nil, refuse("agency_suspended", "a suspended agency gives nothing new")
	}
	return func() { step := c.step; consent.Granted = &step }, nil
}

func (c *cursor) refuseConsent(p *act.ConsentAnswer) (func(), error) {
	consent, err := c.unanswered(p)
	if err != nil {
		return nil, err
	}
	return func() { step := c.step; consent.Refused = &step }, nil
}

func (c *cursor) withdrawConsent(p *act.ConsentAnswer) (func(), error) {
	consent, err := c.answered(p)
	if err != nil {
		return nil, err
	}
	if consent.Granted == nil || consent.Withdrawn != nil {
		return nil, refuse("consent_not_granted", "only a consent that was granted is taken back, once")
	}
	return func() { step := c.step; consent.Withdrawn = &step }, nil
}
