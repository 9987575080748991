-- +goose Up
-- Signed acts that take something away or answer for something: written before
-- they are sent, in the order in which they were signed.
CREATE TABLE acts (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  act     TEXT NOT NULL UNIQUE,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  says    TEXT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('pending', 'done', 'refused')),
  code    TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  idx     INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT;
CREATE INDEX acts_by_subject ON acts (subject, seq);

-- +goose Down
SELECT 'a desk is never migrated back';
