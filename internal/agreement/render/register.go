package render

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/message"
)

// Entry is one agreement in an agency's record of processing activities (Law
// Enforcement Directive (EU) 2016/680, Article 24; GDPR, Article 30), taken from
// the document that is enforced. In JSON it is a contract: members are added, never
// renamed.
type Entry struct {
	ID                 string            `json:"id"`
	Reference          string            `json:"reference"`
	Title              map[string]string `json:"title"`
	Revision           int               `json:"revision"`
	Digest             string            `json:"digest"`
	State              string            `json:"state"`
	LegalBasis         []string          `json:"legalBasis"`
	Purposes           []string          `json:"purposes"`
	ExcludedPurposes   []string          `json:"excludedPurposes"`
	Categories         []string          `json:"categories"`
	ExcludedCategories []string          `json:"excludedCategories"`
	Recipients         []Recipient       `json:"recipients"`
	Retention          *Retention        `json:"retention,omitempty"` // absent: the document sets none
	Transfers          Transfers         `json:"transfers"`
	ControllerRoles    string            `json:"controllerRoles,omitempty"`
	Supervisory        []string          `json:"supervisoryAuthorities,omitempty"`
	DPIA               string            `json:"dpia,omitempty"`
	Security           []string          `json:"security,omitempty"`

	document *agreement.Document
}

// Recipient is a party that receives, with how it came to the agreement.
type Recipient struct {
	Agency       act.AgencyName `json:"agency"`
	LegalName    string         `json:"legalName"`
	Jurisdiction string         `json:"jurisdiction"`
	Kind         string         `json:"kind"`
	Role         agreement.Role `json:"role"`
	Acceded      bool           `json:"acceded"`
}

// Retention is how long copies and records are kept, and how it ends.
type Retention struct {
	MaxDays          int    `json:"maxDays"`
	AuditDays        int    `json:"auditDays"`
	Disposal         string `json:"disposal"`
	AttestWithinDays int    `json:"attestWithinDays"` // 0: disposal is not attested
	AtTheEnd         string `json:"atTheEnd"`
}

// Transfers are the jurisdictions to which items go from the agency's own.
type Transfers struct {
	Jurisdictions []string `json:"jurisdictions"`
	Ground        string   `json:"ground,omitempty"`
}

// NewEntry takes the record from a document, as the agency sees it: recipients are
// the other parties that may receive, those who acceded included.
func NewEntry(d *agreement.Document, digest, state string, own act.AgencyName, acceded []agreement.Party) Entry {
	e := Entry{
		ID: d.ID, Reference: d.Reference, Title: d.Title, Revision: d.Revision, Digest: digest, State: state,
		Purposes: d.Purposes, ExcludedPurposes: d.ExcludedPurposes, ExcludedCategories: d.Excluded, document: d,
		Recipients: []Recipient{},
	}
	if e.ExcludedPurposes == nil {
		e.ExcludedPurposes = []string{}
	}
	e.takeBasis(own)
	e.takeParties(own, acceded)
	for _, kind := range d.ItemKinds {
		e.Categories = append(e.Categories, categories(d, kind)...)
	}
	if r := d.Retention; r != nil {
		e.Retention = &Retention{MaxDays: r.MaxDays, Disposal: r.DisposalMethod, AttestWithinDays: r.AttestWithinDays, AtTheEnd: d.Termination.Effect}
		if d.Audit != nil {
			e.Retention.AuditDays = d.Audit.RetentionDays
		}
	}
	if p := d.DataProtection; p != nil {
		e.ControllerRoles, e.Transfers.Ground, e.Supervisory, e.DPIA = p.ControllerRoles, p.TransferGround, p.SupervisoryAuthorities, p.DPIA
	}
	if s := d.Security; s != nil {
		e.Security = []string{s.Authentication, s.Transport, s.AtRest, s.Clearance}
	}
	return e
}

func (e *Entry) takeBasis(own act.AgencyName) {
	for _, basis := range e.document.LegalBasis {
		if basis.Party != "" && basis.Party != own {
			continue // another party's own
		}
		parts := []string{basis.Instrument + " " + basis.Article, basis.DomesticLaw}
		e.LegalBasis = append(e.LegalBasis, strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", "))
	}
}

func (e *Entry) takeParties(own act.AgencyName, acceded []agreement.Party) {
	home := map[string]bool{}
	places := map[string]bool{}
	for i, p := range slices.Concat(e.document.Parties, acceded) {
		if p.Agency == own {
			home[p.Jurisdiction] = true
			continue
		}
		if p.MayReceiveCovers() {
			e.Recipients = append(e.Recipients, Recipient{p.Agency, p.LegalName, p.Jurisdiction, p.Kind, p.Role, i >= len(e.document.Parties)})
			places[p.Jurisdiction] = true
		}
	}
	e.Transfers.Jurisdictions = []string{}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		if !home[place] {
			e.Transfers.Jurisdictions = append(e.Transfers.Jurisdictions, place)
		}
	}
}

// categories are the items of a kind, with the facets that narrow it.
func categories(d *agreement.Document, kind string) []string {
	var out []string
	for _, category := range d.Categories {
		if category.Kind != kind {
			continue
		}
		said := kind
		for _, facet := range slices.Sorted(maps.Keys(category.Facets)) {
			said += "; " + facet + ": " + list(category.Facets[facet])
		}
		out = append(out, said)
	}
	if out == nil {
		return []string{kind}
	}
	return out
}

// Register is the record as Markdown. What a document of the first schema does not
// say is said to be missing, never guessed.
func Register(entries []Entry, own act.AgencyName, at time.Time, lang string) ([]byte, error) {
	if !slices.Contains(message.Languages(), lang) {
		return nil, ErrLanguage
	}
	p := &page{lang: lang}
	p.block("# " + p.words("register_title", params{"Agency": string(own)}))
	p.sentence("register_made", params{"Moment": canonical.At(at).String()})
	if len(entries) == 0 {
		p.sentence("register_none", nil)
	}
	for i := range entries {
		p.d = entries[i].document
		p.entryOf(&entries[i])
	}
	if p.unsaid {
		return nil, ErrTerm
	}
	return p.out.Bytes(), nil
}

func (p *page) entryOf(e *Entry) {
	title := e.Title[p.lang]
	for _, lang := range p.d.Languages {
		if title == "" {
			title = e.Title[lang]
		}
	}
	p.block("## " + p.words("register_entry", params{"Reference": e.Reference, "Title": title}))
	p.bullet("register_document", params{"ID": verbatim(e.ID), "Revision": e.Revision, "Digest": verbatim(e.Digest)})
	p.bullet("register_state", params{"State": e.State})
	p.part("basis")
	for _, basis := range e.LegalBasis {
		p.bullet("register_basis_one", params{"Basis": basis})
	}
	p.part("purposes")
	for _, purpose := range e.Purposes {
		p.bullet("purpose_"+purpose, nil)
	}
	p.part("categories")
	for _, category := range e.Categories {
		p.bullet("register_category", params{"Category": category})
	}
	p.bullet("register_persons", params{"Excluded": list(e.ExcludedCategories)})
	p.part("recipients")
	for _, r := range e.Recipients {
		p.bullet("register_recipient", params{
			"Name": r.LegalName, "Agency": string(r.Agency), "Kind": r.Kind, "Jurisdiction": r.Jurisdiction, "Role": string(r.Role),
		})
	}
	p.kept(e)
	p.sent(e)
	p.held(e)
}

func (p *page) part(code string) { p.block("### " + p.words("register_"+code, nil)) }

func (p *page) kept(e *Entry) {
	p.part("retention")
	if r := e.Retention; r != nil {
		p.sentence("register_retention_days", params{"Days": r.MaxDays, "Audit": r.AuditDays})
		p.own("retention_method", "/retention/disposalMethod", r.Disposal)
		p.sentence(either(r.AttestWithinDays > 0, "retention_attest", "retention_attest_not"), params{"Days": r.AttestWithinDays})
	} else {
		p.sentence("register_retention_none", nil)
	}
	p.sentence("register_retention_end", params{"Effect": p.d.Termination.Effect})
}

func (p *page) sent(e *Entry) {
	p.part("transfers")
	if len(e.Transfers.Jurisdictions) > 0 {
		p.sentence("register_transfer_to", params{"Jurisdictions": list(e.Transfers.Jurisdictions)})
	}
	p.own("register_transfer_ground", "/dataProtection/transferGround", e.Transfers.Ground)
	if e.Transfers.Ground == "" {
		p.sentence("register_transfer_none", nil)
	}
}

// held is who answers for the data, and how it is protected.
func (p *page) held(e *Entry) {
	p.part("roles")
	p.own("register_roles_text", "/dataProtection/controllerRoles", e.ControllerRoles)
	if e.ControllerRoles == "" {
		p.sentence("register_roles_none", nil)
	}
	for _, authority := range e.Supervisory {
		p.bullet("data_authority", params{"Authority": authority})
	}
	if e.DPIA != "" {
		p.sentence("data_dpia", params{"Digest": verbatim(e.DPIA)})
	}
	p.part("security")
	s := p.d.Security
	if s == nil {
		p.sentence("register_security_none", nil)
		return
	}
	p.own("security_authentication", "/security/authentication", s.Authentication)
	p.own("security_transport", "/security/transport", s.Transport)
	p.own("security_rest", "/security/atRest", s.AtRest)
	p.own("security_clearance", "/security/personnelClearance", s.Clearance)
}
