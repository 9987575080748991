package bulletin

import (
	"slices"

	"github.com/concordat-hub/concordat/internal/item"
)

// byKind holds the rules that belong to one kind of bulletin.
func (v *validator) byKind() {
	b := v.b
	switch b.Kind {
	case DeterminationAid:
		// An aid must never be read as a verdict on a person: it always says where
		// to refer and that acts which were compelled are not punished
		// (CoE Convention on Action against Trafficking articles 10, 12, 26).
		v.section("referral", "aid_needs_referral")
		v.section("non-punishment", "aid_needs_non_punishment")
	case MethodBulletin, TrendAssessment, TravelDocumentNote:
		// Facts and personal assessments are kept apart
		// (Directive (EU) 2016/680 article 7(1)).
		v.section("facts", "facts_required")
		v.section("assessment", "assessment_required")
	}
	if b.Kind == TravelDocumentNote {
		for _, facet := range []string{"doc-type", "doc-condition"} {
			if len(b.Facets[facet]) == 0 {
				v.refuse(item.Pointer("/facets", facet), "document_facets_required", nil)
			}
		}
	}
	switch corrects := b.Kind == Correction || b.Kind == Retraction; {
	case corrects && b.Corrects == nil:
		v.refuse("/corrects", "corrects_required", nil)
	case !corrects && b.Corrects != nil:
		v.refuse("/corrects", "corrects_unexpected", nil)
	case corrects:
		if _, err := item.ParseID(b.Corrects.Item); err != nil || b.Corrects.Version < 1 {
			v.refuse("/corrects", "corrects_required", nil)
		}
	}
}

func (v *validator) section(role, code string) {
	if !slices.Contains(roles(v.b.Texts[v.b.Authentic]), role) {
		v.refuse(item.Pointer("/texts", v.b.Authentic, "sections"), code, nil)
	}
}

// Article10 returns the letters of Palermo Protocol article 10(1) under which a
// kind of bulletin exchanges information, in order: "a" whether individuals are
// perpetrators or victims, "b" types of travel document, "c" means and methods
// and measures for detecting them. A kind that rests on another article has none.
func Article10(kind string) []string {
	switch kind {
	case DeterminationAid:
		return []string{"a"}
	case TravelDocumentNote:
		return []string{"b"}
	case MethodBulletin, DetectionMeasureNote:
		return []string{"c"}
	}
	return nil
}

// Coverage counts the bulletins of the given kinds under each letter of article
// 10(1). All three letters are always present, because a zero is the finding.
func Coverage(kinds []string) map[string]int {
	counts := map[string]int{"a": 0, "b": 0, "c": 0}
	for _, kind := range kinds {
		for _, letter := range Article10(kind) {
			counts[letter]++
		}
	}
	return counts
}
