package screen

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/concordat-hub/concordat/internal/item"
)

// Version of the rules. It rises with every change of a rule or of a table that
// a rule uses; testdata/ruleset.txt pins it together with the digest.
const Version = "1.0.0"

// Tool names the guard and its version for the publisher's attestation.
func Tool() string { return "concordat-screen/" + Version }

// Class groups rules by what they protect.
type Class string

// The classes, in the order of the guard's catalogue.
const (
	Contact          Class = "contact"
	Link             Class = "link"
	Handle           Class = "handle"
	IdentityDocument Class = "identity-document"
	Payment          Class = "payment"
	Person           Class = "person"
	Place            Class = "place"
	CaseReference    Class = "case-reference"
	Fingerprint      Class = "fingerprint"
	Markup           Class = "markup"
	Device           Class = "device"
	CaseRecord       Class = "case-record"
	SmallCount       Class = "small-count"
	OffenderDetail   Class = "offender-detail"
	Sexualised       Class = "sexualised"
	HiddenText       Class = "hidden-text"
	Terminology      Class = "terminology"
)

// rule finds one pattern. Its id is stable: waivers and statistics refer to it.
type rule struct {
	id     string
	class  Class
	effect Effect
	scope  scope
	source string // what the digest covers beside id, class, effect and scope
	find   func(*view) []span
}

// scope says to which uses of a text a rule applies.
type scope int

const (
	everywhere scope = iota
	// proseOnly rules spare the official titles, numbers and dates of public
	// instruments and the addresses under which they are published.
	proseOnly
	// exceptLinks rules look at prose and citations.
	exceptLinks
	// linksOnly rules look at addresses of public instruments.
	linksOnly
)

func (r rule) appliesTo(use item.Use) bool {
	switch r.scope {
	case proseOnly:
		return use == item.Prose
	case exceptLinks:
		return use != item.PublicLink
	case linksOnly:
		return use == item.PublicLink
	default:
		return true
	}
}

// waivable is false for what no second officer may let pass: identity
// documents, payment data, identified persons, hash values, files and markup,
// and case records.
func (r rule) waivable() bool {
	switch r.class {
	case IdentityDocument, Payment, Fingerprint, Markup, CaseRecord:
		return false
	case Person:
		return r.effect != Block
	}
	return true
}

// pattern makes a rule of a regular expression.
func pattern(id string, class Class, effect Effect, scope scope, expression string) rule {
	re := regexp.MustCompile(expression)
	return rule{id: id, class: class, effect: effect, scope: scope, source: expression,
		find: func(v *view) []span { return matches(re, v.text) }}
}

// checked makes a rule of a regular expression for candidates and a decision.
// Source names the decision and its tables, for the digest.
func checked(id string, class Class, effect Effect, scope scope, expression, source string, accept func(v *view, at span) bool) rule {
	re := regexp.MustCompile(expression)
	return rule{id: id, class: class, effect: effect, scope: scope, source: expression + "\x00" + source,
		find: func(v *view) []span {
			var hits []span
			for _, at := range matches(re, v.text) {
				if accept(v, at) {
					hits = append(hits, at)
				}
			}
			return hits
		}}
}

// matches returns the first group of each match where the expression has one,
// else the whole match.
func matches(re *regexp.Regexp, text string) []span {
	var hits []span
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		if len(m) > 2 && m[2] >= 0 {
			hits = append(hits, span{m[2], m[3]})
		} else {
			hits = append(hits, span{m[0], m[1]})
		}
	}
	return hits
}

var rules = sync.OnceValue(func() []rule {
	var all []rule
	for _, group := range [][]rule{
		contactRules(), linkRules(), documentRules(), paymentRules(), personRules(), placeRules(), recordRules(),
		deviceRules(), markupRules(), hiddenRules(), detailRules(), terminologyRules(),
	} {
		all = append(all, group...)
	}
	return all
})

// Digest is "sha256:" and the hash of version, rules and tables: what the
// publisher attests to have applied.
func Digest() string { return digest() }

var digest = sync.OnceValue(func() string {
	var b strings.Builder
	fmt.Fprintf(&b, "concordat-screen %s\n", Version)
	for _, r := range rules() {
		fmt.Fprintf(&b, "%s\x00%s\x00%s\x00%d\x00%s\n", r.id, r.class, r.effect, r.scope, r.source)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return "sha256:" + hex.EncodeToString(sum[:])
})

// Rule describes one rule for documentation and statistics.
type Rule struct {
	ID       string
	Class    Class
	Effect   Effect
	Waivable bool
}

// Rules lists the rules in the order in which they are applied.
func Rules() []Rule {
	var list []Rule
	for _, r := range rules() {
		list = append(list, Rule{ID: r.id, Class: r.class, Effect: r.effect, Waivable: r.waivable()})
	}
	return list
}
