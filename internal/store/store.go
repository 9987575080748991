package store

import (
	"context"
	"time"

	"github.com/concordat-hub/concordat/internal/act"
	"github.com/concordat-hub/concordat/internal/seal"
	"github.com/concordat-hub/concordat/internal/tlog"
)

// Store is the hub's database.
type Store interface {
	// Update runs f in one transaction of the only writer and commits if f
	// returns nil. f must not keep tx.
	Update(ctx context.Context, f func(tx Tx) error) error
	// View runs f on one committed moment.
	View(ctx context.Context, f func(r Reader) error) error
	Close() error
}

// Entry is one line of the ledger as it is kept: its canonical bytes and the salt
// of its leaf.
type Entry struct {
	Index uint64
	Bytes []byte
	Salt  [32]byte
}

// NewEntry is an entry with what finds it again.
type NewEntry struct {
	Entry
	Act     act.ID         // of an act; "" for a record
	Subject act.AgencyName // the agency that an agency or key act is about; or ""
}

// FeedEntry is an entry at its place in one agency's feed.
type FeedEntry struct {
	Sequence uint64 // from 1, without gaps
	Entry
}

// Checkpoint is a signed note and the size of the tree that it is of.
type Checkpoint struct {
	Size uint64
	Note []byte
}

// Part is one sealed part of a release, its header under the hub's lock.
type Part struct {
	Part       string
	Ordinal    int
	BodyDigest string // sha256:…
	BodySize   int64
	Locked     seal.LockedHeader
}

// Release is what the hub keeps beside a release act.
type Release struct {
	ID          act.ID
	Index       uint64
	Parts       []Part
	Descriptors []seal.SaltedDescriptor // of all recipients
}

// Admission is the operator's word that a slug may enrol.
type Admission struct {
	Agency       act.AgencyName
	LegalName    string
	Kind         string
	Jurisdiction string
	Custody      string // managed or external
	Mandate      string
	Admitted     time.Time
}

// Code is a one-time enrolment code, by its digest.
type Code struct {
	Agency  act.AgencyName
	Digest  string // sha256:… of the code
	Expires time.Time
	Used    bool
}

// Upload is a completely uploaded body that waits for its release, or had one.
type Upload struct {
	Agency   act.AgencyName
	Digest   string
	Size     int64
	Uploaded time.Time
}

// Reader reads one committed moment. Absent rows are ErrNotFound where one is
// asked for, and an empty list where several are.
type Reader interface {
	tlog.HashStore

	// Meta returns what SetMeta wrote under the key.
	Meta(key string) ([]byte, error)

	// Size is the number of entries.
	Size() (uint64, error)
	Entry(index uint64) (Entry, error)
	// Entries returns up to limit entries from index from, in order.
	Entries(from uint64, limit int) ([]Entry, error)
	// IndexOf returns the index of an act.
	IndexOf(id act.ID) (uint64, error)
	// LatestCheckpoint returns the one with the largest size.
	LatestCheckpoint() (Checkpoint, error)

	// Feed returns up to limit entries after the sequence number, in order.
	Feed(agency act.AgencyName, after uint64, limit int) ([]FeedEntry, error)
	// FeedHead is the largest sequence number of the agency's feed, or 0.
	FeedHead(agency act.AgencyName) (uint64, error)
	// InFeed reports whether the agency's feed has the entry.
	InFeed(agency act.AgencyName, index uint64) (bool, error)
	// NotInFeed lists, in order, the entries about any of the subjects that the
	// agency's feed lacks.
	NotInFeed(agency act.AgencyName, subjects []act.AgencyName) ([]uint64, error)

	// Part returns one part; Parts all of a release.
	Part(release act.ID, part string, ordinal int) (Part, error)
	Parts(release act.ID) ([]Part, error)
	// Descriptors returns those that name the agency, by part and ordinal.
	Descriptors(release act.ID, agency act.AgencyName) ([]seal.SaltedDescriptor, error)
	// Holders lists the agencies that a descriptor of the release names.
	Holders(release act.ID) ([]act.AgencyName, error)
	// ReleasesOfBody lists the releases in which the agency has a descriptor for
	// a part with this body.
	ReleasesOfBody(agency act.AgencyName, bodyDigest string) ([]act.ID, error)

	Upload(agency act.AgencyName, digest string) (Upload, error)
	// PendingUploads counts the agency's uploads whose body is in no release, and
	// their bytes.
	PendingUploads(agency act.AgencyName) (count int, bytes int64, err error)
	// UnusedUploads lists uploads from before the moment whose body is in no release.
	UnusedUploads(before time.Time) ([]Upload, error)
	// BodyInUse reports whether a release or an upload names the body.
	BodyInUse(digest string) (bool, error)
	// Removals lists, in order, up to limit bodies that RemoveLater named.
	Removals(limit int) ([]string, error)
	Deposit(agency act.AgencyName, thumbprint act.Thumbprint) ([]byte, error)
	// Deposits lists the thumbprints under which the agency has deposits.
	Deposits(agency act.AgencyName) ([]act.Thumbprint, error)
	Admission(agency act.AgencyName) (Admission, error)
	Code(digest string) (Code, error)
}

// Tx writes. Everything that it writes becomes visible together.
type Tx interface {
	Reader

	SetMeta(key string, value []byte) error
	// Append adds the entry that has the next index, and the hashes that its leaf
	// brings. An act that is there already is ErrConflict.
	Append(entry NewEntry, firstHash int64, hashes []tlog.Hash) error
	// AddToFeed puts the entry at the end of the agency's feed, once.
	AddToFeed(agency act.AgencyName, index uint64) error
	AddRelease(release Release) error
	// DropPart forgets a part of a release with its locked header. Who had a
	// descriptor of it still has. A part that is not there is no error.
	DropPart(release act.ID, part string, ordinal int) error
	AddCheckpoint(checkpoint Checkpoint) error

	PutUpload(upload Upload) error
	DropUpload(agency act.AgencyName, digest string) error
	// RemoveLater notes that the file of a body has still to be removed, until
	// Removed says that it is. Both may be said twice.
	RemoveLater(digest string) error
	Removed(digest string) error
	// PutDeposit keeps the first value for ever: another one is ErrConflict.
	PutDeposit(agency act.AgencyName, thumbprint act.Thumbprint, wrapped []byte) error
	PutAdmission(admission Admission) error
	PutCode(code Code) error
	// UseCode marks the code as used. A code that is used already is ErrConflict.
	UseCode(digest string) error
}
