-- +goose Up

-- One row: what the writer knows besides the records.
CREATE TABLE node (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  name     TEXT    NOT NULL,
  origin   INTEGER NOT NULL, -- origins.id of the current incarnation
  clock    INTEGER NOT NULL, -- highest stamp ever issued or adopted
  lsn      INTEGER NOT NULL, -- highest log.lsn ever given out
  rid      INTEGER NOT NULL, -- highest memories.rid ever given out
  indexed  INTEGER NOT NULL, -- log.lsn up to which the text index has everything
  purge    INTEGER NOT NULL  -- what erases have left to do: 0 nothing, 1 to 3 see erase.go
);

-- An origin and how far this node holds its entries without a hole.
CREATE TABLE origins (
  id   INTEGER PRIMARY KEY,
  name TEXT    NOT NULL UNIQUE,
  head INTEGER NOT NULL
);

-- The log holds each body once; state and history point into it.
CREATE TABLE log (
  lsn    INTEGER PRIMARY KEY, -- order of applying on this node
  origin INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  kind   INTEGER NOT NULL,
  state  INTEGER NOT NULL, -- 0 applied, 1 refused here, 2 applied and hollow
  seen   INTEGER NOT NULL, -- 1: another revision of the record names it as its predecessor
  record INTEGER NOT NULL, -- memories.rid that it is about, or 0
  older  INTEGER NOT NULL, -- lsn of the revision of the record that arrived before it, or 0
  digest BLOB    NOT NULL,
  raw    BLOB    NOT NULL
);
CREATE UNIQUE INDEX log_dot ON log (origin, seq);

-- A memory's two registers, content (c_) and lifecycle (l_), and what queries need.
CREATE TABLE memories (
  rid        INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  namespace  TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  tier       INTEGER NOT NULL,
  priority   INTEGER NOT NULL,
  kind       TEXT    NOT NULL,
  owner      TEXT    NOT NULL,
  target     TEXT    NOT NULL,
  private    INTEGER NOT NULL,
  created    INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  tags       TEXT    NOT NULL, -- JSON array
  source_uri TEXT    NOT NULL,
  c_lsn      INTEGER NOT NULL, -- 0: no content yet
  c_stamp    INTEGER NOT NULL,
  c_origin   INTEGER NOT NULL,
  c_seq      INTEGER NOT NULL,
  l_state    INTEGER NOT NULL,
  l_lsn      INTEGER NOT NULL,
  l_stamp    INTEGER NOT NULL,
  l_origin   INTEGER NOT NULL,
  l_seq      INTEGER NOT NULL,
  reason     TEXT    NOT NULL,
  newest     INTEGER NOT NULL, -- log.lsn of the revision that arrived last
  conflicts  INTEGER NOT NULL
);
CREATE INDEX memories_title ON memories (namespace, title);

-- Revisions that another one names as its predecessor, and that have not come yet.
CREATE TABLE foreseen (
  record INTEGER NOT NULL, -- memories.rid
  dot    TEXT    NOT NULL,
  PRIMARY KEY (record, dot)
) WITHOUT ROWID;

-- All other registers: links, standards, proposals, votes, outcomes.
CREATE TABLE registers (
  rid    INTEGER PRIMARY KEY,
  family INTEGER NOT NULL,
  a      TEXT    NOT NULL,
  b      TEXT    NOT NULL,
  c      TEXT    NOT NULL,
  kind   INTEGER NOT NULL, -- of the entry that holds it
  lsn    INTEGER NOT NULL,
  stamp  INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  seq    INTEGER NOT NULL
);
CREATE UNIQUE INDEX registers_key ON registers (family, a, b, c);
CREATE INDEX registers_b ON registers (family, b);
CREATE INDEX registers_lsn ON registers (lsn);

-- The digest of the state: 64 sums of 32 bytes in each row, little-endian.
CREATE TABLE buckets (
  part INTEGER PRIMARY KEY, -- the first of them is bucket 64 * part
  sums BLOB    NOT NULL
);

CREATE TABLE cursors (
  member TEXT    NOT NULL,
  origin TEXT    NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (member, origin)
);

CREATE TABLE parked (
  member TEXT    NOT NULL, -- who refused; this node's name for what it refused itself
  origin TEXT    NOT NULL,
  seq    INTEGER NOT NULL,
  code   TEXT    NOT NULL,
  text   TEXT    NOT NULL,
  since  INTEGER NOT NULL,
  retry  INTEGER NOT NULL,
  raw    BLOB,             -- of an entry whose dot was taken by another
  PRIMARY KEY (member, origin, seq)
);

CREATE TABLE idempotency (
  actor  TEXT    NOT NULL,
  key    TEXT    NOT NULL,
  hash   BLOB    NOT NULL,
  origin INTEGER NOT NULL,
  seq    INTEGER NOT NULL, -- of the first entry
  count  INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Derived or local: no part of the replicated state.
CREATE TABLE access (
  record INTEGER PRIMARY KEY,
  count  INTEGER NOT NULL,
  at     INTEGER NOT NULL
);
CREATE TABLE embeddings (
  record INTEGER PRIMARY KEY,
  lsn    INTEGER NOT NULL, -- of the content it belongs to
  model  TEXT    NOT NULL,
  vector BLOB    NOT NULL  -- float32, little-endian
);
CREATE VIRTUAL TABLE fts USING fts5 (
  title, content, tags,
  content = '', contentless_delete = 1,
  tokenize = 'porter unicode61 remove_diacritics 2'
);

-- +goose Down
