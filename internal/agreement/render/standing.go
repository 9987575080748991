package render

import (
	"maps"
	"slices"
	"strconv"

	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/restriction"
)

func (p *page) head() {
	d := p.d
	title, ok := d.Title[p.lang]
	for _, lang := range append(slices.Clone(d.Languages), slices.Sorted(maps.Keys(d.Title))...) {
		if !ok {
			title, ok = d.Title[lang]
		}
	}
	p.block("# " + p.words("title", params{"Reference": d.Reference, "Title": title}))
	for _, lang := range slices.Sorted(maps.Keys(d.Title)) {
		if d.Title[lang] != title {
			p.bullet("title_other", params{"Language": lang, "Title": d.Title[lang]})
		}
	}
	p.sentence("revision", params{"Revision": d.Revision, "ID": verbatim(d.ID)})
	if d.Supersedes != "" {
		p.sentence("supersedes", params{"Digest": verbatim(d.Supersedes)})
	}
	p.sentence("form_"+d.Form, nil)
	if preamble := d.Preamble[p.lang]; preamble != "" {
		p.block("## " + p.words("preamble", nil))
		p.quote(preamble)
	}
}

func (p *page) parties() {
	p.heading("parties")
	for i := range p.d.Parties {
		p.party(&p.d.Parties[i])
	}
}

func (p *page) party(one *agreement.Party) {
	p.block("### " + p.words("party", params{"Name": one.LegalName, "Agency": string(one.Agency)}))
	p.bullet("party_place", params{"Jurisdiction": one.Jurisdiction})
	p.bullet("party_kind", params{"Kind": one.Kind})
	p.bullet("party_mandate", params{"Mandate": one.Mandate})
	p.bullet("party_"+string(one.Role), nil)
	p.bullet("party_signs", params{"Office": one.Signatory})
	if one.Authority != nil {
		p.bullet("party_authority", params{"Instrument": one.Authority.Instrument})
		if !one.Authority.Until.IsZero() {
			p.bullet("party_until", params{"Until": one.Authority.Until.String()})
		}
	}
	if one.Undertaking != nil {
		p.bullet(either(one.Undertaking.ComplyWithRestrictions, "party_undertakes", "party_undertakes_not"), nil)
		p.bullet("party_admitted", params{"Agency": string(one.Undertaking.AdmittedBy)})
	}
	p.bullet("party_keys", params{"Officer": verbatim(one.OfficerSign), "Desk": verbatim(one.DeskSign)})
}

func (p *page) accession() {
	p.heading("accession")
	p.sentence("accession_"+p.d.Accession, nil)
	if rule := p.d.AccessionRule; rule != nil {
		p.sentence("accession_"+rule.Rule, params{"Agency": string(rule.Depositary)})
		p.sentence("accession_later", nil)
	}
}

func (p *page) basis() {
	p.heading("basis")
	for _, basis := range p.d.LegalBasis {
		code := either(basis.Party == "", "basis_all", "basis_party") + either(basis.DomesticLaw == "", "", "_law")
		p.bullet(code, params{"Agency": string(basis.Party), "Instrument": basis.Instrument, "Article": basis.Article, "Law": basis.DomesticLaw})
	}
}

func (p *page) purposes() {
	p.heading("purposes")
	p.sentence("purposes_for", nil)
	for _, purpose := range p.d.Purposes {
		p.bullet("purpose_"+purpose, nil)
	}
	if len(p.d.ExcludedPurposes) > 0 {
		p.sentence("purposes_not", nil)
	}
	for _, purpose := range p.d.ExcludedPurposes {
		p.bullet("purpose_"+purpose, nil)
	}
}

func (p *page) categories() {
	p.heading("categories")
	p.sentence("kinds", params{"Kinds": list(p.d.ItemKinds)})
	for _, category := range p.d.Categories {
		if len(category.Facets) == 0 {
			p.bullet("category", params{"Kind": category.Kind})
		}
		for _, facet := range slices.Sorted(maps.Keys(category.Facets)) {
			p.bullet("category_facet", params{"Kind": category.Kind, "Facet": facet, "Terms": list(category.Facets[facet])})
		}
	}
	p.sentence("excluded", nil)
	for _, excluded := range p.d.Excluded {
		p.bullet("excluded_"+excluded, nil)
	}
}

func (p *page) commitments() {
	if len(p.d.Commitments) == 0 && p.d.Reciprocity == "" {
		return
	}
	p.heading("commitments")
	for i := range p.d.Commitments {
		p.commitment("/commitments/"+strconv.Itoa(i), &p.d.Commitments[i])
	}
	if len(p.d.Commitments) > 0 {
		p.sentence("commitment_held", nil)
	}
	if p.d.Reciprocity != "" {
		p.sentence("reciprocity_"+p.d.Reciprocity, nil)
	}
}

func (p *page) commitment(at string, c *agreement.Commitment) {
	code := "commitment"
	switch {
	case len(c.Give) == 0 && len(c.Receive) == 0:
		code = "commitment_nothing"
	case len(c.Give) == 0:
		code = "commitment_receives"
	case len(c.Receive) == 0:
		code = "commitment_gives"
	}
	p.sentence(code, params{"Agency": string(c.Party), "Give": list(c.Give), "Receive": list(c.Receive)})
	if len(c.Languages) > 0 {
		p.sentence("commitment_languages", params{"Languages": list(c.Languages)})
	}
	p.own("commitment_frequency", at+"/frequency", c.Frequency)
	p.own("commitment_assistance", at+"/assistance", c.Assistance)
}

// Commitment says what one party undertakes in the sentences of the document's text,
// as Markdown: a party that accedes stands in no document, and those who countersign
// read the same words of it. A language without sentences falls back to English.
func Commitment(c *agreement.Commitment, lang string) string {
	p := &page{d: &agreement.Document{}, lang: lang}
	p.commitment("", c)
	return p.out.String()
}

func (p *page) restrictions() {
	p.heading("restrictions")
	p.sentence("restrictions_duty", nil)
	p.sentence("restrictions_floor", nil)
	p.set(p.d.Floor)
	if len(p.d.Default) > 0 {
		p.sentence("restrictions_default", nil)
		p.set(p.d.Default)
	}
	if seconds := int(p.d.Lease("").Seconds()); seconds > 0 {
		p.sentence("lease", params{"Seconds": seconds})
	} else {
		p.sentence("lease_none", nil)
	}
}

// set says each axis in a sentence: that of its value where the axis is ordered,
// else one that names the terms.
func (p *page) set(set restriction.Set) {
	for _, axis := range slices.Sorted(maps.Keys(set)) {
		terms := set[axis]
		switch shape := restriction.ShapeOf(restriction.Axis(axis)); {
		case axis != string(restriction.TLP) && len(terms) == 1 && (shape == restriction.Ordered || shape == restriction.Partial):
			p.bullet("axis_"+axis+"_"+terms[0], nil)
		default:
			p.bullet("axis_"+axis, params{"Terms": list(terms)})
		}
	}
}
