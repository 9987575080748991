-- +goose Up
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

-- The ledger entries that concern this agency, in the order of its feed.
CREATE TABLE entries (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,
  idx    INTEGER NOT NULL UNIQUE,
  sealed BLOB NOT NULL
) STRICT;

-- Sealing identities, wrapped by the agency's key in Vault.
CREATE TABLE identities (
  thumbprint TEXT PRIMARY KEY,
  recipient  TEXT NOT NULL,
  wrapped    TEXT NOT NULL,
  deposited  INTEGER NOT NULL,
  created    INTEGER NOT NULL
) STRICT;

CREATE TABLE officers (
  officer TEXT PRIMARY KEY,
  sealed  BLOB NOT NULL,
  roles   TEXT NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  hash    BLOB PRIMARY KEY,
  officer TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_officer ON sessions (officer);

CREATE TABLE drafts (
  id      TEXT PRIMARY KEY,
  item    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

CREATE TABLE draft_versions (
  draft   TEXT NOT NULL REFERENCES drafts (id),
  version INTEGER NOT NULL,
  author  TEXT NOT NULL,
  content TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (draft, version)
) STRICT;

CREATE TABLE approvals (
  draft   TEXT NOT NULL,
  version INTEGER NOT NULL,
  officer TEXT NOT NULL,
  content TEXT NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (draft, version, officer)
) STRICT;

-- What this agency releases: written before anything is sent, so that a crash at
-- any moment resumes the same act.
CREATE TABLE outbox (
  id          TEXT PRIMARY KEY,
  natural_key TEXT NOT NULL UNIQUE,
  draft       TEXT NOT NULL,
  item        TEXT NOT NULL,
  version     INTEGER NOT NULL,
  content     TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused')),
  code        TEXT NOT NULL,
  sealed      BLOB NOT NULL,
  idx         INTEGER NOT NULL,
  created     INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_item ON outbox (item, version);
CREATE INDEX outbox_by_state ON outbox (state);

-- Sealed bodies of pending releases: ciphertext for the recipients.
CREATE TABLE outbox_bodies (
  outbox TEXT NOT NULL,
  digest TEXT NOT NULL,
  body   BLOB NOT NULL,
  PRIMARY KEY (outbox, digest)
) STRICT;

CREATE TABLE idempotency (
  scope  TEXT NOT NULL,
  name   TEXT NOT NULL,
  target TEXT NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (scope, name)
) STRICT;

-- Covers of releases that were delivered or refused.
CREATE TABLE covers (
  release TEXT PRIMARY KEY,
  state   TEXT NOT NULL CHECK (state IN ('available', 'denied', 'damaged')),
  reason  TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  checked INTEGER NOT NULL
) STRICT;

-- Every open that an officer made; the content only while it may be shown again.
CREATE TABLE opens (
  act     TEXT PRIMARY KEY,
  release TEXT NOT NULL,
  officer TEXT NOT NULL,
  purpose TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT;
CREATE INDEX opens_by_release ON opens (release, created);

CREATE TABLE kept (
  release TEXT NOT NULL,
  officer TEXT NOT NULL,
  purpose TEXT NOT NULL,
  until   INTEGER NOT NULL,
  sealed  BLOB NOT NULL,
  PRIMARY KEY (release, officer, purpose)
) STRICT;

-- +goose Down
SELECT 'a desk is never migrated back';
