package ledger

import (
	"crypto/ed25519"
	"errors"
	"math"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/restriction"
)

// Genesis is what a ledger begins from: it is not in any entry, and each party
// finds it in the document that it signed.
type Genesis struct {
	Hub       string // the hub's id, which is the log's origin
	LogKey    string // the log's verifier key
	Registrar act.JWK
}

// State is the ledger folded up to Next. It is not safe for concurrent use:
// whoever owns it serialises Apply against reading.
type State struct {
	Genesis Genesis
	Partial bool      // holds only what concerns one agency
	Next    uint64    // index of the next entry
	Time    time.Time // of the last entry

	// Unknown is set by an entry of a later version: nothing is decided any more.
	Unknown bool

	registrarKey ed25519.PublicKey
	agencies     map[act.AgencyName]*Agency
	owners       map[act.Thumbprint]act.AgencyName
	agreements   map[string]*Agreement
	revisions    map[string]*Revision
	items        map[string]*Item
	releases     map[act.ID]*Release
	consents     map[act.ID]*Consent
	acts         map[act.ID]uint64
	jtis         map[string]act.ID
}

// Agency is what the ledger says of one agency.
type Agency struct {
	Name         act.AgencyName
	LegalName    string
	Kind         string
	Jurisdiction string
	Custody      string
	Enrolled     uint64
	Standing     Standing
	Keys         []Key
	Left         *uint64 // the entry that offboarded it
	Last         act.ID  // the last act about its standing or keys: the next one's prev
	chain        map[act.ID]bool
}

// Standing says whether an agency takes part.
type Standing string

// The standings of an agency.
const (
	Enrolled   Standing = "enrolled"
	Suspended  Standing = "suspended"
	Offboarded Standing = "offboarded"
)

// Key is one public key of an agency with its history. Indexes are of entries;
// nil means that it has not happened.
type Key struct {
	Purpose    act.Purpose
	Thumbprint act.Thumbprint
	Public     ed25519.PublicKey // of signing keys
	Recipient  string            // of sealing identities
	Added      uint64
	Retired    *uint64
	Revoked    *uint64
}

// Current reports whether the key may sign or be sealed to.
func (k *Key) Current() bool { return k.Retired == nil && k.Revoked == nil }

// Agreement is all revisions under one id, oldest first.
type Agreement struct {
	ID        string
	Revisions []*Revision
	Breaches  []Breach

	opened map[act.AgencyName][]*Release      // what each agency has opened under any revision
	given  map[act.AgencyName]map[string]bool // items that each agency has released under any revision and not taken back
}

// Step is an act of a life at its place in the ledger. Effective is from when it
// bites; Until, if it is set, from when it bites no more.
type Step struct {
	Act       act.ID
	Index     uint64
	Time      time.Time
	Effective time.Time
	Until     time.Time
}

// Bites reports whether the step has its effect at now.
func (s Step) Bites(now time.Time) bool {
	return !now.Before(s.Effective) && (s.Until.IsZero() || now.Before(s.Until))
}

// Item is what is exchanged, by its identity; versions and releases hang on it.
type Item struct {
	ID        string
	Kind      string
	Publisher act.AgencyName
	Version   int // the newest
	Releases  []*Release
	Retracted *Step
	Restricts []Restrict

	cannot map[act.AgencyName]Step // who cannot comply with its terms
}

// Release is one item version under one agreement revision.
type Release struct {
	ID       act.ID
	Index    uint64
	Time     time.Time
	Item     *Item
	Version  int
	Revision *Revision
	Payload  *act.ItemRelease
	// Effective is what the receivers are bound to: the floor of the agreement met
	// with its purposes and with what the originator asked for this release.
	Effective       restriction.Set
	EffectiveDigest string
	Parents         []*Release // those that this state holds of what it was made from

	delivered map[act.AgencyName]bool
	readers   map[act.AgencyName]*Reader
	asks      map[act.AgencyName]Terms // terms of those whom a later restriction concerns
	disposed  map[string]*Disposal     // parts of which the hub deleted its copy: cover, body
	Notices   []Notice
}

// New returns the state before the first entry.
func New(genesis Genesis) (*State, error) {
	key, err := genesis.Registrar.PublicKey()
	if err != nil {
		return nil, err
	}
	return &State{
		Genesis: genesis, registrarKey: key,
		agencies: map[act.AgencyName]*Agency{}, owners: map[act.Thumbprint]act.AgencyName{},
		agreements: map[string]*Agreement{}, revisions: map[string]*Revision{},
		items: map[string]*Item{}, releases: map[act.ID]*Release{}, consents: map[act.ID]*Consent{},
		acts: map[act.ID]uint64{}, jtis: map[string]act.ID{},
	}, nil
}

var errNoKey = errors.New("no such key in force")

// ResolveKey implements act.KeyResolver: the key must be current, and its agency
// must not have left. A suspended agency's key still resolves, because it must be
// able to withdraw or revoke; what it may do is decided elsewhere.
func (s *State) ResolveKey(id act.KeyID) (ed25519.PublicKey, error) {
	return keysAt{s, math.MaxUint64}.ResolveKey(id)
}

// keysAt resolves the keys that were in force for the entry at an index. A
// partial state may be told of an early entry late, when its key has ended.
type keysAt struct {
	*State
	index uint64
}

func (k keysAt) ResolveKey(id act.KeyID) (ed25519.PublicKey, error) {
	if id.Agency == act.Registrar {
		if id.Purpose == act.RegistrarSign && id.Thumbprint == act.ThumbprintOf(k.registrarKey) {
			return k.registrarKey, nil
		}
		return nil, errNoKey
	}
	agency := k.agencies[id.Agency]
	if agency == nil || before(agency.Left, k.index) {
		return nil, errNoKey
	}
	key := agency.key(id.Thumbprint)
	if key == nil || key.Purpose != id.Purpose || key.Added >= k.index || before(key.Retired, k.index) || before(key.Revoked, k.index) {
		return nil, errNoKey
	}
	return key.Public, nil
}

func before(happened *uint64, index uint64) bool { return happened != nil && *happened < index }

func (a *Agency) key(thumbprint act.Thumbprint) *Key {
	for i := range a.Keys {
		if a.Keys[i].Thumbprint == thumbprint {
			return &a.Keys[i]
		}
	}
	return nil
}

// CurrentKeys returns the keys of a purpose that may be used, newest first.
func (a *Agency) CurrentKeys(purpose act.Purpose) []Key {
	var keys []Key
	for i := len(a.Keys) - 1; i >= 0; i-- {
		if a.Keys[i].Purpose == purpose && a.Keys[i].Current() {
			keys = append(keys, a.Keys[i])
		}
	}
	return keys
}

// Agency returns the agency, or nil.
func (s *State) Agency(name act.AgencyName) *Agency { return s.agencies[name] }

// Agreement returns all revisions under the id, or nil.
func (s *State) Agreement(id string) *Agreement { return s.agreements[id] }

// Revision returns the revision with this digest, or nil.
func (s *State) Revision(digest string) *Revision { return s.revisions[digest] }

// Item returns the item, or nil.
func (s *State) Item(id string) *Item { return s.items[id] }

// Consent returns what became of a consent request, or nil.
func (s *State) Consent(request act.ID) *Consent { return s.consents[request] }

// Consents calls f for each consent request, in no particular order.
func (s *State) Consents(f func(*Consent)) {
	for _, consent := range s.consents {
		f(consent)
	}
}

// Release returns the release, or nil.
func (s *State) Release(id act.ID) *Release { return s.releases[id] }

// Seen returns the index at which an act was appended.
func (s *State) Seen(id act.ID) (uint64, bool) {
	index, ok := s.acts[id]
	return index, ok
}

// Agencies calls f for each agency, in no particular order.
func (s *State) Agencies(f func(*Agency)) {
	for _, agency := range s.agencies {
		f(agency)
	}
}

// Revisions calls f for each revision, in no particular order.
func (s *State) Revisions(f func(*Revision)) {
	for _, revision := range s.revisions {
		f(revision)
	}
}

// Items calls f for each item, in no particular order.
func (s *State) Items(f func(*Item)) {
	for _, item := range s.items {
		f(item)
	}
}
