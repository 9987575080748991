package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/message"
)

// bulletinKind is the kind of item that these commands draft. Everything after
// the draft is the same for every kind.
const bulletinKind = "bulletin"

func (a *app) bulletinNoun() *cobra.Command {
	noun := a.noun("bulletin", "cli_bulletin_short",
		a.bulletinDraft(), a.bulletinDrafts(), a.bulletinShow(), a.bulletinApprove(), a.bulletinRelease(), a.bulletinRetract(),
		a.bulletinInbox(), a.bulletinSent(), a.bulletinOpen(), a.bulletinAccess(), a.bulletinWhy(),
		a.bulletinRestrict(), a.bulletinRecall(), a.bulletinRestrictions(), a.bulletinAcknowledge(), a.bulletinCannotComply(),
		a.bulletinReportUse(), a.bulletinAttest(), a.bulletinObligations(), a.bulletinPassOn())
	noun.Aliases = []string{"bulletins"}
	return noun
}

func (a *app) bulletinDraft() *cobra.Command {
	var draft, item, from, relation string
	var version int
	cmd := a.verb("draft FILE [flags]", "cli_bulletin_draft_short",
		"  concordat bulletin draft b1.yaml -o name\n  concordat bulletin draft b1.yaml --draft DRAFT --version 1", exactly(1), func(cmd *cobra.Command, args []string) error {
			source, err := a.readInput(args[0], 4<<20)
			if err != nil {
				return err
			}
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			parents, err := a.parentOf(cmd.Context(), d, from, relation)
			if err != nil {
				return err
			}
			in := deskapi.DraftRequest{Kind: bulletinKind, Item: bare(item), Source: string(source), DerivedFrom: parents}
			var made deskapi.Draft
			if draft == "" {
				made, err = d.CreateDraft(cmd.Context(), in)
			} else {
				made, err = d.EditDraft(cmd.Context(), bare(draft), version, in)
			}
			if err != nil {
				return err
			}
			a.tellPlaces(made.Problems, made.Findings)
			return a.showDrafts(made, []deskapi.Draft{made})
		})
	cmd.Flags().StringVar(&draft, "draft", "", a.say("cli_flag_draft", nil))
	cmd.Flags().IntVar(&version, "version", 0, a.say("cli_flag_draft_version", nil))
	cmd.Flags().StringVar(&item, "item", "", a.say("cli_flag_draft_item", nil))
	cmd.Flags().StringVar(&from, "from", "", a.say("cli_flag_from", nil))
	cmd.Flags().StringVar(&relation, "relation", "", a.say("cli_flag_relation", nil))
	cmd.MarkFlagsRequiredTogether("draft", "version")
	cmd.MarkFlagsRequiredTogether("from", "relation")
	cmd.MarkFlagsMutuallyExclusive("from", "draft")
	completes(cmd, "relation", []string{"derived", "extract", "translation"})
	return cmd
}

// tellPlaces says what is incomplete and what the guard found, with places and
// without the text at fault.
func (a *app) tellPlaces(problems []deskapi.Problem, findings []deskapi.Finding) {
	tell := func(line int, path, text string) {
		code := "cli_problem_place"
		if line == 0 {
			code = "cli_problem_path"
		}
		a.tell(code, message.Params{"Line": line, "Path": path, "Text": text})
	}
	for _, problem := range problems {
		tell(problem.Line, problem.Path, problem.Message)
	}
	for _, finding := range findings {
		tell(finding.Line, finding.Path, finding.Message)
	}
}

// showDrafts shows drafts as lines; data is what -o json prints.
func (a *app) showDrafts(data any, drafts []deskapi.Draft) error {
	v := view{Data: data, Header: []string{"cli_column_draft", "cli_column_version", "cli_column_title", "cli_column_guard", "cli_column_approved", "cli_column_released"}}
	for _, d := range drafts {
		v.Names = append(v.Names, "draft/"+d.ID)
		v.Rows = append(v.Rows, []string{
			d.ID, fmt.Sprint(d.Version), a.inLanguage(d.Title, d.Languages), a.word("guard", d.Verdict),
			fmt.Sprint(len(d.Approvals)), fmt.Sprint(len(d.Releases)),
		})
	}
	return a.show(v)
}

func (a *app) bulletinDrafts() *cobra.Command {
	return a.verb("drafts", "cli_bulletin_drafts_short", "  concordat bulletin drafts", exactly(0), func(cmd *cobra.Command, _ []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		drafts, err := d.Drafts(cmd.Context())
		if err != nil {
			return err
		}
		return a.showDrafts(listOf(drafts), drafts)
	})
}

func (a *app) bulletinShow() *cobra.Command {
	var source bool
	cmd := a.verb("show DRAFT|ITEM [flags]", "cli_bulletin_show_short", "  concordat bulletin show DRAFT\n  concordat bulletin show itm-... -o yaml", exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		name := bare(args[0])
		if strings.HasPrefix(name, "itm-") {
			item, err := d.Item(cmd.Context(), name)
			if err != nil {
				return err
			}
			return a.showItem(item)
		}
		draft, err := d.Draft(cmd.Context(), name)
		if err != nil {
			return err
		}
		if source {
			return a.emit("", []byte(draft.Source))
		}
		if a.output != "table" {
			return a.show(view{Data: draft, Names: []string{"draft/" + draft.ID}})
		}
		a.tellPlaces(draft.Problems, draft.Findings)
		return a.emit("", []byte(a.wrapText(cleanText(a.draftText(draft)))))
	})
	cmd.Flags().BoolVar(&source, "source", false, a.say("cli_flag_source", nil))
	return cmd
}

func (a *app) draftText(d deskapi.Draft) string {
	s := &sheet{app: a}
	var approvals []string
	for _, approval := range d.Approvals {
		approvals = append(approvals, approval.Officer)
	}
	s.pairs(
		"cli_text_draft", d.ID, "cli_text_item", d.Item, "cli_text_version", fmt.Sprint(d.Version), "cli_text_author", d.Author,
		"cli_text_digest", d.ContentDigest, "cli_text_guard", a.word("guard", d.Verdict), "cli_text_approvals", strings.Join(approvals, ", "),
	)
	return s.text.String() + "\n" + strings.TrimRight(d.Rendered, "\n") + "\n"
}

func (a *app) showItem(item deskapi.Item) error {
	if a.output != "table" {
		return a.show(view{Data: item, Names: []string{"item/" + item.Item}})
	}
	s := &sheet{app: a}
	fmt.Fprintf(&s.text, "%s\n", clean(a.inLanguage(item.Title, item.Languages)))
	var facets []string
	for _, facet := range slices.Sorted(maps.Keys(item.Facets)) {
		facets = append(facets, facet+"="+strings.Join(item.Facets[facet], ","))
	}
	s.pairs(
		"cli_text_item", item.Item, "cli_text_kind", item.Kind, "cli_text_version", fmt.Sprint(item.Version),
		"cli_text_originator", item.Originator, "cli_text_state", a.word("item", item.State), "cli_text_languages", strings.Join(item.Languages, ", "),
		"cli_text_facets", strings.Join(facets, "; "),
	)
	s.heading("cli_text_releases")
	for _, r := range item.Releases {
		fmt.Fprintf(&s.text, "  %s\n", r.Release)
		s.indented("    ",
			"cli_text_agreement", r.Reference, "cli_text_released", r.Time.UTC().Format(time.RFC3339), "cli_text_restrictions", a.restrictionText(r.Restrictions),
			"cli_text_recipients", strings.Join(r.Recipients, ", "), "cli_text_state", a.standingOf(r),
		)
		for _, note := range r.Notes {
			s.paragraph("    ", note.Message)
		}
	}
	return a.emit("", []byte(cleanText(s.text.String())))
}

// standingOf adds the reason where a release cannot be opened.
func (a *app) standingOf(r deskapi.Release) string {
	if r.State == "available" || r.Message == "" {
		return a.word("item", r.State)
	}
	return a.word("item", r.State) + ": " + r.Message
}

func (a *app) bulletinApprove() *cobra.Command {
	var said consent
	cmd := a.verb("approve DRAFT [flags]", "cli_bulletin_approve_short", "  concordat bulletin approve DRAFT\n  concordat bulletin approve DRAFT --digest sha256:... --yes",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			d, err := a.openDesk()
			if err != nil {
				return err
			}
			draft, err := d.Draft(cmd.Context(), bare(args[0]))
			if err != nil {
				return err
			}
			params := message.Params{"Title": a.inLanguage(draft.Title, draft.Languages)}
			if err := a.confirm(said, a.draftText(draft), draft.ContentDigest, "cli_ask_approve", params, false); err != nil {
				return err
			}
			approved, err := d.Approve(cmd.Context(), draft.ID, draft.ContentDigest)
			if err != nil {
				return err
			}
			return a.showDrafts(approved, []deskapi.Draft{approved})
		})
	said.register(a, cmd, false)
	return cmd
}

func (a *app) bulletinRetract() *cobra.Command {
	var said consent
	cmd := a.verb("retract ITEM [flags]", "cli_bulletin_retract_short", "  concordat bulletin retract itm-... --reason correction", exactly(1), func(cmd *cobra.Command, args []string) error {
		d, err := a.openDesk()
		if err != nil {
			return err
		}
		item := bare(args[0])
		if !said.yes {
			if err := a.agreed("cli_ask_retract", message.Params{"Item": item}, "--yes"); err != nil {
				return err
			}
		}
		done, err := d.Retract(cmd.Context(), item, said.reason)
		if err != nil {
			return err
		}
		return a.showActs(item, act.ItemRetractKind, done, done)
	})
	cmd.Flags().BoolVar(&said.yes, "yes", false, a.say("cli_flag_yes", nil))
	cmd.Flags().StringVar(&said.reason, "reason", "other", a.say("cli_flag_retract_reason", nil))
	_ = cmd.RegisterFlagCompletionFunc("reason", cobra.FixedCompletions([]string{"error", "correction", "safety", "rights", "other"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) bulletinInbox() *cobra.Command {
	return a.verb("inbox", "cli_bulletin_inbox_short", "  concordat bulletin inbox", exactly(0), func(cmd *cobra.Command, _ []string) error {
		return a.showBox(cmd, "inbox")
	})
}

func (a *app) bulletinSent() *cobra.Command {
	return a.verb("sent", "cli_bulletin_sent_short", "  concordat bulletin sent", exactly(0), func(cmd *cobra.Command, _ []string) error {
		return a.showBox(cmd, "own")
	})
}

func (a *app) showBox(cmd *cobra.Command, box string) error {
	d, err := a.openDesk()
	if err != nil {
		return err
	}
	items, err := d.Items(cmd.Context(), box)
	if err != nil {
		return err
	}
	v := view{
		Data:   listOf(items),
		Header: []string{"cli_column_item", "cli_column_from", "cli_column_marking", "cli_column_state", "cli_column_released_on", "cli_column_title"},
	}
	for _, item := range items {
		marking, released := "", ""
		if len(item.Releases) > 0 {
			marking = strings.Join(item.Releases[0].Restrictions["tlp"], "")
			released = item.Releases[0].Time.UTC().Format("2006-01-02")
		}
		v.Names = append(v.Names, "item/"+item.Item)
		v.Rows = append(v.Rows, []string{item.Item, item.Originator, marking, a.word("item", item.State), released, a.inLanguage(item.Title, item.Languages)})
	}
	return a.show(a.withNotes(v, items))
}

// withNotes counts what has to be known of items beside their state, where there
// is anything, and says it below: sentences do not fit into a table.
func (a *app) withNotes(v view, items []deskapi.Item) view {
	counts, any := make([]string, len(items)), false
	for i, item := range items {
		for _, note := range noteTexts(item) {
			fmt.Fprintln(a.env.Stderr, clean(item.Item+": "+note))
		}
		if n := len(noteTexts(item)); n > 0 {
			counts[i], any = fmt.Sprint(n), true
		}
	}
	if !any {
		return v
	}
	last := len(v.Header) - 1
	v.Header = append(append(slices.Clone(v.Header[:last]), "cli_column_note"), v.Header[last])
	for i, row := range v.Rows {
		v.Rows[i] = append(append(slices.Clone(row[:last]), counts[i]), row[last])
	}
	return v
}
