package desk

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/desk/deskapi"
	"github.com/concordat-hub/concordat/internal/desk/deskstore"
)

const (
	nonceLife   = 10 * time.Minute
	sessionLife = 8 * time.Hour
	maxNonces   = 10_000 // outstanding logins; more is a flood
)

// nonces are the logins under way. They live in memory: anybody may ask for one,
// and nobody should be able to fill a disk by asking.
type nonces struct {
	mu      sync.Mutex
	expires map[string]time.Time
}

func (n *nonces) issue(now time.Time) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.expires == nil {
		n.expires = map[string]time.Time{}
	}
	if len(n.expires) >= maxNonces {
		for nonce, expires := range n.expires {
			if !now.Before(expires) {
				delete(n.expires, nonce)
			}
		}
		if len(n.expires) >= maxNonces {
			return "", refuse(CodeTooMany)
		}
	}
	nonce := rand.Text()
	n.expires[nonce] = now.Add(nonceLife)
	return nonce, nil
}

// take uses a nonce up, and reports whether it was good.
func (n *nonces) take(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	expires, issued := n.expires[nonce]
	delete(n.expires, nonce)
	return issued && now.Before(expires)
}

// BeginLogin says where an officer logs in, and gives a nonce for it.
func (d *Desk) BeginLogin() (deskapi.Login, error) {
	if err := d.begun(); err != nil {
		return deskapi.Login{}, err
	}
	nonce, err := d.nonces.issue(d.Now())
	if err != nil {
		return deskapi.Login{}, err
	}
	login := d.Login
	login.Agency, login.Nonce = string(d.Agency), nonce
	return login, nil
}

// StartSession takes an id_token that the provider issued for a nonce of this
// desk, once, and gives a session of its own: an id_token opens nothing else.
func (d *Desk) StartSession(ctx context.Context, request deskapi.SessionRequest) (deskapi.Session, error) {
	if err := d.begun(); err != nil {
		return deskapi.Session{}, err
	}
	if !d.nonces.take(request.Nonce, d.Now()) {
		return deskapi.Session{}, refuse(CodeLoginRefused)
	}
	claims, err := d.Provider.Verify(ctx, request.IDToken, request.Nonce)
	if err != nil {
		return deskapi.Session{}, err
	}
	officer := d.pseudonym(claims.Issuer, claims.Subject)
	roles := names(d.Roles.Of(claims.Groups))
	if err := d.Store.NoteOfficer(ctx, officer, claims.Label); err != nil {
		return deskapi.Session{}, err
	}
	given, err := d.Store.Roles(ctx, officer)
	if err != nil {
		return deskapi.Session{}, err
	}
	token := rand.Text() + rand.Text()
	expires := d.Now().Add(sessionLife).UTC().Truncate(time.Second)
	err = d.Store.AddSession(ctx, deskstore.Session{
		Hash: tokenHash(token), Officer: officer, Expires: expires.Unix(),
		Secret: deskstore.SessionSecret{Issuer: claims.Issuer, Subject: claims.Subject, Label: claims.Label, Roles: roles},
	})
	if err != nil {
		return deskapi.Session{}, err
	}
	return deskapi.Session{Token: token, Expires: expires, Officer: officer, Roles: names(merge(roles, given))}, nil
}

// pseudonym is how an officer is known outside: stable per issuer and subject,
// so that two accounts of one subject are one person, and meaningless without
// the desk's secret.
func (d *Desk) pseudonym(issuer, subject string) string {
	d.mu.RLock()
	mac := hmac.New(sha256.New, d.secret)
	d.mu.RUnlock()
	mac.Write([]byte("concordat-officer/v1"))
	for _, part := range []string{issuer, subject} {
		_ = binary.Write(mac, binary.BigEndian, uint32(len(part))) // a hash never fails to take bytes
		mac.Write([]byte(part))
	}
	return act.OfficerName([16]byte(mac.Sum(nil)[:16]))
}

func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte("concordat-session/v1" + token))
	return sum[:]
}

func merge(lists ...[]string) []Role {
	var out []Role
	for _, role := range Roles() {
		if slices.ContainsFunc(lists, func(list []string) bool { return slices.Contains(list, string(role)) }) {
			out = append(out, role)
		}
	}
	return out
}

// Session returns the officer behind a session token. Roles given at the desk are
// read anew each time: taking one away works at once.
func (d *Desk) Session(ctx context.Context, token string) (*Officer, error) {
	if err := d.begun(); err != nil {
		return nil, err
	}
	if token == "" || len(token) > 256 {
		return nil, refuse(CodeLoginRequired)
	}
	session, err := d.Store.Session(ctx, tokenHash(token))
	if errors.Is(err, deskstore.ErrNotFound) || errors.Is(err, deskstore.ErrDamaged) {
		return nil, refuse(CodeLoginRequired)
	}
	if err != nil {
		return nil, err
	}
	given, err := d.Store.Roles(ctx, session.Officer)
	if err != nil {
		return nil, err
	}
	return &Officer{
		Name: session.Officer, Roles: merge(session.Secret.Roles, given), hash: session.Hash,
		expires: time.Unix(session.Expires, 0).UTC(),
	}, nil
}

// EndSession revokes the officer's present session.
func (d *Desk) EndSession(ctx context.Context, o *Officer) error {
	return d.Store.EndSession(ctx, o.hash)
}

// Me says who the officer is to this desk.
func (d *Desk) Me(o *Officer) deskapi.Me {
	return deskapi.Me{
		Agency: string(d.Agency), Officer: o.Name, Roles: names(o.Roles), Rights: names(o.Rights()), Expires: o.expires,
	}
}

// Officers lists who has logged in here, with the roles given at the desk.
func (d *Desk) Officers(ctx context.Context, o *Officer) ([]deskapi.OfficerRoles, error) {
	if err := o.need(ManageOfficers); err != nil {
		return nil, err
	}
	stored, err := d.Store.Officers(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]deskapi.OfficerRoles, 0, len(stored))
	for _, s := range stored {
		out = append(out, deskapi.OfficerRoles{Officer: s.Officer, Label: s.Label, Roles: append([]string{}, s.Roles...)})
	}
	return out, nil
}

// SetRoles gives an officer roles at the desk. Nobody gives any to themselves.
func (d *Desk) SetRoles(ctx context.Context, o *Officer, officer string, roles []string) (deskapi.OfficerRoles, error) {
	if err := o.need(ManageOfficers); err != nil {
		return deskapi.OfficerRoles{}, err
	}
	if officer == o.Name {
		return deskapi.OfficerRoles{}, refuse(CodeOwnRoles)
	}
	for _, role := range roles {
		if !Registered(Role(role)) {
			return deskapi.OfficerRoles{}, malformed("a role is not registered")
		}
	}
	if err := d.Store.SetRoles(ctx, officer, roles); err != nil {
		return deskapi.OfficerRoles{}, err
	}
	return deskapi.OfficerRoles{Officer: officer, Roles: names(merge(roles))}, nil
}

// EndSessions revokes every session of an officer.
func (d *Desk) EndSessions(ctx context.Context, o *Officer, officer string) error {
	if err := o.need(ManageOfficers); err != nil {
		return err
	}
	return d.Store.EndSessions(ctx, officer)
}
