//go:build mutants

package mutants

const (
	complete = "agreement/complete.go"
	bounds   = "agreement/bounds.go"
	joiner   = "agreement/party.go"
	words    = "agreement/text.go"
)

// ofAgreement are bugs in what a document of the second schema has to be.
var ofAgreement = []mutant{
	{"the first schema has no later clause", complete, `if !clauses.Field(i).IsZero() {`, `if false {`},
	{"the first schema has no party's authority", complete, `if p.Authority != nil {`, `if false {`},
	{"the first schema has no basis of one party", complete, `if basis.Party != "" || basis.DomesticLaw != "" {`, `if basis.Party == "-" {`},
	{"every clause is there", complete, `if clauses.Field(i).IsZero() && !slices.Contains(optional, name) {`, `if false {`},
	{"a lease is written out", complete, `case d.OpenLease == nil:`, `case false:`},
	{"something survives", complete, `case len(d.Termination.Survival) == 0:`, `case false:`},
	{"who answers for another acts for a State", complete, `answers == nil || !answers.ActsForState()`, `answers == nil`},
	{"a basis is a party's", complete, `if basis.Party != "" && d.Party(basis.Party) == nil {`, `if false {`},
	{"every party has a basis", complete, `!based[""] && !based[d.Parties[i].Agency]`, `!based[d.Parties[i].Agency] && false`},
	{"a bilateral agreement is closed", complete, `case d.Accession == "open" && d.Form == "bilateral":`, `case false:`},
	{"an open agreement has a rule", complete, `case d.Accession == "open" && rule == nil:`, `case false:`},
	{"a closed agreement has none", complete, `case d.Accession == "closed" && rule != nil:`, `case false:`},
	{"a depositary is a party", complete, ` && d.Party(rule.Depositary) == nil:`, ` && false:`},
	{"no purpose is allowed and excluded", complete, `if slices.Contains(d.Purposes, purpose) {`, `if purpose == "" {`},
	{"every kind has a category", complete, `if !covered[kind] {`, `if kind == "" {`},
	{"a commitment is a party's, once", complete, `party == nil || named[c.Party]`, `party == nil`},
	{"every party has a commitment", complete, `if len(named) != len(d.Parties) {`, `if false {`},
	{"a role is no commitment's to widen", complete, `case !may:`, `case false:`},
	{"a floor is complete", complete, `if errors.As(restriction.Complete(d.Floor), &refused) {`, `if false {`},
	{"a floor recalls nothing", complete, `errors.As(d.Floor.ValidateDeclared(), &refused)`, `errors.As(d.Floor.Validate(), &refused)`},
	{"a default is not looser", complete, `if !slices.Equal(met[axis], d.Default[axis]) {`, `if len(met[axis]) > 9 {`},
	{"a floor can be met", complete, `if found := d.Floor.FloorContradiction(); found != nil {`, `if found := d.Floor.FloorContradiction(); false {`},
	{"a default keeps its label", complete, `if found := d.Default.Contradiction(); found != nil {`, `if found := d.Default.Contradiction(); false {`},
	{"a community has words", complete, `slices.Contains(set[axis], "defined-community") && d.Definitions.Community == ""`, `false`},
	{"a text has its digest in each language", complete, `if !digestForm.MatchString(d.Texts[lang]) {`, `if false {`},
	{"no text is in a language that is not authentic", complete, `if !slices.Contains(authentic, lang) {`, `if false {`},
	{"a day is one of the calendar", complete, `time.Parse(time.DateOnly, in.Date); err != nil`, `time.Parse(time.DateOnly, in.Date); err != nil && in.Date == ""`},

	{"silence ends", bounds, `o.ConsentTimeoutHours, 1, 24*365)`, `o.ConsentTimeoutHours, 0, 24*365)`},
	{"an attestation has a time", bounds, `r.AttestWithinDays, 1, 365)`, `r.AttestWithinDays, 0, 365)`},
	{"no personal data", bounds, `if !p.NoPersonalData {`, `if false {`},
	{"an amendment binds who signs", bounds, `if !d.Amendment.BindsOnlyConsenting {`, `if false {`},
	{"restrictions survive", bounds, ` || !slices.Contains(d.Termination.Survival, "restrictionFloor") {`, ` {`},
	{"a proposal is signed before the end", bounds, `!d.SignBy.IsZero() && !d.SignBy.Before(d.Expires.Time)`, `false`},
	{"a review comes before the end", bounds, `!d.Review.First.IsZero() && !d.Review.First.Before(d.Expires.Time)`, `false`},
	{"a renewal is bounded", bounds, `least, mostDays, mostTimes = 1, 3660, 20`, `least, mostDays, mostTimes = 1, 3660, 200`},
	{"an express renewal has no days", bounds, `least, mostDays, mostTimes := 0, 0, 0`, `least, mostDays, mostTimes := 0, 3660, 20`},
	{"another party is suspended on grounds", bounds, `if s.Parties == "any-party" && len(s.Grounds) == 0 {`, `if false {`},
	{"grounds are for suspending others", bounds, `if s.Parties == "itself" && len(s.Grounds) > 0 {`, `if false {`},
	{"a suspension's notice is not negative", bounds, `s.NoticeDays, 0, 365)`, `s.NoticeDays, -1, 365)`},

	{"who is no State's undertakes the duty", joiner, `case p.Undertaking == nil && !p.ActsForState():`, `case false:`},
	{"a kind that nobody knows is no State's", joiner, `return slices.Contains(authorities, p.Kind)`, `return slices.Contains(authorities, p.Kind) || p.Kind == "guild"`},
	{"an undertaking is to comply", joiner, `case !p.Undertaking.ComplyWithRestrictions:`, `case false:`},
	{"nobody answers for itself", joiner, ` || p.Undertaking.AdmittedBy == p.Agency:`, `:`},
	{"an authority is there", joiner, `if p.Authority == nil {`, `if false {`},
	{"a party does not join twice", joiner, `if other.Agency == p.Agency {`, `if false {`},
	{"a joiner's key is its own", joiner, `if key == p.OfficerSign || key == p.DeskSign {`, `if key == p.OfficerSign {`},
	{"a joiner has two keys", joiner, `if p.OfficerSign == p.DeskSign {`, `if false {`},
	{"a joiner has one spelling", joiner, `if string(again) != string(b) {`, `if string(again) == "" {`},
	{"who answers for a joiner is a party", joiner, `if !answers {`, `if false {`},

	{"no character is hidden", words, `unicode.Is(unicode.Cf, r) || `, ``},
	{"no control steers a terminal", words, `unicode.IsControl(r) || `, ``},
	{"a text has no margin", words, ` || strings.TrimSpace(text) != text {`, ` {`},
	{"every text stands in every language", words, `maxClause) != nil {`, `maxClause) != nil && false {`},
	{"no wording is of nothing", words, ` || len(worded) != len(own) {`, ` || len(worded) < len(own) {`},

	{"a null is another text", document, `err != nil || !bytes.Equal(again, b)`, `err != nil || !bytes.Equal(again[:1], b[:1])`},
	{"on a day two have signed", document, "case OnDate:\n\t\treturn 2", "case OnDate:\n\t\treturn 1"},
}
