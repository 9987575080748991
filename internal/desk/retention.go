package desk

import (
	"cmp"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/message"
	"github.com/concordat-hub/concordat/internal/policy"
)

// retention says until when this agency may open a release of others, and when its
// own copies are to be gone; nil where nothing says so.
func (d *Desk) retention(lang string, release *ledger.Release, now time.Time) *deskapi.Retention {
	lasts, asked := policy.Period(release, d.Agency)
	if !asked || release.Item.Publisher == d.Agency {
		return nil
	}
	out := &deskapi.Retention{Days: int(lasts / (24 * time.Hour))}
	code, params := "desk_retention_from_opening", message.Params{"Days": out.Days, "Until": ""}
	if until, runs := policy.KeptUntil(release, d.Agency); runs {
		out.OpenUntil, params["Until"] = until.UTC(), day(until)
		code = "desk_retention_until"
		if !now.Before(until) {
			code = "desk_retention_over"
		}
	}
	out.Message = message.Render(lang, message.New(code, params))
	return out
}

// disposals tells what the hub said that it deleted of a release, the first first.
func disposals(lang string, release *ledger.Release) []deskapi.Disposal {
	var all []deskapi.Disposal
	for _, part := range []string{bodyPart, coverPart} {
		told := release.Disposed(part)
		if told == nil {
			continue
		}
		all = append(all, deskapi.Disposal{
			Release: string(release.ID), Part: part, Time: told.Time.UTC(), Entry: told.Index, Reason: told.Reason, Bodies: told.Bodies,
			Message: message.Render(lang, message.New(told.Reason, message.Params{
				"What": message.Render(lang, message.New("disposal_part_"+part, nil)), "When": instant(told.Time),
			})),
		})
	}
	slices.SortFunc(all, func(a, b deskapi.Disposal) int { return cmp.Compare(a.Entry, b.Entry) })
	return all
}

// disposed tells officers that the hub has no copy any more, and why.
func (n *noting) disposed() {
	for _, told := range disposals(n.lang, n.release) {
		n.all = append(n.all, deskapi.Note{Code: "hub_copy_deleted", Message: told.Message, Due: told.Time})
	}
}
