package desk

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// instantLayout shows milliseconds: an instant that is read here is asked about
// next, and must not fall before the entry that it came from.
const instantLayout = "2006-01-02T15:04:05.000Z"

// accessSentence turns one answer with its evidence into one sentence.
func accessSentence(lang string, past *ledger.State, release *ledger.Release, answer policy.Answer) string {
	document := release.Revision.Document
	params := message.Params{
		"Agency": string(answer.Agency), "Reference": document.Reference, "Originator": string(release.Item.Publisher),
		"From": document.EntryIntoForce.NotBefore.String(), "Until": document.Expires.String(),
		"When": "", "By": "", "Axis": "", "Role": "",
	}
	if party := document.Party(answer.Agency); party != nil {
		params["Role"] = string(party.Role)
	}
	if len(answer.Evidence) > 0 {
		params["Axis"] = answer.Evidence[len(answer.Evidence)-1]
	}
	code := "access_" + strings.TrimPrefix(answer.Reason, "policy_")
	switch answer.Reason {
	case policy.UnknownRelease:
		params["When"] = release.Time.UTC().Format(instantLayout)
	case policy.RestrictionForbids:
		if ends := release.Effective[string(restriction.Expires)]; params["Axis"] == string(restriction.Expires) && len(ends) == 1 {
			code, params["When"] = "access_restriction_expired", ends[0]
		}
	case policy.ItemRetracted:
		if it := past.Item(release.Item.ID); it != nil && it.Retracted != nil {
			params["When"] = it.Retracted.Time.UTC().Format(instantLayout)
		}
	default:
		if then := past.Revision(release.Revision.Digest); then != nil {
			code = agreementStep(code, then, answer, params)
		}
	}
	return message.Render(lang, message.New(code, params))
}

// agreementStep finds in the revision, as it stood, who took the step that decided
// and when, and returns the code of the sentence for it.
func agreementStep(code string, then *ledger.Revision, answer policy.Answer, params message.Params) string {
	when := func(at time.Time) { params["When"] = at.UTC().Format(instantLayout) }
	switch answer.Reason {
	case policy.AgreementSuspended:
		by := slices.SortedFunc(maps.Keys(then.Suspended), func(a, b act.AgencyName) int {
			return cmp.Compare(then.Suspended[a].Index, then.Suspended[b].Index)
		})
		params["By"] = strings.Join(names(by), ", ")
		if len(by) > 0 {
			when(then.Suspended[by[0]].Time)
		}
	case policy.AgreementWithdrawn:
		when(then.Withdrawn[answer.Agency].Effective)
	case policy.AgreementTerminated:
		if then.Terminated == nil {
			return "access_agreement_left"
		}
		when(then.Terminated.Effective)
	case policy.AgreementNotSigned:
		var missing []act.AgencyName
		for _, party := range then.AllParties() {
			if _, signed := then.Signatures[party.Agency]; !signed {
				missing = append(missing, party.Agency)
			}
		}
		// With enough other signatures only its own keeps an agency out.
		if then.Complete != nil {
			missing = []act.AgencyName{answer.Agency}
		}
		params["By"] = strings.Join(names(missing), ", ")
	}
	return code
}
