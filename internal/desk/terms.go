package desk

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// expand turns what the officer asked for into what the release says: on axes
// that the officer left out the agreement's default, and nowhere looser than its
// floor and purposes. What binds is shown before the release and in the answer.
func expand(revision *ledger.Revision, asked restriction.Set) (restriction.Set, error) {
	chosen := restriction.Set{}
	for axis, terms := range revision.Document.Default {
		chosen[axis] = slices.Clone(terms)
	}
	for axis, terms := range asked {
		sorted := slices.Clone(terms)
		slices.Sort(sorted)
		chosen[axis] = slices.Compact(sorted)
	}
	if err := chosen.Validate(); err != nil {
		return nil, badTerms(err)
	}
	if pair := chosen.Contradiction(); pair != nil {
		return nil, contradicts(pair)
	}
	expanded := ledger.Effective(revision, chosen)
	if revision.Document.Schema == agreement.SchemaV2 {
		expanded = expanded.Labelled() // a label is a word; its axes are what is held to
	}
	if err := expanded.Validate(); err != nil {
		return nil, badTerms(err)
	}
	return expanded, nil
}

func badTerms(err error) error {
	axis := ""
	var wrong *restriction.Error
	if errors.As(err, &wrong) {
		axis = string(wrong.Axis)
	}
	return &Error{Code: CodeRestrictions, Params: message.Params{"Axis": axis}, cause: err}
}

// inForce returns the newest revision of an agreement that binds this agency and
// is in force, or else the newest one that it knows of.
func (d *Desk) inForce(s *ledger.State, id string, now time.Time) *ledger.Revision {
	all := s.Agreement(id)
	if all == nil {
		return nil
	}
	var newest *ledger.Revision
	for _, revision := range slices.Backward(all.Revisions) {
		if revision.Party(d.Agency) == nil {
			continue
		}
		if revision.Binds(d.Agency, now) && revision.At(now).State == ledger.InForce {
			return revision
		}
		if newest == nil {
			newest = revision
		}
	}
	return newest
}

// sentence says a policy reason with what the agency may know of it.
func sentence(lang, reason string, revision *ledger.Revision, agency act.AgencyName, evidence []string) string {
	params := message.Params{"Axis": "", "Role": "", "From": "", "Until": ""}
	switch reason {
	case policy.RestrictionForbids, policy.RestrictionLooser, policy.RestrictionUnknown, policy.PrerequisiteMissing, policy.ParentRestricted:
		if len(evidence) > 0 {
			params["Axis"] = message.Word(lang, "axis", evidence[len(evidence)-1])
		}
	}
	if revision != nil {
		params["From"] = revision.Document.EntryIntoForce.NotBefore.String()
		params["Until"] = revision.Document.Expires.String()
		if party := revision.Party(agency); party != nil {
			params["Role"] = message.Word(lang, "role", string(party.Role))
		}
	}
	return message.Render(lang, message.New(reason, params))
}

// marking is the sentence for a TLP 2.0 label; the label itself is the same in
// every language.
func marking(lang, label string) string {
	if label == "" {
		return ""
	}
	code := "desk_marking_" + strings.NewReplacer("TLP:", "", "+", "_").Replace(label)
	return message.Render(lang, message.New(strings.ToLower(code), nil))
}

// invisible reports whether a decision means that, for this agency, there is no
// such release at all.
func invisible(decision policy.Decision) bool {
	switch decision.Reason {
	case policy.UnknownRelease, policy.NotARecipient, policy.AgreementUnknown:
		return true
	}
	return false
}
