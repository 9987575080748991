package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

type openFlags struct {
	release, purpose, justification, accept, content, out string
	print                                                 bool
}

func (a *app) bulletinOpen() *cobra.Command {
	var f openFlags
	cmd := a.verb("open ITEM --purpose PURPOSE [flags]", "cli_bulletin_open_short",
		"  concordat bulletin open itm-... --purpose detection\n"+
			"  concordat bulletin open itm-... --purpose training --justification 'course in June' --accept sha256:...\n"+
			"  concordat bulletin open itm-... --purpose training --out copy.md",
		exactly(1), func(cmd *cobra.Command, args []string) error { return a.runOpen(cmd.Context(), bare(args[0]), f) })
	flags := cmd.Flags()
	flags.StringVar(&f.release, "release", "", a.say("cli_flag_release", nil))
	flags.StringVar(&f.purpose, "purpose", "", a.say("cli_flag_purpose", nil))
	flags.StringVar(&f.justification, "justification", "", a.say("cli_flag_justification", nil))
	flags.StringVar(&f.accept, "accept", "", a.say("cli_flag_accept", nil))
	flags.StringVar(&f.content, "content-out", "", a.say("cli_flag_content_out", nil))
	flags.StringVar(&f.out, "out", "", a.say("cli_flag_open_out", nil))
	flags.BoolVar(&f.print, "print", false, a.say("cli_flag_open_print", nil))
	cmd.MarkFlagsMutuallyExclusive("out", "print")
	cmd.MarkFlagsMutuallyExclusive("content-out", "print")
	_ = cmd.MarkFlagRequired("purpose")
	_ = cmd.RegisterFlagCompletionFunc("purpose", cobra.FixedCompletions(restriction.KnownPurposes(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// runOpen shows the conditions before anything is opened, and opens under exactly
// the conditions that were shown.
func (a *app) runOpen(ctx context.Context, item string, f openFlags) error {
	if !slices.Contains(restriction.KnownPurposes(), f.purpose) {
		return fail(Usage, "cli_purpose_unknown", message.Params{"Given": f.purpose, "Known": strings.Join(restriction.KnownPurposes(), ", ")})
	}
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	conditions, err := d.Conditions(ctx, item, f.release)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.env.Stderr, cleanText(a.conditionsText(conditions)))
	sections, err := a.accept(conditions, f.accept)
	if err != nil {
		return err
	}
	if f.justification == "" && a.env.Interactive {
		if f.justification, err = a.ask("cli_ask_justification", nil, "--justification"); err != nil {
			return err
		}
	}
	opened, err := d.Open(ctx, item, deskapi.OpenRequest{
		Release: conditions.Release, Purpose: f.purpose, Justification: f.justification, AcceptedRestrictions: conditions.RestrictionsDigest,
		AcceptedSections: sections, Form: f.form(conditions),
	})
	if err != nil {
		return err
	}
	if f.content != "" {
		if err := a.writeContents(f.content, opened); err != nil {
			return err
		}
	}
	for _, section := range opened.Withheld {
		a.tell("cli_section_withheld", message.Params{"Section": section.Part, "Why": section.Message})
	}
	a.tell("cli_opened", message.Params{"Entry": opened.Decision, "Until": opened.ShowUntil.UTC().Format(time.RFC3339)})
	if opened.Mark != "" {
		a.tell("cli_opened_marked", message.Params{"Form": a.word("term", opened.Form)})
	}
	if f.out != "" {
		return a.writeFile(f.out, []byte(cleanText(strings.TrimRight(opened.Rendered, "\n")+"\n")), 0o600)
	}
	if a.output != "table" {
		return a.show(view{Data: opened, Names: []string{"item/" + opened.Item}})
	}
	return a.emit("", []byte(a.wrapText(cleanText(strings.TrimRight(opened.Rendered, "\n")+"\n"))))
}

// form says how the content is to leave the desk: shown and no more, unless a file
// or paper is asked for. Where the terms want copies marked, a copy is asked for
// with the mark; the exact bytes have no place for one.
func (f openFlags) form(c deskapi.Conditions) string {
	switch {
	case f.content != "":
		return "download"
	case f.print:
		return "print"
	case f.out != "" && slices.Equal(c.Restrictions[string(restriction.AccessForm)], []string{"download-watermarked"}):
		return "download-watermarked"
	case f.out != "":
		return "download"
	}
	return ""
}

// writeContents writes the body's exact bytes, and beside them those of each
// section under the name of its part: what their receipts are checked against.
func (a *app) writeContents(file string, opened deskapi.Opened) error {
	if err := a.writeFile(file, []byte(opened.Content), 0o600); err != nil {
		return err
	}
	for _, section := range opened.Sections {
		if err := a.writeFile(file+"."+section.Part, []byte(section.Content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// accept wants the digest of exactly these restrictions, or a yes: at the terminal,
// or on the command line by somebody who accepts whatever is shown. It returns the
// digests of the sections' own conditions that were accepted too: after a yes all
// that were shown, else those that were given after the first, with commas.
func (a *app) accept(c deskapi.Conditions, given string) (sections []string, err error) {
	var shown []string
	for _, section := range c.Sections {
		shown = append(shown, section.RestrictionsDigest)
	}
	digests := strings.Split(given, ",")
	switch {
	case given == "yes":
		return shown, nil
	case given == "":
		params := message.Params{"Marking": c.Marking, "Agency": c.Originator.Agency}
		return shown, a.agreed("cli_ask_accept", params, "--accept "+c.RestrictionsDigest)
	case digests[0] != c.RestrictionsDigest:
		return nil, fail(Refused, "cli_conditions_differ", message.Params{"Wanted": digests[0], "Found": c.RestrictionsDigest})
	}
	for _, digest := range digests[1:] {
		if !slices.Contains(shown, digest) {
			return nil, fail(Refused, "cli_conditions_differ", message.Params{"Wanted": digest, "Found": strings.Join(shown, ",")})
		}
	}
	return digests[1:], nil
}

func (a *app) conditionsText(c deskapi.Conditions) string {
	s := &sheet{app: a}
	s.heading("cli_text_conditions")
	why := ""
	if !c.Allow {
		why = c.Message
	}
	s.pairs(
		"cli_text_item", c.Item, "cli_text_kind", c.Kind, "cli_text_version", fmt.Sprint(c.Version),
		"cli_text_originator", strings.TrimSpace(c.Originator.LegalName+" ("+c.Originator.Agency+")"),
		"cli_text_agreement", strings.TrimSpace(c.Agreement.Reference+" "+a.inLanguage(c.Agreement.Title, nil)),
		"cli_text_released", c.Released.UTC().Format(time.RFC3339),
		"cli_text_marking", strings.TrimSpace(c.Marking+"  "+c.MarkingText),
		"cli_text_community", c.Community, "cli_text_clients", c.Clients,
		"cli_text_retention", said(c.Retention),
		"cli_text_lease", a.minutes(time.Duration(c.LeaseSeconds)*time.Second),
		"cli_text_digest", c.RestrictionsDigest,
		"cli_text_prerequisites", strings.Join(c.Prerequisites, ", "),
		"cli_text_not_now", why,
	)
	if c.Changed {
		s.paragraph("  ", a.say("cli_text_terms_changed", nil))
	}
	if len(c.Terms) == 0 {
		s.pairs("cli_text_restrictions", a.restrictionText(c.Restrictions))
	}
	s.terms("cli_text_each_term", c.Terms)
	for _, section := range c.Sections {
		why := ""
		if !section.Allow {
			why = section.Message
		}
		fmt.Fprintf(&s.text, "\n%s\n", a.say("cli_text_section", nil))
		s.indented("  ", "cli_text_restrictions", a.restrictionText(section.Restrictions), "cli_text_digest", section.RestrictionsDigest, "cli_text_not_now", why)
	}
	return s.text.String()
}

func said(retention *deskapi.Retention) string {
	if retention == nil {
		return ""
	}
	return retention.Message
}
