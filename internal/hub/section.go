package hub

import (
	"maps"
	"slices"

	"github.com/concordat-hub/concordat/internal/restriction"
	"github.com/concordat-hub/concordat/internal/seal"
)

// checkSections holds restricted sections against the rest of the release: their
// readers read the body too, all were told the same restrictions, and the hub can
// decide on those. Which reader a section excludes is decided at every open.
//
// Nothing else at the hub speaks of sections: what an agency gets is found by its
// own descriptors, so that a section which excludes it changes no answer to it and
// no query behind one.
func checkSections(recipients map[partKey]map[string]bool, descriptors []seal.SaltedDescriptor) error {
	body := recipients[partKey{BodyPart, 0}]
	told := map[string]restriction.Set{}
	for _, salted := range descriptors {
		d := salted.Descriptor
		if !seal.IsSection(d.Part) {
			continue
		}
		set := restriction.Set(d.Restrictions)
		before, known := told[d.Part]
		told[d.Part] = set
		switch {
		case set.ValidateDeclared() != nil:
			return malformedRelease("the restrictions of a section are not acceptable")
		case known && !maps.EqualFunc(before, set, slices.Equal[[]string]):
			return malformedRelease("a section has different restrictions for its readers")
		case !body[d.Agency]:
			return malformedRelease("a reader of a section does not get the body")
		}
	}
	return nil
}
