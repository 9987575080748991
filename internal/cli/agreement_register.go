package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// registered are the states in which an agreement has effects on data: in force,
// about to be, stopped for a time, or ended with copies that are still held.
var registered = []string{"in-force", "waiting", "review-overdue", "suspended", "terminated", "expired"}

func (a *app) agreementRegister() *cobra.Command {
	var format, lang, out string
	cmd := a.verb("register [AGREEMENT…] [flags]", "cli_agreement_register_short",
		"  concordat agreement register\n  concordat agreement register AG-1 --format pdf --out register.pdf", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"md", "pdf", "json"}, format) {
				return fail(Usage, "cli_register_format_unknown", message.Params{"Name": format})
			}
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			entries, err := a.registerEntries(cmd.Context(), d, args)
			if err != nil {
				return err
			}
			content, err := a.registerIn(format, lang, entries, act.AgencyName(d.session.Agency))
			if err != nil {
				return err
			}
			return a.emit(out, content)
		})
	cmd.Flags().StringVar(&format, "format", "md", a.say("cli_flag_register_format", nil))
	cmd.Flags().StringVar(&lang, "lang", "", a.say("cli_flag_register_lang", nil))
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}

// registerEntries reads the agreements that are named, or else of each agreement
// the newest revision that binds the own agency.
func (a *app) registerEntries(ctx context.Context, d *desk, names []string) ([]render.Entry, error) {
	var found []deskapi.Agreement
	for _, name := range names {
		one, err := a.findAgreement(ctx, d, name)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	if len(names) == 0 {
		all, err := d.Agreements(ctx)
		if err != nil {
			return nil, err
		}
		for _, summary := range binding(all, d.session.Agency) {
			one, err := d.Agreement(ctx, summary.ID, summary.Digest)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
	}
	entries := make([]render.Entry, 0, len(found))
	for i := range found {
		read, err := a.checkedAgreement(found[i])
		if err != nil {
			return nil, err
		}
		acceded, err := joined(read, &found[i])
		if err != nil {
			return nil, err
		}
		entries = append(entries, render.NewEntry(read.document, read.digest, found[i].State, act.AgencyName(d.session.Agency), acceded))
	}
	return entries, nil
}

// binding picks of each agreement the newest revision with effects that the agency
// has signed, in the order of their references.
func binding(all []deskapi.AgreementSummary, own string) []deskapi.AgreementSummary {
	newest := map[string]deskapi.AgreementSummary{}
	for _, one := range all {
		if slices.Contains(registered, one.State) && slices.Contains(one.Signed, own) && one.Revision > newest[one.ID].Revision {
			newest[one.ID] = one
		}
	}
	var picked []deskapi.AgreementSummary
	for _, one := range all {
		if newest[one.ID].Digest == one.Digest {
			picked = append(picked, one)
		}
	}
	slices.SortStableFunc(picked, func(a, b deskapi.AgreementSummary) int {
		return bytes.Compare([]byte(a.Reference+"\x00"+a.ID), []byte(b.Reference+"\x00"+b.ID))
	})
	return picked
}

// joined reads the parties that acceded from their own signed acts.
func joined(read *readAgreement, one *deskapi.Agreement) ([]agreement.Party, error) {
	var parties []agreement.Party
	for i := range one.Accessions {
		if !one.Accessions[i].Accepted {
			continue
		}
		party, _, err := accededParty(&taking{read: read}, &one.Accessions[i])
		if err != nil {
			return nil, err
		}
		parties = append(parties, *party)
	}
	return parties, nil
}

func (a *app) registerIn(format, lang string, entries []render.Entry, own act.AgencyName) ([]byte, error) {
	if format == "json" {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(map[string]any{"agency": own, "time": canonical.At(a.env.Now()).String(), "agreements": entries}); err != nil {
			return nil, err
		}
		return out.Bytes(), nil
	}
	if lang == "" {
		lang = a.textLanguage(&agreement.Document{}, "")
	}
	text, err := render.Register(entries, own, a.env.Now(), lang)
	if err != nil {
		return nil, a.notRendered(err, lang)
	}
	if format == "pdf" {
		return paper(text, string(own), canonical.Digest(text))
	}
	return text, nil
}
