package bulletin

import (
	"slices"

	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/item"
)

// Name is the name of this kind in covers, acts and agreements.
const Name = "bulletin"

// Format is the schema of the body.
const Format = "concordat-bulletin/v1"

// New returns the kind for wiring.
func New() item.Kind { return kind{} }

type kind struct{}

func (kind) Name() string { return Name }

func (kind) Decode(draft []byte) (item.Content, error) {
	b, err := Decode(draft)
	if err != nil {
		return nil, err // not a typed nil inside the interface
	}
	return b, nil
}

// Kinds of bulletin that rules of this package speak of; the full list is the
// vocabulary's facet "bulletin-kind".
const (
	MethodBulletin       = "method-bulletin"
	DeterminationAid     = "determination-aid"
	TravelDocumentNote   = "travel-document-note"
	DetectionMeasureNote = "detection-measure-note"
	TrendAssessment      = "trend-assessment"
	LawPolicyNote        = "law-policy-note"
	PreventionPack       = "prevention-pack"
	Correction           = "correction"
	Retraction           = "retraction"
)

// Bulletin is one version of a bulletin. Sets are sorted and every string is
// trimmed when it comes from Decode.
type Bulletin struct {
	Format    string `json:"format,omitempty"`
	Kind      string `json:"kind,omitempty"`      // a term of "bulletin-kind"
	Authentic string `json:"authentic,omitempty"` // language whose text prevails
	Expires   string `json:"expires,omitempty"`   // date YYYY-MM-DD after which it must not be relied on
	Observed  string `json:"observed,omitempty"`  // year or quarter, "2025" or "2025-Q3"
	// Corrects names the earlier item of a correction or a retraction.
	Corrects *Target `json:"corrects,omitempty"`
	// Facets holds terms by facet, except those facets that Cover derives from
	// the other fields.
	Facets            map[string][]string `json:"facets,omitempty"`
	Territories       []Territory         `json:"territories,omitempty"`
	Confidence        Confidence          `json:"confidence,omitzero"`
	Texts             map[string]Text     `json:"texts,omitempty"` // by language
	Indicators        []Indicator         `json:"indicators,omitempty"`
	DetectionMeasures []Measure           `json:"detectionMeasures,omitempty"`
	References        []Reference         `json:"references,omitempty"`
	Disclaimer        map[string]string   `json:"disclaimer,omitempty"` // by language
	// Restricted are sections that not every reader may have. Canonical leaves them out.
	Restricted []RestrictedSection `json:"sections,omitempty"`
}

// Target is an earlier item version.
type Target struct {
	Item    string `json:"item,omitempty"`
	Version int    `json:"version,omitzero"`
}

// Territory is the role of one State or region in the observed pattern.
type Territory struct {
	Role string `json:"role,omitempty"` // a term of "territory-role"
	Area string `json:"area,omitempty"` // ISO 3166-1 alpha-2, or "m49-" and a UN M49 region
}

// Confidence is how sure the issuer is, in four independent fields: a reliable
// source can report a rumour, and a likely event may rest on little.
type Confidence struct {
	SourceReliability      string `json:"sourceReliability,omitempty"`     // A to F
	InformationCredibility int    `json:"informationCredibility,omitzero"` // 1 to 6
	AnalyticConfidence     string `json:"analyticConfidence,omitempty"`    // low, moderate, high
	Likelihood             string `json:"likelihood,omitempty"`            // almost-no-chance to almost-certain
}

// Text is what the bulletin says in one language. A translation may stop after
// title and summary; if it has sections, they answer those of the authentic text.
type Text struct {
	Title    string    `json:"title,omitempty"`
	Summary  string    `json:"summary,omitempty"`
	Sections []Section `json:"sections,omitempty"`
}

// Section is one part of the text. Role keeps facts apart from assessment.
type Section struct {
	Role    string `json:"role,omitempty"`
	Heading string `json:"heading,omitempty"`
	Body    string `json:"body,omitempty"`
}

// Indicator is one sign, at the level of a category. It is never proof alone.
type Indicator struct {
	Class    string            `json:"class,omitempty"`    // a term of "indicator-class"
	Strength string            `json:"strength,omitempty"` // a term of "indicator-strength"
	Text     map[string]string `json:"text,omitempty"`     // by language
}

// Measure is one measure for detecting or countering the method.
type Measure struct {
	Measure string            `json:"measure,omitempty"` // a term of "detection-measure"
	Text    map[string]string `json:"text,omitempty"`    // by language
}

// Reference is a public instrument or report.
type Reference struct {
	Title   string `json:"title,omitempty"`
	Locator string `json:"locator,omitempty"` // article, paragraph, page
	URL     string `json:"url,omitempty"`     // https, on a host of a public institution
}

// sectionRoles are the roles of sections, in the order in which a bulletin
// usually has them.
var sectionRoles = []string{"facts", "assessment", "indicators", "response", "referral", "non-punishment", "law", "safety", "limits"}

// Languages of texts: those that the guard can read.
func languages() []string { return []string{"en", "fr", "id"} }

// Canonical returns the RFC 8785 bytes of the body, which are the same whatever
// restricted sections there are.
func (b *Bulletin) Canonical() []byte {
	body := *b
	body.Restricted = nil
	return marshal(&body)
}

func marshal(value any) []byte {
	bytes, err := canonical.Marshal(value)
	if err != nil {
		// Decode admits only valid UTF-8 and small numbers: nothing else can fail.
		panic(err)
	}
	return bytes
}

// Cover derives what is shown before opening: the kind, the facets, the titles;
// nothing of restricted sections.
func (b *Bulletin) Cover() item.Cover {
	cover := item.Cover{Format: item.CoverFormat, Kind: Name, Title: map[string]string{}, Facets: map[string][]string{}}
	for lang, text := range b.Texts {
		cover.Title[lang] = text.Title
		cover.Languages = append(cover.Languages, lang)
	}
	slices.Sort(cover.Languages)
	for facet, terms := range b.Facets {
		cover.Facets[facet] = slices.Clone(terms)
	}
	for facet, terms := range b.derived() {
		slices.Sort(terms)
		if terms = slices.Compact(terms); len(terms) > 0 {
			cover.Facets[facet] = terms
		}
	}
	return cover
}

// AreaFacet is the facet of covers that holds the areas of all territories.
const AreaFacet = "area"

// derived returns the facets that other fields imply; a draft does not give them
// a second time.
func (b *Bulletin) derived() map[string][]string {
	facets := map[string][]string{"bulletin-kind": nil, "observed-period": nil, "indicator-class": nil, "indicator-strength": nil,
		"detection-measure": nil, "territory-role": nil, AreaFacet: nil, "source-reliability": nil, "information-credibility": nil,
		"analytic-confidence": nil, "likelihood": nil}
	add := func(facet, term string) {
		if term != "" {
			facets[facet] = append(facets[facet], term)
		}
	}
	add("bulletin-kind", b.Kind)
	add("observed-period", b.Observed)
	for _, indicator := range b.Indicators {
		add("indicator-class", indicator.Class)
	}
	for _, measure := range b.DetectionMeasures {
		add("detection-measure", measure.Measure)
	}
	for _, territory := range b.Territories {
		add("territory-role", territory.Role)
		add(AreaFacet, territory.Area)
	}
	return facets
}
