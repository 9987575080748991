package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// instantLayout shows milliseconds: an instant that is read here is asked about
// next, and must not fall before the entry that it came from.
const instantLayout = "2006-01-02T15:04:05.000Z"

// accessSentence turns one answer with its evidence into one sentence. at is the
// instant that the answer is about.
func accessSentence(lang string, past *ledger.State, release *ledger.Release, answer policy.Answer, at time.Time) string {
	document := release.Revision.Document
	w := &why{past: past, release: release, answer: answer, at: at, params: message.Params{
		"Agency": string(answer.Agency), "Reference": document.Reference, "Originator": string(release.Item.Publisher),
		"From": document.EntryIntoForce.NotBefore.String(), "Until": canonical.At(document.End()).String(),
		"When": "", "By": "", "Party": "", "Axis": "", "Role": "",
	}}
	if then := past.Release(release.ID); then != nil {
		w.release = then // as it stood, with who had joined and what had been asked
	}
	if party := w.release.Revision.Party(answer.Agency); party != nil {
		w.params["Role"] = message.Word(lang, "role", string(party.Role))
	}
	if len(answer.Evidence) > 0 {
		w.params["Axis"] = answer.Evidence[len(answer.Evidence)-1]
	}
	code := w.code()
	w.params["Axis"] = message.Word(lang, "axis", w.params["Axis"].(string))
	return message.Render(lang, message.New(code, w.params))
}

func instant(at time.Time) string { return at.UTC().Format(instantLayout) }

// why is one answer whose sentence is being made.
type why struct {
	past    *ledger.State
	release *ledger.Release
	answer  policy.Answer
	at      time.Time
	params  message.Params
}

func (w *why) when(at time.Time) { w.params["When"] = instant(at) }

// code finds the facts that decided in the ledger, as it stood, and returns the
// code of the sentence for them.
func (w *why) code() string {
	code := "access_" + strings.TrimPrefix(w.answer.Reason, "policy_")
	switch w.answer.Reason {
	case policy.UnknownRelease:
		w.when(w.release.Time)
	case policy.RestrictionForbids:
		return w.restricted(code)
	case policy.ItemRetracted:
		return w.retracted(code)
	case policy.BeforeAccession:
		if joined := w.release.Revision.Joined[w.answer.Agency]; joined != nil {
			w.when(joined.Accepted.Time)
		}
	case policy.CannotComply:
		if step, said := w.release.CannotComply(w.answer.Agency); said {
			w.when(step.Time)
		}
	case policy.DutyOverdue:
		w.owed()
	case policy.CopyDeleted:
		if told := w.release.Disposed(bodyPart); told != nil {
			w.when(told.Time)
		}
	default:
		return w.agreementStep(code)
	}
	return code
}

// restricted says whether the release forbade it from its beginning, or what the
// originator asked for later.
func (w *why) restricted(code string) string {
	axis := w.params["Axis"].(string)
	terms := w.release.Terms(w.answer.Agency).Set
	if until, runs := policy.KeptUntil(w.release, w.answer.Agency); runs && axis == string(restriction.RetentionDays) {
		w.when(until)
		return "access_retention_over"
	}
	if asked := w.askedLater(axis); asked != nil {
		w.when(asked.Time)
		if axis == string(restriction.Recall) {
			return "access_recalled"
		}
		return "access_restricted_later"
	}
	if ends := terms[axis]; axis == string(restriction.Expires) && len(ends) == 1 {
		w.params["When"] = ends[0]
		return "access_restriction_expired"
	}
	return code
}

// askedLater returns the first later request after which the axis was as it is.
func (w *why) askedLater(axis string) *ledger.Restrict {
	terms := w.release.Terms(w.answer.Agency).Set
	if slices.Equal(terms[axis], w.release.Effective[axis]) {
		return nil
	}
	so := w.release.Effective
	for i, asked := range w.release.Item.Restricts {
		if !asked.Concerns(w.release, w.answer.Agency) {
			continue
		}
		if so = restriction.Meet(so, asked.Set); slices.Equal(so[axis], terms[axis]) {
			return &w.release.Item.Restricts[i]
		}
	}
	return nil
}

// retracted finds the item that was taken back: this one, or one that it was made
// from.
func (w *why) retracted(code string) string {
	if step := w.release.Item.Retracted; step != nil {
		w.when(step.Time)
		return code
	}
	w.past.Items(func(it *ledger.Item) {
		if it.Retracted != nil && w.evidence(string(it.Retracted.Act)) {
			w.when(it.Retracted.Time)
			w.params["By"] = string(it.Publisher)
		}
	})
	return "access_parent_retracted"
}

func (w *why) evidence(of string) bool { return slices.Contains(w.answer.Evidence, of) }

// owed finds since when the answer is due for which the release is held.
func (w *why) owed() {
	w.past.Agreement(w.release.Revision.Document.ID).Opened(w.answer.Agency, func(opened *ledger.Release) {
		for _, duty := range policy.Duties(w.past, opened, w.at) {
			if duty.Holder == w.answer.Agency && duty.State == policy.Overdue && w.evidence(string(duty.Because)) {
				w.when(duty.Due)
			}
		}
	})
}

// revision is the one that decided: a newer one may govern between two parties.
// Evidence names it, or a step in it.
func (w *why) revision(took func(*ledger.Revision) bool) *ledger.Revision {
	all := w.past.Agreement(w.release.Revision.Document.ID)
	if all == nil {
		return w.release.Revision
	}
	for _, each := range all.Revisions {
		if w.evidence(each.Digest) || took != nil && took(each) {
			return each
		}
	}
	return w.release.Revision
}

// agreementStep finds who took the step that decided and when.
func (w *why) agreementStep(code string) string {
	switch w.answer.Reason {
	case policy.AgreementNotYet, policy.AgreementExpired:
		document := w.revision(nil).Document
		w.params["From"], w.params["Until"] = document.EntryIntoForce.NotBefore.String(), canonical.At(document.End()).String()
	case policy.AgreementSuspended:
		w.suspended()
	case policy.PartySuspended:
		w.stopped()
	case policy.ReviewOverdue:
		w.when(w.revision(nil).ReviewDue())
	case policy.AgreementWithdrawn:
		revision := w.revision(func(r *ledger.Revision) bool { return w.evidence(string(r.Withdrawn[w.answer.Agency].Act)) })
		w.when(revision.Withdrawn[w.answer.Agency].Effective)
	case policy.AgreementTerminated:
		revision := w.revision(func(r *ledger.Revision) bool { return r.Terminated != nil && w.evidence(string(r.Terminated.Act)) })
		if revision.Terminated == nil || !w.evidence(string(revision.Terminated.Act)) {
			return "access_agreement_left"
		}
		w.when(revision.Terminated.Effective)
	case policy.AgreementNotSigned:
		w.unsigned()
	}
	return code
}

// suspended names all who keep the agreement suspended, and since when it is.
func (w *why) suspended() {
	revision := w.revision(func(r *ledger.Revision) bool {
		for _, step := range r.Suspended {
			if w.evidence(string(step.Act)) {
				return true
			}
		}
		return false
	})
	var by []act.AgencyName
	for name, step := range revision.Suspended {
		if step.Bites(w.at) {
			by = append(by, name)
		}
	}
	slices.SortFunc(by, func(a, b act.AgencyName) int {
		return cmp.Compare(revision.Suspended[a].Index, revision.Suspended[b].Index)
	})
	w.params["By"] = strings.Join(names(by), ", ")
	if len(by) > 0 {
		w.when(revision.Suspended[by[0]].Effective)
	}
}

// stopped names whose part was suspended and by whom.
func (w *why) stopped() {
	for _, revision := range w.past.Agreement(w.release.Revision.Document.ID).Revisions {
		for which, step := range revision.Stopped {
			if w.evidence(string(step.Act)) {
				w.params["Party"], w.params["By"] = string(which.Agency), string(which.By)
				w.when(step.Effective)
			}
		}
	}
}

// unsigned names whose signatures are missing. With enough others only its own
// keeps an agency out.
func (w *why) unsigned() {
	revision := w.revision(nil)
	var missing []act.AgencyName
	for _, party := range revision.AllParties() {
		if _, signed := revision.Signatures[party.Agency]; !signed {
			missing = append(missing, party.Agency)
		}
	}
	if revision.Complete != nil {
		missing = []act.AgencyName{w.answer.Agency}
	}
	w.params["By"] = strings.Join(names(missing), ", ")
}
