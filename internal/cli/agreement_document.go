package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/api/v1alpha1"
	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/message"
)

// documentView is -o json of agreement document.
type documentView struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Digest   string `json:"digest"`
	Document string `json:"document"`
}

func (a *app) agreementDocument() *cobra.Command {
	var keys ringFlags
	var out, manifest, proposer string
	cmd := a.verb("document FILE [flags]", "cli_agreement_document_short",
		"  concordat agreement document ag1.yaml --parties-from-cluster --hub https://hub.example > ag1.json\n"+
			"  concordat agreement document ag1.yaml --keys keys.yaml --manifest ag-1 --proposed-by agencya | kubectl apply -f -",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			composed, err := a.composed(cmd, args[0], keys)
			if err != nil {
				return err
			}
			if composed.Document.Schema == agreement.Schema {
				a.tell("cli_document_first_schema", message.Params{"File": args[0]})
			}
			a.tell("cli_document_made", message.Params{"Digest": composed.Digest, "ID": composed.Document.ID})
			if manifest != "" {
				raw, err := agreementManifest(manifest, proposer, composed)
				if err != nil {
					return err
				}
				return a.emit(out, raw)
			}
			if a.output != "table" {
				return a.show(view{
					Data:  documentView{composed.Document.ID, composed.Document.Revision, composed.Digest, string(composed.Bytes)},
					Names: []string{"agreement/" + composed.Document.ID + "@" + composed.Digest},
				})
			}
			return a.emit(out, composed.Bytes)
		})
	keys.register(a, cmd)
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	cmd.Flags().StringVar(&manifest, "manifest", "", a.say("cli_flag_manifest", nil))
	cmd.Flags().StringVar(&proposer, "proposed-by", "", a.say("cli_flag_proposed_by", nil))
	cmd.MarkFlagsRequiredTogether("manifest", "proposed-by")
	return cmd
}

// composed reads a source or a finished document with the keys of the flags.
func (a *app) composed(cmd *cobra.Command, file string, keys ringFlags) (*compose.Composed, error) {
	source, err := a.readInput(file, compose.MaxSource)
	if err != nil {
		return nil, err
	}
	ring, err := a.ring(cmd.Context(), keys)
	if err != nil {
		return nil, err
	}
	composed, err := compose.Read(source, ring)
	if err != nil {
		return nil, refusedSource(err, file)
	}
	if composed.NewID {
		a.tell("cli_document_new_id", message.Params{"ID": composed.Document.ID, "File": file})
	}
	return composed, nil
}

// agreementManifest is the object that asks for the proposal with kubectl.
func agreementManifest(name, proposer string, composed *compose.Composed) ([]byte, error) {
	if composed.Document.Party(act.AgencyName(proposer)) == nil {
		return nil, fail(Usage, "cli_proposer_not_a_party", message.Params{"Name": proposer})
	}
	// The document stays on one line: folded over several, it reads back the same,
	// but nobody could compare it by eye with what is signed.
	quoted := "'" + strings.ReplaceAll(string(composed.Bytes), "'", "''") + "'"
	return fmt.Appendf(nil, "apiVersion: %s\nkind: SharingAgreement\nmetadata:\n  name: %q\nspec:\n  proposedBy: %s\n  document: %s\n",
		v1alpha1.GroupVersion, name, proposer, quoted), nil
}
