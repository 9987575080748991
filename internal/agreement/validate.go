package agreement

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

var (
	idForm       = regexp.MustCompile(`^agr-[a-z2-7]{26}$`)
	digestForm   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	termForm     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)
	placeForm    = regexp.MustCompile(`^([A-Z]{2}|[a-z][a-z0-9-]{2,62})$`)
	kindForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[a-z0-9]+)*$`) // as the Agency kind spells it: police, FIU
)

// Validate returns an *Error for the first thing that no party should sign.
func (d *Document) Validate() error {
	if err := each(d.checkHead, d.checkParties, d.checkTerms, d.checkWindow); err != nil {
		return err
	}
	if d.Schema == Schema {
		return d.checkNoClauses()
	}
	return d.checkClauses()
}

// each returns what the first check finds.
func each(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func wrong(code, place string, args ...any) error {
	return &Error{Code: code, Place: fmt.Sprintf(place, args...)}
}

func oneOf(value, place string, values ...string) error {
	if !slices.Contains(values, value) {
		return wrong("term_unknown", "%s", place)
	}
	return nil
}

func (d *Document) checkHead() error {
	switch {
	case d.Schema != Schema && d.Schema != SchemaV2:
		return wrong("schema_unknown", "/schema")
	case !idForm.MatchString(d.ID):
		return wrong("agreement_id_malformed", "/id")
	case d.Revision < 1 || d.Revision > 1<<20:
		return wrong("revision_out_of_range", "/revision")
	case d.Supersedes != "" && !digestForm.MatchString(d.Supersedes), d.Revision > 1 && d.Supersedes == "":
		return wrong("supersedes_malformed", "/supersedes")
	case d.Reference == "" || len(d.Reference) > 64:
		return wrong("text_missing_or_long", "/reference")
	case len(d.Title) == 0:
		return wrong("text_missing_or_long", "/title")
	case d.Hub.ID == "" || len(d.Hub.ID) > 256:
		return wrong("hub_missing", "/hub/id")
	case d.Hub.LogKey == "" || len(d.Hub.LogKey) > 512:
		return wrong("hub_missing", "/hub/logKey")
	case !d.Hub.Registrar.Valid():
		return wrong("hub_missing", "/hub/registrar")
	}
	for lang, title := range d.Title {
		if !languageForm.MatchString(lang) || title == "" || len(title) > 512 {
			return wrong("text_missing_or_long", "/title/%s", lang)
		}
	}
	if err := oneOf(d.Form, "/form", "bilateral", "multilateral"); err != nil {
		return err
	}
	return oneOf(d.Accession, "/accession", "closed", "open")
}

// checkParties guards the two mistakes that would let one signature count
// twice: the same agency, or the same key, for two parties.
func (d *Document) checkParties() error {
	if len(d.Parties) < 2 || len(d.Parties) > MaxParties {
		return wrong("parties_too_few_or_many", "/parties")
	}
	if d.Form == "bilateral" && len(d.Parties) != 2 {
		return wrong("bilateral_has_two_parties", "/parties")
	}
	agencies, keys := map[act.AgencyName]bool{}, map[act.Thumbprint]bool{}
	for i := range d.Parties {
		p := &d.Parties[i]
		if err := p.check(fmt.Sprintf("/parties/%d", i)); err != nil {
			return err
		}
		if agencies[p.Agency] {
			return wrong("party_twice", "/parties/%d/agency", i)
		}
		agencies[p.Agency] = true
		for _, key := range []act.Thumbprint{p.OfficerSign, p.DeskSign} {
			if keys[key] {
				return wrong("key_twice", "/parties/%d", i)
			}
			keys[key] = true
		}
	}
	return nil
}

func (p *Party) check(at string) error {
	switch {
	case act.CheckAgencyName(p.Agency) != nil:
		return wrong("agency_name_invalid", "%s/agency", at)
	case p.LegalName == "" || len(p.LegalName) > 256:
		return wrong("text_missing_or_long", "%s/legalName", at)
	case !placeForm.MatchString(p.Jurisdiction):
		return wrong("jurisdiction_malformed", "%s/jurisdiction", at)
	case len(p.Kind) > 63 || !kindForm.MatchString(p.Kind):
		return wrong("term_unknown", "%s/kind", at)
	// Article 10(1) speaks of "law enforcement, immigration or other relevant
	// authorities": who names no mandate cannot be one.
	case p.Mandate == "" || len(p.Mandate) > 512:
		return wrong("mandate_missing", "%s/mandate", at)
	case !p.OfficerSign.Valid() || !p.DeskSign.Valid():
		return wrong("thumbprint_malformed", "%s", at)
	case p.Signatory == "" || len(p.Signatory) > 256:
		return wrong("text_missing_or_long", "%s/signatoryOffice", at)
	}
	return oneOf(string(p.Role), at+"/role", string(Contributor), string(Recipient), string(Both), string(Observer))
}

func (d *Document) checkTerms() error {
	switch {
	case len(d.LegalBasis) == 0 || len(d.LegalBasis) > 32:
		return wrong("legal_basis_missing", "/legalBasis")
	case !sortedTerms(d.ItemKinds):
		return wrong("item_kinds_missing", "/itemKinds")
	case !slices.Equal(d.Excluded, Excluded()):
		return wrong("excluded_is_constant", "/excluded")
	case len(d.Languages) == 0:
		return wrong("language_missing", "/authenticLanguages")
	}
	for i, basis := range d.LegalBasis {
		if !termForm.MatchString(basis.Instrument) || basis.Article == "" || len(basis.Article) > 64 {
			return wrong("legal_basis_missing", "/legalBasis/%d", i)
		}
	}
	for i, lang := range d.Languages {
		if !languageForm.MatchString(lang) {
			return wrong("language_missing", "/authenticLanguages/%d", i)
		}
	}
	if (restriction.Set{"purposes": d.Purposes}).Validate() != nil {
		return wrong("purposes_missing_or_unknown", "/purposes")
	}
	if d.Floor.Validate() != nil {
		return wrong("restriction_invalid", "/restrictionFloor")
	}
	if d.Default.Validate() != nil {
		return wrong("restriction_invalid", "/restrictionDefault")
	}
	if err := d.checkLabel(); err != nil {
		return err
	}
	return oneOf(d.Binding, "/binding", "treaty", "binding-arrangement", "non-binding")
}

// checkLabel refuses a TLP label whose words the agreement does not define.
// FIRST TLP 2.0: "when 'community' is not defined, assume the
// cybersecurity/defense community", which is never what these parties mean.
func (d *Document) checkLabel() error {
	for _, label := range append(slices.Clone(d.Floor["tlp"]), d.Default["tlp"]...) {
		if label == "TLP:GREEN" && d.Definitions.Community == "" {
			return wrong("community_undefined", "/definitions/community")
		}
		if label == "TLP:AMBER" && d.Definitions.Clients == "" {
			return wrong("clients_undefined", "/definitions/clients")
		}
	}
	if len(d.Definitions.Community) > 2048 || len(d.Definitions.Clients) > 2048 {
		return wrong("text_missing_or_long", "/definitions")
	}
	return nil
}

func (d *Document) checkWindow() error {
	entry := d.EntryIntoForce
	switch entry.Rule {
	case "all-signed":
		if entry.Count != 0 {
			return wrong("count_out_of_range", "/entryIntoForce/count")
		}
	case "n-signed":
		// A bilateral agreement always needs both signatures.
		if d.Form == "bilateral" || entry.Count < 2 || entry.Count > len(d.Parties) {
			return wrong("count_out_of_range", "/entryIntoForce/count")
		}
	case OnDate:
		if d.Schema == Schema {
			return wrong("schema_member_unknown", "/entryIntoForce/rule")
		}
		if entry.Count != 0 {
			return wrong("count_out_of_range", "/entryIntoForce/count")
		}
		if entry.NotBefore.IsZero() {
			return wrong("clause_missing", "/entryIntoForce/notBefore")
		}
	default:
		return wrong("term_unknown", "/entryIntoForce/rule")
	}
	switch {
	case d.Expires.IsZero():
		return wrong("window_has_no_end", "/expires")
	case !entry.NotBefore.IsZero() && !entry.NotBefore.Before(d.Expires.Time):
		return wrong("window_ends_before_it_starts", "/expires")
	case d.OpenLease != nil && (*d.OpenLease < 0 || *d.OpenLease > 86400):
		return wrong("lease_out_of_range", "/openLeaseSeconds")
	case d.Termination.NoticeDays < 0 || d.Termination.NoticeDays > 730:
		return wrong("notice_out_of_range", "/termination/noticeDays")
	}
	return oneOf(d.Termination.Effect, "/termination/effect", "destroy", "return", "retain-under-terms")
}

func sortedTerms(terms []string) bool {
	return len(terms) > 0 && len(terms) <= 32 && slices.IsSorted(terms) &&
		!slices.ContainsFunc(terms, func(term string) bool { return !termForm.MatchString(term) })
}
