package bulletin

import (
	"slices"

	"github.com/concordat-hub/concordat/internal/item"
	"github.com/concordat-hub/concordat/internal/item/draft"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/vocabulary"
)

// Limits of lists, far above any honest bulletin and low enough that a hostile
// one costs nothing.
const (
	maxSections    = 24
	maxIndicators  = 64
	maxMeasures    = 32
	maxReferences  = 64
	maxTerritories = 64
	maxTerms       = 64
)

// Decode reads a draft or canonical bytes strictly. A draft may lack what
// Validate requires. The error is an item.Problems.
func Decode(text []byte) (*Bulletin, error) {
	root, err := draft.Parse(text)
	if err != nil {
		return nil, err
	}
	var b Bulletin
	d := decoder{Binder: &draft.Binder{}}
	d.bulletin(&b)(root, "")
	if problems := d.Problems(); problems != nil {
		return nil, problems
	}
	b.sort()
	return &b, nil
}

// present returns nil in place of an empty map, which canonical bytes leave out.
func present[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}

// sort puts territories into one order and drops an empty target, so that two drafts of one
// meaning have the same canonical bytes. Lists that are read in order stay as
// written.
func (b *Bulletin) sort() {
	if b.Corrects != nil && *b.Corrects == (Target{}) {
		b.Corrects = nil
	}
	slices.SortFunc(b.Territories, func(x, y Territory) int {
		return slices.Compare([]string{x.Role, x.Area}, []string{y.Role, y.Area})
	})
}

type decoder struct{ *draft.Binder }

func (d decoder) bulletin(b *Bulletin) draft.Into {
	return d.Object(map[string]draft.Into{
		"format":      d.String(&b.Format),
		"kind":        d.String(&b.Kind),
		"authentic":   d.String(&b.Authentic),
		"expires":     d.String(&b.Expires),
		"observed":    d.String(&b.Observed),
		"corrects":    d.corrects(&b.Corrects),
		"facets":      d.facets(&b.Facets),
		"confidence":  d.confidence(&b.Confidence),
		"disclaimer":  d.byLanguage(&b.Disclaimer),
		"territories": list(d, maxTerritories, &b.Territories, d.territory),
		"texts": func(n *draft.Node, path string) {
			b.Texts = map[string]Text{}
			d.Map(languages(), func(lang string) draft.Into {
				return func(n *draft.Node, path string) {
					var text Text
					d.text(&text)(n, path)
					b.Texts[lang] = text
				}
			})(n, path)
			b.Texts = present(b.Texts)
		},
		"indicators":        list(d, maxIndicators, &b.Indicators, d.indicator),
		"detectionMeasures": list(d, maxMeasures, &b.DetectionMeasures, d.measure),
		"references":        list(d, maxReferences, &b.References, d.reference),
		"sections":          list(d, item.MaxSections, &b.Restricted, d.restricted),
	})
}

// list takes a sequence of records.
func list[T any](d decoder, limit int, target *[]T, record func(*T) draft.Into) draft.Into {
	return d.List(limit, func(n *draft.Node, path string) {
		var value T
		record(&value)(n, path)
		*target = append(*target, value)
	})
}

func (d decoder) corrects(target **Target) draft.Into {
	return func(n *draft.Node, path string) {
		*target = &Target{}
		d.Object(map[string]draft.Into{"item": d.String(&(*target).Item), "version": d.Int(&(*target).Version)})(n, path)
	}
}

// facets takes only facets of the vocabulary. Those that other fields imply are
// refused by Validate with a sentence that says where they go.
func (d decoder) facets(target *map[string][]string) draft.Into {
	var known []string
	for _, facet := range vocabulary.Facets() {
		known = append(known, facet.ID)
	}
	return func(n *draft.Node, path string) {
		*target = map[string][]string{}
		d.Map(known, func(facet string) draft.Into {
			return func(n *draft.Node, path string) {
				var terms []string
				d.List(maxTerms, func(n *draft.Node, path string) {
					var term string
					d.String(&term)(n, path)
					if slices.Contains(terms, term) {
						d.Refuse(n, path, "term_twice", message.Params{"Facet": facet})
					}
					terms = append(terms, term)
				})(n, path)
				if len(terms) > 0 {
					slices.Sort(terms)
					(*target)[facet] = terms
				}
			}
		})(n, path)
		*target = present(*target)
	}
}

func (d decoder) confidence(c *Confidence) draft.Into {
	return d.Object(map[string]draft.Into{
		"sourceReliability":      d.String(&c.SourceReliability),
		"informationCredibility": d.Int(&c.InformationCredibility),
		"analyticConfidence":     d.String(&c.AnalyticConfidence),
		"likelihood":             d.String(&c.Likelihood),
	})
}

func (d decoder) territory(t *Territory) draft.Into {
	return d.Object(map[string]draft.Into{"role": d.String(&t.Role), "area": d.String(&t.Area)})
}

func (d decoder) text(t *Text) draft.Into {
	return d.Object(map[string]draft.Into{
		"title":    d.String(&t.Title),
		"summary":  d.String(&t.Summary),
		"sections": list(d, maxSections, &t.Sections, d.section),
	})
}

func (d decoder) section(s *Section) draft.Into {
	return d.Object(map[string]draft.Into{"role": d.String(&s.Role), "heading": d.String(&s.Heading), "body": d.String(&s.Body)})
}

func (d decoder) indicator(i *Indicator) draft.Into {
	return d.Object(map[string]draft.Into{
		"class": d.String(&i.Class), "strength": d.String(&i.Strength), "text": d.byLanguage(&i.Text),
	})
}

func (d decoder) measure(m *Measure) draft.Into {
	return d.Object(map[string]draft.Into{"measure": d.String(&m.Measure), "text": d.byLanguage(&m.Text)})
}

func (d decoder) reference(r *Reference) draft.Into {
	return d.Object(map[string]draft.Into{"title": d.String(&r.Title), "locator": d.String(&r.Locator), "url": d.String(&r.URL)})
}

func (d decoder) byLanguage(target *map[string]string) draft.Into {
	return func(n *draft.Node, path string) {
		*target = map[string]string{}
		d.Map(languages(), func(lang string) draft.Into {
			return func(n *draft.Node, path string) {
				var text string
				d.String(&text)(n, path)
				(*target)[lang] = text
			}
		})(n, path)
		*target = present(*target)
	}
}
