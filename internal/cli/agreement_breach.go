package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// agreementBreach gives notice of a breach. The desk signs it, not the officer: a
// notice has hours, and must not wait for a signatory.
func (a *app) agreementBreach() *cobra.Command {
	var said consent
	var class, discovered, release string
	cmd := a.verb("breach AGREEMENT --class CLASS [flags]", "cli_agreement_breach_short",
		"  concordat agreement breach AG-1 --class loss-of-copy --discovered 2026-11-21T09:00:00Z", exactly(1), func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(act.BreachClasses(), class) {
				return fail(Usage, "cli_breach_class_unknown", message.Params{"Given": class, "Known": strings.Join(act.BreachClasses(), ", ")})
			}
			at := a.env.Now()
			if discovered != "" {
				var err error
				if at, err = day(discovered, "--discovered"); err != nil {
					return err
				}
			}
			return a.giveBreachNotice(cmd, args[0], said, deskapi.BreachRequest{Class: class, Discovered: at.UTC().Truncate(time.Second), Release: release})
		})
	cmd.Flags().StringVar(&class, "class", "", a.say("cli_flag_breach_class", nil))
	cmd.Flags().StringVar(&discovered, "discovered", "", a.say("cli_flag_discovered", nil))
	cmd.Flags().StringVar(&release, "release", "", a.say("cli_flag_breached_release", nil))
	_ = cmd.MarkFlagRequired("class")
	_ = cmd.RegisterFlagCompletionFunc("class", cobra.FixedCompletions(act.BreachClasses(), cobra.ShellCompDirectiveNoFileComp))
	said.register(a, cmd, false)
	return cmd
}

func (a *app) giveBreachNotice(cmd *cobra.Command, name string, said consent, request deskapi.BreachRequest) error {
	ctx := cmd.Context()
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	one, err := a.findAgreement(ctx, d, name)
	if err != nil {
		return err
	}
	read, err := a.checkedAgreement(one)
	if err != nil {
		return err
	}
	request.Digest = read.digest
	others := slices.DeleteFunc(slices.Concat(one.Signed, one.Pending), func(agency string) bool { return agency == d.session.Agency })
	slices.Sort(others)
	params := message.Params{
		"Reference": read.document.Reference, "Agency": d.session.Agency, "Class": a.word("breach", request.Class), "When": request.Discovered.Format(time.RFC3339),
		"Parties": strings.Join(others, ", "),
	}
	effects := []message.Message{message.New("cli_effect_breach", params)}
	if clause := read.document.Breach; clause != nil {
		params["Hours"] = clause.NotifyWithinHours
		effects = append(effects, message.New("cli_effect_breach_hours", params))
	}
	if err := a.confirm(said, a.effectText(effects), read.digest, "cli_ask_breach", params, false); err != nil {
		return err
	}
	appended, err := d.GiveBreachNotice(ctx, read.document.ID, request)
	if err != nil {
		return err
	}
	v := appendedOf(appended, act.NoticeBreachKind, read.document.ID, read.digest)
	return a.showAppended(v, read.document.Reference)
}

// day reads a day, which is its first moment in UTC, or a moment (RFC 3339).
func day(given, flag string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, given); err == nil && !at.IsZero() {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fail(Usage, "cli_moment_malformed", message.Params{"Given": given, "Flag": flag})
}
