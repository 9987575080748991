package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) bulletinWhy() *cobra.Command {
	var agency, release string
	cmd := a.verb("why ITEM [flags]", "cli_bulletin_why_short",
		"  concordat bulletin why itm-...\n  concordat bulletin why itm-... --agency agencyb", exactly(1),
		func(cmd *cobra.Command, args []string) error {
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			if agency == "" || bare(agency) == d.session.Agency {
				return a.ownWhy(cmd.Context(), d, bare(args[0]), release)
			}
			return a.runAccess(cmd.Context(), bare(args[0]), accessFlags{release: release, agency: agency})
		})
	cmd.Flags().StringVar(&agency, "agency", "", a.say("cli_flag_why_agency", nil))
	cmd.Flags().StringVar(&release, "release", "", a.say("cli_flag_release", nil))
	return cmd
}

// ownWhy says in one sentence whether the own agency can open the item now. A no
// is an answer and ends with 0.
func (a *app) ownWhy(ctx context.Context, d *desk, item, release string) error {
	c, err := d.Conditions(ctx, item, release)
	if err != nil {
		return err
	}
	if a.output == "table" {
		text := clean(c.Message)
		if c.Retention != nil && !c.Retention.OpenUntil.IsZero() {
			text += " " + clean(c.Retention.Message)
		}
		return a.emit("", []byte(text+"\n"))
	}
	return a.show(view{Data: c, Names: []string{"item/" + c.Item}})
}
