package item

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/concordat-hub/concordat/internal/canonical"
)

// CoverFormat is the schema of a cover.
const CoverFormat = "concordat-cover/v1"

// Limits of a cover. A cover is read in an inbox, before anyone decided to open
// the item: it stays small enough that a thousand of them are a page's work.
const (
	MaxCoverBytes = 16 << 10
	MaxTitle      = 200 // characters per language
	maxFacets     = 64
	maxTerms      = 64 // per facet
	maxLanguages  = 16
)

// Cover is what a recipient sees before opening: what it is about, never a
// passage of it. It is sealed as its own part and serialised as RFC 8785 JSON.
type Cover struct {
	Format    string              `json:"format"`
	Item      ID                  `json:"item,omitempty"`
	Kind      string              `json:"kind"`
	Title     map[string]string   `json:"title"`  // by language
	Facets    map[string][]string `json:"facets"` // vocabulary ids, sorted
	Languages []string            `json:"languages"`
}

// Canonical returns the cover's RFC 8785 bytes.
func (c Cover) Canonical() ([]byte, error) {
	if c.Format == "" {
		c.Format = CoverFormat
	}
	return canonical.Marshal(c)
}

var (
	kindName   = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)
	coverLang  = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	facetToken = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:.-]{0,63}$`)
)

// DecodeCover reads canonical cover bytes that came from another agency. It
// trusts nothing: sizes, alphabets and order are checked, because an inbox shows
// covers before any officer chose to look. The error is a Problems without text.
func DecodeCover(b []byte) (Cover, error) {
	if len(b) > MaxCoverBytes {
		return Cover{}, Problems{{Code: "too_large"}}
	}
	var cover Cover
	if err := canonical.Unmarshal(b, &cover); err != nil {
		return Cover{}, Problems{{Code: "cover_malformed"}}
	}
	if problem := cover.check(); problem != nil {
		return Cover{}, Problems{*problem}
	}
	return cover, nil
}

func (c Cover) check() *Problem {
	refuse := func(path string) *Problem { return &Problem{Path: path, Code: "cover_malformed"} }
	if c.Format != CoverFormat || !kindName.MatchString(c.Kind) {
		return refuse("/kind")
	}
	if c.Item != "" {
		if _, err := ParseID(string(c.Item)); err != nil {
			return refuse("/item")
		}
	}
	if len(c.Languages) == 0 || len(c.Languages) > maxLanguages || len(c.Title) != len(c.Languages) {
		return refuse("/languages")
	}
	for _, lang := range c.Languages {
		title, present := c.Title[lang]
		if !present || !coverLang.MatchString(lang) || title == "" || utf8.RuneCountInString(title) > MaxTitle {
			return refuse("/title")
		}
	}
	if len(c.Facets) > maxFacets {
		return refuse("/facets")
	}
	for facet, terms := range c.Facets {
		if !facetToken.MatchString(facet) || !sortedTokens(terms) {
			return refuse("/facets")
		}
	}
	return nil
}

func sortedTokens(terms []string) bool {
	if len(terms) == 0 || len(terms) > maxTerms || !slices.IsSorted(terms) {
		return false
	}
	for i, term := range terms {
		if !facetToken.MatchString(term) || (i > 0 && terms[i-1] == term) {
			return false
		}
	}
	return true
}
