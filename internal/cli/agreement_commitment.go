package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/render"
	"github.com/concordat-hub/concordat/internal/message"
)

// nothing is what a person writes for an empty list.
const nothing = "nothing"

// commitmentFlags are what an agency that joins undertakes. What it leaves out is the
// usual: all kinds of the agreement, as far as its role lets it.
type commitmentFlags struct {
	gives, receives, languages []string
	frequency, assistance      string
	said                       func(flag string) bool
}

func (f *commitmentFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.gives, "gives", nil, a.say("cli_flag_gives", nil))
	flags.StringSliceVar(&f.receives, "receives", nil, a.say("cli_flag_receives", nil))
	flags.StringSliceVar(&f.languages, "works-in", nil, a.say("cli_flag_works_in", nil))
	flags.StringVar(&f.frequency, "frequency", "", a.say("cli_flag_frequency", nil))
	flags.StringVar(&f.assistance, "assistance", "", a.say("cli_flag_assistance", nil))
	f.said = flags.Changed
}

// commitment is what the party undertakes, with the bytes that are signed: from the
// flags, or from what a person answers, and inside its role and the agreement.
func (f *commitmentFlags) commitment(t *taking, party *agreement.Party) (*agreement.Commitment, []byte, error) {
	d := t.read.document
	c := d.UsualCommitment(party)
	if err := f.ask(t, party, c); err != nil {
		return nil, nil, err
	}
	if f.said("gives") {
		c.Give = kinds(f.gives)
	}
	if f.said("receives") {
		c.Receive = kinds(f.receives)
	}
	c.Languages, c.Frequency, c.Assistance = f.languages, strings.TrimSpace(f.frequency), strings.TrimSpace(f.assistance)
	bytes, err := c.Bytes()
	if err == nil {
		err = d.AdmitsCommitment(party, c)
	}
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, nil, failBecause(err, Usage, "cli_commitment_refused", message.Params{
			"Place": wrong.Place, "Code": wrong.Code, "Role": string(party.Role), "Kinds": strings.Join(d.ItemKinds, ", "),
		})
	}
	return c, bytes, err
}

// ask asks a person for what no flag says, where the role leaves a choice. An empty
// answer takes what is usual.
func (f *commitmentFlags) ask(t *taking, party *agreement.Party, c *agreement.Commitment) error {
	if !t.app.env.Interactive || t.said.yes || f.said("gives") || f.said("receives") {
		return nil
	}
	for _, question := range []struct {
		code string
		may  bool
		list *[]string
	}{
		{"cli_ask_gives", party.MayRelease(), &c.Give},
		{"cli_ask_receives", party.MayReceiveCovers(), &c.Receive},
	} {
		if !question.may {
			continue
		}
		answer, err := t.app.ask(question.code, t.params(message.Params{"Proposed": strings.Join(*question.list, ", ")}), "--gives, --receives")
		if err != nil {
			return err
		}
		if answer != "" {
			*question.list = kinds(strings.FieldsFunc(answer, func(r rune) bool { return r == ' ' || r == ',' }))
		}
	}
	return nil
}

// kinds is a list as it is signed: in order, and empty for nothing.
func kinds(said []string) []string {
	list := slices.DeleteFunc(slices.Clone(said), func(kind string) bool { return kind == "" || kind == nothing })
	if len(list) == 0 {
		return []string{}
	}
	slices.Sort(list)
	return list
}

// commitmentText says what a party that joins undertakes, in the words in which the
// agreement says it of the others.
func (a *app) commitmentText(c *agreement.Commitment) string {
	s := &sheet{app: a}
	s.heading("cli_text_undertakes")
	for _, paragraph := range strings.Split(strings.TrimSpace(render.Commitment(c, a.lang)), "\n\n") {
		s.paragraph("  ", paragraph)
	}
	return s.text.String()
}
