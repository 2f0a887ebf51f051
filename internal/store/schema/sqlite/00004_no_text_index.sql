-- +goose Up

-- Words are found in an index in memory, which follows the log.
DROP TABLE fts;
ALTER TABLE node DROP COLUMN indexed;
-- What was erased may still be in what is written aside.
UPDATE node SET purge = 1 WHERE purge <> 0;

-- +goose Down
