package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func (a *app) duties() *cobra.Command {
	var ofOthers, all bool
	cmd := a.verb("duties [flags]", "cli_duties_short", "  concordat duties\n  concordat duties --of-others", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		list, err := d.Duties(cmd.Context(), ofOthers, all)
		if err != nil {
			return err
		}
		return a.showDuties(list)
	})
	cmd.Flags().BoolVar(&ofOthers, "of-others", false, a.say("cli_flag_of_others", nil))
	cmd.Flags().BoolVar(&all, "all", false, a.say("cli_flag_duties_all", nil))
	return cmd
}

func (a *app) bulletinObligations() *cobra.Command {
	return a.verb("obligations ITEM", "cli_bulletin_obligations_short", "  concordat bulletin obligations itm-...", exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		list, err := d.Obligations(cmd.Context(), bare(args[0]))
		if err != nil {
			return err
		}
		return a.showDuties(list)
	})
}

func (a *app) showDuties(list []deskapi.Duty) error {
	v := view{Data: listOf(list), Header: []string{"cli_column_item", "cli_column_holder", "cli_column_duty", "cli_column_state", "cli_column_due"}}
	for _, duty := range list {
		v.Names = append(v.Names, "item/"+duty.Item)
		v.Rows = append(v.Rows, []string{duty.Item, duty.Holder, a.word("duty", duty.Kind), a.word("duty_state", duty.State), duty.Due.UTC().Format(time.RFC3339)})
	}
	return a.show(v)
}
