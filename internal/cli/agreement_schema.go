package cli

import (
	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/docs/schemas"
)

func (a *app) agreementSchema() *cobra.Command {
	var out string
	cmd := a.verb("schema [flags]", "cli_agreement_schema_short", "  concordat agreement schema > agreement-v2.schema.json", exactly(0), func(*cobra.Command, []string) error {
		return a.emit(out, schemas.AgreementV2)
	})
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}
