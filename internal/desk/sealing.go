package desk

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/canonical"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
	"github.com/concordat-hub/concordat/internal/failpoint"
	"github.com/concordat-hub/concordat/internal/ledger"
	"github.com/concordat-hub/concordat/internal/screen"
	"github.com/concordat-hub/concordat/internal/seal"
)

const secretName = "desk-secret"

// findSecret unwraps the desk's secret, which keys pseudonyms and the guard's
// marks. Like sealing identities it is deposited at the hub, wrapped, before it
// is used: a desk that lost its disk must know its officers by the same names,
// or an author could approve as somebody else.
func (d *Desk) findSecret(ctx context.Context) error {
	wrapped, err := d.Store.Meta(ctx, secretName)
	if errors.Is(err, deskstore.ErrNotFound) {
		wrapped, err = d.recoverOrMakeSecret(ctx)
	}
	if err != nil {
		return err
	}
	secret, err := d.Keys.Unwrap(ctx, string(wrapped), d.aad(secretName, ""))
	if err != nil {
		return err
	}
	guardKey, err := hkdf.Key(sha256.New, secret, nil, "concordat-guard/v1", screen.MinKey)
	if err != nil {
		return err
	}
	guard, err := screen.New(guardKey)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secret, d.guard = secret, guard
	return nil
}

// depositName is where the secret lies among the deposited identities, which are
// named by thumbprints: it has the same form and the thumbprint of no identity.
func (d *Desk) depositName() string {
	sum := sha256.Sum256(d.aad(secretName, "deposit"))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (d *Desk) recoverOrMakeSecret(ctx context.Context) ([]byte, error) {
	wrapped, err := d.hub.Deposit(ctx, d.depositName())
	var refused *HubError
	if errors.As(err, &refused) && refused.Status == 404 {
		secret := make([]byte, 32)
		_, _ = rand.Read(secret) // never fails
		if wrapped, err = d.Keys.Wrap(ctx, secret, d.aad(secretName, "")); err == nil {
			err = d.hub.PutDeposit(ctx, d.depositName(), wrapped)
			failpoint.Hit("desk.secret.deposited")
		}
	}
	if err != nil {
		return nil, err
	}
	return []byte(wrapped), d.Store.AddMeta(ctx, secretName, []byte(wrapped))
}

// findIdentities unwraps the identities on disk and brings back those that the
// ledger names and the disk has lost.
func (d *Desk) findIdentities(ctx context.Context) error {
	stored, err := d.Store.Identities(ctx)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, id := range stored {
		have[id.Thumbprint] = true
		if err := d.unwrapIdentity(ctx, id); err != nil {
			return err
		}
	}
	for _, key := range d.ownSealingKeys() {
		if have[string(key.Thumbprint)] {
			continue
		}
		wrapped, err := d.hub.Deposit(ctx, string(key.Thumbprint))
		var refused *HubError
		if errors.As(err, &refused) && refused.Status == 404 {
			// What was sealed to it cannot be opened any more; what comes can.
			d.Log.Error("a sealing identity is lost: neither here nor deposited", "agency", d.Agency, "thumbprint", key.Thumbprint)
			continue
		}
		if err != nil {
			return err
		}
		id := deskstore.Identity{Thumbprint: string(key.Thumbprint), Recipient: key.Recipient, Wrapped: wrapped, Deposited: true, Created: d.Now().Unix()}
		if err := d.unwrapIdentity(ctx, id); err != nil {
			return err
		}
		if err := d.Store.AddIdentity(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) ownSealingKeys() []ledger.Key {
	d.mu.RLock()
	defer d.mu.RUnlock()
	agency := d.state.Agency(d.Agency)
	if agency == nil {
		return nil
	}
	var keys []ledger.Key
	for _, key := range agency.Keys {
		if key.Purpose == act.Sealing {
			keys = append(keys, key)
		}
	}
	return keys
}

// unwrapIdentity puts an identity into the keyring, having checked that it is the
// one of its thumbprint.
func (d *Desk) unwrapIdentity(ctx context.Context, id deskstore.Identity) error {
	secret, err := d.Keys.Unwrap(ctx, id.Wrapped, d.aad("sealing-identity", id.Thumbprint))
	if err != nil {
		return err
	}
	defer clear(secret)
	identity, err := seal.ParseIdentity(string(secret))
	if err != nil || identity.Thumbprint() != id.Thumbprint {
		return refuseFor(CodeVaultUnavailable, errors.New("a wrapped identity is not the one of its thumbprint"))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[id.Thumbprint] = identity
	return nil
}

// ensureSealing publishes a sealing identity if the ledger holds no current one
// or the newest is due. The order is wrap, store, deposit, publish: nobody seals
// to an identity that could be lost.
func (d *Desk) ensureSealing(ctx context.Context) error {
	due, err := d.sealingDue(ctx)
	if err != nil || !due {
		return err
	}
	id, err := d.unpublishedIdentity(ctx)
	if err != nil {
		return err
	}
	failpoint.Hit("desk.sealing.stored")
	if !id.Deposited {
		if err := d.hub.PutDeposit(ctx, id.Thumbprint, id.Wrapped); err != nil {
			return err
		}
		if err := d.Store.Deposited(ctx, id.Thumbprint); err != nil {
			return err
		}
	}
	failpoint.Hit("desk.sealing.deposited")
	older := d.currentSealing()
	if err := d.publish(ctx, func(c act.Common, prev act.ID) act.Payload {
		return &act.KeyAdd{Common: c, Purpose: act.Sealing, Recipient: id.Recipient, Prev: prev}
	}); err != nil {
		return err
	}
	failpoint.Hit("desk.sealing.published")
	// Others seal to the newest key; the older ones only open from now on.
	for _, key := range older {
		if err := d.publish(ctx, func(c act.Common, prev act.ID) act.Payload {
			return &act.KeyRetire{KeyEnd: act.KeyEnd{Common: c, Purpose: act.Sealing, Thumbprint: key.Thumbprint, Prev: prev}}
		}); err != nil {
			return err
		}
	}
	return nil
}

// publish appends one of the agency's own key acts and waits until it is folded.
func (d *Desk) publish(ctx context.Context, payload func(act.Common, act.ID) act.Payload) error {
	d.mu.RLock()
	hub, prev := d.state.Genesis.Hub, d.state.Agency(d.Agency).Last
	d.mu.RUnlock()
	common := act.Common{Issuer: d.Agency, Audience: hub, JTI: act.NewJTI(), IssuedAt: canonical.At(d.Now())}
	jws, err := d.signAct(ctx, payload(common, prev))
	if err != nil {
		return err
	}
	appended, err := d.hub.Append(ctx, jws)
	var refused *HubError
	if errors.As(err, &refused) && (refused.Code == "key_taken" || refused.Code == "key_ended") {
		return d.catchUp(ctx) // published before a crash; the feed says so
	}
	if err != nil {
		return err
	}
	return d.await(ctx, appended.Act)
}

func (d *Desk) currentSealing() []ledger.Key {
	d.mu.RLock()
	defer d.mu.RUnlock()
	agency := d.state.Agency(d.Agency)
	if agency == nil {
		return nil
	}
	return agency.CurrentKeys(act.Sealing)
}

// sealingDue reports whether a new identity is needed: none in force, the newest
// lost, or older than the rotation asks for.
func (d *Desk) sealingDue(ctx context.Context) (bool, error) {
	current := d.currentSealing()
	if len(current) == 0 {
		return true, nil
	}
	d.mu.RLock()
	_, held := d.keys[string(current[0].Thumbprint)]
	d.mu.RUnlock()
	if !held {
		return true, nil
	}
	stored, err := d.Store.Identities(ctx)
	if err != nil {
		return false, err
	}
	for _, id := range stored {
		if id.Thumbprint == string(current[0].Thumbprint) {
			return d.Now().Sub(time.Unix(id.Created, 0)) >= d.Rotation, nil
		}
	}
	return false, nil
}

// unpublishedIdentity returns an identity that was made and not yet published, as
// a crash leaves behind, or makes one.
func (d *Desk) unpublishedIdentity(ctx context.Context) (deskstore.Identity, error) {
	published := map[string]bool{}
	for _, key := range d.ownSealingKeys() {
		published[string(key.Thumbprint)] = true
	}
	stored, err := d.Store.Identities(ctx)
	if err != nil {
		return deskstore.Identity{}, err
	}
	for _, id := range stored {
		if !published[id.Thumbprint] {
			return id, nil
		}
	}
	identity, err := seal.NewIdentity()
	if err != nil {
		return deskstore.Identity{}, err
	}
	id := deskstore.Identity{Thumbprint: identity.Thumbprint(), Recipient: identity.Recipient(), Created: d.Now().Unix()}
	if id.Wrapped, err = d.Keys.Wrap(ctx, []byte(identity.Secret()), d.aad("sealing-identity", id.Thumbprint)); err != nil {
		return deskstore.Identity{}, err
	}
	if err := d.Store.AddIdentity(ctx, id); err != nil {
		return deskstore.Identity{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[id.Thumbprint] = identity
	return id, nil
}
