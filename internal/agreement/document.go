// Package agreement holds the document that agencies sign before anything flows
// between them, and the pure questions that its clauses answer.
//
// What is signed is exactly the bytes of the document: one line of RFC 8785 JSON.
// Its digest names it. Any changed byte is another revision that needs signing
// again; parties who have not signed it stay on the old one (Palermo Protocol,
// Article 18(5): an amendment is "binding on those States Parties which have
// expressed their consent to be bound by it").
//
// The package is pure; it imports act (for names), canonical and restriction.
package agreement

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Schema names the version of the document's schema. It is signed with the rest,
// so that a later reader knows which rules the parties meant.
const Schema = "concordat.agreement/v1"

// SchemaV2 is the schema with every clause written out, see Clauses.
const SchemaV2 = "concordat.agreement/v2"

// MaxSize bounds a document, in bytes.
const MaxSize = 128 << 10

// MaxParties bounds the parties of one agreement.
const MaxParties = 256

// Role says what a party does under the agreement.
type Role string

// The roles of a party.
const (
	Contributor Role = "contributor" // releases, does not open what others release
	Recipient   Role = "recipient"   // opens, does not release
	Both        Role = "both"
	Observer    Role = "observer" // sees covers, opens nothing
)

// Document is an agreement, as its parties sign it.
type Document struct {
	Schema         string            `json:"schema"`
	ID             string            `json:"id"`
	Revision       int               `json:"revision"`
	Supersedes     string            `json:"supersedes,omitempty"` // digest of the revision that this one replaces for those who sign it
	Reference      string            `json:"reference"`            // what people call it: "AG-1"
	Title          map[string]string `json:"title"`                // by language
	Form           string            `json:"form"`                 // bilateral or multilateral
	Accession      string            `json:"accession"`            // closed or open
	Hub            Hub               `json:"hub"`
	Parties        []Party           `json:"parties"`
	LegalBasis     []LegalBasis      `json:"legalBasis"`
	Purposes       []string          `json:"purposes"`
	ItemKinds      []string          `json:"itemKinds"`
	Excluded       []string          `json:"excluded"` // the constant list; not editable
	Floor          restriction.Set   `json:"restrictionFloor"`
	Default        restriction.Set   `json:"restrictionDefault,omitempty"`
	Definitions    Definitions       `json:"definitions,omitzero"`
	Languages      []string          `json:"authenticLanguages"`
	EntryIntoForce EntryIntoForce    `json:"entryIntoForce"`
	Expires        canonical.Time    `json:"expires,omitzero"`
	OpenLease      *int              `json:"openLeaseSeconds,omitempty"` // how long a desk may show again without asking; absent is 900
	Termination    Termination       `json:"termination"`
	Binding        string            `json:"binding"` // treaty, binding-arrangement, non-binding
	Clauses                          // schema v2
}

// Hub names the hub and its keys. Trust in keys comes from here, not from what
// the hub says of itself.
type Hub struct {
	ID        string         `json:"id"`
	LogKey    string         `json:"logKey"`    // the log's verifier key (C2SP signed-note)
	Registrar act.Thumbprint `json:"registrar"` // thumbprint of registrar-sign
}

// Party is one agency in the agreement, with the keys in which the others trust.
type Party struct {
	Agency       act.AgencyName `json:"agency"`
	LegalName    string         `json:"legalName"`
	Jurisdiction string         `json:"jurisdiction"` // ISO 3166-1 alpha-2, or an organisation
	Kind         string         `json:"kind"`
	Mandate      string         `json:"mandate"` // the instrument that makes it a "relevant authority" (Article 10(1))
	Role         Role           `json:"role"`
	OfficerSign  act.Thumbprint `json:"officerSign"`
	DeskSign     act.Thumbprint `json:"deskSign"`
	Signatory    string         `json:"signatoryOffice"` // the office that signs, never a person
	Authority    *Authority     `json:"authority,omitempty"`
	Undertaking  *Undertaking   `json:"undertaking,omitempty"`
}

// LegalBasis is what lets the parties exchange.
type LegalBasis struct {
	Instrument  string         `json:"instrument"`
	Article     string         `json:"article"`
	Party       act.AgencyName `json:"party,omitempty"` // whose basis it is; empty means all parties'
	DomesticLaw string         `json:"domesticLaw,omitempty"`
}

// Definitions are the words that TLP 2.0 leaves to the source: without them
// TLP:GREEN means the cybersecurity community, and AMBER its clients.
type Definitions struct {
	Community string   `json:"community,omitempty"`
	Members   []string `json:"communityMembers,omitempty"`
	Clients   string   `json:"clients,omitempty"`
}

// EntryIntoForce says when the agreement begins to bind.
type EntryIntoForce struct {
	Rule      string         `json:"rule"`           // all-signed, n-signed or on-date
	Count     int            `json:"count,omitzero"` // for n-signed, at least 2
	NotBefore canonical.Time `json:"notBefore,omitzero"`
}

// Termination says how a party leaves and how the agreement ends.
type Termination struct {
	NoticeDays int      `json:"noticeDays"`
	Effect     string   `json:"effect"`             // destroy, return, retain-under-terms: what happens to what was received
	Survival   []string `json:"survival,omitempty"` // clauses that bind after the end
}

// Excluded is the constant list of what no agreement under this hub carries.
func Excluded() []string {
	return []string{"imagery", "operational-how-to", "personal-data", "victim-data"}
}

// Error says what is wrong with a document. Code is stable; Place is a JSON
// pointer to the member at fault and never carries a value.
type Error struct {
	Code  string
	Place string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: at %s", e.Code, e.Place) }

// Parse reads the exact bytes that are signed and returns the document and its
// digest. It refuses everything that Validate refuses and every spelling but
// the canonical one. The error is an *Error.
func Parse(b []byte) (*Document, string, error) {
	if len(b) > MaxSize {
		return nil, "", &Error{"document_too_large", "/"}
	}
	var d Document
	if err := canonical.Unmarshal(b, &d); err != nil {
		var refused *canonical.Error
		if errors.As(err, &refused) && refused.Code == "not_canonical" {
			return nil, "", &Error{"document_not_canonical", "/"}
		}
		place := "/"
		if refused != nil && refused.Pointer != "" {
			place = refused.Pointer
		}
		return nil, "", &Error{"document_malformed", place}
	}
	if err := d.Validate(); err != nil {
		return nil, "", err
	}
	if d.Schema == SchemaV2 {
		// An empty list where none may stand, or a null, reads like its absence and is
		// another text. Schema v1 let that pass, and what was signed stays what it is.
		if again, err := canonical.Marshal(&d); err != nil || !bytes.Equal(again, b) {
			return nil, "", &Error{"document_not_canonical", "/"}
		}
	}
	return &d, canonical.Digest(b), nil
}

// Bytes returns the canonical bytes and the digest of a valid document.
func (d *Document) Bytes() ([]byte, string, error) {
	if err := d.Validate(); err != nil {
		return nil, "", err
	}
	b, err := canonical.Marshal(d)
	if err != nil {
		return nil, "", err
	}
	return b, canonical.Digest(b), nil
}

// Party returns the party, or nil if the agency is none.
func (d *Document) Party(name act.AgencyName) *Party {
	for i := range d.Parties {
		if d.Parties[i].Agency == name {
			return &d.Parties[i]
		}
	}
	return nil
}

// MayRelease reports whether the party's role lets it release.
func (p *Party) MayRelease() bool { return p.Role == Contributor || p.Role == Both }

// MayOpen reports whether the party's role lets it open what others release.
func (p *Party) MayOpen() bool { return p.Role == Recipient || p.Role == Both }

// MayReceiveCovers reports whether the party sees covers of what others release.
func (p *Party) MayReceiveCovers() bool { return p.MayOpen() || p.Role == Observer }

// SignaturesNeeded returns how many parties must sign before the document binds
// those who signed.
func (d *Document) SignaturesNeeded() int {
	switch d.EntryIntoForce.Rule {
	case "n-signed":
		return d.EntryIntoForce.Count
	case OnDate:
		return 2
	}
	return len(d.Parties)
}

// OnDate is the rule of an agreement that enters into force on a day, among at
// least two who have signed by then.
const OnDate = "on-date"

// Begins reports whether the window has begun at now.
func (d *Document) Begins(now time.Time) bool { return !now.Before(d.EntryIntoForce.NotBefore.Time) }

// Ended reports whether the window has ended at now.
func (d *Document) Ended(now time.Time) bool { return !now.Before(d.End()) }

// Lease returns how long a desk may show opened content again without a new
// decision, for an item of this label: nothing for TLP:RED.
func (d *Document) Lease(label string) time.Duration {
	if label == "TLP:RED" {
		return 0
	}
	if d.OpenLease == nil {
		return 15 * time.Minute
	}
	return time.Duration(*d.OpenLease) * time.Second
}

// Notice returns how long after a withdrawal or termination it takes effect.
func (d *Document) Notice() time.Duration {
	return time.Duration(d.Termination.NoticeDays) * 24 * time.Hour
}

// Carries reports whether an item of this kind with these facets is of a category
// that the parties exchange: for each facet that the category names, one of its
// terms. Without categories all of the kind is exchanged.
func (d *Document) Carries(kind string, facets map[string][]string) bool {
	if len(d.Categories) == 0 {
		return true
	}
	return slices.ContainsFunc(d.Categories, func(c Category) bool {
		if c.Kind != kind {
			return false
		}
		for facet, terms := range c.Facets {
			if !slices.ContainsFunc(facets[facet], func(term string) bool { return slices.Contains(terms, term) }) {
				return false
			}
		}
		return true
	})
}

// Covers reports whether items of this kind are exchanged under the agreement.
func (d *Document) Covers(itemKind string) bool { return slices.Contains(d.ItemKinds, itemKind) }
