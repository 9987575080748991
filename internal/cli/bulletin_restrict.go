package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

type restrictFlags struct {
	restrict, to  []string
	release, by   string
	reason        string
	dryRun, agree bool
}

func (a *app) bulletinRestrict() *cobra.Command {
	var f restrictFlags
	cmd := a.verb("restrict ITEM --restrict RESTRICTIONS [flags]", "cli_bulletin_restrict_short",
		"  concordat bulletin restrict itm-... --restrict 'purposes=detection accessForm=view-only' --acknowledge-by 2026-12-24\n"+
			"  concordat bulletin restrict itm-... --restrict preset:TLP:RED --for agencyb --dry-run",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			set, err := a.restrictionsOf(f.restrict)
			if err != nil {
				return err
			}
			return a.runRestrict(cmd.Context(), bare(args[0]), set, f)
		})
	cmd.Flags().StringArrayVar(&f.restrict, "restrict", nil, a.say("cli_flag_restrict_later", nil))
	_ = cmd.MarkFlagRequired("restrict")
	f.register(a, cmd)
	return cmd
}

func (a *app) bulletinRecall() *cobra.Command {
	var f restrictFlags
	cmd := a.verb("recall ITEM [flags]", "cli_bulletin_recall_short", "  concordat bulletin recall itm-... --reason safety",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			return a.runRestrict(cmd.Context(), bare(args[0]), map[string][]string{"recall": {"recalled"}}, f)
		})
	f.register(a, cmd)
	return cmd
}

func (f *restrictFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.to, "for", nil, a.say("cli_flag_restrict_for", nil))
	flags.StringVar(&f.release, "release", "", a.say("cli_flag_restrict_release", nil))
	flags.StringVar(&f.by, "acknowledge-by", "", a.say("cli_flag_acknowledge_by", nil))
	flags.StringVar(&f.reason, "reason", "", a.say("cli_flag_restrict_reason", nil))
	flags.BoolVar(&f.dryRun, "dry-run", false, a.say("cli_flag_restrict_dry_run", nil))
	flags.BoolVar(&f.agree, "yes", false, a.say("cli_flag_yes", nil))
}

// runRestrict shows what would bind the receivers and who owes an answer, asks,
// and restricts.
func (a *app) runRestrict(ctx context.Context, item string, set map[string][]string, f restrictFlags) error {
	by, err := dated(f.by)
	if err != nil {
		return err
	}
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	in := deskapi.RestrictRequest{Release: f.release, For: bareAll(f.to), Restrictions: set, AcknowledgeBy: by, Reason: f.reason, DryRun: true}
	plan, err := d.Restrict(ctx, item, in)
	if err != nil {
		return err
	}
	s := &sheet{app: a}
	s.terms("cli_text_terms_then", plan.Terms)
	fmt.Fprintln(a.env.Stderr, cleanText(s.text.String()))
	params := message.Params{"Item": item, "Readers": strings.Join(plan.Readers, ", "), "By": plan.AcknowledgeBy.UTC().Format(time.RFC3339)}
	if len(plan.Readers) > 0 {
		a.tell("cli_restrict_readers", params)
	} else {
		a.tell("cli_restrict_nobody", params)
	}
	if f.dryRun {
		return a.showActs(item, act.ItemRestrictKind, plan)
	}
	if !f.agree {
		if err := a.agreed("cli_ask_restrict", params, "--yes"); err != nil {
			return err
		}
	}
	in.DryRun, in.AcknowledgeBy = false, plan.AcknowledgeBy
	done, err := d.Restrict(ctx, item, in)
	if err != nil {
		return err
	}
	return a.showActs(item, act.ItemRestrictKind, done, done.Acts...)
}

func bareAll(names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, bare(name))
	}
	return out
}

func (a *app) bulletinRestrictions() *cobra.Command {
	var release, format string
	cmd := a.verb("restrictions ITEM [flags]", "cli_bulletin_restrictions_short",
		"  concordat bulletin restrictions itm-...\n  concordat bulletin restrictions itm-... --format odrl",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			return a.exportRestrictions(cmd.Context(), d, bare(args[0]), release, format)
		})
	cmd.Flags().StringVar(&release, "release", "", a.say("cli_flag_release", nil))
	cmd.Flags().StringVar(&format, "format", "text", a.say("cli_flag_restrictions_format", nil))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "iep", "odrl"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}
