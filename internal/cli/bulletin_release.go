package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// releaseFlags are what an originator asks for beyond the agreement's floor.
type releaseFlags struct {
	agreement  string
	tlp        string
	purposes   []string
	expires    string
	recipients []string
	restrict   []string
	dryRun     bool
	yes        bool
	key        string
}

func (a *app) bulletinRelease() *cobra.Command {
	var f releaseFlags
	cmd := a.verb("release DRAFT --agreement AGREEMENT [flags]", "cli_bulletin_release_short",
		"  concordat bulletin release DRAFT --agreement AG-1 --dry-run\n"+
			"  concordat bulletin release DRAFT --agreement AG-2 --tlp TLP:AMBER+STRICT --purpose detection --expires 2027-12-31",
		exactly(1), func(cmd *cobra.Command, args []string) error { return a.runRelease(cmd.Context(), bare(args[0]), f) })
	flags := cmd.Flags()
	flags.StringVar(&f.agreement, "agreement", "", a.say("cli_flag_agreement", nil))
	flags.StringVar(&f.tlp, "tlp", "", a.say("cli_flag_tlp", nil))
	flags.StringSliceVar(&f.purposes, "purpose", nil, a.say("cli_flag_purposes", nil))
	flags.StringVar(&f.expires, "expires", "", a.say("cli_flag_expires", nil))
	flags.StringSliceVar(&f.recipients, "recipient", nil, a.say("cli_flag_recipients", nil))
	flags.StringArrayVar(&f.restrict, "restrict", nil, a.say("cli_flag_restrict", nil))
	flags.BoolVar(&f.dryRun, "dry-run", false, a.say("cli_flag_dry_run", nil))
	flags.BoolVar(&f.yes, "yes", false, a.say("cli_flag_yes", nil))
	flags.StringVar(&f.key, "idempotency-key", "", a.say("cli_flag_idempotency_key", nil))
	_ = cmd.MarkFlagRequired("agreement")
	_ = cmd.RegisterFlagCompletionFunc("tlp", cobra.FixedCompletions(restriction.Labels(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(restriction.KnownPurposes(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// restrictions turns the flags into one set, sorted as the canonical form wants.
func (f releaseFlags) restrictions(a *app) (map[string][]string, error) {
	set, err := a.restrictionsOf(f.restrict)
	if err != nil {
		return nil, err
	}
	add := func(axis string, terms ...string) {
		if len(terms) > 0 && terms[0] != "" {
			set[axis] = append(set[axis], terms...)
		}
	}
	add(string(restriction.TLP), label(f.tlp))
	add(string(restriction.Purposes), f.purposes...)
	add(string(restriction.Recipients), f.recipients...)
	if f.expires != "" {
		moment, err := expiry(f.expires)
		if err != nil {
			return nil, fail(Usage, "cli_restriction_malformed", message.Params{"Given": f.expires})
		}
		add(string(restriction.Expires), moment)
	}
	for axis := range set {
		slices.Sort(set[axis])
		set[axis] = slices.Compact(set[axis])
	}
	if err := set.Validate(); err != nil {
		given := ""
		var wrong *restriction.Error
		if errors.As(err, &wrong) {
			given = string(wrong.Axis) + "=" + strings.Join(set[string(wrong.Axis)], ",")
		}
		return nil, failBecause(err, Usage, "cli_restriction_malformed", message.Params{"Given": given})
	}
	return set, nil
}

// label lets people write AMBER for TLP:AMBER.
func label(given string) string {
	if given == "" || strings.HasPrefix(given, "TLP:") {
		return given
	}
	return "TLP:" + given
}

// expiry accepts a moment, or a day, which ends at its last second.
func expiry(given string) (string, error) {
	if day, err := time.Parse(time.DateOnly, given); err == nil {
		return day.Add(24*time.Hour - time.Second).Format("2006-01-02T15:04:05Z"), nil
	}
	at, err := time.Parse(time.RFC3339, given)
	return at.UTC().Format("2006-01-02T15:04:05Z"), err
}

func (a *app) runRelease(ctx context.Context, draft string, f releaseFlags) error {
	set, err := f.restrictions(a)
	if err != nil {
		return err
	}
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	one, err := a.findAgreement(ctx, d, f.agreement)
	if err != nil {
		return err
	}
	in := deskapi.ReleaseRequest{Agreement: one.ID, Restrictions: set, IdempotencyKey: f.key}
	if f.dryRun {
		return a.dryRun(ctx, d, draft, in)
	}
	if !f.yes {
		plan, err := d.DryRun(ctx, draft, in)
		if err != nil {
			return err
		}
		a.tellTerms("cli_text_terms_then", plan.Terms)
		a.tellSections(plan)
		for _, r := range plan.Recipients {
			if r.Held {
				fmt.Fprintln(a.env.Stderr, clean(r.Message))
			}
		}
		params := message.Params{"Reference": one.Reference, "Recipients": strings.Join(receivers(plan.Recipients), ", "), "Restrictions": a.restrictionText(plan.Restrictions)}
		if err := a.agreed("cli_ask_release", params, "--yes"); err != nil {
			return err
		}
	}
	released, err := d.Release(ctx, draft, in)
	if a.unavailable(err) {
		a.tell("cli_release_again", nil)
	}
	if err != nil {
		return err
	}
	for _, note := range released.Notes {
		fmt.Fprintln(a.env.Stderr, clean(note.Message))
	}
	return a.show(view{
		Data: released, Names: []string{"item/" + released.Item},
		Header: []string{"cli_column_item", "cli_column_version", "cli_column_entry", "cli_column_release"},
		Rows:   [][]string{{released.Item, fmt.Sprint(released.Version), fmt.Sprint(released.Index), released.Release}},
	})
}

// tellSections says who would get each restricted section.
func (a *app) tellSections(plan deskapi.DryRun) {
	for _, section := range plan.Sections {
		code, names := "cli_dry_run_section", receivers(section.Recipients)
		if len(names) == 0 {
			code = "cli_dry_run_section_nobody"
		}
		a.tell(code, message.Params{
			"Title": a.inLanguage(section.Title, nil), "Restrictions": a.restrictionText(section.Restrictions), "Recipients": strings.Join(names, ", "),
		})
	}
}

func receivers(recipients []deskapi.Recipient) []string {
	var names []string
	for _, r := range recipients {
		if r.Allow {
			names = append(names, r.Agency)
		}
	}
	return names
}

// dryRun lists each agency with the rule that lets it receive or not. A release
// that would be refused as a whole ends with the code for that.
func (a *app) dryRun(ctx context.Context, d *desk, draft string, in deskapi.ReleaseRequest) error {
	plan, err := d.DryRun(ctx, draft, in)
	if err != nil {
		return err
	}
	v := view{Data: plan, Header: []string{"cli_column_agency", "cli_column_receives", "cli_column_rule", "cli_column_why"}}
	for _, r := range plan.Recipients {
		receives := "cli_no"
		if r.Allow {
			receives = "cli_receives"
		}
		if r.Held {
			receives = "cli_receives_held"
		}
		v.Names = append(v.Names, "agency/"+r.Agency)
		v.Rows = append(v.Rows, []string{r.Agency, a.say(receives, nil), r.Reason, r.Message})
	}
	if err := a.show(v); err != nil {
		return err
	}
	a.tellTerms("cli_text_terms_then", plan.Terms)
	a.tellSections(plan)
	if !plan.Allow {
		return &failure{exit: Refused, text: plan.Message}
	}
	a.tell("cli_dry_run_allowed", message.Params{"Reference": plan.Reference, "Restrictions": a.restrictionText(plan.Restrictions)})
	return nil
}
