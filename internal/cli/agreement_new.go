package cli

import (
	"bytes"
	_ "embed"
	"errors"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/restriction"
)

//go:embed agreement.yaml.tmpl
var agreementTemplate string

// source is what the YAML of a new agreement is made from.
type source struct {
	ID, Reference, Title, Preamble string
	Template                       string
	Form, Accession                string
	Agencies                       []string
	Parties                        []sourceParty
	Purposes, Excluded, Kinds      []string
	Label                          string
	Floor                          []sourceAxis
	Community                      string
	Members                        []string
	SignBy, Expires                string
	NoticeDays                     int
}

type sourceParty struct {
	Agency, Kind, Role, AdmittedBy string
	Give, Receive                  []string
}

type sourceAxis struct{ Axis, Value, Choices string }

// sourceTemplates are the kinds of agreement that people begin with.
var sourceTemplates = map[string]struct {
	agencies []string
	kinds    []string // of the first, second, … party; empty is left to the cluster
	open     bool
	items    []string
	purposes []string
	floor    map[string]string // where it differs from what the label means
	label    string
	public   string
}{
	"bilateral": {
		agencies: []string{"agencya", "agencyb"}, items: []string{"bulletin", "curriculum"},
		purposes: []string{"detection", "prevention", "training"}, label: "TLP:AMBER",
		floor: map[string]string{"onwardConsent": "outside-own-organisation", "judicialUse": "consent"},
	},
	"multilateral-open": {
		agencies: []string{"agencya", "agencyb", "agencyc"}, open: true, items: []string{"bulletin"},
		purposes: []string{"detection", "prevention", "training", "victim-identification"}, label: "TLP:AMBER+STRICT",
		floor: map[string]string{"judicialUse": "consent"},
	},
	"agency-ngo-platform": {
		agencies: []string{"agencya", "agencye", "agencyf"}, kinds: []string{"", "NGO", "platform"}, items: []string{"bulletin", "curriculum"},
		purposes: []string{"policy", "prevention", "training"}, label: "TLP:GREEN",
		public: "Organisations and authorities that work against trafficking in persons and have accepted these terms.",
		floor:  map[string]string{"judicialUse": "consent"},
	},
	"fiu": {
		agencies: []string{"agencya", "agencyd"}, kinds: []string{"", "FIU"}, items: []string{"bulletin"},
		purposes: []string{"detection", "training"}, label: "TLP:AMBER",
		floor: map[string]string{
			"judicialUse": "prohibited", "onwardScope": "own-organisation", "onwardConsent": "always", "notifications": "must-not",
			"accessForm": "print", "derivation": "with-consent", "useReportDays": "30",
		},
	},
}

func templateNames() []string {
	return []string{"bilateral", "multilateral-open", "agency-ngo-platform", "fiu"}
}

// retentionDays stands in the clause and, so that it becomes a duty of each holder,
// in the floor.
const retentionDays = "1825"

// loosest are the values of the axes of which a label says nothing.
var loosest = map[string]string{
	"judicialUse": "allowed", "actionExposure": "passive-external", "attribution": "may", "derivation": "allowed",
	"accessForm": "download", "retentionDays": retentionDays, "onTermination": "destroy", "automatedProcessing": "prohibited", "notifications": "may",
}

func (a *app) agreementNew() *cobra.Command {
	s := &source{}
	var out string
	cmd := a.verb("new [flags]", "cli_agreement_new_short",
		"  concordat agreement new\n"+
			"  concordat agreement new --template multilateral-open --reference AG-9 --party agencya --party agencyb > ag9.yaml",
		exactly(0), func(cmd *cobra.Command, _ []string) error {
			if a.env.Interactive && cmd.Flags().NFlag() == 0 {
				if err := a.askSource(s); err != nil {
					return err
				}
			}
			raw, err := s.render(a.env.Now())
			if err != nil {
				return err
			}
			return a.emit(out, raw)
		})
	cmd.Flags().StringVar(&s.Template, "template", "bilateral", a.say("cli_flag_template", message.Params{"Names": strings.Join(templateNames(), ", ")}))
	cmd.Flags().StringVar(&s.Reference, "reference", "AG-1", a.say("cli_flag_reference", nil))
	cmd.Flags().StringVar(&s.Title, "title", "Exchange of methods and typologies (replace this title)", a.say("cli_flag_agreement_title", nil))
	cmd.Flags().StringArrayVar(&s.Agencies, "party", nil, a.say("cli_flag_party", nil))
	cmd.Flags().StringSliceVar(&s.Purposes, "purpose", nil, a.say("cli_flag_agreement_purposes", nil))
	cmd.Flags().StringVar(&s.Label, "tlp", "", a.say("cli_flag_floor_label", nil))
	cmd.Flags().StringVar(&s.Expires, "expires", "", a.say("cli_flag_agreement_expires", nil))
	cmd.Flags().IntVar(&s.NoticeDays, "notice-days", 30, a.say("cli_flag_notice_days", nil))
	cmd.Flags().StringVar(&out, "out", "", a.say("cli_flag_out", nil))
	return cmd
}

// askSource asks a person for what the flags would say. An empty answer takes what
// is proposed.
func (a *app) askSource(s *source) error {
	ask := func(code, proposed string) (string, error) {
		answer, err := a.ask(code, message.Params{"Proposed": proposed, "Names": strings.Join(templateNames(), ", ")}, "--template")
		if answer == "" {
			answer = proposed
		}
		return answer, err
	}
	var err error
	if s.Template, err = ask("cli_new_template", s.Template); err != nil {
		return err
	}
	chosen, known := sourceTemplates[s.Template]
	if !known {
		return fail(Usage, "cli_template_unknown", message.Params{"Name": s.Template, "Names": strings.Join(templateNames(), ", ")})
	}
	var agencies, purposes, notice string
	for _, question := range []struct {
		code, proposed string
		into           *string
	}{
		{"cli_new_reference", s.Reference, &s.Reference},
		{"cli_new_title", s.Title, &s.Title},
		{"cli_new_parties", strings.Join(chosen.agencies, " "), &agencies},
		{"cli_new_purposes", strings.Join(chosen.purposes, " "), &purposes},
		{"cli_new_label", chosen.label, &s.Label},
		{"cli_new_expires", s.expiry(a.env.Now()), &s.Expires},
		{"cli_new_notice", strconv.Itoa(s.NoticeDays), &notice},
	} {
		if *question.into, err = ask(question.code, question.proposed); err != nil {
			return err
		}
	}
	words := func(r rune) bool { return r == ' ' || r == ',' }
	s.Agencies, s.Purposes = strings.FieldsFunc(agencies, words), strings.FieldsFunc(purposes, words)
	if s.NoticeDays, err = strconv.Atoi(notice); err != nil {
		return fail(Usage, "cli_new_not_a_number", message.Params{"Answer": notice})
	}
	return nil
}

func (s *source) expiry(now time.Time) string {
	return now.UTC().AddDate(4, 0, 0).Format(time.DateOnly)
}

// render fills what was left out, refuses what cannot become an agreement, and
// returns the YAML.
func (s *source) render(now time.Time) ([]byte, error) {
	chosen, known := sourceTemplates[s.Template]
	if !known {
		return nil, fail(Usage, "cli_template_unknown", message.Params{"Name": s.Template, "Names": strings.Join(templateNames(), ", ")})
	}
	if len(s.Agencies) == 0 {
		s.Agencies = chosen.agencies
	}
	if len(s.Purposes) == 0 {
		s.Purposes = chosen.purposes
	}
	if s.Label == "" {
		s.Label = chosen.label
	}
	if !strings.HasPrefix(s.Label, "TLP:") {
		s.Label = "TLP:" + strings.ToUpper(s.Label)
	}
	if s.Expires == "" {
		s.Expires = s.expiry(now)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.SignBy = min(now.UTC().AddDate(0, 3, 0).Format(time.DateOnly), dayBefore(s.Expires))
	s.ID, s.Kinds = act.NewAgreementID(), chosen.items
	s.Preamble = "The parties wish to exchange methods against trafficking in persons, never data on persons."
	s.Form, s.Accession = "multilateral", "closed"
	if len(s.Agencies) == 2 && !chosen.open {
		s.Form = "bilateral"
	}
	if chosen.open {
		s.Accession = "open"
	}
	for _, purpose := range restriction.KnownPurposes() {
		if !slices.Contains(s.Purposes, purpose) {
			s.Excluded = append(s.Excluded, purpose)
		}
	}
	s.parties(chosen.kinds)
	s.Community = chosen.public
	if s.Label == "TLP:GREEN" || s.Label == "TLP:CLEAR" {
		s.Members = s.Agencies
		if s.Community == "" {
			s.Community = sourceTemplates["agency-ngo-platform"].public
		}
	}
	if err := s.floor(chosen.floor); err != nil {
		return nil, err
	}
	return s.yaml()
}

// check refuses names, purposes and days that no agreement has.
func (s *source) check() error {
	for _, party := range s.Agencies {
		if act.CheckAgencyName(act.AgencyName(party)) != nil {
			return fail(Usage, "cli_agency_name_invalid", message.Params{"Name": party})
		}
	}
	for _, purpose := range s.Purposes {
		if !slices.Contains(restriction.KnownPurposes(), purpose) {
			return fail(Usage, "cli_new_purpose_unknown", message.Params{"Name": purpose, "Names": strings.Join(restriction.KnownPurposes(), ", ")})
		}
	}
	if _, err := time.Parse(time.DateOnly, s.Expires); err != nil {
		return fail(Usage, "cli_new_not_a_date", message.Params{"Answer": s.Expires})
	}
	return nil
}

// dayBefore keeps the last day of signing before the end of an agreement that is
// short.
func dayBefore(day string) string {
	at, _ := time.Parse(time.DateOnly, day)
	return at.AddDate(0, 0, -1).Format(time.DateOnly)
}

func (s *source) parties(kinds []string) {
	for i, agency := range s.Agencies {
		party := sourceParty{Agency: agency, Role: "both", Give: s.Kinds, Receive: s.Kinds}
		if i < len(kinds) {
			party.Kind = kinds[i]
		}
		if party.Kind == "NGO" || party.Kind == "platform" {
			party.AdmittedBy = s.Agencies[0]
		}
		s.Parties = append(s.Parties, party)
	}
}

// floor writes out what the label means and, for the other axes, what is usual.
func (s *source) floor(differs map[string]string) error {
	meaning, err := restriction.Expand(s.Label)
	var unknown *restriction.PresetError
	if errors.As(err, &unknown) || !slices.Contains(restriction.Labels(), s.Label) {
		return fail(Usage, "cli_new_label_unknown", message.Params{"Name": s.Label, "Names": strings.Join(restriction.Labels(), ", ")})
	}
	if err != nil {
		return err
	}
	axes := append(restriction.OrderedAxes(), restriction.RetentionDays)
	if differs["useReportDays"] != "" {
		axes = append(axes, restriction.UseReportDays)
	}
	for _, axis := range axes {
		value := loosest[string(axis)]
		if terms := meaning[string(axis)]; len(terms) == 1 {
			value = terms[0]
		}
		if other := differs[string(axis)]; other != "" {
			value = other
		}
		choices := strings.Join(restriction.Values(axis), " < ")
		if choices == "" {
			choices = "days"
		}
		s.Floor = append(s.Floor, sourceAxis{string(axis), value, choices})
	}
	return nil
}

func (s *source) yaml() ([]byte, error) {
	functions := template.FuncMap{"quote": strconv.Quote, "list": func(terms []string) string { return strings.Join(terms, ", ") }}
	var out bytes.Buffer
	if err := template.Must(template.New("agreement").Funcs(functions).Parse(agreementTemplate)).Execute(&out, s); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
