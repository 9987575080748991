package desk

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/policy"
	"github.com/concordat-hub/concordat/internal/seal"
)

// sendTime bounds one attempt, so that one release that hangs does not hold up
// the others for long.
const sendTime = 2 * time.Minute

// sendOutbox sends what waits, in the order in which it was made, for as long as
// the desk lives. It is the same code as the first attempt.
func (d *Desk) sendOutbox(ctx context.Context) {
	for ctx.Err() == nil {
		wait := time.Minute
		if left := d.sendPending(ctx); left > 0 {
			wait = 2 * time.Second
		}
		select {
		case <-ctx.Done():
		case <-d.outbox:
			// The request that failed a moment ago asked for this; what it lacked is
			// hardly back yet.
			pause(ctx, 500*time.Millisecond)
		case <-time.After(wait):
		}
	}
}

// sendPending tries what waits and returns how many still do.
func (d *Desk) sendPending(ctx context.Context) int {
	if err := d.sendActs(ctx); err != nil {
		d.Log.Warn("acts wait", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
	}
	pending, err := d.Store.Outgoings(ctx, deskstore.Pending)
	if err != nil {
		d.Log.Error("the outbox cannot be read", "agency", d.Agency, "cause", err)
		return 1
	}
	left := len(pending)
	for _, o := range pending {
		bounded, cancel := context.WithTimeout(ctx, sendTime)
		_, err := d.send(bounded, o.ID)
		cancel()
		if err == nil {
			left--
			continue
		}
		d.Log.Warn("a release waits", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
		if AsError(err).Retryable() {
			break // the others lack the same, and their order matters
		}
	}
	left += d.waiting()
	d.health.waits(left)
	return left
}

// sendActs delivers the acts that wait, and lets go of those that the ledger has.
func (d *Desk) sendActs(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	_, err := d.deliver(bounded)
	return errors.Join(err, d.recall(ctx))
}

// send takes one release as far as it gets: sign, upload, release. Every step is
// repeatable, and a crash after any of them repeats it with the same bytes.
func (d *Desk) send(ctx context.Context, id string) (deskstore.Outgoing, error) {
	leave, err := d.sending.enter(ctx)
	if err != nil {
		return deskstore.Outgoing{}, err
	}
	defer leave()
	o, err := d.Store.OutgoingByID(ctx, id)
	if err != nil || o.State != deskstore.Pending {
		return o, err
	}
	err = d.advance(ctx, &o)
	var refused *HubError
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &refused) && refused.Status == 401:
		d.forgetBearer()
		err = errors.Join(ErrHubUnavailable, err)
	case errors.As(err, &refused) && !errors.Is(err, ErrHubUnavailable):
		o.State, o.Code = deskstore.Refused, firstOf(refused.Reason, refused.Code)
		return o, d.Store.EndOutgoing(ctx, o)
	}
	if noteErr := d.Store.WaitOutgoing(context.WithoutCancel(ctx), o.ID, AsError(err).Code); noteErr != nil {
		err = errors.Join(err, noteErr)
	}
	return o, err
}

func (d *Desk) advance(ctx context.Context, o *deskstore.Outgoing) error {
	if _, err := d.deliver(ctx); err != nil {
		return err // what takes something away comes first
	}
	index, done, err := d.stillRight(ctx, o)
	if err != nil || o.State == deskstore.Refused {
		return err
	}
	if !done {
		if err := d.signOutgoing(ctx, o); err != nil {
			return err
		}
		failpoint.Hit("desk.release.signed")
		request, err := d.upload(ctx, o)
		if err != nil {
			return err
		}
		failpoint.Hit("desk.release.uploaded")
		appended, err := d.hub.Release(ctx, request)
		if err != nil {
			return err
		}
		failpoint.Hit("desk.release.appended")
		index = appended.Index
	}
	o.State, o.Code, o.Index = deskstore.Done, "", index
	return d.Store.EndOutgoing(ctx, *o)
}

// reasonKeyEnded: an agency has replaced the identity that the release was sealed
// to while it waited. Releasing again seals to the new one.
const reasonKeyEnded = "desk_recipient_key_ended"

// stillRight looks at the newest ledger: the act may stand there already, its
// answer lost, or what allowed it may have ended while it waited.
func (d *Desk) stillRight(ctx context.Context, o *deskstore.Outgoing) (index uint64, done bool, err error) {
	if err := d.catchUp(ctx); err != nil {
		return 0, false, err
	}
	payload, err := payloadOf(o.Secret.SigningInput)
	if err != nil {
		return 0, false, err
	}
	var sealed []seal.SaltedDescriptor
	if err := json.Unmarshal(o.Secret.Descriptors, &sealed); err != nil {
		return 0, false, err
	}
	var decision policy.Decision
	err = d.view(func(s *ledger.State, now time.Time) error {
		if index, done = s.Seen(act.ID(o.Secret.ActID)); done {
			return nil
		}
		decision = policy.Decide(s, policy.Request{
			Action: policy.ToRelease, Agency: d.Agency, Payload: payload, Recipients: agencies(o.Secret.Recipients),
		}, now)
		for _, one := range sealed {
			name, thumbprint := act.AgencyName(one.Descriptor.Agency), act.Thumbprint(one.Descriptor.Sealing)
			if decision.Allow && !inForceKey(s, name, act.Sealing, thumbprint) {
				decision = policy.Decision{Reason: reasonKeyEnded}
			}
		}
		return nil
	})
	if err != nil || done || decision.Allow {
		return index, done, err
	}
	o.State, o.Code = deskstore.Refused, decision.Reason
	return 0, false, d.Store.EndOutgoing(ctx, *o)
}

func agencies(slugs []string) []act.AgencyName {
	out := make([]act.AgencyName, 0, len(slugs))
	for _, slug := range slugs {
		out = append(out, act.AgencyName(slug))
	}
	return out
}

// signOutgoing has the fixed bytes signed by the key that they name.
func (d *Desk) signOutgoing(ctx context.Context, o *deskstore.Outgoing) error {
	if o.Secret.Act != "" {
		return nil
	}
	id, err := keyOf(o.Secret.SigningInput)
	if err != nil {
		return err
	}
	signer, err := d.Keys.Signer(ctx, id.Thumbprint)
	if err != nil {
		return err
	}
	signature, err := signer.Sign(nil, o.Secret.SigningInput, noHash)
	if err != nil {
		return err
	}
	o.Secret.Act = act.Assemble(o.Secret.SigningInput, signature)
	return d.Store.SignedOutgoing(ctx, *o)
}

// upload sends the bodies and returns the release request.
func (d *Desk) upload(ctx context.Context, o *deskstore.Outgoing) (ReleaseRequest, error) {
	request := ReleaseRequest{Act: o.Secret.Act}
	if err := json.Unmarshal(o.Secret.Parts, &request.Parts); err != nil {
		return request, err
	}
	var descriptors []seal.SaltedDescriptor
	if err := json.Unmarshal(o.Secret.Descriptors, &descriptors); err != nil {
		return request, err
	}
	request.Descriptors = descriptors
	for _, part := range request.Parts {
		body, err := d.Store.Body(ctx, o.ID, part.BodyDigest)
		if err != nil {
			return request, err
		}
		if err := d.hub.Upload(ctx, body); err != nil {
			return request, err
		}
	}
	return request, nil
}
