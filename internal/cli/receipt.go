package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/cli/evidence"
	"github.com/concordat-hub/concordat/internal/cli/keyring"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) receiptNoun() *cobra.Command {
	noun := a.noun("receipt", "cli_receipt_short", a.receiptGet(), a.receiptVerify())
	noun.Aliases = []string{"receipts"}
	return noun
}

func (a *app) receiptGet() *cobra.Command {
	var of, release, part, out string
	cmd := a.verb("get ITEM [flags]", "cli_receipt_get_short", "  concordat receipt get itm-... --of release --out b1.tlog-proof", exactly(1), func(cmd *cobra.Command, args []string) error {
		if of != "release" && of != "open" {
			return fail(Usage, "cli_receipt_of_what", message.Params{"Given": of})
		}
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		receipt, err := d.PartReceipt(cmd.Context(), bare(args[0]), of, release, part)
		if err != nil {
			return err
		}
		return a.emit(out, receipt)
	})
	cmd.Flags().StringVar(&of, "of", "release", a.say("cli_flag_receipt_of", nil))
	cmd.Flags().StringVar(&release, "release", "", a.say("cli_flag_release", nil))
	cmd.Flags().StringVar(&part, "part", "", a.say("cli_flag_receipt_part", nil))
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}

type verifyFlags struct {
	content, logKey string
	ring            ringFlags
}

func (a *app) receiptVerify() *cobra.Command {
	var f verifyFlags
	cmd := a.verb("verify RECEIPT [flags]", "cli_receipt_verify_short",
		"  concordat receipt verify b1.tlog-proof --keys keys.yaml --content b1.yaml\n"+
			"  concordat receipt verify b1.tlog-proof --log-key 'concordat.local/hub+...'",
		exactly(1), func(cmd *cobra.Command, args []string) error { return a.runVerify(cmd, args[0], f) })
	cmd.Flags().StringVar(&f.content, "content", "", a.say("cli_flag_content", nil))
	cmd.Flags().StringVar(&f.logKey, "log-key", "", a.say("cli_flag_log_key", nil))
	f.ring.register(a, cmd)
	return cmd
}

func (a *app) runVerify(cmd *cobra.Command, file string, f verifyFlags) error {
	receipt, err := a.readInput(file, 16<<20)
	if err != nil {
		return err
	}
	in, err := a.verifyInputs(cmd, f)
	if err != nil {
		return err
	}
	report, err := evidence.Verify(receipt, in)
	var refused *evidence.Refusal
	if errors.As(err, &refused) {
		return failBecause(err, Failed, "cli_"+refused.Code, message.Params{"File": file})
	}
	if err != nil {
		return err
	}
	if err := a.show(view{Data: report, Names: []string{"entry/" + fmt.Sprint(report.Index)}, Rows: a.reportRows(report)}); err != nil {
		return err
	}
	a.tell("cli_receipt_holds", message.Params{"Entry": report.Index, "Hub": report.Hub})
	if report.Signature == evidence.NotVerified {
		a.tell("cli_receipt_signature_not_checked", nil)
	}
	return nil
}

func (a *app) verifyInputs(cmd *cobra.Command, f verifyFlags) (evidence.Inputs, error) {
	// Whoever names the log's key needs no hub, even if the environment names one.
	if f.logKey != "" && !cmd.Flags().Changed("hub") {
		f.ring.hub = ""
	}
	ring, err := a.ring(cmd.Context(), f.ring)
	if err != nil {
		return evidence.Inputs{}, err
	}
	in := evidence.Inputs{LogKey: f.logKey}
	if in.LogKey == "" {
		in.LogKey = ring.Hub.LogKey
	}
	if in.LogKey == "" {
		return in, fail(Usage, "cli_receipt_which_log", nil)
	}
	if holdsKeys(ring) {
		in.Keys = ring
	}
	if f.content == "" {
		return in, nil
	}
	content, err := a.readInput(f.content, 16<<20)
	in.Contents = a.spellings(content)
	return in, err
}

func holdsKeys(ring *keyring.Ring) bool {
	for _, agency := range ring.Agencies {
		if len(agency.Keys) > 0 {
			return true
		}
	}
	return false
}

func (a *app) reportRows(r *evidence.Report) [][]string {
	rows := [][]string{
		{a.say("cli_text_entry_index", nil), fmt.Sprint(r.Index)},
		{a.say("cli_text_time", nil), r.Time.UTC().Format(time.RFC3339)},
		{a.say("cli_text_hub_id", nil), r.Hub},
		{a.say("cli_text_what", nil), r.Kind},
		{a.say("cli_label_agency", nil), r.Agency},
	}
	add := func(code, value string) {
		if value != "" && value != "0" {
			rows = append(rows, []string{a.say(code, nil), value})
		}
	}
	add("cli_text_act", string(r.Act))
	add("cli_text_signature", a.say("cli_signature_"+strings.ReplaceAll(string(r.Signature), "-", "_"), nil))
	add("cli_text_item", r.Item)
	add("cli_text_version", fmt.Sprint(r.Version))
	if r.Release != r.Act {
		add("cli_text_release", string(r.Release))
	}
	add("cli_text_agreement", r.Agreement)
	add("cli_text_purpose", r.Purpose)
	add("cli_text_restrictions", a.restrictionText(r.Restrictions))
	for _, part := range r.Parts {
		add("cli_text_part", fmt.Sprintf("%s, %s, %d", part.Part, part.Agency, part.Size))
	}
	if r.Content != "" {
		add("cli_text_content", a.say("cli_content_is_part", message.Params{"Part": r.Content}))
	}
	for _, decision := range r.Decisions {
		outcome := "cli_no"
		if decision.Allow {
			outcome = "cli_allowed"
		}
		add("cli_text_decision", a.say(outcome, nil)+"  "+decision.Reason+"  "+string(decision.Release))
	}
	if r.TakesBack > 0 {
		add("cli_text_taken_back", a.say("cli_decision_taken_back", message.Params{"Entry": r.TakesBack}))
	}
	return rows
}

// spellings are the bytes of a file, and the canonical form of what a known kind
// of item reads in them: a receipt speaks of the canonical form, and people keep
// the draft.
func (a *app) spellings(content []byte) [][]byte {
	all := [][]byte{content, bytes.TrimRight(content, "\r\n")}
	for _, kind := range a.env.Kinds {
		if read, err := kind.Decode(content); err == nil {
			all = append(all, read.Canonical())
		}
	}
	return all
}
