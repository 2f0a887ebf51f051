-- +goose Up

-- The digest of an origin's entries up to its head: which they are, not only how many.
ALTER TABLE origins ADD COLUMN chain BLOB NOT NULL DEFAULT x'';

-- A second entry under a dot is no longer kept: disputes are settled with the log of
-- the member that has it.
DELETE FROM parked WHERE raw IS NOT NULL;
ALTER TABLE parked DROP COLUMN raw;

-- +goose Down
