package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/fingerprint"
	"github.com/concordat-hub/concordat/internal/message"
)

func (a *app) agreementInvite() *cobra.Command {
	var said consent
	var agency string
	cmd := a.lifeVerb("invite AGREEMENT --agency AGENCY [flags]", "invite", "  concordat agreement invite AG-1 --agency agencyc", &said, false, bindingUs,
		func(ctx context.Context, t *taking) error {
			if err := agencyName(agency); err != nil {
				return err
			}
			effect := t.effect("cli_effect_invite", message.Params{"Party": agency})
			return t.take(ctx, &act.AgreementInvite{AgreementStep: t.step(), Agency: act.AgencyName(agency)}, "cli_ask_invite", effect, false)
		})
	cmd.Flags().StringVar(&agency, "agency", "", a.say("cli_flag_invited", nil))
	_ = cmd.MarkFlagRequired("agency")
	return cmd
}

// partyFlags are what an agency says of itself as a party that its desk does not
// know.
type partyFlags struct {
	role, mandate, signatory, instrument, until, admittedBy string
}

func (f *partyFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.role, "role", string(agreement.Both), a.say("cli_flag_party_role", nil))
	flags.StringVar(&f.mandate, "mandate", "", a.say("cli_flag_mandate", nil))
	flags.StringVar(&f.signatory, "signatory-office", "", a.say("cli_flag_signatory_office", nil))
	flags.StringVar(&f.instrument, "authority", "", a.say("cli_flag_authority", nil))
	flags.StringVar(&f.until, "authority-until", "", a.say("cli_flag_authority_until", nil))
	flags.StringVar(&f.admittedBy, "admitted-by", "", a.say("cli_flag_admitted_by", nil))
	for _, name := range []string{"mandate", "signatory-office", "authority"} {
		_ = cmd.MarkFlagRequired(name)
	}
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"contributor", "recipient", "both", "observer"}, cobra.ShellCompDirectiveNoFileComp))
}

// party is the own agency as a party, with the keys that its desk shows.
func (f *partyFlags) party(own deskapi.Agency, key officerKey) (*agreement.Party, error) {
	party := &agreement.Party{
		Agency: act.AgencyName(own.Agency), LegalName: own.LegalName, Jurisdiction: own.Jurisdiction, Kind: own.Kind, Mandate: f.mandate,
		Role: agreement.Role(f.role), OfficerSign: key.id.Thumbprint, Signatory: f.signatory, Authority: &agreement.Authority{Instrument: f.instrument},
	}
	if len(own.DeskSign) > 0 {
		party.DeskSign = act.Thumbprint(own.DeskSign[0].Thumbprint)
	}
	if f.until != "" {
		until, err := day(f.until, "--authority-until")
		if err != nil {
			return nil, err
		}
		party.Authority.Until = canonical.At(until)
	}
	// The undertaking is for those whom Article 10(3) does not bind by itself; an
	// authority of a State gives none unless it says who admits it.
	if f.admittedBy != "" {
		party.Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: act.AgencyName(f.admittedBy)}
	}
	return party, nil
}

func (a *app) agreementAccede() *cobra.Command {
	var said consent
	var flags partyFlags
	var gives commitmentFlags
	cmd := a.lifeVerb("accede AGREEMENT --mandate TEXT --signatory-office TEXT --authority TEXT [flags]", "accede",
		"  concordat agreement accede AG-1 --mandate \"Act 7, article 2\" --signatory-office \"Head of the Office\" --authority \"Decree 12\"", &said, compares, nil,
		func(ctx context.Context, t *taking) error {
			if t.read.document.AccessionRule == nil {
				return fail(Refused, "cli_accession_closed", message.Params{"Reference": t.read.document.Reference})
			}
			if err := sameHub(t.read.document, t.own); err != nil {
				return err
			}
			party, err := flags.party(t.own, t.key)
			if err != nil {
				return err
			}
			bytes, err := admitted(t, party)
			if err != nil {
				return err
			}
			commitment, undertaken, err := gives.commitment(t, party)
			if err != nil {
				return err
			}
			t.more = a.partyText("cli_text_joins_as", party) + a.commitmentText(commitment)
			payload := &act.AgreementAccede{AgreementStep: t.step(), Commitment: string(undertaken), Party: string(bytes)}
			return t.take(ctx, payload, "cli_ask_accede", t.effectOfAcceding(commitment), compares)
		})
	flags.register(a, cmd)
	gives.register(a, cmd)
	return cmd
}

// effectOfAcceding says who accepts the accession, and whether the agency has to give
// before it opens.
func (t *taking) effectOfAcceding(commitment *agreement.Commitment) []message.Message {
	var effects []message.Message
	switch t.read.document.AccessionRule.Rule {
	case "majority":
		effects = t.effect("cli_effect_accede_majority", nil)
	case "depositary":
		effects = t.effect("cli_effect_accede_depositary", message.Params{"Depositary": t.read.document.AccessionRule.Depositary})
	default:
		effects = t.effect("cli_effect_accede_unanimity", nil)
	}
	if t.read.document.RequiresReciprocity() && len(commitment.Give) > 0 {
		effects = append(effects, t.effect("cli_effect_accede_reciprocity", nil)...)
	}
	return effects
}

// admitted returns the canonical bytes of the party, if the document could take it
// in: what the hub would refuse is said before anybody signs.
func admitted(t *taking, party *agreement.Party) ([]byte, error) {
	bytes, err := party.Bytes()
	if err == nil {
		joined := []*agreement.Party{}
		for _, accession := range t.one.Accessions {
			if other, _, err := accededParty(t, &accession); err == nil && accession.Accepted {
				joined = append(joined, other)
			}
		}
		err = t.read.document.Admits(party, joined...)
	}
	var wrong *agreement.Error
	if errors.As(err, &wrong) {
		return nil, failBecause(err, Usage, "cli_party_refused", message.Params{"Place": wrong.Place, "Code": wrong.Code})
	}
	return bytes, err
}

// accededParty reads the party and what it undertakes from the accession's own signed
// bytes, which its id is the digest of; what the desk says of it beside them is not
// believed.
func accededParty(t *taking, accession *deskapi.Accession) (*agreement.Party, *agreement.Commitment, error) {
	differs := fail(Failed, "cli_accession_not_what_it_says", message.Params{"Agency": accession.Agency})
	parsed, err := act.Parse([]byte(accession.Signed))
	if err != nil || string(parsed.ID) != accession.Act {
		return nil, nil, differs
	}
	payload, ok := parsed.Payload.(*act.AgreementAccede)
	if !ok || payload.Agreement.Digest != t.read.digest || string(payload.Issuer) != accession.Agency {
		return nil, nil, differs
	}
	party, err := agreement.ParseParty([]byte(payload.Party))
	if err != nil || string(party.Agency) != accession.Agency {
		return nil, nil, differs
	}
	commitment, err := agreement.ParseCommitment([]byte(payload.Commitment))
	if err != nil || commitment.Party != party.Agency {
		return nil, nil, differs
	}
	return party, commitment, nil
}

func (a *app) agreementCountersign() *cobra.Command {
	var said consent
	var agency string
	cmd := a.lifeVerb("countersign AGREEMENT --agency AGENCY [flags]", "countersign", "  concordat agreement countersign AG-1 --agency agencyc", &said, compares, accededTo,
		func(ctx context.Context, t *taking) error {
			if err := agencyName(agency); err != nil {
				return err
			}
			i := slices.IndexFunc(t.one.Accessions, func(one deskapi.Accession) bool { return one.Agency == agency })
			if i < 0 {
				return fail(NotFound, "cli_accession_not_found", message.Params{"Agency": agency, "Reference": t.read.document.Reference})
			}
			accession := &t.one.Accessions[i]
			party, commitment, err := accededParty(t, accession)
			if err != nil {
				return err
			}
			t.more = a.partyText("cli_text_would_join", party) + a.commitmentText(commitment)
			payload := &act.AgreementCountersign{AgreementStep: t.step(), Accession: act.ID(accession.Act)}
			return t.take(ctx, payload, "cli_ask_countersign", t.effectOfCountersigning(accession), compares)
		})
	cmd.Flags().StringVar(&agency, "agency", "", a.say("cli_flag_acceded", nil))
	_ = cmd.MarkFlagRequired("agency")
	return cmd
}

// accededTo: an accession is countersigned on the text to which it was made.
func accededTo(us string, one deskapi.Agreement) bool {
	return signedByUs(us, one) && len(one.Accessions) > 0
}

// partyText shows a party as it would stand in the agreement.
func (a *app) partyText(heading string, p *agreement.Party) string {
	s := &sheet{app: a}
	s.heading(heading)
	undertakes, until := "", ""
	if p.Undertaking != nil {
		undertakes = string(p.Undertaking.AdmittedBy)
	}
	if p.Authority != nil {
		until = moment(p.Authority.Until)
	}
	s.pairs(
		"cli_text_agency", string(p.Agency), "cli_text_legal_name", p.LegalName, "cli_text_role", string(p.Role), "cli_text_jurisdiction", p.Jurisdiction,
		"cli_text_kind", p.Kind, "cli_text_mandate", p.Mandate, "cli_text_signatory", p.Signatory, "cli_text_authority_instrument", instrumentOf(p),
		"cli_text_authority_until", until, "cli_text_admitted_by", undertakes,
		"cli_text_officer_key", fingerprint.Text(string(p.OfficerSign)), "cli_text_desk_key", fingerprint.Text(string(p.DeskSign)),
	)
	return s.text.String()
}

func instrumentOf(p *agreement.Party) string {
	if p.Authority == nil {
		return ""
	}
	return p.Authority.Instrument
}
