package desk

import (
	"context"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
)

// delivered is what the hub said of one act: it has it, or it refuses it for good.
type delivered struct {
	appended Appended
	refusal  error
}

// deliver sends the acts that wait, in the order in which they were signed, up to
// the first for which there is no hub. It is the same code for the first attempt
// and for every later one. What this desk says afterwards comes after them in the
// ledger too: whoever sends something else delivers them first.
func (d *Desk) deliver(ctx context.Context) (map[int64]delivered, error) {
	told := map[int64]delivered{}
	if d.waiting() == 0 {
		return told, nil
	}
	leave, err := d.delivering.enter(ctx)
	if err != nil {
		return told, err
	}
	defer leave()
	acts, err := d.Store.SignedActs(ctx)
	if err != nil {
		return told, err
	}
	for _, a := range acts {
		if a.State != deskstore.Pending {
			continue
		}
		one, err := d.deliverOne(ctx, a)
		if err != nil {
			noteErr := d.Store.WaitAct(context.WithoutCancel(ctx), a.Act, AsError(err).Code)
			return told, errors.Join(err, noteErr, d.recall(context.WithoutCancel(ctx)))
		}
		told[a.Seq] = one
	}
	return told, d.recall(ctx)
}

// deliverOne sends one act and notes what became of it. A crash in between sends
// the same act again, which the hub knows by its id.
func (d *Desk) deliverOne(ctx context.Context, a deskstore.SignedAct) (delivered, error) {
	one, err := d.sendAct(ctx, a)
	if err == nil && reasonOf(one.refusal) == "acknowledge_by_passed" {
		if a, err = d.renewed(ctx, a); err == nil {
			one, err = d.sendAct(ctx, a)
		}
	}
	if err != nil {
		return one, err
	}
	failpoint.Hit("desk.act.answered")
	a.State, a.Index, a.Secret.Time = deskstore.Done, one.appended.Index, one.appended.Time
	if one.refusal != nil {
		refused := AsError(one.refusal)
		a.State, a.Code, a.Secret.Evidence = deskstore.Refused, refused.Reason, refused.Evidence
		d.Log.Error("the hub refuses an act", "agency", d.Agency, "act", a.Act, "kind", a.Kind, "code", a.Code)
	}
	return one, d.Store.EndAct(context.WithoutCancel(ctx), a)
}

// sendAct submits an act. An error means that it is to be sent again.
func (d *Desk) sendAct(ctx context.Context, a deskstore.SignedAct) (delivered, error) {
	appended, err := d.hub.Append(ctx, a.Secret.Act)
	var refused *HubError
	switch {
	case err == nil:
		return delivered{appended: appended}, nil
	case !errors.As(err, &refused) || errors.Is(err, ErrHubUnavailable):
		return delivered{}, err
	case refused.Status == 401:
		d.forgetBearer()
		return delivered{}, errors.Join(ErrHubUnavailable, err)
	}
	return delivered{refusal: err}, nil
}

func reasonOf(refusal error) string {
	if refusal == nil {
		return ""
	}
	return AsError(refusal).Reason
}

// renewed is a request whose day for answers came while the hub was away, with a
// new day as far off as the first one was when it was made. The hub has refused the
// old act, so that nobody has ever seen it; a recall must not fail for a day.
func (d *Desk) renewed(ctx context.Context, a deskstore.SignedAct) (deskstore.SignedAct, error) {
	signed, err := act.Parse([]byte(a.Secret.Act))
	if err != nil {
		return a, err
	}
	request, ok := signed.Payload.(*act.ItemRestrict)
	if !ok {
		return a, nil
	}
	if err := d.refresh(ctx); err != nil {
		return a, err
	}
	d.mu.RLock()
	now := d.now(d.state)
	d.mu.RUnlock()
	within := max(request.Acknowledge.Sub(request.IssuedAt.Time), time.Hour)
	request.JTI, request.IssuedAt, request.Acknowledge = act.NewJTI(), canonical.At(now), canonical.At(now.Add(within).Truncate(time.Second))
	old := a.Act
	if a.Secret.Act, err = d.signAct(ctx, request); err != nil {
		return a, err
	}
	if signed, err = act.Parse([]byte(a.Secret.Act)); err != nil {
		return a, err
	}
	a.Act = string(signed.ID)
	return a, d.Store.ReplaceAct(ctx, old, a)
}
