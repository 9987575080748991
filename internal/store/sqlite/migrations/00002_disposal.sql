-- +goose Up
-- Sealed bodies that nothing names any more, until their files are gone.
CREATE TABLE removals (
    digest TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE removals;
