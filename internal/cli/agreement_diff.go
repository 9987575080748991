package cli

import (
	"bytes"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/diff"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/message"
)

// changeView is one change in -o json: the code and its parameters, and the
// sentence in the reader's language.
type changeView struct {
	diff.Change
	Sentence string `json:"sentence"`
}

func (a *app) agreementDiff() *cobra.Command {
	var keys ringFlags
	var lang, out string
	var redline bool
	cmd := a.verb("diff BEFORE AFTER [flags]", "cli_agreement_diff_short",
		"  concordat agreement diff AG-9@1 AG-9@2\n  concordat agreement diff AG-9 counter.yaml --redline --out redline.md",
		exactly(2), func(cmd *cobra.Command, args []string) error {
			before, err := a.readAny(cmd, args[0], keys)
			if err != nil {
				return err
			}
			after, err := a.readAny(cmd, args[1], keys)
			if err != nil {
				return err
			}
			if before.document.ID != after.document.ID {
				a.tell("cli_diff_other_agreement", message.Params{"Before": before.document.ID, "After": after.document.ID})
			}
			if redline {
				text, err := a.redlineOf(before.document, after.document, lang)
				if err != nil {
					return err
				}
				return a.emit(out, text)
			}
			return a.showChanges(before.document, after.document)
		})
	keys.register(a, cmd)
	cmd.Flags().BoolVar(&redline, "redline", false, a.say("cli_flag_redline", nil))
	cmd.Flags().StringVar(&lang, "lang", "", a.say("cli_flag_render_lang", nil))
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}

func (a *app) showChanges(before, after *agreement.Document) error {
	changes, err := diff.Compare(before, after)
	if err != nil {
		return err
	}
	v := view{Header: []string{"cli_column_direction", "cli_column_change", "cli_column_clause"}}
	data := make([]changeView, 0, len(changes))
	for _, one := range changes {
		said := message.Render(a.lang, one.Message())
		data = append(data, changeView{one, said})
		v.Names = append(v.Names, "clause"+one.Place)
		v.Rows = append(v.Rows, []string{a.say("agreementdiff_direction_"+string(one.Direction), nil), clean(said), one.Place})
	}
	v.Data = data
	if len(changes) == 0 && a.output == "table" {
		a.tell("cli_diff_none", nil)
		return nil
	}
	return a.show(v)
}

// redlineOf is the rendered text of the later document with what it changes in
// that of the earlier one.
func (a *app) redlineOf(before, after *agreement.Document, lang string) ([]byte, error) {
	lang = a.textLanguage(after, lang)
	var texts [2][]byte
	for i, d := range []*agreement.Document{before, after} {
		text, err := render.Text(d, lang)
		if err != nil {
			return nil, a.notRendered(err, lang)
		}
		texts[i] = text
	}
	if bytes.Equal(texts[0], texts[1]) {
		a.tell("cli_diff_none", nil)
	}
	return diff.Redline(texts[0], texts[1]), nil
}
