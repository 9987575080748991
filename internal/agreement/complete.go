package agreement

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

var (
	versionForm = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){0,2}$`)
	mediaForm   = regexp.MustCompile(`^[a-z]+/[a-z0-9][a-z0-9.+-]{0,126}$`)
	facetForm   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// checkNoClauses refuses in a document of schema v1 what only v2 knows: its parties
// would sign words that no rule of theirs reads.
func (d *Document) checkNoClauses() error {
	clauses := reflect.ValueOf(d.Clauses)
	for i := range clauses.NumField() {
		if !clauses.Field(i).IsZero() {
			name, _, _ := strings.Cut(clauses.Type().Field(i).Tag.Get("json"), ",")
			return wrong("schema_member_unknown", "/%s", name)
		}
	}
	for i, p := range d.Parties {
		if p.Authority != nil {
			return wrong("schema_member_unknown", "/parties/%d/authority", i)
		}
		if p.Undertaking != nil {
			return wrong("schema_member_unknown", "/parties/%d/undertaking", i)
		}
	}
	for i, basis := range d.LegalBasis {
		if basis.Party != "" || basis.DomesticLaw != "" {
			return wrong("schema_member_unknown", "/legalBasis/%d", i)
		}
	}
	if d.Definitions.Members != nil {
		return wrong("schema_member_unknown", "/definitions/communityMembers")
	}
	if d.Termination.Survival != nil {
		return wrong("schema_member_unknown", "/termination/survival")
	}
	return nil
}

// checkClauses wants every clause of schema v2, each inside its bounds.
func (d *Document) checkClauses() error {
	return each(
		func() error { return checkCharacters(d) },
		d.checkWhole, d.checkWords, d.checkStanding, d.checkScope, d.checkCommitments,
		d.checkRestrictions, d.checkHandling, d.checkSafeguards, d.checkRecords, d.checkDuration, d.checkSuspension,
		d.checkInstrument, d.checkWordings, d.checkTexts,
	)
}

// optional are the clauses that are complete without a value: their absence says
// that there is none.
var optional = []string{"accessionRule", "instrument", "signBy", "wordings"}

// checkWhole refuses a document in which a clause is missing: nothing that is
// signed may depend on what a program takes for granted.
func (d *Document) checkWhole() error {
	clauses := reflect.ValueOf(d.Clauses)
	for i := range clauses.NumField() {
		name, _, _ := strings.Cut(clauses.Type().Field(i).Tag.Get("json"), ",")
		if clauses.Field(i).IsZero() && !slices.Contains(optional, name) {
			return wrong("clause_missing", "/%s", name)
		}
	}
	switch {
	case d.OpenLease == nil:
		return wrong("clause_missing", "/openLeaseSeconds")
	case len(d.Termination.Survival) == 0:
		return wrong("clause_missing", "/termination/survival")
	}
	return nil
}

func (d *Document) checkWords() error {
	for _, lang := range d.Languages {
		if err := sized("/title/"+lang, d.Title[lang], maxName); err != nil {
			return err
		}
		if err := sized("/preamble/"+lang, d.Preamble[lang], maxClause); err != nil {
			return err
		}
	}
	if len(d.Title) > 16 {
		return wrong("list_malformed", "/title")
	}
	return sameLanguages("/preamble", d.Preamble, d.Languages)
}

// checkStanding: who the parties are, by what law they act, and who may join.
func (d *Document) checkStanding() error {
	for i := range d.Parties {
		p := &d.Parties[i]
		if err := p.checkComplete(fmt.Sprintf("/parties/%d", i)); err != nil {
			return err
		}
		if p.Undertaking == nil {
			continue
		}
		if answers := d.Party(p.Undertaking.AdmittedBy); answers == nil || !answers.ActsForState() {
			return wrong("clause_names_no_party", "/parties/%d/undertaking/admittedBy", i)
		}
	}
	return each(d.checkBasis, d.checkAccession)
}

func (d *Document) checkBasis() error {
	based := map[act.AgencyName]bool{}
	for i, basis := range d.LegalBasis {
		if basis.Party != "" && d.Party(basis.Party) == nil {
			return wrong("clause_names_no_party", "/legalBasis/%d/party", i)
		}
		if len(basis.DomesticLaw) > maxName {
			return wrong("text_missing_or_long", "/legalBasis/%d/domesticLaw", i)
		}
		based[basis.Party] = true
	}
	for i := range d.Parties {
		if !based[""] && !based[d.Parties[i].Agency] {
			return wrong("legal_basis_missing", "/legalBasis")
		}
	}
	return nil
}

func (d *Document) checkAccession() error {
	switch rule := d.AccessionRule; {
	case d.Accession == "open" && d.Form == "bilateral":
		return wrong("bilateral_has_two_parties", "/accession")
	case d.Accession == "open" && rule == nil:
		return wrong("clause_missing", "/accessionRule")
	case d.Accession == "closed" && rule != nil:
		return wrong("accession_is_closed", "/accessionRule")
	case rule == nil:
		return nil
	case (rule.Rule == "depositary") != (rule.Depositary != ""), rule.Depositary != "" && d.Party(rule.Depositary) == nil:
		return wrong("clause_names_no_party", "/accessionRule/depositary")
	default:
		return oneOf(rule.Rule, "/accessionRule/rule", "unanimity", "majority", "depositary")
	}
}

// checkScope: what for, and what.
func (d *Document) checkScope() error {
	if len(d.ExcludedPurposes) > 0 && (restriction.Set{"purposes": d.ExcludedPurposes}).Validate() != nil {
		return wrong("purposes_missing_or_unknown", "/excludedPurposes")
	}
	for i, purpose := range d.ExcludedPurposes {
		if slices.Contains(d.Purposes, purpose) {
			return wrong("purpose_both_ways", "/excludedPurposes/%d", i)
		}
	}
	if len(d.Categories) > 64 {
		return wrong("list_malformed", "/categories")
	}
	covered := map[string]bool{}
	for i, category := range d.Categories {
		at := fmt.Sprintf("/categories/%d", i)
		if !d.Covers(category.Kind) {
			return wrong("term_unknown", "%s/kind", at)
		}
		covered[category.Kind] = true
		if len(category.Facets) > 32 {
			return wrong("list_malformed", "%s/facets", at)
		}
		for _, facet := range slices.Sorted(maps.Keys(category.Facets)) {
			if !facetForm.MatchString(facet) || !sortedTerms(category.Facets[facet]) {
				return wrong("list_malformed", "%s/facets/%s", at, pointerEscape.Replace(facet))
			}
		}
	}
	for _, kind := range d.ItemKinds {
		if !covered[kind] {
			return wrong("clause_missing", "/categories")
		}
	}
	return oneOf(d.Publication, "/publication", "public", "parties-only")
}

func (d *Document) checkCommitments() error {
	named := map[act.AgencyName]bool{}
	for i := range d.Commitments {
		c, at := &d.Commitments[i], fmt.Sprintf("/commitments/%d", i)
		party := d.Party(c.Party)
		if party == nil || named[c.Party] {
			return wrong("clause_names_no_party", "%s/party", at)
		}
		named[c.Party] = true
		if err := d.checkCommitment(at, c, party); err != nil {
			return err
		}
	}
	if len(named) != len(d.Parties) {
		return wrong("clause_missing", "/commitments")
	}
	return oneOf(d.Reciprocity, "/reciprocity", "reported", "required")
}

// checkCommitment holds what one party undertakes against its role and against what
// the agreement is about.
func (d *Document) checkCommitment(at string, c *Commitment, party *Party) error {
	return each(
		func() error { return d.checkExchange(at+"/give", c.Give, party.MayRelease()) },
		func() error { return d.checkExchange(at+"/receive", c.Receive, party.MayReceiveCovers()) },
		func() error { return languages(at+"/languages", c.Languages) },
		func() error {
			if len(c.Frequency) > maxClause || len(c.Assistance) > maxClause {
				return wrong("text_missing_or_long", "%s", at)
			}
			return nil
		},
	)
}

// checkExchange refuses an undertaking that the party's role forbids.
func (d *Document) checkExchange(at string, kinds []string, may bool) error {
	switch {
	case len(kinds) == 0:
		return nil
	case !may:
		return wrong("role_forbids", "%s", at)
	case !sortedTerms(kinds) || !distinct(kinds):
		return wrong("list_malformed", "%s", at)
	}
	for i, kind := range kinds {
		if !d.Covers(kind) {
			return wrong("term_unknown", "%s/%d", at, i)
		}
	}
	return nil
}

func (d *Document) checkRestrictions() error {
	var refused *restriction.Error
	if errors.As(d.Floor.ValidateDeclared(), &refused) {
		return wrong("restriction_invalid", "/restrictionFloor/%s", refused.Axis)
	}
	if errors.As(d.Default.ValidateDeclared(), &refused) {
		return wrong("restriction_invalid", "/restrictionDefault/%s", refused.Axis)
	}
	if errors.As(restriction.Complete(d.Floor), &refused) {
		return wrong("floor_incomplete", "/restrictionFloor/%s", refused.Axis)
	}
	if found := d.Floor.FloorContradiction(); found != nil {
		return wrong("terms_contradict", "/restrictionFloor/%s", found.A)
	}
	if found := d.Default.Contradiction(); found != nil {
		return wrong("terms_contradict", "/restrictionDefault/%s", found.A)
	}
	// The axis makes a duty of the clause; it may bite earlier and never later.
	if days, bites := d.Floor.Count(restriction.RetentionDays); bites && days > d.Retention.MaxDays {
		return wrong("terms_contradict", "/restrictionFloor/retentionDays")
	}
	met := restriction.Meet(d.Floor, d.Default)
	for _, axis := range slices.Sorted(maps.Keys(d.Default)) {
		if !slices.Equal(met[axis], d.Default[axis]) {
			return wrong("default_looser", "/restrictionDefault/%s", axis)
		}
	}
	for _, set := range []restriction.Set{d.Floor, d.Default} {
		for _, axis := range []string{"audience", "onwardScope"} {
			if slices.Contains(set[axis], "defined-community") && d.Definitions.Community == "" {
				return wrong("community_undefined", "/definitions/community")
			}
			if slices.Contains(set[axis], "own-organisation-and-clients") && d.Definitions.Clients == "" {
				return wrong("clients_undefined", "/definitions/clients")
			}
		}
	}
	if len(d.Definitions.Members) > 256 || !distinct(d.Definitions.Members) || d.Definitions.Community == "" && d.Definitions.Members != nil {
		return wrong("list_malformed", "/definitions/communityMembers")
	}
	for i, member := range d.Definitions.Members {
		if act.CheckAgencyName(act.AgencyName(member)) != nil && (len(member) > 63 || !kindForm.MatchString(member)) {
			return wrong("term_unknown", "/definitions/communityMembers/%d", i)
		}
	}
	return nil
}

func (d *Document) checkTexts() error {
	for _, lang := range d.Languages {
		if !digestForm.MatchString(d.Texts[lang]) {
			return wrong("digest_malformed", "/texts/%s", lang)
		}
	}
	return sameLanguages("/texts", d.Texts, d.Languages)
}

// sameLanguages refuses a text in a language that is not authentic: people would
// sign what does not count.
func sameLanguages(at string, byLanguage map[string]string, authentic []string) error {
	for _, lang := range slices.Sorted(maps.Keys(byLanguage)) {
		if !slices.Contains(authentic, lang) {
			return wrong("language_mismatch", "%s/%s", at, pointerEscape.Replace(lang))
		}
	}
	return nil
}

func (d *Document) checkInstrument() error {
	in := d.Instrument
	if in == nil {
		return nil
	}
	if !digestForm.MatchString(in.Digest) {
		return wrong("digest_malformed", "/instrument/digest")
	}
	if !mediaForm.MatchString(in.MediaType) {
		return wrong("term_unknown", "/instrument/mediaType")
	}
	if _, err := time.Parse(time.DateOnly, in.Date); err != nil {
		return wrong("date_malformed", "/instrument/date")
	}
	return each(
		func() error { return sized("/instrument/place", in.Place, maxName) },
		func() error { return sized("/instrument/depositary", in.Depositary, maxName) },
	)
}

func sized(at, text string, most int) error {
	if text == "" || len(text) > most {
		return wrong("text_missing_or_long", "%s", at)
	}
	return nil
}

func between(at string, n, least, most int) error {
	if n < least || n > most {
		return wrong("number_out_of_range", "%s", at)
	}
	return nil
}

func distinct(terms []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(terms)))) == len(terms)
}

// words checks a list of texts, of which at least so many must be there.
func words(at string, list []string, least, most int) error {
	if len(list) < least || len(list) > most || !distinct(list) {
		return wrong("list_malformed", "%s", at)
	}
	for i, one := range list {
		if err := sized(fmt.Sprintf("%s/%d", at, i), one, maxName); err != nil {
			return err
		}
	}
	return nil
}

// terms checks a sorted list of terms; it may be empty if least is 0.
func terms(at string, list []string, least int) error {
	if len(list) < least || len(list) > 0 && !sortedTerms(list) || !distinct(list) {
		return wrong("list_malformed", "%s", at)
	}
	return nil
}

func languages(at string, list []string) error {
	if len(list) > 16 || !distinct(list) {
		return wrong("list_malformed", "%s", at)
	}
	for i, lang := range list {
		if !languageForm.MatchString(lang) {
			return wrong("language_missing", "%s/%d", at, i)
		}
	}
	return nil
}
