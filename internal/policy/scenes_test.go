package policy_test

import (
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/ledger/ledgertest"
)

// scene is a beginning from which every sequence of acts is tried.
type scene struct {
	papers    []paper
	begin     []happening
	tries     []happening
	acts      int // the longest sequence
	least     int // what even a shorter search tries
	sequences int // at least so many of them, else the search is broken
}

// newest, as the order that an act names, is the newest release, request or
// accession, whichever the act can name.
const newest = -1

// A refused act ends its sequence after it was tried: it changes nothing, which
// the sequences that go on without it show. So the counts are of sequences that
// the ledger takes whole; many more are tried.
var scenes = map[string]scene{
	"from two proposals": {
		papers: []paper{three(), two()}, begin: proposed(2), acts: 3, sequences: 8_000,
		tries: slices.Concat(ofAgencies(), ofItems(2, 2), ofLife(2, "sign suspend resume withdraw terminate")),
	},
	"from two agreements in force": {
		papers: []paper{three(), two()}, begin: slices.Concat(proposed(2), signedBy(0, 3), signedBy(1, 2), shared(0, 0, 1), shared(1, 1, 2)), acts: 2, sequences: 700,
		tries: slices.Concat(ofAgencies(), ofItems(2, 2), ofLife(2, "sign suspend resume withdraw terminate")),
	},
	"the life of one agreement": {
		papers: []paper{three()}, begin: slices.Concat(proposed(1), signedBy(0, 1), shared(0, 0, 1)), acts: 5, sequences: 4_000,
		tries: ofLife(1, "sign suspend resume withdraw terminate decline take-back"),
	},
	"an amendment": {
		papers: []paper{full(three()), amended()}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 4, sequences: 3_000,
		tries: slices.Concat([]happening{{who: "alpha", what: "propose", doc: 1}}, ofLife(2, "sign withdraw suspend resume terminate"), shared(1, 1, 2)),
	},
	"one party's part": {
		papers: []paper{full(three())}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 3, sequences: 2_000,
		tries: slices.Concat(ofLife(1, "sign withdraw suspend review"), parts("suspend-party", "resume-party"), shared(1, 0, 2)),
	},
	"an accession": {
		papers: []paper{full(two())}, begin: slices.Concat(proposed(1), signedBy(0, 2), shared(0, 0, 1)), acts: 5, sequences: 3_500,
		tries: slices.Concat(ofLife(1, "countersign withdraw"), []happening{
			{who: "alpha", what: "invite", other: "gamma"}, {who: "gamma", what: "accede", says: "both", nature: natures["gamma"], gives: bulletins, takes: bulletins},
			{who: "gamma", what: "accede", says: "observer", nature: natures["gamma"], takes: bulletins, by: after(24)}, {who: "alpha", what: "ban", doc: -1}, {who: "gamma", what: "withdraw"},
		}, shared(0, 0, 2), shared(2, 0, 2)),
	},
	"restrictions and answers": {
		papers: []paper{full(three())}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 3, sequences: 3_500,
		tries: slices.Concat(opens("beta"), opens("gamma"), ofLife(1, "terminate"), []happening{
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"prerequisites": {"agency-attestation"}}, by: after(24)},
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"accessForm": {"view-only"}}, by: after(24), to: []string{"beta"}},
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"recall": {"recalled"}}, by: after(48), names: newest},
			{who: "beta", what: "acknowledge", doc: -1, names: newest, attests: []string{"agency-attestation"}},
			{who: "beta", what: "cannot-comply", doc: -1, names: newest}, {who: "beta", what: "report-use", doc: -1, names: newest},
			{who: "beta", what: "attest", doc: -1, names: newest, says: "destroyed"}, {who: "beta", what: "attest", doc: -1, names: newest, says: "retained-under-terms"},
			{who: "beta", what: "hold", doc: -1, names: newest}, {who: "beta", what: "lift", doc: -1, names: newest},
			{who: "alpha", what: "retract", doc: -1, item: 1},
		}),
	},
	"a review that stops everything": {
		papers: []paper{stopping()}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 3, least: 3, sequences: 50,
		tries: []happening{{who: "alpha", what: "terminate"}, {who: "beta", what: "withdraw"}, {who: "alpha", what: "withdraw"}, {who: "beta", what: "review"},
			{who: "gamma", what: "suspend"}, {who: "beta", what: "suspend-party", other: "beta"}, {who: "alpha", what: "suspend-party", other: "alpha"}},
	},
	"opening parts": {
		papers: []paper{keeping()}, begin: slices.Concat(proposed(1), signedBy(0, 3), sectioned()), acts: 3, least: 3, sequences: 500,
		tries: slices.Concat(openings("beta", cover, body, 1, 2), openings("gamma", 1, 2), []happening{
			{who: "beta", what: "abort", doc: -1, names: newest}, {who: "beta", what: "attest", doc: -1, names: 5, says: "destroyed"}, {who: "beta", what: "report-use", doc: -1, names: 5},
			{who: "alpha", what: "restrict", doc: -1, item: 1, version: 1, asked: limits{"maxReads": {"1"}}, by: after(24)},
		}),
	},
	"unequal undertakings": {
		papers: []paper{unequal(), full(two())}, acts: 2, least: 2, sequences: 60,
		begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), shared(1, 0, 4)),
		tries: slices.Concat(openings("beta", cover, body), openings("gamma", body), shared(0, 0, 4), shared(1, 0, 2), ofLife(1, "suspend")),
	},
	"giving in return": {
		papers: []paper{mutual(), again()}, acts: 3, least: 3, sequences: 150,
		begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1)),
		tries: slices.Concat([]happening{{who: "alpha", what: "propose", doc: 1}}, ofLife(2, "sign")[3:5], shared(1, 0, 2), shared(1, 1, 3), openings("beta", body), ofLife(1, "terminate")[:1], []happening{
			{who: "beta", what: "retract", doc: -1, item: 2}, {who: "beta", what: "retract", doc: -1, item: 3},
		}),
	},
	"declining": {
		papers: []paper{full(three())}, begin: proposed(1), acts: 4, least: 3, sequences: 100,
		tries: ofLife(1, "sign decline take-back"),
	},
	"translating": {
		papers: []paper{translating()}, begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta")), acts: 1, least: 1, sequences: 3,
		tries: ofLife(1, "suspend"),
	},
	"passing on": {
		papers: []paper{full(three())}, acts: 2, least: 2, sequences: 300,
		begin: slices.Concat(proposed(1), signedBy(0, 3), shared(0, 0, 1), opens("beta"), shared(0, 0, 3), opens("beta"), opens("gamma")),
		tries: slices.Concat(ofLife(1, "suspend"), []happening{
			asks("beta", newest, "onward", "gamma", "detection", 48), asks("beta", newest, "onward", "gamma", "training", 24), asks("beta", newest, "onward", "alpha", "detection", 48),
			asks("beta", 5, "onward", "gamma", "detection", 48), asks("gamma", newest, "onward", "gamma", "detection", 48),
			asks("beta", newest, "derivation", "", "detection", 24), asks("beta", newest, "judicial-use", "", "detection", 48),
			{who: "alpha", what: "grant", doc: -1, names: newest}, {who: "alpha", what: "refuse", doc: -1, names: newest}, {who: "alpha", what: "take-back-consent", doc: -1, names: newest},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"derivation": {"none"}}, by: after(48)},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"embargo": {"2026-11-22T12:00:00Z"}}, by: after(48)},
			{who: "alpha", what: "restrict", doc: -1, item: 3, version: 1, asked: limits{"derivation": {"translate-only"}}, by: after(48)},
			{who: "alpha", what: "ban", doc: -1}, {who: "beta", what: "cannot-comply", doc: -1, names: newest},
			{who: "beta", what: "release", item: 2, version: 1, asked: bare(0), parents: []parent{{5, "copy", newest}}},
		}),
	},
}

// stopping stops for a review that is overdue.
func stopping() paper {
	p := full(three())
	p.overdue, p.goOn, p.longest = "suspend", false, 0
	return p
}

// keeping lets receivers keep for a day what they opened, and holds what is released
// to who does not say that it is gone.
func keeping() paper {
	p := full(three())
	p.keeps = 24 * time.Hour
	return p
}

// unequal is of three who exchange two kinds, none the same.
func unequal() paper {
	p := full(three())
	p.kinds = []string{"bulletin", "curriculum"}
	p.sides[0].gives, p.sides[0].takes = bulletins, []string{"curriculum"}
	p.sides[1].gives, p.sides[1].takes = []string{"curriculum"}, bulletins
	p.sides[2].takes = []string{"curriculum"}
	return p
}

// mutual lets who gives open what others gave once it gave.
func mutual() paper {
	p := full(three())
	p.mutual = true
	return p
}

// again is the next revision of mutual.
func again() paper {
	p := mutual()
	p.revision, p.supersedes = 2, 0
	return p
}

// translating lets receivers translate, and make nothing else.
func translating() paper {
	p := full(three())
	p.floor["derivation"] = []string{"translate-only"}
	return p
}

func asks(who string, release int, use, other, purpose string, hours int) happening {
	return happening{who: who, what: "ask", doc: -1, names: release, use: use, other: other, purpose: purpose, by: after(hours)}
}

var bulletins = []string{"bulletin"}

// party is one that undertakes all that its role lets it.
func party(name, role string) side {
	s := side{name: name, role: role, nature: natures[name], takes: bulletins}
	if role == "both" {
		s.gives = bulletins
	}
	return s
}

// three is a paper of three parties, of whom two must sign and one only receives.
func three() paper {
	return paper{
		revision: 1, supersedes: -1, needed: 2, to: after(48), purposes: []string{"detection", "prevention", "training"}, floor: limits{"tlp": {"TLP:AMBER+STRICT"}},
		kinds: bulletins, sides: []side{party("alpha", "both"), party("beta", "both"), party("gamma", "recipient")},
	}
}

// two is a paper of two parties with a day's notice, that begins a day later.
func two() paper {
	p := three()
	p.agreement, p.sides, p.from, p.to, p.notice = 1, p.sides[:2], after(24), after(10_000), 24*time.Hour
	return p
}

// full writes all clauses out.
func full(p paper) paper {
	p.full, p.retain, p.agreement, p.from = true, true, 0, time.Time{}
	p.floor = limits{
		"tlp": {"TLP:GREEN"}, "audience": {"agreement-parties"}, "onwardScope": {"agreement-parties"}, "onwardConsent": {"always"}, "judicialUse": {"allowed"},
		"actionExposure": {"active"}, "attribution": {"may"}, "derivation": {"with-consent"}, "accessForm": {"download"}, "onTermination": {"retain-under-terms"},
		"automatedProcessing": {"allowed"}, "notifications": {"may"},
	}
	if len(p.sides) > 2 {
		p.open, p.rule = false, ""
	} else {
		p.open, p.rule = true, "unanimity"
	}
	p.anyParty, p.grounds, p.urgent = true, []string{"breach"}, []string{"safety"}
	p.longest, p.goOn, p.every, p.overdue = 24*time.Hour, true, 24*time.Hour, "freeze-new"
	p.consentIn, p.attest, p.attestIn, p.holdsNew, p.keeps = 24*time.Hour, true, 24*time.Hour, true, 416*24*time.Hour
	return p
}

// amended is the next revision of full(three()), between two.
func amended() paper {
	p := full(three())
	p.revision, p.supersedes, p.sides, p.goOn, p.overdue, p.to, p.retain = 2, 0, p.sides[:2], false, "suspend", after(10_000), false
	p.floor = p.floor.with(limits{"onTermination": {"destroy"}})
	return p
}

func bare(doc int) limits {
	p := three()
	if doc == 0 {
		p = full(p)
	}
	return p.floor.with(limits{"purposes": {"detection"}})
}

func proposed(papers int) []happening {
	return []happening{{who: "alpha", what: "propose", doc: 0}, {who: "alpha", what: "propose", doc: 1}}[:papers]
}

func signedBy(doc, parties int) []happening {
	var all []happening
	for _, who := range small[:parties] {
		all = append(all, happening{who: who, what: "sign", doc: doc})
	}
	return all
}

// shared is a release by a party of an item under a paper, as strict as both of
// the small world's floors.
func shared(who, doc, item int) []happening {
	return []happening{{who: small[who], what: "release", doc: doc, item: item, version: 1}}
}

// sectioned is a release with one section that excludes gamma, and one that asks for a
// purpose and is kept for two days.
func sectioned() []happening {
	e := shared(0, 0, 1)[0]
	e.pieces = []limits{{"recipients": {"alpha", "beta"}}, {"purposes": {"detection"}, "retentionDays": {"2"}}}
	return []happening{e}
}

func opens(who string) []happening {
	return []happening{{who: who, what: "open", doc: -1, names: newest, purpose: "detection", officer: ledgertest.Officer(act.AgencyName(who), 1)}}
}

// openings are of parts of the first release that a scene with three parties begins with.
func openings(who string, parts ...int) []happening {
	var all []happening
	for _, part := range parts {
		e := opens(who)[0]
		e.names, e.part = 5, part
		all = append(all, e)
	}
	return all
}

func ofAgencies() []happening {
	var all []happening
	for _, who := range small {
		for _, what := range []string{"ban", "unban", "leave"} {
			all = append(all, happening{who: who, what: what, doc: -1})
		}
	}
	return all
}

func ofItems(papers, items int) []happening {
	var all []happening
	for who := range small {
		for item := range items {
			all = append(all, happening{who: small[who], what: "retract", doc: -1, item: item + 1})
			for doc := range papers {
				all = append(all, shared(who, doc, item+1)...)
			}
		}
	}
	return all
}

func ofLife(papers int, whats string) []happening {
	var all []happening
	for doc := range papers {
		for _, who := range small {
			for what := range strings.FieldsSeq(whats) {
				all = append(all, happening{who: who, what: what, doc: doc, names: newest, reason: "other"})
			}
		}
	}
	return all
}

func parts(whats ...string) []happening {
	var all []happening
	for _, what := range whats {
		for _, who := range small[:2] {
			for _, other := range small[:2] {
				all = append(all, happening{who: who, what: what, other: other, reason: "breach"})
			}
		}
	}
	return all
}
