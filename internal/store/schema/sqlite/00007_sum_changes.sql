-- +goose Up

-- What transactions have added to the sums since they were written to buckets: with the
-- row of node, which each of them writes anyhow, and from there to full rows of a page
-- each. The sums of a batch are on all pages of buckets.
CREATE TABLE sum_changes (
  slot  INTEGER PRIMARY KEY,
  round INTEGER NOT NULL, -- only those of node.round count
  raw   BLOB    NOT NULL  -- bucket (2 bytes) and what to add to its sum (32 bytes), little-endian, repeated
);
ALTER TABLE node ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN changes BLOB NOT NULL DEFAULT x''; -- those that fill no slot yet

-- +goose Down
