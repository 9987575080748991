package vocabulary

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"sync"
)

// Version names this edition of the vocabulary. It rises when a term is added,
// retired or relabelled; Digest tells editions apart beyond doubt.
const Version = "1.0.0"

// Status says whether a term may be used in new content.
type Status string

const (
	// Draft terms are proposed and not yet used in releases.
	Draft Status = "draft"
	// Active terms are used.
	Active Status = "active"
	// Retired terms stay readable in old content; ReplacedBy says what to use.
	Retired Status = "retired"
)

// MaxDefinition bounds a definition, in characters: long enough to tell terms
// apart, too short to become an instruction.
const MaxDefinition = 240

// Facet is one dimension of description.
type Facet struct {
	ID     string `json:"id"`
	Source string `json:"source"` // instrument or publication that the terms come from
	// Required facets need at least one term before a bulletin is released.
	Required bool `json:"required"`
	// Single facets take at most one term.
	Single bool `json:"single"`
	// Pattern stands in place of a list of terms (a period); empty otherwise.
	Pattern string            `json:"pattern"`
	Labels  map[string]string `json:"labels"`
	Terms   []Term            `json:"terms"`

	pattern *regexp.Regexp
}

// Term is one value of a facet.
type Term struct {
	ID         string            `json:"id"`
	Source     string            `json:"source"`
	Definition string            `json:"definition"` // English, at most MaxDefinition characters
	Status     Status            `json:"status"`
	ReplacedBy string            `json:"replacedBy"`
	Labels     map[string]string `json:"labels"`
}

// Languages lists the languages that labels speak, the complete one first.
func Languages() []string { return []string{"en", "fr", "id"} }

//go:embed facets/*.json
var files embed.FS

type edition struct {
	facets []Facet
	index  map[string]int
	digest string
}

var load = sync.OnceValue(func() edition {
	names, err := fs.Glob(files, "facets/*.json") // sorted: the numbers order the facets
	if err != nil {
		panic(err) // the pattern is a constant
	}
	all := edition{index: map[string]int{}}
	sum := sha256.New()
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			panic(err) // compiled in
		}
		var facet Facet
		if err := json.Unmarshal(raw, &facet); err != nil {
			// The files are compiled in and tested: a bad one is a build defect.
			panic(fmt.Errorf("vocabulary file %s: %w", name, err))
		}
		if facet.Pattern != "" {
			facet.pattern = regexp.MustCompile(facet.Pattern)
		}
		sum.Write(raw)
		all.index[facet.ID] = len(all.facets)
		all.facets = append(all.facets, facet)
	}
	all.digest = "sha256:" + hex.EncodeToString(sum.Sum(nil))
	return all
})

// Facets returns all facets in their fixed order. Callers must not change what
// the returned facets refer to.
func Facets() []Facet { return slices.Clone(load().facets) }

// Digest is "sha256:" and the hash of the edition's files in order.
func Digest() string { return load().digest }

// Lookup finds a facet by id.
func Lookup(facet string) (Facet, bool) {
	all := load()
	i, found := all.index[facet]
	if !found {
		return Facet{}, false
	}
	return all.facets[i], true
}

// Term finds a term of the facet by id.
func (f Facet) Term(id string) (Term, bool) {
	i := slices.IndexFunc(f.Terms, func(t Term) bool { return t.ID == id })
	if i < 0 {
		return Term{}, false
	}
	return f.Terms[i], true
}

// Accepts reports whether the value may be used in new content: an active term,
// or a value of the pattern.
func (f Facet) Accepts(value string) bool {
	if f.pattern != nil {
		return f.pattern.MatchString(value)
	}
	term, known := f.Term(value)
	return known && term.Status == Active
}

// Label returns the label of a facet's term in lang, in English where lang has
// none, and the id itself for a value without labels, such as a period.
func Label(facet, term, lang string) string {
	f, known := Lookup(facet)
	if !known {
		return term
	}
	t, known := f.Term(term)
	if !known {
		return term
	}
	return label(t.Labels, lang, term)
}

// FacetLabel returns the label of the facet itself, as Label does.
func FacetLabel(facet, lang string) string {
	f, known := Lookup(facet)
	if !known {
		return facet
	}
	return label(f.Labels, lang, facet)
}

func label(labels map[string]string, lang, fallback string) string {
	if text := labels[lang]; text != "" {
		return text
	}
	if text := labels["en"]; text != "" {
		return text
	}
	return fallback
}
