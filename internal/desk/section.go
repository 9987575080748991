package desk

import (
	"bytes"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// What a kind lets an author write must have its place in a binding.
const _ = uint(seal.MaxSections - item.MaxSections)

// bindSections fixes the salts of a draft's version. Restricted sections give the
// body its salt, so that whoever approves the body's commitment approves them all,
// and nobody else can tell that there are any.
func bindSections(content item.Content) (deskstore.DraftSecret, error) {
	secret := deskstore.DraftSecret{Canonical: content.Canonical()}
	sections := item.SectionsOf(content)
	if len(sections) == 0 {
		salt := seal.NewSalt()
		secret.Salt = salt[:]
		return secret, nil
	}
	secret.Whole = item.Whole(content)
	passages := make([]seal.Passage, 0, len(sections))
	for _, section := range sections {
		passages = append(passages, seal.NewPassage(section.Canonical))
	}
	binding, err := seal.Bind(passages)
	if err != nil {
		return secret, refuseFor(CodeTooLarge, err)
	}
	if secret.Salt, err = binding.Salt(); err != nil {
		return secret, err
	}
	for _, passage := range passages {
		content, err := seal.EncodeSection(passage, binding)
		if err != nil {
			return secret, err
		}
		salt := seal.NewSalt()
		secret.Sections = append(secret.Sections, deskstore.SectionSecret{Content: content, Salt: salt[:]})
	}
	return secret, nil
}

// sectionsBound reports whether what would be sealed as sections is what the
// draft's commitment is of.
func sectionsBound(secret deskstore.DraftSecret, content item.Content) bool {
	sections := item.SectionsOf(content)
	if len(sections) != len(secret.Sections) {
		return false
	}
	for n, section := range sections {
		bound, err := seal.DecodeSection(secret.Sections[n].Content, secret.Salt)
		if err != nil || !bytes.Equal(bound, section.Canonical) {
			return false
		}
	}
	return true
}

// plannedSection is one section of a release as it would be made now.
type plannedSection struct {
	section    item.Section
	secret     deskstore.SectionSecret
	targets    []target // this agency first
	recipients []deskapi.Recipient
}

// chooseForSections asks the policy, for each section, what it is asked for the
// release: whether its terms together with the release's hold under the agreement,
// and which of the recipients they permit. A section whose terms do not hold keeps
// the whole release back: left out silently, it would be missed by those it is for.
func (d *Desk) chooseForSections(s *ledger.State, lang string, p *plan, draft deskstore.Draft, content item.Content, now time.Time) {
	for n, section := range item.SectionsOf(content) {
		payload := *p.payload
		payload.Restrictions = restriction.Meet(p.terms, section.Restrictions)
		request := policy.Request{Action: policy.ToRelease, Agency: d.Agency, Payload: &payload}
		if decision := policy.Decide(s, request, now); p.decision.Allow && !decision.Allow {
			p.decision = decision
		}
		planned := plannedSection{section: section, secret: draft.Secret.Sections[n], targets: p.targets[:1:1]}
		for _, t := range p.targets[1:] {
			request.Recipients = []act.AgencyName{t.agency}
			decision := policy.Decide(s, request, now)
			if decision.Allow && !t.opens {
				role := string(p.revision.Party(t.agency).Role)
				decision = policy.Decision{Reason: policy.RoleForbids, Evidence: []string{p.revision.Digest, role}}
			}
			if decision.Allow {
				planned.targets = append(planned.targets, t)
			}
			planned.recipients = append(planned.recipients, d.recipient(s, lang, p.revision, t.agency, decision, now))
		}
		p.sections = append(p.sections, planned)
	}
}

func describeSections(planned []plannedSection) []deskapi.SectionPlan {
	var out []deskapi.SectionPlan
	for _, p := range planned {
		out = append(out, deskapi.SectionPlan{
			Title: p.section.Title, Restrictions: p.section.Restrictions, Recipients: append([]deskapi.Recipient{}, p.recipients...),
		})
	}
	return out
}
