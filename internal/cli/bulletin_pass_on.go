package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

type passOnFlags struct {
	release, agreement, purpose string
	to                          []string
}

func (a *app) bulletinPassOn() *cobra.Command {
	var f passOnFlags
	cmd := a.verb("pass-on ITEM --agreement AGREEMENT --to AGENCY --purpose PURPOSE [flags]", "cli_bulletin_pass_on_short",
		"  concordat bulletin pass-on itm-... --agreement AG-4 --to agencyd --purpose detection", exactly(1),
		func(cmd *cobra.Command, args []string) error { return a.runPassOn(cmd.Context(), bare(args[0]), f) })
	flags := cmd.Flags()
	flags.StringVar(&f.release, "release", "", a.say("cli_flag_release", nil))
	flags.StringVar(&f.agreement, "agreement", "", a.say("cli_flag_agreement", nil))
	flags.StringSliceVar(&f.to, "to", nil, a.say("cli_flag_pass_on_to", nil))
	flags.StringVar(&f.purpose, "purpose", "", a.say("cli_flag_pass_on_purpose", nil))
	for _, flag := range []string{"agreement", "to", "purpose"} {
		_ = cmd.MarkFlagRequired(flag)
	}
	completes(cmd, "purpose", restriction.KnownPurposes())
	return cmd
}

// runPassOn takes opened content into a draft and says who would receive it. A
// second officer approves it like any draft; the command that releases it is told.
func (a *app) runPassOn(ctx context.Context, item string, f passOnFlags) error {
	if err := among("purpose", f.purpose, restriction.KnownPurposes()); err != nil {
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
	draft, err := d.CopyItem(ctx, item, deskapi.CopyRequest{Release: f.release})
	if err != nil {
		return err
	}
	to := ""
	for _, agency := range f.to {
		to += " --recipient " + bare(agency)
	}
	a.tell("cli_pass_on_next", message.Params{
		"Draft": draft.ID, "Approve": "concordat bulletin approve " + draft.ID,
		"Release": fmt.Sprintf("concordat bulletin release %s --agreement %s%s --purpose %s --dry-run", draft.ID, one.Reference, to, f.purpose),
	})
	return a.showDrafts(draft, []deskapi.Draft{draft})
}

// parentOf names the release that a draft is made from: a release's id is taken as
// it is, of an item it is the newest release.
func (a *app) parentOf(ctx context.Context, d *desk, from, relation string) ([]deskapi.Parent, error) {
	if from == "" {
		return nil, nil
	}
	if err := among("relation", relation, []string{"derived", "extract", "translation"}); err != nil {
		return nil, err
	}
	c, err := d.Conditions(ctx, bare(from), "")
	if err != nil {
		return nil, err
	}
	return []deskapi.Parent{{Release: c.Release, Relation: relation}}, nil
}
