package desk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
)

// waits says of each kind of act whether it waits at the desk while the hub is
// away. What takes something away, and what answers for something, is signed once
// and delivered as soon as the hub is back: nobody is to come back for it. What
// gives something fails at once: what spoke for it may have changed by then.
var waits = map[act.Kind]bool{
	act.ItemRestrictKind: true, act.ItemRetractKind: true, act.ItemCannotComplyKind: true, act.ItemAcknowledgeKind: true,
	act.ItemReportUseKind: true, act.ItemAttestKind: true, act.HoldPlaceKind: true, act.HoldLiftKind: true,
	act.NoticeDisclosureKind: true, act.NoticeBreachKind: true, act.ConsentRefuseKind: true, act.ConsentWithdrawKind: true,
	act.AgreementDeclineKind: true, act.AgreementRetractKind: true, act.AgreementSuspendKind: true, act.AgreementSuspendPartyKind: true,
	act.AgreementWithdrawKind: true, act.AgreementTerminateKind: true, act.KeyRetireKind: true, act.KeyRevokeKind: true,

	act.AgreementProposeKind: false, act.AgreementSignKind: false, act.AgreementResumeKind: false, act.AgreementResumePartyKind: false,
	act.AgreementInviteKind: false, act.AgreementAccedeKind: false, act.AgreementCountersignKind: false, act.AgreementReviewKind: false,
	act.ConsentRequestKind: false, act.ConsentGrantKind: false, act.KeyAddKind: false,
}

const (
	// refreshTime bounds the look at the newest ledger before something is said that
	// may wait: an officer who takes something back does not wait for a silent hub.
	refreshTime = 5 * time.Second
	// deliverTime bounds the first attempt to deliver it.
	deliverTime = 10 * time.Second
)

// refresh reads the feed to its end. With the hub away it goes on with what the
// desk knows.
func (d *Desk) refresh(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	err := d.catchUp(bounded)
	if err != nil && ctx.Err() == nil && AsError(err).Code == CodeHubUnavailable {
		return nil
	}
	return err
}

// signFor signs a payload with desk-sign. What an officer typed that no act can
// carry is the request's fault.
func (d *Desk) signFor(ctx context.Context, payload func(act.Common) act.Payload) (string, act.Kind, error) {
	hub, err := d.hubID(ctx)
	if err != nil {
		return "", "", err
	}
	said := payload(act.Common{Issuer: d.Agency, Audience: hub, JTI: act.NewJTI(), IssuedAt: canonical.At(d.Now())})
	jws, err := d.signAct(ctx, said)
	var malformed *act.Error
	if errors.As(err, &malformed) {
		return "", "", refuseFor(CodeMalformed, err)
	}
	return jws, said.Kind(), err
}

// commit stores signed acts and delivers them. Once they are stored they are sent
// until the hub has them or refuses them for good, whatever becomes of this desk;
// stored runs then, before anything is sent. With the hub away the answer says
// that they wait.
func (d *Desk) commit(ctx context.Context, stored func(context.Context) error, acts ...string) ([]deskapi.Appended, error) {
	rows := make([]deskstore.SignedAct, 0, len(acts))
	for _, jws := range acts {
		row, err := d.signedAct(jws)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	rows, err := d.Store.AddActs(ctx, rows...)
	if err != nil {
		return nil, err
	}
	defer poke(d.outbox) // whatever happens here, the outbox goes on with it
	if err := d.recall(ctx); err != nil {
		return nil, err
	}
	failpoint.Hit("desk.act.stored")
	if stored != nil {
		if err := stored(ctx); err != nil {
			return nil, err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, deliverTime)
	told, err := d.deliver(bounded)
	cancel()
	if err != nil {
		d.Log.Warn("an act waits", "agency", d.Agency, "code", AsError(err).Code, "cause", err)
	}
	return d.outcomes(ctx, rows, told)
}

// outcomes says what became of each act. A refusal is told here, and so kept no
// longer.
func (d *Desk) outcomes(ctx context.Context, rows []deskstore.SignedAct, told map[int64]delivered) ([]deskapi.Appended, error) {
	var out []deskapi.Appended
	var refused error
	for _, row := range rows {
		one, err := d.outcomeOf(ctx, row, told[row.Seq])
		if err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		out = append(out, one)
	}
	return out, refused
}

func (d *Desk) outcomeOf(ctx context.Context, row deskstore.SignedAct, told delivered) (deskapi.Appended, error) {
	now, err := d.stored(ctx, row)
	if err != nil {
		return deskapi.Appended{}, err
	}
	switch now.State {
	case deskstore.Refused:
		if err := errors.Join(d.Store.ForgetAct(ctx, now.Act), d.recall(ctx)); err != nil {
			return deskapi.Appended{}, err
		}
		if told.refusal != nil {
			return deskapi.Appended{}, told.refusal
		}
		return deskapi.Appended{}, &Error{Code: CodeActRefused, Reason: now.Code, Evidence: now.Secret.Evidence}
	case deskstore.Pending:
		return deskapi.Appended{Act: now.Act, State: now.State}, nil
	}
	if err := d.await(ctx, act.ID(now.Act)); err != nil {
		d.Log.Warn("an act was appended and has not come back yet", "agency", d.Agency, "cause", err)
	}
	return deskapi.Appended{Act: now.Act, Index: now.Index, Time: now.Secret.Time}, nil
}

// stored is the row as it is now: its act may have been replaced, see renewed, and
// one that the ledger has is no longer kept.
func (d *Desk) stored(ctx context.Context, row deskstore.SignedAct) (deskstore.SignedAct, error) {
	all, err := d.Store.SignedActs(ctx)
	if err != nil {
		return row, err
	}
	if at := slices.IndexFunc(all, func(a deskstore.SignedAct) bool { return a.Seq == row.Seq }); at >= 0 {
		return all[at], nil
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	row.State, row.Secret.Time = deskstore.Done, d.state.Time
	row.Index, _ = d.state.Seen(act.ID(row.Act))
	return row, nil
}

// signedAct is an act as it is stored. Digests keep out of the clear columns of the
// store whom it is about.
func (d *Desk) signedAct(jws string) (deskstore.SignedAct, error) {
	signed, err := act.Parse([]byte(jws))
	if err != nil {
		return deskstore.SignedAct{}, err
	}
	says, err := whatItSays(signed.Payload)
	return deskstore.SignedAct{
		Act: string(signed.ID), Kind: string(signed.Kind), Subject: canonical.Digest([]byte(subjectOf(signed))), Says: says, Created: d.Now().Unix(),
		Secret: deskstore.SignedActSecret{Act: jws},
	}, err
}

// subjectOf names what an act is about, so that saying the same of it twice in a
// row while the hub is away is saying it once. What an officer signed in person is
// one act each time.
func subjectOf(signed *act.Act) string {
	switch p := signed.Payload.(type) {
	case *act.ItemRestrict:
		return strings.Join([]string{string(signed.Kind), p.Item, string(p.Release), string(addressee(p.For).first())}, " ")
	case *act.ItemRetract:
		return string(signed.Kind) + " " + p.Item
	case *act.HoldPlace:
		return "hold " + string(p.Release)
	case *act.HoldLift:
		return "hold " + string(p.Release)
	}
	if answer, is := act.AnswerOf(signed.Payload); is {
		return "consent " + string(answer.Request)
	}
	if signed.KeyID.Purpose == act.DeskSign {
		return string(signed.Kind) + " " + string(aboutRelease(signed.Payload))
	}
	return string(signed.ID)
}

// whatItSays is a digest of a payload without what differs each time that it is
// said.
func whatItSays(p act.Payload) (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	said := map[string]any{}
	if err := json.Unmarshal(raw, &said); err != nil {
		return "", err
	}
	for _, member := range []string{"jti", "iat", "officer", "acknowledgeBy"} {
		delete(said, member)
	}
	if raw, err = json.Marshal(said); err != nil {
		return "", err
	}
	return canonical.Digest([]byte(string(p.Kind()) + "\n" + string(raw))), nil
}

// aboutRelease returns the release that a waiting act is about, or "".
func aboutRelease(p act.Payload) act.ID {
	if breach, is := p.(*act.NoticeBreach); is {
		return breach.Release
	}
	return act.ReleaseOf(p)
}

// promised is a stored act as the desk looks at it while it decides.
type promised struct {
	deskstore.SignedAct
	payload act.Payload
}

// recall reads the stored acts again, and lets go of those that the ledger tells
// of itself.
func (d *Desk) recall(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows, err := d.Store.SignedActs(ctx)
	if err != nil {
		return err
	}
	var all []promised
	for _, row := range rows {
		if _, seen := d.state.Seen(act.ID(row.Act)); seen && row.State == deskstore.Done {
			if err := d.Store.ForgetAct(ctx, row.Act); err != nil {
				return err
			}
			continue
		}
		signed, err := act.Parse([]byte(row.Secret.Act))
		if err != nil {
			return err
		}
		all = append(all, promised{row, signed.Payload})
	}
	d.promised = all
	return nil
}

// waiting counts the acts that the hub does not have yet.
func (d *Desk) waiting() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n := 0
	for _, p := range d.promised {
		if p.State == deskstore.Pending {
			n++
		}
	}
	return n
}

// sealedHere returns the act with which this agency has said that it cannot comply,
// if the ledger does not have it yet: here it counts from the moment of signing,
// and also if the hub will not have it, until an officer has noted that. d.mu must
// be held.
func (d *Desk) sealedHere(s *ledger.State, it *ledger.Item) (act.ID, bool) {
	for _, p := range d.promised {
		said, ok := p.payload.(*act.ItemCannotComply)
		if !ok {
			continue
		}
		release := s.Release(said.Release)
		if _, seen := s.Seen(act.ID(p.Act)); !seen && release != nil && release.Item == it {
			return act.ID(p.Act), true
		}
	}
	return "", false
}

// holdWaits reports whether a legal hold on a release is signed and on its way. d.mu
// must be held.
func (d *Desk) holdWaits(id act.ID) bool {
	held := false
	for _, p := range d.promised {
		if p.State != deskstore.Pending || aboutRelease(p.payload) != id {
			continue
		}
		switch p.payload.(type) {
		case *act.HoldPlace:
			held = true
		case *act.HoldLift:
			held = false
		}
	}
	return held
}
