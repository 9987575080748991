//go:build mutants

package mutants

const (
	sets      = "restriction/restriction.go"
	axes      = "restriction/axes.go"
	shapes    = "restriction/shapes.go"
	uses      = "restriction/use.go"
	clashes   = "restriction/contradiction.go"
	codes     = "restriction/presets.go"
	typed     = "restriction/expression.go"
	iepRead   = "restriction/iep.go"
	exported  = "restriction/export.go"
	rights    = "restriction/odrl.go"
	document  = "agreement/document.go"
	validated = "agreement/validate.go"
)

var ofTerms = []mutant{
	{"RED is stricter than AMBER+STRICT", axes, `"TLP:RED", "TLP:AMBER+STRICT",`, `"TLP:AMBER+STRICT", "TLP:RED",`},
	{"an unknown label is refused", shapes, `return len(terms) == 1 && slices.Contains(values, terms[0]) }`, `return len(terms) == 1 }`},
	{"of two labels the stricter stays", shapes, `order[min(`, `order[max(`},
	{"two values meet in one of them", shapes, `meet:  strictest(values),`, `meet:  intersect,`},
	{"an unknown purpose is refused", shapes, `return len(terms) > 0 && subset(terms, values) }`, `return len(terms) > 0 }`},
	{"a purpose that is not named is not permitted", uses, `slices.Contains(terms, use.Purpose)`, `len(terms) > 0`},
	{"an item ends at its moment and not after it", uses, `&& use.At.Before(*moment(terms[0]))`, `&& !use.At.After(*moment(terms[0]))`},
	{"of two ends the earlier stays", shapes, `if moment(b[0]).Before(*moment(a[0])) {`, `if moment(b[0]).After(*moment(a[0])) {`},
	{"of two beginnings the later stays", shapes, `if moment(b[0]).After(*moment(a[0])) {`, `if moment(b[0]).Before(*moment(a[0])) {`},
	{"of two numbers the smaller stays", shapes, `if count(b[0]) < count(a[0]) {`, `if b[0] < a[0] {`},
	{"only named recipients are permitted", uses, `return slices.Contains(terms, use.Agency) }`, `return len(terms) > 0 }`},
	{"a denied recipient is denied", uses, `use.Agency != "" && !slices.Contains(terms, use.Agency)`, `use.Agency != ""`},
	{"a denied jurisdiction is denied", uses, `use.Jurisdiction != "" && !slices.Contains(terms, use.Jurisdiction)`, `!slices.Contains(terms, use.Jurisdiction)`},
	{"who is denied stays denied", shapes, `both := slices.Concat(a, b)`, `both := intersect(a, b)`},
	{"a form is not looser than allowed", uses, `asked <= slices.Index`, `asked >= slices.Index`},
	{"reads are counted before this one", uses, `use.Reads < count(terms[0])`, `use.Reads <= count(terms[0])`},
	{"individuals have a pseudonym", uses, `!use.opens() || use.Officer != ""`, `use.Officer == "" || use.opens()`},
	{"named and unnamed exclude each other", shapes, `case x == "must" || y == "must":`, `case x == "must" && y == "must":`},
	{"what is recalled permits nothing", axes, `Recall: ordered(never, "recalled"),`, `Recall: ordered(always, "recalled"),`},
	{"nothing is recalled when it is released", sets, `recalled := s[string(Recall)]; recalled {`, `recalled := s[string(Recall)]; recalled && false {`},
	{"purposes bind the originator", axes, `allowedOf(purposes, isForPurpose),`, `allowedOf(purposes, isForPurpose).notOriginator(),`},
	{"a complete floor names each axis", sets, `if len(floor[string(axis)]) == 0 {`, `if len(floor) == 0 {`},
	{"an unknown axis is refused", sets, `return &Error{Axis(name), "restriction_unknown"}`, `continue`},
	{"terms are sorted", sets, `!sortedUnique(s[name]) || !axis.valid(s[name]) {`, `!axis.valid(s[name]) {`},
	{"no term is given twice", sets, `terms[i-1] >= terms[i]`, `terms[i-1] > terms[i]`},
	{"what one side restricts stays restricted", sets, `case !both:`, `case !both && len(terms) > 64:`},
	{"a malformed term permits nothing", uses, `axis.valid(terms) && axis`, `len(terms) > 0 && axis`},
	{"a malformed side stays malformed", sets, ` || !axis.valid(own) || !axis.valid(terms):`, ` || len(own) == 0 || len(terms) == 0:`},
	{"looser is looser than the floor", sets, `!slices.Equal(met[name], own) {`, `len(own) == 0 {`},
	{"silence is looser than an empty floor", sets, `!restricted || !slices`, `!restricted && false || !slices`},
	{"only what both name is left", shapes, `return !slices.Contains(b, term) })`, `return false })`},

	{"a window has a moment in it", clashes, `hasEnd && !begin.Before(end)`, `hasEnd && begin.After(end)`},
	{"an axis is not looser than its label", clashes, `{TLP, OnwardScope, looserThanLabel},`, ``},
	{"clear is a promise too", clashes, `s.Value(TLP) == "TLP:CLEAR" && s.Value(b) != "anyone"`, `s.Value(TLP) == "TLP:CLEAR" && s.Value(b) == ""`},
	{"named agencies are named", clashes, `s.Value(Audience) == "named-agencies" && len`, `s.Value(Audience) == "named-individuals" && len`},
	{"what is declared does not contradict itself", clashes, `if found := s.Contradiction(); found != nil {`, `if found := s.FloorContradiction(); found != nil {`},
	{"a label is written out", codes, `return Meet(s, meaning)`, `return Meet(s, Set{"tlp": meaning["tlp"]})`},
	{"an expression says an axis once", typed, `twice := p.typed[name]; twice {`, `twice := p.typed[name]; twice && false {`},
	{"an expression says a term once", typed, `slices.Contains(terms, term) || len(terms) == maxList`, `len(terms) == maxList`},
	{"what leaves nothing is refused where it is typed", typed, `if len(met[name]) == 0 {`, `if len(met) == 0 {`},
	{"an IEP window gets no longer", iepRead, `start = cut.Add(time.Second)`, `start = cut`},
	{"an IEP label is written out", iepRead, `p.Terms = p.Terms.Labelled()`, `p.Terms = Meet(p.Terms, nil)`},
	{"AMBER+STRICT does not loosen to amber", exported, "label = \"TLP:RED\"\n\t\te.Tightened", "label = \"TLP:AMBER\"\n\t\te.Tightened"},
	{"consent to be named does not loosen to may", exported, `policy.Attribution = "must-not"`, `policy.Attribution = "may"`},
	{"an export leaves nothing out in silence", rights, `!odrlSays(axis) {`, `!odrlSays(axis) && axis != Officers {`},
	{"an exported window ends", rights, `{Expires, "lt"}, `, ``},
	{"what is only shown is not printed after export", rights, `if form != "view-only" {`, `if form != "download" {`},
	{"H3 says nothing by itself", codes, `if preset == needsTerms {`, `if preset == "" {`},

	{"a recipient releases nothing", document, `p.Role == Contributor || p.Role == Both`, `p.Role != Observer`},
	{"an observer does not open", document, `p.Role == Recipient || p.Role == Both`, `p.Role != Contributor`},
	{"a contributor sees no covers", document, `p.MayOpen() || p.Role == Observer`, `p.Role != ""`},
	{"as many sign as the rule says", document, `return d.EntryIntoForce.Count`, `return d.EntryIntoForce.Count - 1`},
	{"all sign", document, `return len(d.Parties)`, `return len(d.Parties) - 1`},
	{"an agreement ends at its moment", document, `!now.Before(d.End())`, `now.After(d.End())`},
	{"RED is never shown again", document, `if label == "TLP:RED" {`, `if label == "TLP:red" {`},
	{"a lease is in seconds", document, `time.Duration(*d.OpenLease) * time.Second`, `time.Duration(*d.OpenLease) * time.Minute`},
	{"notice is in days", document, `* 24 * time.Hour`, `* time.Hour`},
	{"a document has a largest size", document, `if len(b) > MaxSize {`, `if len(b) > 8*MaxSize {`},
	{"what is parsed is valid", document, "if err := d.Validate(); err != nil {\n\t\treturn nil, \"\", err\n\t}\n\tif d.Schema", "if d.Schema"},

	{"an agreement has two parties", validated, `len(d.Parties) < 2 ||`, `len(d.Parties) < 1 ||`},
	{"a bilateral agreement has no third party", validated, `if d.Form == "bilateral" && len(d.Parties) != 2 {`, `if false {`},
	{"no agency is a party twice", validated, `if agencies[p.Agency] {`, `if false {`},
	{"no key signs for two", validated, `if keys[key] {`, `if false {`},
	{"every party has a mandate", validated, `case p.Mandate == "" || `, `case `},
	{"victim data stays excluded", validated, `!slices.Equal(d.Excluded, Excluded())`, `len(d.Excluded) == 0`},
	{"a floor has known terms", validated, `if d.Floor.Validate() != nil {`, `if false {`},
	{"a default has known terms", validated, `if d.Default.Validate() != nil {`, `if false {`},
	{"a default label has its words", validated, `append(slices.Clone(d.Floor["tlp"]), d.Default["tlp"]...)`, `slices.Clone(d.Floor["tlp"])`},
	{"no agreement comes into force by one signature", validated, `entry.Count < 2 ||`, `entry.Count < 1 ||`},
	{"no rule asks for more signatures than parties", validated, ` || entry.Count > len(d.Parties) {`, ` {`},
	{"a bilateral agreement is signed by both, by its rule", validated, `if d.Form == "bilateral" || entry`, `if entry`},
	{"a window has a length", validated, `!entry.NotBefore.Before(d.Expires.Time):`, `entry.NotBefore.After(d.Expires.Time):`},
	{"a window has an end", validated, `case d.Expires.IsZero():`, `case false:`},
	{"a lease is not negative", validated, `*d.OpenLease < 0 || `, ``},
	{"notice is bounded", validated, ` || d.Termination.NoticeDays > 730:`, `:`},
	{"a later revision says what it supersedes", validated, `, d.Revision > 1 && d.Supersedes == "":`, `:`},
}
