package cli

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"
)

// outboxNoun is what this agency has signed and the hub does not have.
func (a *app) outboxNoun() *cobra.Command {
	return a.noun("outbox", "cli_outbox_short", a.outboxList(), a.outboxDismiss())
}

// outboxList lists acts and releases in the order in which they are sent; each is
// told in one sentence below.
func (a *app) outboxList() *cobra.Command {
	return a.verb("list", "cli_outbox_list_short", "  concordat outbox list", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		all, err := d.Outbox(cmd.Context())
		if err != nil {
			return err
		}
		v := view{Data: listOf(all), Header: []string{"cli_column_act_id", "cli_column_act", "cli_column_about", "cli_column_state", "cli_column_signed_at"}}
		for _, one := range all {
			about := cmp.Or(one.Item, one.Agreement)
			v.Names = append(v.Names, "act/"+one.Act)
			v.Rows = append(v.Rows, []string{one.Act, a.word("act", one.Kind), about, a.word("item", one.State), one.Signed.UTC().Format("01-02 15:04")})
		}
		if err := a.show(v); err != nil {
			return err
		}
		for _, one := range all {
			fmt.Fprintln(a.env.Stderr, clean(cmp.Or(one.Item, one.Agreement, one.Act)+": "+one.Message))
		}
		return nil
	})
}

func (a *app) outboxDismiss() *cobra.Command {
	return a.verb("dismiss ACT", "cli_outbox_dismiss_short", "  concordat outbox dismiss ACT", exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		if err := d.Dismiss(cmd.Context(), bare(args[0])); err != nil {
			return err
		}
		a.tell("cli_outbox_dismissed", nil)
		return nil
	})
}
