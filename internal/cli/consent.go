package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func (a *app) consentNoun() *cobra.Command {
	noun := a.noun("consent", "cli_consent_short", a.consentRequest(), a.consentList(),
		a.consentAnswer("grant", "cli_consent_grant_short"), a.consentAnswer("refuse", "cli_consent_refuse_short"),
		a.consentAnswer("withdraw", "cli_consent_withdraw_short"))
	noun.Aliases = []string{"consents"}
	return noun
}

func (a *app) consentRequest() *cobra.Command {
	var in deskapi.ConsentRequest
	var until, answerBy string
	cmd := a.verb("request ITEM --use USE --purpose PURPOSE --until DATE [flags]", "cli_consent_request_short",
		"  concordat consent request itm-... --use onward --for agencyd --purpose detection --until 2027-01-31",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			if err := among("use", in.Use, act.ConsentUses()); err != nil {
				return err
			}
			if err := among("purpose", in.Purpose, restriction.KnownPurposes()); err != nil {
				return err
			}
			at, err := dated(until)
			if err != nil {
				return err
			}
			if in.AnswerBy, err = dated(answerBy); err != nil {
				return err
			}
			if (in.Use == "onward") == (in.For == "") {
				return fail(Usage, "cli_consent_for", nil)
			}
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			in.Item, in.For, in.Until = bare(args[0]), bare(in.For), at
			asked, err := d.RequestConsent(cmd.Context(), in)
			if err != nil {
				return err
			}
			return a.showConsents(asked, asked)
		})
	flags := cmd.Flags()
	flags.StringVar(&in.Use, "use", "", a.say("cli_flag_consent_use", nil))
	flags.StringVar(&in.For, "for", "", a.say("cli_flag_consent_for", nil))
	flags.StringVar(&in.Purpose, "purpose", "", a.say("cli_flag_consent_purpose", nil))
	flags.StringVar(&until, "until", "", a.say("cli_flag_consent_until", nil))
	flags.StringVar(&answerBy, "answer-by", "", a.say("cli_flag_consent_answer_by", nil))
	flags.StringVar(&in.Release, "release", "", a.say("cli_flag_release", nil))
	for _, flag := range []string{"use", "purpose", "until"} {
		_ = cmd.MarkFlagRequired(flag)
	}
	completes(cmd, "use", act.ConsentUses())
	completes(cmd, "purpose", restriction.KnownPurposes())
	return cmd
}

func (a *app) consentList() *cobra.Command {
	return a.verb("list", "cli_consent_list_short", "  concordat consent list", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		all, err := d.Consents(cmd.Context())
		if err != nil {
			return err
		}
		return a.showConsents(listOf(all), all...)
	})
}

func (a *app) consentAnswer(name, short string) *cobra.Command {
	in := deskapi.ConsentAnswer{Answer: name}
	cmd := a.verb(name+" REQUEST [flags]", short, "  concordat consent "+name+" REQUEST", exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		answered, err := d.AnswerConsent(cmd.Context(), bare(args[0]), in)
		if err != nil {
			return err
		}
		if answered.Waits != "" {
			a.tellWaits(map[string]act.Kind{"refuse": act.ConsentRefuseKind, "withdraw": act.ConsentWithdrawKind}[name])
		}
		return a.showConsents(answered, answered)
	})
	cmd.Flags().StringVar(&in.Reason, "reason", "", a.say("cli_flag_consent_reason", nil))
	return cmd
}

// showConsents tells each request in one sentence below what it is about: its id
// is long, and is what grant and refuse take.
func (a *app) showConsents(data any, all ...deskapi.Consent) error {
	v := view{Data: data, Header: []string{"cli_column_request", "cli_column_use", "cli_column_for", "cli_column_state", "cli_column_until"}}
	for _, c := range all {
		v.Names = append(v.Names, "consent/"+c.Request)
		v.Rows = append(v.Rows, []string{c.Request, a.word("use", c.Use), c.For, a.word("consent", c.State), c.Until.UTC().Format(time.DateOnly)})
	}
	if err := a.show(v); err != nil {
		return err
	}
	for _, c := range all {
		fmt.Fprintln(a.env.Stderr, clean(c.Item+": "+c.Message))
	}
	return nil
}
