package restriction

import (
	"fmt"
	"maps"
	"slices"
)

// presets are handling codes that agencies know, as values of axes. They are
// expanded when they are declared, and the expansion is what is signed: a scheme
// that changes its words later changes nothing that was agreed.
var presets = map[string]Set{
	// FIRST TLP 2.0 (August 2022). A label says how far its readers may pass on.
	// "For the eyes and ears of individual recipients only, no further disclosure."
	"TLP:RED": {
		"tlp": {"TLP:RED"}, "audience": {"named-individuals"},
		"onwardScope": {"none"}, "onwardConsent": {"always"},
	},
	// "restricts sharing to the organization only"
	"TLP:AMBER+STRICT": {
		"tlp": {"TLP:AMBER+STRICT"}, "audience": {"agreement-parties"},
		"onwardScope": {"own-organisation"}, "onwardConsent": {"outside-own-organisation"},
	},
	// "on a need-to-know basis within their organization and its clients". Consent
	// is asked of nobody inside that scope, and of everybody outside it.
	"TLP:AMBER": {
		"tlp": {"TLP:AMBER"}, "audience": {"agreement-parties"},
		"onwardScope": {"own-organisation-and-clients"}, "onwardConsent": {"never"},
	},
	// "within their community", "not via publicly accessible channels"
	"TLP:GREEN": {
		"tlp": {"TLP:GREEN"}, "audience": {"defined-community"},
		"onwardScope": {"defined-community"}, "onwardConsent": {"never"},
	},
	// "Recipients can spread this to the world, there is no limit on disclosure."
	"TLP:CLEAR": {
		"tlp": {"TLP:CLEAR"}, "audience": {"public"},
		"onwardScope": {"anyone"}, "onwardConsent": {"never"},
	},

	// Europol handling codes. H0: only for preventing and combating crimes.
	// Writing policy, teaching and statistics are neither.
	"H0": {"purposes": {"detection", "investigation-lead", "prevention", "victim-identification"}},
	// H1: not to be disclosed in judicial proceedings without the permission of the
	// provider.
	"H1": {"judicialUse": {"consent"}},
	// H2: not to be disseminated without the permission of the provider.
	"H2": {"onwardScope": {"none"}, "onwardConsent": {"always"}},

	// Egmont Group, principles for information exchange between financial
	// intelligence units: no transfer to a third party, and no administrative,
	// investigative, prosecutorial or judicial use without the prior consent of the
	// discloser. For what it was sought or given stays with the purposes that the
	// originator names.
	"Egmont": {
		"onwardScope": {"none"}, "onwardConsent": {"always"}, "judicialUse": {"consent"},
		"actionExposure": {"contact-originator"},
		"purposes":       {"detection", "policy", "prevention", "research-statistics", "training", "victim-identification"},
	},
}

// H3 of Europol means "other restrictions and comments": by itself it says
// nothing, and so is no preset but asks for the axes that are meant.
const needsTerms = "H3"

// PresetError says why a preset has no expansion. Code is stable:
// preset_unknown or preset_needs_terms.
type PresetError struct {
	Preset string // "" for an unknown one: what was typed is not repeated
	Code   string
}

func (e *PresetError) Error() string { return fmt.Sprintf("%s: preset %q", e.Code, e.Preset) }

// Presets lists the handling codes that Expand knows, in alphabetical order.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Expand returns what a handling code means, axis by axis, or a *PresetError.
func Expand(preset string) (Set, error) {
	if preset == needsTerms {
		return nil, &PresetError{preset, "preset_needs_terms"}
	}
	meaning, known := presets[preset]
	if !known {
		return nil, &PresetError{"", "preset_unknown"}
	}
	return Meet(meaning, nil), nil
}

// Labelled returns s with what its label means written out: the label alone is a
// word, and the axes are what is held to. Without a known label it is s itself.
func (s Set) Labelled() Set {
	meaning, known := presets[s.Value(TLP)]
	if !known {
		return Meet(s, nil)
	}
	return Meet(s, meaning)
}
