-- +goose Up

-- What transactions have added to the sums since they were written to buckets: a row
-- that is filled to one page dirties that page, where the sums of a batch are on all.
CREATE TABLE sum_changes (
  slot  INTEGER PRIMARY KEY,
  round INTEGER NOT NULL, -- only those of the round in node count
  raw   BLOB    NOT NULL  -- bucket (2 bytes) and what to add to its sum (32 bytes), little-endian, repeated
);
ALTER TABLE node ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

-- +goose Down
