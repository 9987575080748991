package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/agreement/render/pdf"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/cli/compose"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) agreementRender() *cobra.Command {
	var keys ringFlags
	var lang, format, out string
	var check bool
	cmd := a.verb("render FILE|AGREEMENT [flags]", "cli_agreement_render_short",
		"  concordat agreement render ag9.yaml\n"+
			"  concordat agreement render AG-9 --lang fr --format pdf --out ag9.pdf\n"+
			"  concordat agreement render ag9.json --check",
		exactly(1), func(cmd *cobra.Command, args []string) error {
			read, err := a.readAny(cmd, args[0], keys)
			if err != nil {
				return err
			}
			if check {
				return a.checkTexts(read.document)
			}
			content, err := a.rendered(read, lang, format)
			if err != nil {
				return err
			}
			return a.emit(out, content)
		})
	keys.register(a, cmd)
	cmd.Flags().StringVar(&lang, "lang", "", a.say("cli_flag_render_lang", nil))
	cmd.Flags().StringVar(&format, "format", "md", a.say("cli_flag_format", nil))
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	cmd.Flags().BoolVar(&check, "check", false, a.say("cli_flag_check", nil))
	return cmd
}

// readAny reads an agreement by what a person has of it: a draft in YAML or JSON,
// the document itself, or its name at the desk. A draft has no digest. AG-1@2 is
// the second revision.
func (a *app) readAny(cmd *cobra.Command, name string, keys ringFlags) (*readAgreement, error) {
	if _, err := os.Stat(name); name == "-" || err == nil || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".json") {
		raw, err := a.readInput(name, compose.MaxSource)
		if err != nil {
			return nil, err
		}
		if composed, err := compose.Read(raw, nil); err == nil && composed.Bytes != nil {
			return &readAgreement{composed.Document, composed.Bytes, composed.Digest}, nil
		}
		ring, err := a.ring(cmd.Context(), keys)
		if err != nil {
			return nil, err
		}
		composed, err := compose.Draft(raw, ring)
		if err != nil {
			return nil, refusedSource(err, name)
		}
		return &readAgreement{document: composed.Document}, nil
	}
	d, err := a.openDesk()
	if err != nil {
		return nil, err
	}
	one, err := a.findAgreement(cmd.Context(), d, name)
	if err != nil {
		return nil, err
	}
	return a.checkedAgreement(one)
}

// textLanguage is the language in which a person reads the text: the one that was
// asked for, else the reader's own if it is authentic, else the first authentic one.
func (a *app) textLanguage(d *agreement.Document, asked string) string {
	if asked != "" {
		return asked
	}
	own, _, _ := strings.Cut(a.lang, "-")
	if slices.Contains(d.Languages, own) || len(d.Languages) == 0 {
		return own
	}
	for _, lang := range d.Languages {
		if slices.Contains(message.Languages(), lang) {
			return lang
		}
	}
	return message.Languages()[0]
}

func (a *app) rendered(read *readAgreement, lang, format string) ([]byte, error) {
	d := read.document
	if format == "terms" {
		return indented(d)
	}
	if format != "md" && format != "pdf" {
		return nil, fail(Usage, "cli_render_format_unknown", message.Params{"Name": format})
	}
	lang = a.textLanguage(d, lang)
	text, err := render.Text(d, lang)
	if err != nil {
		return nil, a.notRendered(err, lang)
	}
	if format == "md" {
		return text, nil
	}
	return paper(text, d.Reference, canonical.Digest(text))
}

// notRendered is the sentence for a text that cannot be made.
func (a *app) notRendered(err error, lang string) error {
	if errors.Is(err, render.ErrLanguage) {
		return fail(Usage, "cli_render_no_language", message.Params{"Lang": lang, "Langs": strings.Join(message.Languages(), ", ")})
	}
	return failBecause(err, Usage, "cli_render_no_sentence", nil)
}

// paper makes a PDF whose pages carry the digest of their text.
func paper(text []byte, title, footer string) ([]byte, error) {
	file, err := pdf.Make(text, title, footer)
	var missing *pdf.LetterError
	if errors.As(err, &missing) {
		return nil, failBecause(err, Usage, "cli_render_no_letter", message.Params{"Letter": cleanText(string(missing.Letter)), "Code": fmt.Sprintf("%U", missing.Letter)})
	}
	return file, err
}

// indented is the document as people can read JSON; it is not what is signed.
func indented(d *agreement.Document) ([]byte, error) {
	raw, err := canonical.Marshal(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// checkTexts says of each authentic language whether the text of today is the one
// that was signed.
func (a *app) checkTexts(d *agreement.Document) error {
	checked := render.Check(d)
	v := view{Data: checked}
	same := true
	for _, one := range checked {
		v.Rows = append(v.Rows, []string{a.checkSentence(one)})
		v.Names = append(v.Names, "text/"+one.Language+"@"+one.Signed)
		same = same && (one.Same() || one.Today == "")
	}
	if a.output == "table" {
		for _, row := range v.Rows {
			if err := a.emit("", []byte(a.wrapText(cleanText(row[0]))+"\n")); err != nil {
				return err
			}
		}
	} else if err := a.show(v); err != nil {
		return err
	}
	if !same {
		return fail(Failed, "cli_render_not_same", nil)
	}
	return nil
}

func (a *app) checkSentence(one render.Checked) string {
	params := message.Params{"Lang": one.Language, "Signed": one.Signed, "Today": one.Today}
	switch {
	case one.Signed == "":
		return a.say("cli_render_unsigned", params)
	case one.Today == "":
		return a.say("cli_render_own", params)
	case one.Same():
		return a.say("cli_render_same", params)
	}
	return a.say("cli_render_other", params)
}
