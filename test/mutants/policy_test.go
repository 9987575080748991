//go:build mutants

package mutants

const (
	decide   = "policy/decide.go"
	lives    = "policy/life.go"
	releases = "policy/release.go"
	receives = "policy/receive.go"
	onward   = "policy/onward.go"
	duties   = "policy/duties.go"
	parts    = "policy/party.go"
	keeps    = "policy/retention.go"
	commits  = "policy/commitment.go"
)

var ofPolicy = []mutant{
	{"an entry of a later version stops deciding", decide, `if s.Unknown {`, `if false {`},
	{"a suspended agency is told that it is suspended", decide, `case agency.Standing == ledger.Suspended:`, `case agency.Standing == "":`},
	{"an offboarded agency gets nothing", decide, `case agency.Standing != ledger.Enrolled:`, `case agency.Standing == ledger.Suspended:`},

	{"nothing flows before all have signed", lives, "\treturn refused(AgreementNotSigned, revision.Digest)\n}\n\n// readable", "\treturn nil\n}\n\n// readable"},
	{"nothing flows before the window begins", lives, `return refused(AgreementNotYet, revision.Digest, at.Clause)`, `return nil`},
	{"nothing new while a review is overdue", lives, "case ledger.ReviewOverdue:\n\t\treturn refused(ReviewOverdue, revision.Digest, at.Clause)", "case ledger.ReviewOverdue:\n\t\treturn nil"},
	{"nothing flows while an agreement is suspended", lives, `return refused(AgreementSuspended, string(at.Since))`, `return nil`},
	{"nothing flows after the agreement expired", lives, `return refused(AgreementExpired, revision.Digest, at.Clause)`, `return nil`},
	{"nothing flows after termination", lives, `return refused(AgreementTerminated, string(at.Since))`, `return nil`},
	{"an overdue review stops no reading by itself", lives, `case no == nil || revision.Stands(now).State == ledger.ReviewOverdue:`, `case no == nil:`},
	{"reading goes on in a suspension only where agreed", lives, `return revision.Document.ReadingContinues() && released`, `return released`},
	{"reading goes on only for what came before", lives, `ReadingContinues() && released.Before(step.Effective)`, `ReadingContinues()`},
	{"a suspension lifts no overdue review", lives, "\t\treturn reviewStops(revision, now)\n\t}\n\treturn no", "\t\treturn nil\n\t}\n\treturn no"},
	{"a suspension over stops nothing", lives, `if step.Bites(now) && !goesOn(revision, step, released) {
			return refused(AgreementSuspended`, `if !goesOn(revision, step, released) {
			return refused(AgreementSuspended`},
	{"one party's suspension is of that party", lives, `which.Agency == name && step.Bites`, `(which.Agency == name || true) && step.Bites`},
	{"one party's suspension ends", lives, `which.Agency == name && step.Bites(now) && !goesOn`, `which.Agency == name && !goesOn`},
	{"a suspended part does nothing new", lives, "if step, is := revision.PartySuspended(name, now); is {", "if step, is := revision.PartySuspended(name, now); is && false {"},
	{"only who is bound receives", lives, `case !revision.Binds(name, now):`, `case false:`},
	{"a party that only gives receives nothing", lives, `case !party.MayReceiveCovers():`, `case false:`},
	{"a suspended recipient gets nothing", lives, `return standing(s, name)`, `return nil`},
	{"a newer text governs between its parties", lives, `newest.Document.Revision <= revision.Document.Revision {`, `true {`},
	{"an older text never governs a newer one", lives, `newest == nil || newest.Document.Revision <= revision.Document.Revision {`, `newest == nil {`},
	{"the text that governs must live", lives, "if no := readable(governs, release.Time, now); no != nil {", "if no := readable(governs, release.Time, now); no != nil && false {"},
	{"a text that never bound anybody opens nothing", lives, `governs != revision && revision.Complete == nil {`, `false {`},
	{"what stopped an older text still counts", lives, `no != nil && no.Reason != AgreementExpired && no.Reason != ReviewOverdue {`, `no != nil && false {`},
	{"an older text is not judged by its window", lives, `no.Reason != AgreementExpired && no.Reason != ReviewOverdue {`, `no.Reason != ReviewOverdue {`},
	{"nobody reviews an older text", lives, `no.Reason != AgreementExpired && no.Reason != ReviewOverdue {`, `no.Reason != AgreementExpired {`},
	{"a suspended part is not read", lives, `if no := partStopped(each, name, release.Time, now); no != nil {`, `if no := partStopped(each, name, release.Time, now); no != nil && false {`},
	{"a part suspended in either text is not read", lives, `for _, each := range []*ledger.Revision{revision, governs} {`, `for _, each := range []*ledger.Revision{governs} {`},
	{"the publisher's suspended part is not read", lives, `for _, name := range []act.AgencyName{publisher, reader} {`, `for _, name := range []act.AgencyName{reader} {`},
	{"a reader's suspended part reads nothing", lives, `for _, name := range []act.AgencyName{publisher, reader} {`, `for _, name := range []act.AgencyName{publisher} {`},

	{"a release names id and digest of one agreement", releases, `revision == nil || revision.Document.ID != p.Agreement.ID ||`, `revision == nil ||`},
	{"only the agreed kinds of item are released", releases, `!document.Covers(p.ItemKind)`, `!document.Covers(p.ItemKind) && false`},
	{"a retracted item is not released again", releases, `item != nil && item.Retracted != nil {`, `item != nil && false {`},
	{"the screen must have said release", releases, `p.Attestation.Verdict != "release" || p`, `p`},
	{"the screen must have seen this content", releases, ` || p.Attestation.Content != p.Content {`, ` {`},
	{"nobody approves their own draft", releases, `approval.Officer != p.Author && approval`, `approval`},
	{"an approval is of exactly this content", releases, ` && approval.Content == p.Content {`, ` {`},
	{"a release is never for more purposes than agreed", releases, `asked.Looser(floor); looser {`, `asked.Looser(floor); looser && axis != "purposes" {`},
	{"a release is never looser than the floor", releases, `floor := restriction.Meet(revision.Document.Floor, restriction.Set{string(restriction.Purposes): revision.Document.Purposes})`, `floor := restriction.Set{string(restriction.Purposes): revision.Document.Purposes}`},
	{"a GREEN label needs a community", releases, `label == "TLP:GREEN" && words.Community == "" || `, ``},
	{"an AMBER label needs clients", releases, ` || label == "TLP:AMBER" && words.Clients == "" {`, ` {`},
	{"what cannot both be meant is refused", releases, `pair := asked.Contradiction(); pair != nil {`, `pair := asked.Contradiction(); pair != nil && false {`},
	{"each recipient is asked for", releases, `if no := decideRecipient(s, r, revision, recipient, now); no != nil {`, `if no := decideRecipient(s, r, revision, recipient, now); no != nil && false {`},
	{"each recipient is one that the originator named", releases, `asked.Permit(useOf(revision, recipient, now)); !ok {`, `asked.Permit(useOf(revision, recipient, now)); !ok && false {`},
	{"a release may be for later", releases, `.Without(restriction.NotBefore)`, ``},
	{"each parent is asked for", releases, `if no := decideParent(s, r, parent, now); no != nil {`, `if no := decideParent(s, r, parent, now); no != nil && false {`},
	{"a kind is the party's", releases, `use.Kind, use.Jurisdiction = party.Kind, party.Jurisdiction`, `use.Kind, use.Jurisdiction = party.Jurisdiction, party.Kind`},

	{"only who has signed releases", parts, "\tcase !revision.Binds(name, now):\n\t\treturn notBound(revision, name)\n\tcase !party.MayRelease():", "\tcase !party.MayRelease():"},
	{"a party that only receives releases nothing", parts, `case !party.MayRelease():`, `case false:`},
	{"an office without authority releases nothing", parts, `case s.AuthorityLapsed(revision, name, now):`, `case false:`},
	{"what is new is under the newest text of both", parts, `newer != revision {`, `newer != revision && false {`},

	{"only who has a descriptor receives", receives, `if !r.Described {`, `if false {`},
	{"a retracted item is not opened", receives, `if step := retracted(release); step != nil {`, `if step := retracted(release); step != nil && false {`},
	{"what was made from a retracted item is not opened", receives, `for _, parent := range release.Parents {
		if step := retracted(parent); step != nil {`, `for _, parent := range release.Parents {
		if step := retracted(parent); step != nil && false {`},
	{"a release lives with its agreement", receives, `if no := lives(s, release, r.Agency, now); no != nil {`, `if no := lives(s, release, r.Agency, now); no != nil && false {`},
	{"nothing of a publisher who withdrew is opened", receives, ` || !revision.Binds(publisher, now) {`, ` {`},
	{"only full documents keep copies after the end", receives, `document.Schema != agreement.SchemaV2 || `, `document.Schema == agreement.SchemaV2+"x" || `},
	{"copies are kept only where agreed", receives, `document.Termination.Effect != "retain-under-terms" || `, ``},
	{"only what was opened is kept", receives, ` || release.Reader(name) == nil {`, ` {`},
	{"an end lifts no suspension of the whole", receives, `if wholeStopped(each, release.Time, now) != nil || `, `if `},
	{"an end lifts no suspension of the reader", receives, `partStopped(each, name, release.Time, now) != nil || `, ``},
	{"an end lifts no suspension of the publisher", receives, ` || partStopped(each, publisher, release.Time, now) != nil {`, ` {`},
	{"an end lifts no overdue review", receives, `if reviewStops(governs, end) != nil {`, `if reviewStops(governs, end) != nil && false {`},
	{"who acceded sees what came after", receives, `if !revision.Sees(r.Agency, release.Index) {`, `if false {`},
	{"who cannot comply gets nothing", receives, `release.CannotComply(r.Agency); said {`, `release.CannotComply(r.Agency); said && false {`},
	{"an overdue answer holds what came later", receives, `release.Time, now); no != nil {
		return no
	}
	for`, `release.Time, now); no != nil && false {
		return no
	}
	for`},
	{"what is made of an item follows its restrictions", receives, `.Looser(inherited(parent, release.Item.Publisher)); looser {`, `.Looser(inherited(parent, release.Item.Publisher)); looser && false {`},
	{"only the publisher is exempt from its own list", receives, `own := r.Agency == release.Item.Publisher`, `own := r.Agency != release.Item.Publisher`},
	{"an observer opens nothing", receives, `if r.Action == ToOpen && !own && !party.MayOpen() {`, `if false {`},
	{"an open has a purpose", receives, `if r.Purpose == "" {`, `if false {`},
	{"an open is for a purpose that is permitted", receives, `use.Purpose, use.Officer, use.Form, use.Automated = r.Purpose, `, `use.Purpose, use.Officer, use.Form, use.Automated = "", `},
	{"an open is by an officer that is permitted", receives, ` = r.Purpose, r.Officer, `, ` = r.Purpose, "", `},
	{"an open is in a form that is permitted", receives, `r.Officer, r.Form, r.Automated`, `r.Officer, "", r.Automated`},
	{"an open is by a person where asked", receives, `r.Form, r.Automated`, `r.Form, false`},
	{"opens are counted", receives, `use.Reads = reader.Count`, `use.Reads = 0`},
	{"a cover is not counted", receives, ` && (r.Part == "" || r.Part == "body") {`, ` {`},
	{"a publisher opens what it released to others", receives, `asked = restriction.ForOriginator(asked)`, `_ = restriction.ForOriginator(asked)`},
	{"a forbidden use is told from an unknown term", receives, `asked[string(axis)]}).Validate() != nil {`, `asked[string(axis)]}).Validate() == nil {`},
	{"conditions are accepted before content", receives, `if terms.Digest == "" || r.Accepted != terms.Digest {`, `if false {`},
	{"prerequisites are attested before content", receives, `term != "" && !own {`, `false {`},
	{"prerequisites are attested for the terms in force", receives, `said.Accepted != release.Terms(name).Digest || `, ``},
	{"each prerequisite is attested", receives, ` || !said.Prerequisites[term] {`, ` {`},
	{"the label decides how long a desk shows again", receives, `Lease(terms.Value(restriction.TLP))`, `Lease("")`},

	{"only who opened passes on", onward, `parent.Reader(r.Agency) == nil && parent.Item.Publisher != r.Agency {`, `false {`},
	{"nothing is made of a retracted item", onward, `if step := retracted(parent); step != nil {`, `if step := retracted(parent); step != nil && false {`},
	{"one's own item binds one in nothing", onward, `if publisher == r.Agency {`, `if false {`},
	{"who may not have it does not pass it on", onward, `now); !given.Allow {`, `now); !given.Allow && false {`},
	{"passing on needs the agreement in force", onward, `if no := inForce(governs, now); no != nil {`, `if no := inForce(governs, now); no != nil && false {`},
	{"a suspended part passes nothing on", onward, `if no := stopped(each, name, now); no != nil {`, `if no := stopped(each, name, now); no != nil && false {`},
	{"what is made is not looser than its parents", onward, `.Looser(inherited(parent, r.Agency)); looser {`, `.Looser(inherited(parent, r.Agency)); looser && false {`},
	{"nothing is passed on before the embargo is over", onward, `set && now.Before(embargo) {`, `set && false && now.Before(embargo) {`},
	{"nothing is passed on at the embargo's last moment", onward, `set && now.Before(embargo) {`, `set && !now.After(embargo) {`},
	{"a translation is not an extract", onward, `if named.Relation == "translation" {`, `if true {`},
	{"a copy is not derived", onward, `if named.Relation == "copy" {`, `if false {`},
	{"derivation waits for consent", onward, `return consented(s, r, parent, "derivation", "", now)`, `return nil`},
	{"no derivation means none", onward, `return refused(DerivationForbidden, string(parent.ID), string(restriction.Derivation))`, `return nil`},
	{"outside the scope a consent is needed", onward, `if !withinScope(s, parent, terms.Value(restriction.OnwardScope), recipient, now) {`, `if false {`},
	{"inside the scope a consent may be needed too", onward, `if terms.Value(restriction.OnwardConsent) == "never" {`, `if true {`},
	{"inside the scope no consent may be needed", onward, `if terms.Value(restriction.OnwardConsent) == "never" {`, `if false {`},
	{"anyone is anyone", onward, "case \"anyone\":\n\t\treturn true", "case \"anyone\":\n\t\treturn false"},
	{"other agencies are outside one's organisation", onward, "\treturn false\n}\n\n// consented", "\treturn true\n}\n\n// consented"},
	{"the parties are those who are bound", onward, "case \"agreement-parties\":\n\t\treturn parent.Revision.Binds(recipient, now)", "case \"agreement-parties\":\n\t\treturn true"},
	{"a community has members", onward, `slices.Contains(members, string(recipient)) ||`, `slices.Contains(members, string(recipient)) || true ||`},
	{"a consent is the asker's own", onward, `consent.By != r.Agency || `, ``},
	{"a consent is about one release", onward, `consent.Release != parent || `, ``},
	{"a consent is for one use", onward, `consent.Payload.Use != use || `, ``},
	{"a consent is for one receiver", onward, ` || consent.Payload.For != recipient:`, `:`},
	{"a consent is for one purpose", onward, `case !covers(consent, r.Payload):`, `case false:`},
	{"silence is no", onward, `case consent.Granted == nil:`, `case false:`},
	{"a consent can be taken back", onward, `consent.Withdrawn != nil || `, ``},
	{"a consent ends", onward, ` || !now.Before(consent.Payload.Until.Time):`, `:`},
	{"a consent ends at its moment", onward, `!now.Before(consent.Payload.Until.Time):`, `now.After(consent.Payload.Until.Time):`},

	{"what was done is not owed", duties, `case closed != "":`, `case closed == "-":`},
	{"a hold stops disposal", duties, `case d.disposes(kind) && d.reader.Held != nil:`, `case false:`},
	{"a hold stops nothing but disposal", duties, `case d.disposes(kind) && d.reader.Held != nil:`, `case d.reader.Held != nil:`},
	{"who is shut out is unreachable", duties, `case d.unreachable():`, `case false:`},
	{"a duty is overdue at its moment", duties, `case !d.now.Before(due):`, `case d.now.After(due):`},
	{"the originator owes itself nothing", duties, `if name != release.Item.Publisher {`, `if true {`},
	{"a restriction asks those whom it concerns", duties, `!asked.Concerns(d.release, d.name) || `, ``},
	{"a restriction asks earlier readers", duties, ` || d.reader.First.Index > asked.Index {`, ` {`},
	{"an answer comes after the question", duties, `step := d.reader.AcceptedStep; step.Index > asked.Index {`, `step := d.reader.AcceptedStep; step.Index > 0 {`},
	{"who cannot comply has answered", duties, `said && step.Index > asked.Index {`, `said && false {`},
	{"a use report is due after its days", duties, `d.reader.First.Time.Add(time.Duration(days)*24*time.Hour), closed)`, `d.reader.Last.Time.Add(time.Duration(days)*24*time.Hour), closed)`},
	{"what was opened again is held again", duties, `said.Index < d.reader.Last.Index || `, ``},
	{"what is kept is not disposed of", duties, ` || said.Statement == "retained-under-terms" {`, ` {`},
	{"copies are kept only from the end on", duties, ` && !said.Time.Before(end) {`, ` {`},
	{"disposal is owed where it is attested", duties, `if !asked || !ended {`, `if !asked && false || !ended {`},
	{"disposal is owed after the end", duties, `if !asked || !ended {`, `if !asked || !ended && false {`},
	{"disposal has its days", duties, `end.Add(within), closed)`, `end.Add(0*within), closed)`},
	{"a recall asks for destruction", duties, `if request.Recall && `, `if false && `},
	{"what was attested before a recall is no answer", duties, `d.attested(request.Index))`, `d.attested(0))`},
	{"a retraction asks for destruction", duties, `if step := d.release.Item.Retracted; step != nil {`, `if step := d.release.Item.Retracted; step != nil && false {`},
	{"overdue duties hold only where agreed", duties, `if !revision.Document.HoldsNewReleases() {`, `if false {`},
	{"a duty to another holds nothing", duties, ` || release.Item.Publisher != publisher {`, ` {`},
	{"only what is overdue holds", duties, `if duty.State == Overdue && !duty.Due.After(released) {`, `if !duty.Due.After(released) {`},
	{"what came before the day is not held", duties, `duty.State == Overdue && !duty.Due.After(released) {`, `duty.State == Overdue {`},

	{"who owes an answer is not left out", releases, "\t// A release may come before", "\tif no := overdue(s, revision, r.Agency, recipient, now, now); no != nil {\n\t\treturn no\n\t}\n\t// A release may come before"},

	{"an agreement bounds how long copies are kept", keeps, `(!asked || clause.MaxDays < days)`, `!asked`},
	{"copies are kept no longer than a release says", keeps, `(!asked || clause.MaxDays < days)`, `true`},
	{"what no release says an agreement says", keeps, `(!asked || clause.MaxDays < days)`, `(asked && clause.MaxDays < days)`},
	{"nothing is opened after its period", receives, `outlived(release, r.Agency, terms.Set, now) && (ok`, `false && (ok`},
	{"a cover is shown after the period", receives, `r.Action == ToOpen && outlived(`, `outlived(`},
	{"a period ends at its moment", keeps, `return asked && !now.Before(reader.First.Time.Add(lasts))`, `return asked && now.After(reader.First.Time.Add(lasts))`},
	{"a period begins with the first opening", keeps, `!now.Before(reader.First.Time.Add(lasts))`, `!now.Before(reader.Last.Time.Add(lasts))`},
	{"a section has a period of its own", receives, `outlived(release, r.Agency, terms.Set, now)`, `outlived(release, r.Agency, release.Terms(r.Agency).Set, now)`},
	{"an older document closes nothing after a period", keeps, ` || release.Revision.Document.Schema != agreement.SchemaV2 {`, ` {`},

	{"a party releases what it undertook to give", commits, `committed != nil && !committed.Gives(kind)`, `committed != nil && !committed.Gives(kind) && false`},
	{"a party receives what it undertook to receive", commits, `committed.Receives(kind) {`, `true || committed.Receives(kind) {`},
	{"an observer has undertaken nothing", commits, `revision.Party(name).Role == agreement.Observer || `, ``},
	{"what a recipient does not receive is not released to it", releases, `mayTake(revision, recipient, r.Payload.ItemKind); no != nil {`, `mayTake(revision, recipient, r.Payload.ItemKind); no != nil && false {`},
	{"what a reader does not receive it does not get", receives, `mayTake(revision, r.Agency, release.Item.Kind); no != nil {`, `mayTake(revision, r.Agency, release.Item.Kind); no != nil && false {`},
}
