package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
)

func (a *app) officerNoun() *cobra.Command {
	noun := a.noun("officer", "cli_officer_short", a.officerList(), a.officerRole())
	noun.Aliases = []string{"officers"}
	return noun
}

// showOfficers shows pseudonyms and the labels that the agency's own provider
// gives them; neither leaves the desk for another agency in this form.
func (a *app) showOfficers(data any, officers []deskapi.OfficerRoles) error {
	v := view{Data: data, Header: []string{"cli_label_officer", "cli_column_label", "cli_label_roles"}}
	for _, one := range officers {
		v.Names = append(v.Names, "officer/"+one.Officer)
		v.Rows = append(v.Rows, []string{one.Officer, one.Label, strings.Join(one.Roles, ", ")})
	}
	return a.show(v)
}

func (a *app) officerList() *cobra.Command {
	return a.verb("list", "cli_officer_list_short", "  concordat officer list", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		all, err := d.Officers(cmd.Context())
		if err != nil {
			return err
		}
		return a.showOfficers(listOf(all), all)
	})
}

func (a *app) officerRole() *cobra.Command {
	var roles []string
	cmd := a.verb("role OFFICER --role ROLE [flags]", "cli_officer_role_short",
		"  concordat officer role ofc-... --role analyst --role releaser\n  concordat officer role ofc-... --role=", exactly(1), func(cmd *cobra.Command, args []string) error {
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			set := deskapi.OfficerRoles{Officer: bare(args[0]), Roles: withoutEmpty(roles)}
			if err := d.SetRoles(cmd.Context(), set.Officer, set.Roles...); err != nil {
				return err
			}
			return a.showOfficers(set, []deskapi.OfficerRoles{set})
		})
	cmd.Flags().StringSliceVar(&roles, "role", nil, a.say("cli_flag_role", nil))
	_ = cmd.MarkFlagRequired("role")
	return cmd
}

func withoutEmpty(words []string) []string {
	kept := []string{}
	for _, word := range words {
		if word != "" {
			kept = append(kept, word)
		}
	}
	return kept
}
