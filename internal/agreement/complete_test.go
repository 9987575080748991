package agreement_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/agreement/agreementtest"
	"github.com/concordat-hub/concordat/internal/canonical"
)

func whole() *agreement.Document { return agreementtest.DocumentV2("alpha", "beta", "gamma") }

func refusal(t *testing.T, d *agreement.Document) (code, place string) {
	t.Helper()
	b, err := canonical.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = agreement.Parse(b)
	var wrong *agreement.Error
	if err != nil && !errors.As(err, &wrong) {
		t.Fatalf("Parse = %v, which is no *Error", err)
	}
	if wrong == nil {
		return "", ""
	}
	return wrong.Code, wrong.Place
}

func TestAWholeDocumentParses(t *testing.T) {
	if code, place := refusal(t, whole()); code != "" {
		t.Errorf("%s at %s", code, place)
	}
	d := whole()
	d.EntryIntoForce = agreement.EntryIntoForce{Rule: agreement.OnDate, NotBefore: agreementtest.At("2027-01-01T00:00:00Z")}
	if code, place := refusal(t, d); code != "" || d.SignaturesNeeded() != 2 {
		t.Errorf("on a day: %s at %s, %d signatures", code, place, d.SignaturesNeeded())
	}
}

// Every clause that is not there has its own place: what is signed is complete.
func TestEveryClauseIsDemanded(t *testing.T) {
	optional := map[string]bool{"instrument": true, "signBy": true, "wordings": true}
	clauses := reflect.TypeFor[agreement.Clauses]()
	for i := range clauses.NumField() {
		name, _, _ := strings.Cut(clauses.Field(i).Tag.Get("json"), ",")
		d := whole()
		reflect.ValueOf(&d.Clauses).Elem().Field(i).SetZero()
		code, place := refusal(t, d)
		if optional[name] {
			if code != "" {
				t.Errorf("without %s: %s at %s", name, code, place)
			}
			continue
		}
		if code != "clause_missing" || place != "/"+name {
			t.Errorf("without %s: %q at %q", name, code, place)
		}
	}
}

// A document of the first schema has none of the clauses: nobody would read them.
func TestTheFirstSchemaRefusesLaterMembers(t *testing.T) {
	clauses := reflect.TypeFor[agreement.Clauses]()
	for i := range clauses.NumField() {
		if clauses.Field(i).Name == "Wordings" {
			continue
		}
		name, _, _ := strings.Cut(clauses.Field(i).Tag.Get("json"), ",")
		d := valid()
		from := whole()
		from.Instrument = &agreement.Instrument{Digest: "x"}
		from.SignBy = from.Expires
		reflect.ValueOf(&d.Clauses).Elem().Field(i).Set(reflect.ValueOf(from.Clauses).Field(i))
		if code, place := refusal(t, d); code != "schema_member_unknown" || place != "/"+name {
			t.Errorf("with %s: %q at %q", name, code, place)
		}
	}
	for place, change := range map[string]func(*agreement.Document){
		"/parties/1/authority":          func(d *agreement.Document) { d.Parties[1].Authority = &agreement.Authority{Instrument: "x"} },
		"/parties/1/undertaking":        func(d *agreement.Document) { d.Parties[1].Undertaking = &agreement.Undertaking{AdmittedBy: "alpha"} },
		"/legalBasis/0":                 func(d *agreement.Document) { d.LegalBasis[0].Party = "alpha" },
		"/definitions/communityMembers": func(d *agreement.Document) { d.Definitions.Members = []string{"alpha"} },
		"/termination/survival":         func(d *agreement.Document) { d.Termination.Survival = []string{"retention"} },
		"/entryIntoForce/rule":          func(d *agreement.Document) { d.EntryIntoForce.Rule = agreement.OnDate },
	} {
		d := valid()
		change(d)
		if code, at := refusal(t, d); code != "schema_member_unknown" || at != place {
			t.Errorf("%s: %q at %q", place, code, at)
		}
	}
}

func TestClausesThatNobodyShouldSign(t *testing.T) {
	type change = func(*agreement.Document)
	long := strings.Repeat("x", 9000)
	tests := map[string]struct {
		change      change
		code, place string
	}{
		"a purpose both ways":         {func(d *agreement.Document) { d.ExcludedPurposes = []string{"training"} }, "purpose_both_ways", "/excludedPurposes/0"},
		"an unknown excluded purpose": {func(d *agreement.Document) { d.ExcludedPurposes = []string{"advertising"} }, "purposes_missing_or_unknown", "/excludedPurposes"},
		"a floor with a hole":         {func(d *agreement.Document) { delete(d.Floor, "judicialUse") }, "floor_incomplete", "/restrictionFloor/judicialUse"},
		"a floor that recalls":        {func(d *agreement.Document) { d.Floor["recall"] = []string{"recalled"} }, "restriction_invalid", "/restrictionFloor/recall"},
		"a default below the floor":   {func(d *agreement.Document) { d.Default = map[string][]string{"tlp": {"TLP:CLEAR"}} }, "default_looser", "/restrictionDefault/tlp"},
		"a floor that nobody meets": {func(d *agreement.Document) {
			d.Floor["notBefore"], d.Floor["expires"] = []string{"2027-06-01T00:00:00Z"}, []string{"2027-01-01T00:00:00Z"}
		}, "terms_contradict", "/restrictionFloor/notBefore"},
		"a default that breaks its label": {func(d *agreement.Document) {
			d.Default = map[string][]string{"tlp": {"TLP:RED"}, "onwardScope": {"own-organisation"}}
		}, "terms_contradict", "/restrictionDefault/tlp"},
		"copies kept beyond the clause": {func(d *agreement.Document) { d.Floor["retentionDays"] = []string{"1826"} }, "terms_contradict", "/restrictionFloor/retentionDays"},
		"a default that recalls":        {func(d *agreement.Document) { d.Default = map[string][]string{"recall": {"recalled"}} }, "restriction_invalid", "/restrictionDefault/recall"},
		"a community without words":     {func(d *agreement.Document) { d.Floor["audience"] = []string{"defined-community"} }, "community_undefined", "/definitions/community"},
		"clients without words":         {func(d *agreement.Document) { d.Floor["onwardScope"] = []string{"own-organisation-and-clients"} }, "clients_undefined", "/definitions/clients"},
		"members of no community":       {func(d *agreement.Document) { d.Definitions.Members = []string{"alpha"} }, "list_malformed", "/definitions/communityMembers"},
		"a member by its name in words": {func(d *agreement.Document) {
			d.Definitions = agreement.Definitions{Community: "All.", Members: []string{"The police"}}
		}, "term_unknown", "/definitions/communityMembers/0"},
		"a commitment of a stranger":      {func(d *agreement.Document) { d.Commitments[1].Party = "delta" }, "clause_names_no_party", "/commitments/1/party"},
		"two commitments of one":          {func(d *agreement.Document) { d.Commitments[1].Party = "alpha" }, "clause_names_no_party", "/commitments/1/party"},
		"a party without a commitment":    {func(d *agreement.Document) { d.Commitments = d.Commitments[:2] }, "clause_missing", "/commitments"},
		"giving what is not exchanged":    {func(d *agreement.Document) { d.Commitments[0].Give = []string{"curriculum"} }, "term_unknown", "/commitments/0/give/0"},
		"giving against its role":         {func(d *agreement.Document) { d.Parties[0].Role = agreement.Recipient }, "role_forbids", "/commitments/0/give"},
		"receiving against its role":      {func(d *agreement.Document) { d.Parties[0].Role = agreement.Contributor }, "role_forbids", "/commitments/0/receive"},
		"a category of nothing exchanged": {func(d *agreement.Document) { d.Categories[0].Kind = "curriculum" }, "term_unknown", "/categories/0/kind"},
		"a kind without a category":       {func(d *agreement.Document) { d.ItemKinds = []string{"bulletin", "curriculum"} }, "clause_missing", "/categories"},
		"a facet without a term":          {func(d *agreement.Document) { d.Categories[0].Facets = map[string][]string{"means": {}} }, "list_malformed", "/categories/0/facets/means"},
		"a facet with a slash":            {func(d *agreement.Document) { d.Categories[0].Facets = map[string][]string{"a/b": {"x"}} }, "list_malformed", "/categories/0/facets/a~1b"},
		"no countersignature":             {func(d *agreement.Document) { d.AccessionRule = nil }, "clause_missing", "/accessionRule"},
		"closed with a rule":              {func(d *agreement.Document) { d.Accession = "closed" }, "accession_is_closed", "/accessionRule"},
		"an unknown countersignature":     {func(d *agreement.Document) { d.AccessionRule.Rule = "lot" }, "term_unknown", "/accessionRule/rule"},
		"a depositary who is no party": {func(d *agreement.Document) {
			d.AccessionRule = &agreement.AccessionRule{Rule: "depositary", Depositary: "delta"}
		}, "clause_names_no_party", "/accessionRule/depositary"},
		"a depositary unnamed":           {func(d *agreement.Document) { d.AccessionRule.Rule = "depositary" }, "clause_names_no_party", "/accessionRule/depositary"},
		"a depositary of unanimity":      {func(d *agreement.Document) { d.AccessionRule.Depositary = "alpha" }, "clause_names_no_party", "/accessionRule/depositary"},
		"a basis of a stranger":          {func(d *agreement.Document) { d.LegalBasis[0].Party = "delta" }, "clause_names_no_party", "/legalBasis/0/party"},
		"a party without a basis":        {func(d *agreement.Document) { d.LegalBasis[0].Party = "alpha" }, "legal_basis_missing", "/legalBasis"},
		"nobody's authority":             {func(d *agreement.Document) { d.Parties[1].Authority = nil }, "clause_missing", "/parties/1/authority"},
		"an authority from nothing":      {func(d *agreement.Document) { d.Parties[1].Authority.Instrument = "" }, "text_missing_or_long", "/parties/1/authority/instrument"},
		"an NGO without its undertaking": {func(d *agreement.Document) { d.Parties[1].Kind = "NGO" }, "undertaking_missing", "/parties/1/undertaking"},
		"a kind that nobody knows":       {func(d *agreement.Document) { d.Parties[1].Kind = "guild" }, "undertaking_missing", "/parties/1/undertaking"},
		"an undertaking to nothing": {func(d *agreement.Document) {
			d.Parties[1].Kind, d.Parties[1].Undertaking = "NGO", &agreement.Undertaking{AdmittedBy: "alpha"}
		}, "clause_is_constant", "/parties/1/undertaking/complyWithRestrictions"},
		"an NGO that admits an NGO": {func(d *agreement.Document) {
			for i := range 2 {
				d.Parties[i].Kind = "NGO"
			}
			d.Parties[0].Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "gamma"}
			d.Parties[1].Undertaking = &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "alpha"}
		}, "clause_names_no_party", "/parties/1/undertaking/admittedBy"},
		"an NGO that admits itself": {func(d *agreement.Document) {
			d.Parties[1].Kind, d.Parties[1].Undertaking = "NGO", &agreement.Undertaking{ComplyWithRestrictions: true, AdmittedBy: "beta"}
		}, "clause_names_no_party", "/parties/1/undertaking/admittedBy"},
		"a consent that comes never":     {func(d *agreement.Document) { d.Onward.ConsentTimeoutHours = 0 }, "number_out_of_range", "/onwardDisclosure/consentTimeoutHours"},
		"a consent of nobody":            {func(d *agreement.Document) { d.Onward.ConsentAuthority = "" }, "text_missing_or_long", "/onwardDisclosure/consentAuthority"},
		"a scheme in words":              {func(d *agreement.Document) { d.EvaluationScheme = "Our own" }, "list_malformed", "/evaluationScheme"},
		"a vocabulary of no version":     {func(d *agreement.Document) { d.Vocabulary.MinVersion = "new" }, "number_out_of_range", "/vocabulary/minVersion"},
		"a language in words":            {func(d *agreement.Document) { d.WorkingLanguages = []string{"English"} }, "language_missing", "/workingLanguages/0"},
		"a clause of nine thousand":      {func(d *agreement.Document) { d.Costs = long }, "text_missing_or_long", "/costs"},
		"keys for ever":                  {func(d *agreement.Document) { d.Security.KeyRotationDays = 0 }, "number_out_of_range", "/security/keyRotationDays"},
		"records for no day":             {func(d *agreement.Document) { d.Audit.RetentionDays = 0 }, "number_out_of_range", "/audit/retentionDays"},
		"records of nothing":             {func(d *agreement.Document) { d.Audit.Events = []string{} }, "list_malformed", "/audit/events"},
		"personal data":                  {func(d *agreement.Document) { d.DataProtection.NoPersonalData = false }, "clause_is_constant", "/dataProtection/noPersonalData"},
		"an assessment by its name":      {func(d *agreement.Document) { d.DataProtection.DPIA = "dpia.pdf" }, "digest_malformed", "/dataProtection/dpia"},
		"nobody to complain to":          {func(d *agreement.Document) { d.Rights.ComplaintsContact = "" }, "text_missing_or_long", "/rights/complaintsContact"},
		"a breach told next year":        {func(d *agreement.Document) { d.Breach.NotifyWithinHours = 721 }, "number_out_of_range", "/breach/notifyWithinHours"},
		"a breach told to nobody":        {func(d *agreement.Document) { d.Breach.To = []string{} }, "list_malformed", "/breach/to"},
		"kept for ever":                  {func(d *agreement.Document) { d.Retention.MaxDays = 0 }, "number_out_of_range", "/retention/maxDays"},
		"attested at once":               {func(d *agreement.Document) { d.Retention.AttestWithinDays = 0 }, "number_out_of_range", "/retention/attestWithinDays"},
		"not attested within a month":    {func(d *agreement.Document) { d.Retention.Attestation = false }, "number_out_of_range", "/retention/attestWithinDays"},
		"acknowledged at leisure":        {func(d *agreement.Document) { d.Duties.AcknowledgeWithinDays = 366 }, "number_out_of_range", "/duties/acknowledgeWithinDays"},
		"an amendment that binds all":    {func(d *agreement.Document) { d.Amendment = &agreement.Amendment{} }, "clause_is_constant", "/amendment/bindsOnlyConsenting"},
		"a renewal by magic":             {func(d *agreement.Document) { d.Renewal.Mode = "magic" }, "term_unknown", "/renewal/mode"},
		"an express renewal by itself":   {func(d *agreement.Document) { d.Renewal.Days = 365 }, "number_out_of_range", "/renewal/days"},
		"an automatic renewal of no day": {func(d *agreement.Document) { d.Renewal = &agreement.Renewal{Mode: "automatic", Times: 1} }, "number_out_of_range", "/renewal/days"},
		"renewed for ever":               {func(d *agreement.Document) { d.Renewal = &agreement.Renewal{Mode: "automatic", Days: 365, Times: 21} }, "number_out_of_range", "/renewal/times"},
		"a review every day never":       {func(d *agreement.Document) { d.Review.IntervalDays = 0 }, "number_out_of_range", "/review/intervalDays"},
		"a review after the end":         {func(d *agreement.Document) { d.Review.First = d.Expires }, "window_ends_before_it_starts", "/review/first"},
		"a review without effect":        {func(d *agreement.Document) { d.Review.OnOverdue = "nothing" }, "term_unknown", "/review/onOverdue"},
		"a suspension by anybody":        {func(d *agreement.Document) { d.Suspension.Parties = "anybody" }, "term_unknown", "/suspension/parties"},
		"a suspension on no ground":      {func(d *agreement.Document) { d.Suspension.Grounds = []string{} }, "clause_missing", "/suspension/grounds"},
		"grounds that nobody can use":    {func(d *agreement.Document) { d.Suspension.Parties = "itself" }, "list_malformed", "/suspension/grounds"},
		"grounds out of order":           {func(d *agreement.Document) { d.Suspension.Grounds = []string{"safety", "breach"} }, "list_malformed", "/suspension/grounds"},
		"a notice before it":             {func(d *agreement.Document) { d.Suspension.NoticeDays = -1 }, "number_out_of_range", "/suspension/noticeDays"},
		"reading at times":               {func(d *agreement.Document) { d.Suspension.Reading = "sometimes" }, "term_unknown", "/suspension/readingOfOldReleases"},
		"nothing survives":               {func(d *agreement.Document) { d.Termination.Survival = nil }, "clause_missing", "/termination/survival"},
		"restrictions end":               {func(d *agreement.Document) { d.Termination.Survival = []string{"retention"} }, "list_malformed", "/termination/survival"},
		"an unknown clause survives":     {func(d *agreement.Document) { d.Termination.Survival = []string{"friendship", "restrictionFloor"} }, "term_unknown", "/termination/survival/0"},
		"signed after its end":           {func(d *agreement.Document) { d.SignBy = d.Expires }, "window_ends_before_it_starts", "/signBy"},
		"on a day without the day":       {func(d *agreement.Document) { d.EntryIntoForce.Rule = agreement.OnDate }, "clause_missing", "/entryIntoForce/notBefore"},
		"a lease left to the program":    {func(d *agreement.Document) { d.OpenLease = nil }, "clause_missing", "/openLeaseSeconds"},
		"a text of no digest":            {func(d *agreement.Document) { d.Texts["en"] = "sha256:0" }, "digest_malformed", "/texts/en"},
		"a text of another language":     {func(d *agreement.Document) { d.Texts["fr"] = d.Texts["en"] }, "language_mismatch", "/texts/fr"},
		"a language without its text":    {func(d *agreement.Document) { d.Languages = []string{"en", "fr"} }, "text_missing_or_long", "/title/fr"},
		"a preamble in another language": {func(d *agreement.Document) { d.Preamble["fr"] = "Considérant." }, "language_mismatch", "/preamble/fr"},
		"a title that turns around":      {func(d *agreement.Document) { d.Title["en"] = "Exchange \u202eyllacitpec" }, "text_malformed", "/title/en"},
		"a control in a clause":          {func(d *agreement.Document) { d.Costs = "None.\x1b[2J" }, "text_malformed", "/costs"},
		"a text with a margin":           {func(d *agreement.Document) { d.Liability = "None. " }, "text_malformed", "/liability"},
		"a paper by its name":            {func(d *agreement.Document) { d.Instrument = paper(); d.Instrument.Digest = "treaty.pdf" }, "digest_malformed", "/instrument/digest"},
		"a paper of the 30 February":     {func(d *agreement.Document) { d.Instrument = paper(); d.Instrument.Date = "2026-02-30" }, "date_malformed", "/instrument/date"},
		"a paper of no medium":           {func(d *agreement.Document) { d.Instrument = paper(); d.Instrument.MediaType = "paper" }, "term_unknown", "/instrument/mediaType"},
		"a paper signed nowhere":         {func(d *agreement.Document) { d.Instrument = paper(); d.Instrument.Place = "" }, "text_missing_or_long", "/instrument/place"},
		"published by rumour":            {func(d *agreement.Document) { d.Publication = "rumour" }, "term_unknown", "/publication"},
		"reciprocity by hope":            {func(d *agreement.Document) { d.Reciprocity = "hoped" }, "term_unknown", "/reciprocity"},
		"two open to all":                {func(d *agreement.Document) { *d = *agreementtest.DocumentV2("alpha", "beta"); d.Form = "bilateral" }, "bilateral_has_two_parties", "/accession"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := whole()
			test.change(d)
			if code, place := refusal(t, d); code != test.code || place != test.place {
				t.Errorf("Parse = %q at %q, want %s at %s", code, place, test.code, test.place)
			}
		})
	}
}

func paper() *agreement.Instrument {
	return &agreement.Instrument{
		Digest: "sha256:" + strings.Repeat("1", 64), MediaType: "application/pdf", Place: "Jakarta (fictional)", Date: "2026-11-21",
		Depositary: "Treaty section (fictional)",
	}
}

// A text in one authentic language that another does not have would bind some
// readers to less than others.
func TestEveryOwnTextStandsInEveryAuthenticLanguage(t *testing.T) {
	d := whole()
	d.Languages, d.Title["fr"], d.Preamble["fr"], d.Texts["fr"] = []string{"en", "fr"}, "Échange", "Considérant.", d.Texts["en"]
	if code, place := refusal(t, d); code != "wording_missing" || !strings.HasPrefix(place, "/wordings/fr/~1") {
		t.Fatalf("%q at %q", code, place)
	}
	d.Wordings = agreement.Wordings{"fr": {}}
	for _, one := range d.OwnTexts() {
		d.Wordings["fr"][one.Place] = "Texte de " + one.Place
	}
	if code, place := refusal(t, d); code != "" {
		t.Fatalf("%q at %q", code, place)
	}
	if got := d.Worded("fr", "/costs", d.Costs); got != "Texte de /costs" {
		t.Errorf("worded as %q", got)
	}
	if got := d.Worded("en", "/costs", d.Costs); got != d.Costs {
		t.Errorf("worded as %q", got)
	}
	d.Wordings["fr"]["/title"] = "Autre titre"
	if code, place := refusal(t, d); code != "language_mismatch" || place != "/wordings/fr" {
		t.Errorf("a wording of no clause: %q at %q", code, place)
	}
}

// A list that is empty and a member that is null read like their absence, and are
// another text.
func TestOneMeaningHasOneText(t *testing.T) {
	b, _, err := whole().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]string{
		"an empty member": strings.Replace(string(b), `"restrictionFloor":`, `"restrictionDefault":{},"restrictionFloor":`, 1),
		"null":            strings.Replace(string(b), `"restrictionFloor":`, `"restrictionDefault":null,"restrictionFloor":`, 1),
	} {
		if _, _, err := agreement.Parse([]byte(in)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
