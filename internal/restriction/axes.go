package restriction

import (
	"maps"
	"regexp"
	"slices"
)

// Axis names one independent dimension of restriction.
type Axis string

// The axes of this version.
const (
	TLP Axis = "tlp" // one Traffic Light Protocol 2.0 label

	// Who receives it.
	Audience            Axis = "audience"            // how far the circle of readers goes
	Recipients          Axis = "recipients"          // the agencies that may receive it, by slug
	RecipientsDenied    Axis = "recipientsDenied"    // the agencies that may not
	RecipientKinds      Axis = "recipientKinds"      // the kinds of agency that may, as they are enrolled
	Jurisdictions       Axis = "jurisdictions"       // the jurisdictions whose agencies may
	JurisdictionsDenied Axis = "jurisdictionsDenied" // the jurisdictions whose agencies may not
	Officers            Axis = "officers"            // the officers of a receiver that may open it, by pseudonym

	// What a receiver may do with it.
	Purposes            Axis = "purposes"            // what the receiver may use the item for
	JudicialUse         Axis = "judicialUse"         // as evidence or in proceedings (Europol H1; UNTOC, Article 18(19))
	ActionExposure      Axis = "actionExposure"      // how visibly it may be acted upon (PAP; IEP permitted_actions)
	Attribution         Axis = "attribution"         // whether the originator is named (IEP attribution)
	Derivation          Axis = "derivation"          // whether something new is made of it
	AccessForm          Axis = "accessForm"          // how it leaves the desk for an officer, see act.Forms
	MaxReads            Axis = "maxReads"            // how many times one agency opens it
	AutomatedProcessing Axis = "automatedProcessing" // by programs without an officer: feeds, training of models, profiling
	Notifications       Axis = "notifications"       // telling an affected party (IEP affected_party_notifications)

	// Passing it on.
	OnwardScope   Axis = "onwardScope"   // to whom at most
	OnwardConsent Axis = "onwardConsent" // when the originator is asked first (Europol H2; Egmont)

	// When.
	NotBefore     Axis = "notBefore"     // the first moment at which the item is opened
	Expires       Axis = "expires"       // the moment from which the item is no longer opened
	Embargo       Axis = "embargo"       // before this moment nothing is passed on or derived
	ReviewBy      Axis = "reviewBy"      // from this moment it is opened only after the originator looked at it again
	RetentionDays Axis = "retentionDays" // how long a receiver opens it and keeps its copies, from the first opening
	OnTermination Axis = "onTermination" // what becomes of copies when the agreement ends

	// What a receiver owes.
	Prerequisites Axis = "prerequisites" // what a receiver attests before it opens
	UseReportDays Axis = "useReportDays" // within how many days of opening it reports the use
	Encryption    Axis = "encryption"    // how its copies are protected; transport always is

	// Recall takes it back. It comes only with a later request, never with a release.
	Recall Axis = "recall"
)

// Shape says how the terms of an axis look, and how two lists of them meet.
type Shape string

// The shapes of axes.
const (
	Ordered  Shape = "ordered" // one value out of Values; the stricter stays
	Allowed  Shape = "allowed" // a list of what may be; what both name stays
	United   Shape = "united"  // a list of what may not be, or is owed; what either names stays
	Number   Shape = "number"  // one whole number from 1; the smaller stays
	Until    Shape = "until"   // one moment; the earlier stays
	From     Shape = "from"    // one moment; the later stays
	Partial  Shape = "partial" // one value out of Values, some of which exclude each other
	maxList        = 1024      // terms of one list that is declared
	maxDays        = 100 * 366 // of a number of days
	maxTimes       = 1_000_000 // of a number of times
)

// rule is what one axis knows.
type rule struct {
	shape  Shape
	values []string // the known terms, strictest first where they are ordered; nil if the list is open
	valid  func(terms []string) bool
	meet   func(a, b []string) []string
	permit func(terms []string, use Use) bool

	receiversOnly bool // does not bind the originator's own agency
}

var (
	slugForm    = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)               // as an agency's name
	kindForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[a-z0-9]+)*$`) // as the Agency kind spells it: police, FIU
	placeForm   = regexp.MustCompile(`^([A-Z]{2}|[a-z][a-z0-9-]{2,62})$`)   // ISO 3166-1 alpha-2, or an organisation
	officerForm = regexp.MustCompile(`^ofc-[a-z2-7]{26}$`)                  // a pseudonym that only its own agency can resolve
	termForm    = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)       // a code of any vocabulary
	anyForm     = regexp.MustCompile(``)                                    // recipients of version 1 were never held to a form
	labels      = []string{"TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"}
	purposes    = []string{"detection", "investigation-lead", "policy", "prevention", "research-statistics", "training", "victim-identification"}
	accessForms = []string{"view-only", "print", "download-watermarked", "download"}
)

// axes is the table of everything that can be restricted. An ordered axis lists
// its values strictest first.
var axes = map[Axis]rule{
	TLP: ordered(always, labels...), // within the agreement every label lets a party read

	// Which agencies are parties, and which of them an item was sealed for, is
	// decided where the agreement is known; here only individuals are asked for.
	Audience:            ordered(named, "named-individuals", "named-agencies", "agreement-parties", "defined-community", "public").notOriginator(),
	Recipients:          allowed(anyForm, isAgency).notOriginator(),
	RecipientsDenied:    united(slugForm, isNotAgency).notOriginator(),
	RecipientKinds:      allowed(kindForm, isOfKind).notOriginator(),
	Jurisdictions:       allowed(placeForm, isInJurisdiction).notOriginator(),
	JurisdictionsDenied: united(placeForm, isNotInJurisdiction).notOriginator(),
	Officers:            allowed(officerForm, isOfficer).notOriginator(),

	Purposes:            allowedOf(purposes, isForPurpose),
	JudicialUse:         ordered(always, "prohibited", "consent", "allowed"),
	ActionExposure:      ordered(always, "none", "contact-originator", "internal-only", "passive-external", "active"),
	Attribution:         attribution(),
	Derivation:          ordered(always, "none", "with-consent", "translate-only", "allowed"),
	AccessForm:          ordered(isInForm, accessForms...).notOriginator(),
	MaxReads:            number(maxTimes, readsAreLeft).notOriginator(),
	AutomatedProcessing: ordered(isNotAutomated, "prohibited", "allowed"),
	Notifications:       ordered(always, "must-not", "may"),

	OnwardScope:   ordered(always, "none", "own-organisation", "own-organisation-and-clients", "agreement-parties", "defined-community", "anyone"),
	OnwardConsent: ordered(always, "always", "outside-own-organisation", "never"),

	NotBefore:     from(hasBegun),
	Expires:       until(isBefore),
	Embargo:       from(always),
	ReviewBy:      until(isBefore),
	RetentionDays: number(maxDays, always).notOriginator(), // counted where the openings are known
	OnTermination: ordered(always, "destroy", "return", "retain-under-terms"),

	Prerequisites: united(termForm, always).notOriginator(),
	UseReportDays: number(maxDays, always),
	Encryption:    unitedOf([]string{"at-rest"}, always),

	Recall: ordered(never, "recalled"),
}

func (r rule) notOriginator() rule {
	r.receiversOnly = true
	return r
}

// Axes lists the axes of this version in alphabetical order.
func Axes() []Axis { return slices.Sorted(maps.Keys(axes)) }

// ShapeOf returns how the terms of an axis look, or "" for an unknown axis.
func ShapeOf(axis Axis) Shape { return axes[axis].shape }

// Values returns the known terms of an axis, strictest first where it is
// ordered; nil for an axis whose terms are open, and for an unknown one.
func Values(axis Axis) []string { return slices.Clone(axes[axis].values) }

// BindsOriginator reports whether the axis restricts the originator's own agency
// too. Those that do not say whom the originator chose, and how.
func BindsOriginator(axis Axis) bool { return !axes[axis].receiversOnly }

// Labels returns the TLP 2.0 labels (FIRST, August 2022), strictest first. They
// are written the same in every language.
func Labels() []string { return slices.Clone(labels) }

// KnownPurposes returns the purposes that an agreement or an item may name.
func KnownPurposes() []string { return slices.Clone(purposes) }

// must lists the axes that a complete floor names, in the order in which people
// are asked for them.
var must = []Axis{
	TLP, Audience, OnwardScope, OnwardConsent, JudicialUse, ActionExposure, Attribution, Derivation,
	AccessForm, OnTermination, AutomatedProcessing, Notifications,
}

// OrderedAxes lists the axes that a complete floor names.
func OrderedAxes() []Axis { return slices.Clone(must) }
