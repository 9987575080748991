package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

type accessFlags struct {
	release, at, agency string
}

func (a *app) bulletinAccess() *cobra.Command {
	var f accessFlags
	cmd := a.verb("access ITEM [flags]", "cli_bulletin_access_short",
		"  concordat bulletin access itm-...\n"+
			"  concordat bulletin access itm-... --at 2026-11-21T20:00:00Z --agency agencyb",
		exactly(1), func(cmd *cobra.Command, args []string) error { return a.runAccess(cmd.Context(), bare(args[0]), f) })
	flags := cmd.Flags()
	flags.StringVar(&f.at, "at", "", a.say("cli_flag_at", nil))
	flags.StringVar(&f.agency, "agency", "", a.say("cli_flag_access_agency", nil))
	flags.StringVar(&f.release, "release", "", a.say("cli_flag_release", nil))
	return cmd
}

// runAccess tells of every agency that this one may know of, or of one in one
// sentence. A no is an answer and ends with 0.
func (a *app) runAccess(ctx context.Context, item string, f accessFlags) error {
	var at time.Time
	if f.at != "" {
		var err error
		// The desk reads the same form, and knows better what time it is now.
		if at, err = time.Parse(time.RFC3339, f.at); err != nil || at.IsZero() {
			return fail(Usage, "cli_instant_malformed", message.Params{"Given": f.at})
		}
	}
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	access, err := d.Access(ctx, item, f.release, at)
	if err != nil {
		return err
	}
	if access.Incomplete {
		a.tell("cli_access_incomplete", nil)
	}
	if f.agency != "" {
		name := bare(f.agency)
		access.Agencies = slices.DeleteFunc(access.Agencies, func(one deskapi.AgencyAccess) bool { return one.Agency != name })
		if len(access.Agencies) == 0 {
			return fail(NotFound, "cli_access_not_known", message.Params{"Agency": name})
		}
		if a.output == "table" {
			return a.emit("", []byte(clean(access.Agencies[0].Message)+"\n"))
		}
	}
	return a.showAccess(access)
}

func (a *app) showAccess(access deskapi.Access) error {
	v := view{Data: access, Header: []string{"cli_column_agency", "cli_column_could_open", "cli_column_rule", "cli_column_why"}}
	for _, one := range access.Agencies {
		could := "cli_no"
		if one.Allow {
			could = "cli_could_open"
		}
		v.Names = append(v.Names, "agency/"+one.Agency)
		v.Rows = append(v.Rows, []string{one.Agency, a.say(could, nil), one.Reason, one.Message})
	}
	if err := a.show(v); err != nil || a.output != "table" {
		return err
	}
	for _, told := range access.Disposals {
		if err := a.emit("", []byte(clean(told.Message)+"\n")); err != nil {
			return err
		}
	}
	return nil
}
