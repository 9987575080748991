package restriction

import "slices"

// Without returns s without these axes.
func (s Set) Without(left ...Axis) Set {
	kept := make(Set, len(s))
	for name, terms := range s {
		if !slices.Contains(left, Axis(name)) {
			kept[name] = slices.Clone(terms)
		}
	}
	return kept
}
