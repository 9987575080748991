package agreement_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
)

func TestAPartyThatAccedesIsWhole(t *testing.T) {
	joiner := agreementtest.PartyV2("delta")
	b, err := joiner.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	read, err := agreement.ParseParty(b)
	if err != nil || read.Agency != "delta" {
		t.Fatalf("ParseParty = %+v, %v", read, err)
	}
	for name, test := range map[string]struct {
		change      func(*agreement.Party)
		code, place string
	}{
		"no mandate":      {func(p *agreement.Party) { p.Mandate = "" }, "mandate_missing", "/mandate"},
		"no authority":    {func(p *agreement.Party) { p.Authority = nil }, "clause_missing", "/authority"},
		"one key":         {func(p *agreement.Party) { p.DeskSign = p.OfficerSign }, "key_twice", "/deskSign"},
		"an unknown role": {func(p *agreement.Party) { p.Role = "owner" }, "term_unknown", "/role"},
		"an NGO unbound":  {func(p *agreement.Party) { p.Kind = "NGO" }, "undertaking_missing", "/undertaking"},
		"who answers for itself": {func(p *agreement.Party) {
			p.Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: p.Agency}
		}, "clause_names_no_party", "/undertaking/admittedBy"},
		"a hidden character":    {func(p *agreement.Party) { p.LegalName += "\u200b" }, "text_malformed", "/legalName"},
		"an office of no words": {func(p *agreement.Party) { p.Signatory = "" }, "text_missing_or_long", "/signatoryOffice"},
	} {
		p := agreementtest.PartyV2("delta")
		test.change(&p)
		raw, err := canonical.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		_, err = agreement.ParseParty(raw)
		var wrong *agreement.Error
		if !errors.As(err, &wrong) || wrong.Code != test.code || wrong.Place != test.place {
			t.Errorf("%s: ParseParty = %v", name, err)
		}
	}
	for name, in := range map[string]string{
		"a space": strings.Replace(string(b), ":", ": ", 1), "a member more": `{"aaa":1,` + string(b)[1:], "nothing": "",
		"a null": strings.TrimSuffix(string(b), "}") + `,"undertaking":null}`, "too large": string(b) + strings.Repeat(" ", agreement.MaxPartySize),
	} {
		if _, err := agreement.ParseParty([]byte(in)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestADocumentAdmitsWhoFits(t *testing.T) {
	d := agreementtest.DocumentV2("alpha", "beta")
	acceded := agreementtest.PartyV2("gamma")
	ngo := agreementtest.PartyV2("delta")
	ngo.Kind, ngo.Undertaking = "NGO", &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "alpha"}
	thief := agreementtest.PartyV2("delta")
	thief.DeskSign = acceded.OfficerSign
	strange := ngo
	strange.Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "omega"}
	joiner, again := agreementtest.PartyV2("delta"), agreementtest.PartyV2("gamma")
	for name, test := range map[string]struct {
		party *agreement.Party
		code  string
	}{
		"another agency":           {&joiner, ""},
		"an NGO for which A stays": {&ngo, ""},
		"who has acceded":          {&again, "party_twice"},
		"who is a party":           {&d.Parties[0], "party_twice"},
		"with another's key":       {&thief, "key_twice"},
		"for which nobody stays":   {&strange, "clause_names_no_party"},
	} {
		err := d.Admits(test.party, &acceded)
		var wrong *agreement.Error
		if test.code == "" && err != nil || test.code != "" && (!errors.As(err, &wrong) || wrong.Code != test.code) {
			t.Errorf("%s: Admits = %v, want %q", name, err, test.code)
		}
	}
}

func FuzzParseParty(f *testing.F) {
	party := agreementtest.PartyV2("delta")
	b, err := party.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := agreement.ParseParty(in)
		if err != nil {
			return
		}
		if out, err := p.Bytes(); err != nil || string(out) != string(in) {
			t.Fatalf("accepted bytes that are not the party's own: %q", in)
		}
	})
}
