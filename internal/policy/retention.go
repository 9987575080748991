package policy

import (
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/agreement"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Period returns how long the agency keeps its copies of a release, from its
// first opening: the smaller of what binds it on the axis and what the agreement
// allows at most. False means that neither says anything.
func Period(release *ledger.Release, name act.AgencyName) (time.Duration, bool) {
	return period(release.Revision.Document, release.Terms(name).Set)
}

func period(document *agreement.Document, terms restriction.Set) (time.Duration, bool) {
	days, asked := terms.Count(restriction.RetentionDays)
	if clause := document.Retention; clause != nil && document.Schema == agreement.SchemaV2 && (!asked || clause.MaxDays < days) {
		days, asked = clause.MaxDays, true
	}
	return time.Duration(days) * 24 * time.Hour, asked
}

// KeptUntil returns from when the agency may not open the release any more and
// owes that its own copies are gone. False means that no period runs: it has not
// opened the release, released it itself, or nothing says how long.
func KeptUntil(release *ledger.Release, name act.AgencyName) (time.Time, bool) {
	lasts, asked := Period(release, name)
	reader := release.Reader(name)
	if !asked || reader == nil || name == release.Item.Publisher {
		return time.Time{}, false
	}
	return reader.First.Time.Add(lasts), true
}

// outlived reports whether the receiver's period is over under these terms. An
// agreement of the first schema makes it a duty only.
func outlived(release *ledger.Release, name act.AgencyName, terms restriction.Set, now time.Time) bool {
	reader := release.Reader(name)
	if reader == nil || name == release.Item.Publisher || release.Revision.Document.Schema != agreement.SchemaV2 {
		return false
	}
	lasts, asked := period(release.Revision.Document, terms)
	return asked && !now.Before(reader.First.Time.Add(lasts))
}
