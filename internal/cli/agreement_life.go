package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// taking is one step of an agreement's life on its way from the desk's answer to
// a signed act. What is shown and signed comes from the document's own bytes.
type taking struct {
	app  *app
	desk *desk
	one  deskapi.Agreement
	read *readAgreement
	key  officerKey
	own  deskapi.Agency
	said consent
	more string // shown after the text and before what the step does
}

// compares says that the fingerprints of the parties are compared before the step.
const compares = true

// pick says of a revision whether a step is about it, for the own agency.
type pick func(us string, one deskapi.Agreement) bool

// begin finds the agreement, reads its bytes and finds the key that will sign. A
// reason that is on no list is refused before anything is shown.
//
// Where nobody says which revision, about says of which the step is: the newest for
// which it is true, or else the newest at all. Who has not signed an amendment acts
// on the text that binds it.
func (a *app) begin(ctx context.Context, name string, said consent, about pick) (*taking, error) {
	d, err := a.openDesk()
	if err != nil {
		return nil, err
	}
	one, err := a.findAgreement(ctx, d, name)
	if err != nil {
		return nil, err
	}
	if about != nil && !strings.Contains(name, "@") && !strings.HasPrefix(name, "sha256:") {
		if one, err = a.revisionAbout(ctx, d, one, about); err != nil {
			return nil, err
		}
	}
	read, err := a.checkedAgreement(one)
	if err != nil {
		return nil, err
	}
	if err := knownReason(said.reason, read.document); err != nil {
		return nil, err
	}
	key, own, err := a.signingKey(ctx, d)
	if err != nil {
		return nil, err
	}
	return &taking{app: a, desk: d, one: one, read: read, key: key, own: own, said: said}, nil
}

func (a *app) revisionAbout(ctx context.Context, d *desk, newest deskapi.Agreement, about pick) (deskapi.Agreement, error) {
	us := d.session.Agency
	if about(us, newest) {
		return newest, nil
	}
	for _, r := range slices.Backward(newest.Revisions) {
		if r.Digest == newest.Digest {
			continue
		}
		one, err := d.Agreement(ctx, newest.ID, r.Digest)
		if err != nil {
			return one, err
		}
		if about(us, one) {
			return one, nil
		}
	}
	return newest, nil
}

// signedByUs: what stops or ends an agreement reaches back from the newest text that
// the own agency has signed.
func signedByUs(us string, one deskapi.Agreement) bool { return slices.Contains(one.Signed, us) }

// bindingUs: what gives something is about the text in force for the own agency.
func bindingUs(us string, one deskapi.Agreement) bool {
	return signedByUs(us, one) && slices.ContainsFunc(one.Revisions, func(r deskapi.AgreementRevision) bool {
		return r.Digest == one.Digest && slices.Contains(r.Bound, us)
	})
}

// suspendedByUs: a suspension is lifted where it was made, of the whole or of one
// party.
func suspendedByUs(party string) pick {
	return func(us string, one deskapi.Agreement) bool {
		return slices.ContainsFunc(one.Standings, func(p deskapi.PartyStanding) bool {
			by := func(s deskapi.Suspension) bool { return s.By == us }
			return party == "" && slices.ContainsFunc(p.Suspends, by) || p.Agency == party && slices.ContainsFunc(p.Suspensions, by)
		})
	}
}

// step fills the members that every step has.
func (t *taking) step() act.AgreementStep {
	return act.AgreementStep{
		Common: t.app.common(t.key), Agreement: act.AgreementRef{ID: t.read.document.ID, Digest: t.read.digest},
		Officer: t.desk.session.Officer, Reason: t.said.reason, Prev: act.ID(t.one.Prev),
	}
}

func (t *taking) about(agency string) act.AgreementPartyStep {
	return act.AgreementPartyStep{AgreementStep: t.step(), Agency: act.AgencyName(agency)}
}

// params are what the sentences about this step may name.
func (t *taking) params(more message.Params) message.Params {
	params := message.Params{"Reference": t.read.document.Reference, "Agency": t.desk.session.Agency, "Days": t.read.document.Termination.NoticeDays}
	for name, value := range more {
		params[name] = value
	}
	return params
}

// take shows the text, where it stands and what the step does, asks, signs and
// hands the act to the desk.
func (t *taking) take(ctx context.Context, payload act.Payload, question string, effects []message.Message, compares bool) error {
	text := t.app.agreementText(t.read.document, t.read.digest) + t.app.standingText(t.one) + t.more + t.app.effectText(effects)
	params := t.params(nil)
	if about := subjectOf(payload); about != "" {
		params["Party"] = about
	}
	if err := t.app.confirm(t.said, text, t.read.digest, question, params, compares); err != nil {
		return err
	}
	return t.app.signAndSubmit(ctx, t.desk, t.key, payload, signed{t.read.document, t.read.digest, t.said.save})
}

// subjectOf returns the agency that a step is about, if it is about one.
func subjectOf(payload act.Payload) string {
	switch p := payload.(type) {
	case *act.AgreementSuspendParty:
		return string(p.Agency)
	case *act.AgreementResumeParty:
		return string(p.Agency)
	case *act.AgreementInvite:
		return string(p.Agency)
	}
	return ""
}

// reasons are the codes that a step can give as its reason; a document may name
// further ones as grounds of a suspension.
var reasons = []string{
	"authority", "breach", "court-order", "domestic-law", "key-compromise", "mandate", "non-compliance", "other", "resources", "review", "rights",
	"safety", "security", "terms",
}

// outcomes are the codes with which a review ends.
var outcomes = []string{"amend", "continue", "end"}

func knownReason(given string, d *agreement.Document) error {
	known := slices.Clone(reasons)
	if d.Suspension != nil {
		known = slices.Concat(known, d.Suspension.Grounds, d.Suspension.Urgent)
	}
	if given == "" || slices.Contains(known, given) {
		return nil
	}
	slices.Sort(known)
	return fail(Usage, "cli_reason_unknown", message.Params{"Given": given, "Known": strings.Join(slices.Compact(known), ", ")})
}

// lifeVerb is a command that takes one step after asking.
func (a *app) lifeVerb(use, step, example string, said *consent, compares bool, about pick, run func(context.Context, *taking) error) *cobra.Command {
	cmd := a.verb(use, "cli_agreement_"+step+"_short", example, exactly(1), func(cmd *cobra.Command, args []string) error {
		t, err := a.begin(cmd.Context(), args[0], *said, about)
		if err != nil {
			return err
		}
		return run(cmd.Context(), t)
	})
	said.register(a, cmd, compares)
	said.registerSave(a, cmd)
	return cmd
}

// needsReason adds --reason, and refuses a command line without it where the act
// cannot do without.
func (a *app) withReason(cmd *cobra.Command, said *consent, required bool) *cobra.Command {
	cmd.Flags().StringVar(&said.reason, "reason", "", a.say("cli_flag_step_reason", nil))
	_ = cmd.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions(reasons, cobra.ShellCompDirectiveNoFileComp))
	if required {
		_ = cmd.MarkFlagRequired("reason")
	}
	return cmd
}

func (a *app) agreementDecline() *cobra.Command {
	var said consent
	return a.withReason(a.lifeVerb("decline AGREEMENT --reason REASON [flags]", "decline", "  concordat agreement decline AG-9 --reason domestic-law", &said, false, nil,
		func(ctx context.Context, t *taking) error {
			return t.take(ctx, &act.AgreementDecline{AgreementStep: t.step()}, "cli_ask_decline", t.effectOfDeclining(), false)
		}), &said, true)
}

func (a *app) agreementRetract() *cobra.Command {
	var said consent
	return a.withReason(a.lifeVerb("retract AGREEMENT [flags]", "retract", "  concordat agreement retract AG-9", &said, false, nil,
		func(ctx context.Context, t *taking) error {
			effect := t.effect("cli_effect_retract", nil)
			return t.take(ctx, &act.AgreementRetract{AgreementStep: t.step()}, "cli_ask_take_back", effect, false)
		}), &said, false)
}

func (a *app) agreementSuspend() *cobra.Command {
	var said consent
	var party string
	cmd := a.lifeVerb("suspend AGREEMENT [flags]", "suspend",
		"  concordat agreement suspend AG-1 --reason review\n  concordat agreement suspend AG-1 --party agencyb --reason breach", &said, false, signedByUs,
		func(ctx context.Context, t *taking) error {
			if party == "" {
				return t.take(ctx, &act.AgreementSuspend{AgreementStep: t.step()}, "cli_ask_suspend", t.effectOfSuspending(""), false)
			}
			if t.said.reason == "" {
				return fail(Usage, "cli_reason_missing", message.Params{"Known": strings.Join(reasons, ", ")})
			}
			if err := agencyName(party); err != nil {
				return err
			}
			return t.take(ctx, &act.AgreementSuspendParty{AgreementPartyStep: t.about(party)}, "cli_ask_suspend_party", t.effectOfSuspending(party), false)
		})
	cmd.Flags().StringVar(&party, "party", "", a.say("cli_flag_one_party", nil))
	return a.withReason(cmd, &said, false)
}

func (a *app) agreementResume() *cobra.Command {
	var said consent
	var party string
	cmd := a.lifeVerb("resume AGREEMENT [flags]", "resume",
		"  concordat agreement resume AG-1\n  concordat agreement resume AG-1 --party agencyb", &said, false, func(us string, one deskapi.Agreement) bool { return suspendedByUs(party)(us, one) },
		func(ctx context.Context, t *taking) error {
			if party == "" {
				return t.take(ctx, &act.AgreementResume{AgreementStep: t.step()}, "cli_ask_resume", t.effect("cli_effect_resume", nil), false)
			}
			if err := agencyName(party); err != nil {
				return err
			}
			step := t.about(party)
			if step.Reason == "" {
				step.Reason = "other" // the act names one
			}
			return t.take(ctx, &act.AgreementResumeParty{AgreementPartyStep: step}, "cli_ask_resume_party",
				t.effect("cli_effect_resume_party", message.Params{"Party": party}), false)
		})
	cmd.Flags().StringVar(&party, "party", "", a.say("cli_flag_one_party", nil))
	return a.withReason(cmd, &said, false)
}

func (a *app) agreementWithdraw() *cobra.Command {
	var said consent
	return a.withReason(a.lifeVerb("withdraw AGREEMENT [flags]", "withdraw", "  concordat agreement withdraw AG-1 --reason mandate", &said, false, signedByUs,
		func(ctx context.Context, t *taking) error {
			effects := append(t.effect("cli_effect_withdraw", nil), t.effectOfEnd()...)
			return t.take(ctx, &act.AgreementWithdraw{AgreementStep: t.step()}, "cli_ask_withdraw", effects, false)
		}), &said, false)
}

func (a *app) agreementTerminate() *cobra.Command {
	var said consent
	return a.withReason(a.lifeVerb("terminate AGREEMENT [flags]", "terminate", "  concordat agreement terminate AG-1 --reason review", &said, false, signedByUs,
		func(ctx context.Context, t *taking) error {
			effects := append(t.effect("cli_effect_terminate", nil), t.effectOfEnd()...)
			return t.take(ctx, &act.AgreementTerminate{AgreementStep: t.step()}, "cli_ask_terminate", effects, false)
		}), &said, false)
}

func (a *app) agreementReview() *cobra.Command {
	var said consent
	var outcome string
	cmd := a.lifeVerb("review AGREEMENT --outcome OUTCOME [flags]", "review", "  concordat agreement review AG-1 --outcome continue", &said, false, bindingUs,
		func(ctx context.Context, t *taking) error {
			if !slices.Contains(outcomes, outcome) {
				return fail(Usage, "cli_outcome_unknown", message.Params{"Given": outcome, "Known": strings.Join(outcomes, ", ")})
			}
			t.said.reason = outcome
			return t.take(ctx, &act.AgreementReview{AgreementStep: t.step()}, "cli_ask_review", t.effectOfReview(), false)
		})
	cmd.Flags().StringVar(&outcome, "outcome", "", a.say("cli_flag_outcome", nil))
	_ = cmd.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions(outcomes, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagRequired("outcome")
	return cmd
}

func agencyName(given string) error {
	if act.CheckAgencyName(act.AgencyName(given)) != nil {
		return fail(Usage, "cli_agency_name_invalid", message.Params{"Name": given})
	}
	return nil
}
