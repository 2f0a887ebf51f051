-- +goose Up

-- What members have signed about runs of entries of one origin: that they held them.
CREATE TABLE statements (
  rid        INTEGER PRIMARY KEY,
  origin     TEXT    NOT NULL,
  first      INTEGER NOT NULL, -- log.seq
  last       INTEGER NOT NULL,
  member     TEXT    NOT NULL,
  epoch      INTEGER NOT NULL, -- of the membership that the member went by
  at         INTEGER NOT NULL, -- as the member says
  credential INTEGER NOT NULL, -- credentials.rid
  signed     BLOB    NOT NULL, -- the bytes
  signature  BLOB    NOT NULL
);
CREATE INDEX statements_run ON statements (origin, last);

-- What ties the keys of statements to the root.
CREATE TABLE credentials (
  rid    INTEGER PRIMARY KEY,
  header TEXT    NOT NULL,
  chain  TEXT    NOT NULL
);
CREATE UNIQUE INDEX credentials_one ON credentials (header, chain);

-- Signed requests that had an effect, until their signatures are stale.
CREATE TABLE marks (
  signer  TEXT    NOT NULL, -- the fingerprint of the key
  nonce   TEXT    NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (signer, nonce)
) WITHOUT ROWID;
CREATE INDEX marks_expires ON marks (expires);

-- +goose Down
