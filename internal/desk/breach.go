package desk

import (
	"context"
	"slices"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// GiveBreachNotice tells the parties of an agreement of a breach under it. The desk
// signs: a notice must not wait for a signatory. It is taken at any time, also
// after the agreement's end.
func (d *Desk) GiveBreachNotice(ctx context.Context, o *Officer, id string, r deskapi.BreachRequest) (deskapi.Appended, error) {
	if err := o.need(GiveNotice); err != nil {
		return deskapi.Appended{}, err
	}
	if !slices.Contains(act.BreachClasses(), r.Class) {
		return deskapi.Appended{}, refuse(CodeBreachClass)
	}
	err := d.view(func(s *ledger.State, now time.Time) error {
		revision := s.Revision(r.Digest)
		if revision == nil || revision.Document.ID != id || revision.Party(d.Agency) == nil {
			return notFound
		}
		if r.Discovered.IsZero() || r.Discovered.After(now) {
			return malformed("a breach is discovered before its notice")
		}
		if release := s.Release(act.ID(r.Release)); r.Release != "" && (release == nil || release.Revision != revision) {
			return notFound
		}
		return nil
	})
	if err != nil {
		return deskapi.Appended{}, err
	}
	return d.say(ctx, func(c act.Common) act.Payload {
		return &act.NoticeBreach{
			Common: c, Agreement: act.AgreementRef{ID: id, Digest: r.Digest}, Release: act.ID(r.Release), Class: r.Class,
			Discovered: canonical.At(r.Discovered), Officer: o.Name,
		}
	})
}
