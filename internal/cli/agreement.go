package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) agreementNoun() *cobra.Command {
	noun := a.noun("agreement", "cli_agreement_short",
		a.agreementNew(), a.agreementDocument(), a.agreementRender(), a.agreementDiff(), a.agreementSchema(), a.agreementRegister(),
		a.agreementPropose(), a.agreementShow(), a.agreementSign(),
		a.agreementDecline(), a.agreementRetract(), a.agreementCounter(), a.agreementAmend(),
		a.agreementSuspend(), a.agreementResume(), a.agreementWithdraw(), a.agreementTerminate(), a.agreementReview(),
		a.agreementInvite(), a.agreementAccede(), a.agreementCountersign(), a.agreementBreach(), a.agreementWhy(),
		a.agreementSubmit(), a.agreementList())
	noun.Aliases = []string{"agreements", "agr"}
	return noun
}

// refusedSource is the sentence for a source that no document comes from. Each
// code has its own; they share the parameters.
func refusedSource(err error, file string) error {
	var wrong *compose.Error
	if !errors.As(err, &wrong) {
		return err
	}
	code := "cli_document_" + wrong.Code
	if !message.Known(code) {
		code = "cli_document_refused"
	}
	return failBecause(err, Usage, code, message.Params{"File": file, "Line": wrong.Line, "Place": wrong.Place, "Code": wrong.Code})
}

// findAgreement finds one revision by digest, by the agreement's id or by what
// people call it; AG-1@2 is the second revision of AG-1. Of several revisions the
// newest is meant; two agreements of one reference are never guessed between.
func (a *app) findAgreement(ctx context.Context, d *desk, name string) (deskapi.Agreement, error) {
	reference, which, one := strings.Cut(bare(name), "@")
	found, err := a.findSummary(ctx, d, reference)
	if err != nil {
		return deskapi.Agreement{}, err
	}
	newest, err := d.Agreement(ctx, found.ID, found.Digest)
	if err != nil || !one || which == newest.Digest || which == strconv.Itoa(newest.Revision) {
		return newest, err
	}
	for _, r := range newest.Revisions {
		if which == r.Digest || which == strconv.Itoa(r.Revision) {
			return d.Agreement(ctx, newest.ID, r.Digest)
		}
	}
	return deskapi.Agreement{}, fail(NotFound, "cli_agreement_not_found", message.Params{"Name": name})
}

// findSummary finds the newest revision of one agreement.
func (a *app) findSummary(ctx context.Context, d *desk, name string) (deskapi.AgreementSummary, error) {
	name, _, _ = strings.Cut(bare(name), "@")
	none := deskapi.AgreementSummary{}
	all, err := d.Agreements(ctx)
	if err != nil {
		return none, err
	}
	var found *deskapi.AgreementSummary
	for i := range all {
		candidate := &all[i]
		byDigest := candidate.Digest == name || (strings.HasPrefix(name, "sha256:") && len(name) >= len("sha256:")+12 && strings.HasPrefix(candidate.Digest, name))
		if !byDigest && candidate.ID != name && !strings.EqualFold(candidate.Reference, name) {
			continue
		}
		switch {
		case found == nil || found.ID == candidate.ID && candidate.Revision > found.Revision:
			found = candidate
		case found.ID != candidate.ID:
			return none, fail(Usage, "cli_agreement_ambiguous", message.Params{"Name": name})
		}
	}
	if found == nil {
		return none, fail(NotFound, "cli_agreement_not_found", message.Params{"Name": name})
	}
	return *found, nil
}

func (a *app) agreementList() *cobra.Command {
	return a.verb("list", "cli_agreement_list_short", "  concordat agreement list\n  concordat agreement list -o name", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		all, err := d.Agreements(cmd.Context())
		if err != nil {
			return err
		}
		v := view{
			Data:   listOf(all),
			Header: []string{"cli_column_reference", "cli_column_revision", "cli_column_state", "cli_column_signed", "cli_column_waiting_for", "cli_column_next_change", "cli_column_id"},
		}
		for _, one := range all {
			v.Names = append(v.Names, "agreement/"+one.ID+"@"+one.Digest)
			v.Rows = append(v.Rows, []string{
				one.Reference, strconv.Itoa(one.Revision), a.word("state", one.State),
				fmt.Sprintf("%d/%d", len(one.Signed), len(one.Signed)+len(one.Pending)),
				strings.Join(slices.Sorted(slices.Values(one.Pending)), " "), a.nextChange(one), one.ID,
			})
		}
		return a.show(v)
	})
}

// listOf is a list in -o json: [] and not null where there is nothing.
func listOf[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func (a *app) agreementShow() *cobra.Command {
	var verbatim bool
	cmd := a.verb("show AGREEMENT [flags]", "cli_agreement_show_short",
		"  concordat agreement show AG-1\n  concordat agreement show AG-1 --document > ag1.json", exactly(1), func(cmd *cobra.Command, args []string) error {
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			one, err := a.findAgreement(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			read, err := a.checkedAgreement(one)
			if err != nil {
				return err
			}
			if verbatim {
				return a.emit("", read.bytes)
			}
			if a.output != "table" {
				return a.show(view{Data: one, Names: []string{"agreement/" + one.ID + "@" + one.Digest}})
			}
			owed, err := a.owedText(cmd.Context(), d, one.ID)
			if err != nil {
				return err
			}
			text := a.agreementText(read.document, read.digest) + a.standingText(one) + owed
			return a.emit("", []byte(cleanText(text)))
		})
	cmd.Flags().BoolVar(&verbatim, "document", false, a.say("cli_flag_document", nil))
	return cmd
}
