-- +goose Up

-- What this node owes to the endpoints of subscriptions. The log is the queue:
-- a row says how far it was worked off. No part of the replicated state.
CREATE TABLE webhooks (
  id         TEXT PRIMARY KEY, -- of the memory that is the subscription
  born       INTEGER NOT NULL, -- memories.l_lsn that the cursor belongs to
  lsn        INTEGER NOT NULL, -- log.lsn up to which nothing is owed
  attempts   INTEGER NOT NULL, -- so far, of what comes next
  next       INTEGER NOT NULL, -- when that is tried again
  delivered  INTEGER NOT NULL,
  failed     INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,
  last_error TEXT    NOT NULL,
  redelivery TEXT    NOT NULL  -- id of the last redelivery carried out
);

-- Deliveries that were given up.
CREATE TABLE webhook_dead (
  rid          INTEGER PRIMARY KEY,
  subscription TEXT    NOT NULL,
  lsn          INTEGER NOT NULL,
  event        TEXT    NOT NULL,
  correlation  TEXT    NOT NULL,
  attempts     INTEGER NOT NULL,
  error        TEXT    NOT NULL,
  first_at     INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  queued       INTEGER NOT NULL, -- 1: it is to be tried again
  body         BLOB    NOT NULL
);
CREATE UNIQUE INDEX webhook_dead_one ON webhook_dead (subscription, correlation);

-- +goose Down
