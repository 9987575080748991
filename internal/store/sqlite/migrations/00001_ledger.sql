-- +goose Up
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    idx     INTEGER PRIMARY KEY,
    bytes   BLOB NOT NULL,
    salt    BLOB NOT NULL CHECK (length(salt) = 32),
    act     TEXT UNIQUE,
    subject TEXT
) STRICT;
CREATE INDEX entries_by_subject ON entries (subject, idx) WHERE subject IS NOT NULL;

CREATE TABLE hashes (
    idx  INTEGER PRIMARY KEY,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note BLOB NOT NULL
) STRICT;

CREATE TABLE feed (
    agency TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    idx    INTEGER NOT NULL REFERENCES entries (idx),
    PRIMARY KEY (agency, seq),
    UNIQUE (agency, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
    release     TEXT NOT NULL REFERENCES entries (act),
    part        TEXT NOT NULL,
    ordinal     INTEGER NOT NULL,
    body_digest TEXT NOT NULL,
    body_size   INTEGER NOT NULL,
    locked      TEXT NOT NULL,
    PRIMARY KEY (release, part, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_by_body ON parts (body_digest);

CREATE TABLE descriptors (
    release    TEXT NOT NULL REFERENCES entries (act),
    agency     TEXT NOT NULL,
    part       TEXT NOT NULL,
    ordinal    INTEGER NOT NULL,
    descriptor TEXT NOT NULL,
    PRIMARY KEY (release, agency, part, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
    agency   TEXT NOT NULL,
    digest   TEXT NOT NULL,
    size     INTEGER NOT NULL,
    uploaded INTEGER NOT NULL,
    PRIMARY KEY (agency, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_digest ON uploads (digest);

CREATE TABLE deposits (
    agency     TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    wrapped    BLOB NOT NULL,
    PRIMARY KEY (agency, thumbprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE admissions (
    agency       TEXT PRIMARY KEY,
    legal_name   TEXT NOT NULL,
    kind         TEXT NOT NULL,
    jurisdiction TEXT NOT NULL,
    custody      TEXT NOT NULL,
    mandate      TEXT NOT NULL,
    admitted     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE codes (
    digest  TEXT PRIMARY KEY,
    agency  TEXT NOT NULL,
    expires INTEGER NOT NULL,
    used    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE codes;
DROP TABLE admissions;
DROP TABLE deposits;
DROP TABLE uploads;
DROP TABLE descriptors;
DROP TABLE parts;
DROP TABLE feed;
DROP TABLE checkpoints;
DROP TABLE hashes;
DROP TABLE entries;
DROP TABLE meta;
