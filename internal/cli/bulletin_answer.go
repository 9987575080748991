package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// answer is a verb about one item that says one thing to its originator.
func (a *app) answer(kind act.Kind, use, short, example string, release *string, run func(*cobra.Command, *desk, string) (deskapi.Appended, error)) *cobra.Command {
	cmd := a.verb(use, short, example, exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		item := bare(args[0])
		done, err := run(cmd, d, item)
		if err != nil {
			return err
		}
		return a.showActs(item, kind, done, done)
	})
	cmd.Flags().StringVar(release, "release", "", a.say("cli_flag_release", nil))
	return cmd
}

// among refuses a word that is none of those that can be said.
func among(flag, given string, known []string) error {
	if slices.Contains(known, given) {
		return nil
	}
	return fail(Usage, "cli_word_unknown", message.Params{"Flag": "--" + flag, "Given": given, "Known": strings.Join(known, ", ")})
}

func completes(cmd *cobra.Command, flag string, known []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
}

// bulletinAcknowledge shows the terms in force and binds what is accepted to
// their digest.
func (a *app) bulletinAcknowledge() *cobra.Command {
	var in deskapi.AcknowledgeRequest
	var accept string
	cmd := a.answer(act.ItemAcknowledgeKind, "acknowledge ITEM [flags]", "cli_bulletin_acknowledge_short",
		"  concordat bulletin acknowledge itm-...\n  concordat bulletin acknowledge itm-... --prerequisite curriculum-completed --accept sha256:...", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			c, err := d.Conditions(cmd.Context(), item, in.Release)
			if err != nil {
				return deskapi.Appended{}, err
			}
			fmt.Fprintln(a.env.Stderr, cleanText(a.conditionsText(c)))
			if _, err := a.accept(c, accept); err != nil {
				return deskapi.Appended{}, err
			}
			in.Release, in.AcceptedRestrictions = c.Release, c.RestrictionsDigest
			return d.Acknowledge(cmd.Context(), item, in)
		})
	cmd.Flags().StringVar(&accept, "accept", "", a.say("cli_flag_accept", nil))
	cmd.Flags().StringSliceVar(&in.Prerequisites, "prerequisite", nil, a.say("cli_flag_prerequisite", nil))
	return cmd
}

var hindrances = []string{"domestic-law", "organisational", "other", "technical"}

func (a *app) bulletinCannotComply() *cobra.Command {
	var in deskapi.CannotComplyRequest
	var agreed bool
	cmd := a.answer(act.ItemCannotComplyKind, "cannot-comply ITEM --axis AXIS --reason REASON [flags]", "cli_bulletin_cannot_comply_short",
		"  concordat bulletin cannot-comply itm-... --axis onTermination --reason domestic-law", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			if err := among("reason", in.Reason, hindrances); err != nil {
				return deskapi.Appended{}, err
			}
			if !agreed {
				if err := a.agreed("cli_ask_cannot_comply", message.Params{"Item": item}, "--yes"); err != nil {
					return deskapi.Appended{}, err
				}
			}
			return d.CannotComply(cmd.Context(), item, in)
		})
	cmd.Flags().StringVar(&in.Axis, "axis", "", a.say("cli_flag_axis", nil))
	cmd.Flags().StringVar(&in.Reason, "reason", "", a.say("cli_flag_hindrance", nil))
	cmd.Flags().BoolVar(&agreed, "yes", false, a.say("cli_flag_yes", nil))
	_ = cmd.MarkFlagRequired("axis")
	_ = cmd.MarkFlagRequired("reason")
	completes(cmd, "reason", hindrances)
	return cmd
}

func (a *app) bulletinReportUse() *cobra.Command {
	var in deskapi.UseReportRequest
	cmd := a.answer(act.ItemReportUseKind, "report-use ITEM --purpose PURPOSE --outcome OUTCOME [flags]", "cli_bulletin_report_use_short",
		"  concordat bulletin report-use itm-... --purpose detection --outcome useful", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			if err := among("outcome", in.Outcome, act.UseOutcomes()); err != nil {
				return deskapi.Appended{}, err
			}
			return d.ReportUse(cmd.Context(), item, in)
		})
	cmd.Flags().StringSliceVar(&in.Purposes, "purpose", nil, a.say("cli_flag_used_for", nil))
	cmd.Flags().StringVar(&in.Outcome, "outcome", "", a.say("cli_flag_use_outcome", nil))
	_ = cmd.MarkFlagRequired("outcome")
	completes(cmd, "purpose", restriction.KnownPurposes())
	completes(cmd, "outcome", act.UseOutcomes())
	return cmd
}

func (a *app) bulletinAttest() *cobra.Command {
	var in deskapi.AttestationRequest
	var agreed bool
	cmd := a.answer(act.ItemAttestKind, "attest ITEM --statement STATEMENT [flags]", "cli_bulletin_attest_short",
		"  concordat bulletin attest itm-... --statement destroyed --method crypto-erase", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			if err := among("statement", in.Statement, act.Statements()); err != nil {
				return deskapi.Appended{}, err
			}
			if !agreed {
				if err := a.agreed("cli_ask_attest", message.Params{"Item": item, "Statement": in.Statement}, "--yes"); err != nil {
					return deskapi.Appended{}, err
				}
			}
			return d.Attest(cmd.Context(), item, in)
		})
	cmd.Flags().StringVar(&in.Statement, "statement", "", a.say("cli_flag_statement", nil))
	cmd.Flags().StringVar(&in.Method, "method", "", a.say("cli_flag_method", nil))
	cmd.Flags().BoolVar(&agreed, "yes", false, a.say("cli_flag_yes", nil))
	_ = cmd.MarkFlagRequired("statement")
	completes(cmd, "statement", act.Statements())
	return cmd
}

func (a *app) holdNoun() *cobra.Command {
	return a.noun("hold", "cli_hold_short", a.holdStep("place", "cli_hold_place_short", false), a.holdStep("lift", "cli_hold_lift_short", true))
}

func (a *app) holdStep(name, short string, lift bool) *cobra.Command {
	in, kind := deskapi.HoldRequest{Lift: lift}, act.HoldPlaceKind
	if lift {
		kind = act.HoldLiftKind
	}
	cmd := a.answer(kind, name+" ITEM --reason REASON [flags]", short, "  concordat hold "+name+" itm-... --reason court-order", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			return d.Hold(cmd.Context(), item, in)
		})
	cmd.Flags().StringVar(&in.Reason, "reason", "", a.say("cli_flag_hold_reason", nil))
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (a *app) noticeNoun() *cobra.Command {
	return a.noun("notice", "cli_notice_short", a.noticeDisclosure())
}

var causes = []string{"compelled", "exculpatory"}

func (a *app) noticeDisclosure() *cobra.Command {
	in := deskapi.DisclosureRequest{}
	var when string
	cmd := a.answer(act.NoticeDisclosureKind, "disclosure ITEM --cause CAUSE [flags]", "cli_notice_disclosure_short",
		"  concordat notice disclosure itm-... --cause exculpatory --when 2026-12-24 --consult\n"+
			"  concordat notice disclosure itm-... --cause compelled --advance=false --why court-forbade-it", &in.Release,
		func(cmd *cobra.Command, d *desk, item string) (deskapi.Appended, error) {
			if err := among("cause", in.Cause, causes); err != nil {
				return deskapi.Appended{}, err
			}
			at, err := dated(when)
			if err != nil {
				return deskapi.Appended{}, err
			}
			if in.Disclosure = at; at.IsZero() {
				if in.Advance {
					return deskapi.Appended{}, fail(Usage, "cli_notice_when", nil)
				}
				in.Disclosure = a.env.Now().UTC()
			}
			return d.Disclose(cmd.Context(), item, in)
		})
	flags := cmd.Flags()
	flags.StringVar(&in.Cause, "cause", "", a.say("cli_flag_cause", nil))
	flags.StringVar(&when, "when", "", a.say("cli_flag_disclosure_when", nil))
	flags.BoolVar(&in.Advance, "advance", true, a.say("cli_flag_advance", nil))
	flags.StringVar(&in.WhyNotInAdvance, "why", "", a.say("cli_flag_why_not", nil))
	flags.BoolVar(&in.Consultation, "consult", false, a.say("cli_flag_consult", nil))
	_ = cmd.MarkFlagRequired("cause")
	completes(cmd, "cause", causes)
	return cmd
}
