-- +goose Up

-- Entries of the log whose bytes are not those that their digest names (there
-- log.state is 3, or 1 where it was refused before), and entries that are missing
-- although a register points to them. Whole ones are fetched from members.
CREATE TABLE damaged (
  origin INTEGER NOT NULL, -- origins.id
  seq    INTEGER NOT NULL,
  since  INTEGER NOT NULL,
  PRIMARY KEY (origin, seq)
) WITHOUT ROWID;

-- One row: when the log was last read as a whole to find damage.
CREATE TABLE scrub (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  done INTEGER NOT NULL -- or 0
);
INSERT INTO scrub (one, done) VALUES (1, 0);

-- +goose Down
