package store

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// SubscriptionMark changes whenever a subscription may have.
func (s *Store) SubscriptionMark(ctx context.Context) (string, error) {
	var n, last int64
	_, err := s.read.row(ctx, `SELECT count(*), coalesce(max(max(c_lsn, l_lsn)), 0) FROM memories WHERE namespace = ?`,
		[]any{memory.SubscriptionNamespace}, &n, &last)
	return fmt.Sprintf("%d.%d", n, last), err
}

// Subscribers lists the live memories that are subscriptions, by id.
func (s *Store) Subscribers(ctx context.Context) ([]memory.Subscriber, error) {
	var out []memory.Subscriber
	q := `SELECT q.*, b.l_lsn FROM (` + sqlRecord + ` WHERE m.namespace = ? AND m.l_state = 1 AND m.c_lsn <> 0 AND NOT ` + sqlExpired + `) q
		JOIN memories b ON b.id = q.id ORDER BY q.id`
	err := s.read.each(ctx, q, []any{memory.SubscriptionNamespace, int64(s.now())}, func(r rowScanner) error {
		var sub memory.Subscriber
		var err error
		sub.Record, err = s.scanRecord(r, &sub.Born)
		out = append(out, sub)
		return err
	})
	return out, err
}

// Deliveries returns how far this node has got with each subscription that it
// has delivered for, by id.
func (s *Store) Deliveries(ctx context.Context) (map[string]memory.Delivery, error) {
	out := map[string]memory.Delivery{}
	err := s.read.each(ctx, `SELECT id, born, lsn, attempts, next, delivered, failed, last_at, last_error, redelivery FROM webhooks`, nil,
		func(r rowScanner) error {
			var d memory.Delivery
			err := r.Scan(&d.ID, &d.Born, &d.LSN, &d.Attempts, &d.Next, &d.Delivered, &d.Failed, &d.LastAt, &d.LastError, &d.Redelivery)
			out[d.ID] = d
			return err
		})
	return out, err
}

// SaveDeliveries notes how far this node has got. It may lag behind what was
// delivered: what is delivered twice is what at-least-once means.
func (s *Store) SaveDeliveries(ctx context.Context, list []memory.Delivery) error {
	return s.do(ctx, queueLocal, len(list), func(ctx context.Context, t *tx) error {
		for i := range list {
			if err := t.saveDelivery(ctx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) saveDelivery(ctx context.Context, d *memory.Delivery) error {
	return t.exec(ctx, `INSERT INTO webhooks (id, born, lsn, attempts, next, delivered, failed, last_at, last_error, redelivery)
		VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET born = excluded.born, lsn = excluded.lsn, attempts = excluded.attempts,
		next = excluded.next, delivered = excluded.delivered, failed = excluded.failed, last_at = excluded.last_at,
		last_error = excluded.last_error, redelivery = excluded.redelivery`,
		d.ID, int64(d.Born), int64(d.LSN), d.Attempts, int64(d.Next), d.Delivered, d.Failed, int64(d.LastAt), d.LastError, d.Redelivery)
}

// GiveUp keeps a delivery as a dead letter and moves on in the log, in one
// step. Of each subscription it keeps the newest letters, and returns how many
// older ones had to go.
func (s *Store) GiveUp(ctx context.Context, l memory.DeadLetter, d memory.Delivery, keep int) (dropped int, err error) {
	err = s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if err := t.exec(ctx, `INSERT INTO webhook_dead (subscription, lsn, event, correlation, attempts, error, first_at, last_at, queued, body)
			VALUES (?,?,?,?,?,?,?,?,0,?) ON CONFLICT (subscription, correlation) DO UPDATE SET attempts = attempts + excluded.attempts,
			error = excluded.error, last_at = excluded.last_at, queued = 0, body = excluded.body`,
			l.Subscription, int64(l.LSN), l.Event, l.CorrelationID, l.Attempts, l.Error, int64(l.FirstAt), int64(l.LastAt), l.Body); err != nil {
			return err
		}
		var n int
		if _, err := t.w.queryRow(ctx, `SELECT count(*) FROM webhook_dead WHERE subscription = ?`, []any{l.Subscription}, &n); err != nil {
			return err
		}
		if dropped = max(n-keep, 0); dropped > 0 {
			if err := t.exec(ctx, `DELETE FROM webhook_dead WHERE rid IN (SELECT rid FROM webhook_dead WHERE subscription = ? ORDER BY rid LIMIT ?)`,
				l.Subscription, dropped); err != nil {
				return err
			}
		}
		return t.saveDelivery(ctx, &d)
	})
	return dropped, err
}

// Delivered forgets a dead letter: it was delivered after all.
func (s *Store) Delivered(ctx context.Context, letter int64, d memory.Delivery) error {
	return s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if err := t.exec(ctx, `DELETE FROM webhook_dead WHERE rid = ?`, letter); err != nil {
			return err
		}
		return t.saveDelivery(ctx, &d)
	})
}

// Redeliver saves the new cursor of a subscription, and queues its dead letters
// if they are to be tried again.
func (s *Store) Redeliver(ctx context.Context, d memory.Delivery, letters bool) error {
	return s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if letters {
			if err := t.exec(ctx, `UPDATE webhook_dead SET queued = 1 WHERE subscription = ?`, d.ID); err != nil {
				return err
			}
		}
		return t.saveDelivery(ctx, &d)
	})
}

// DropDeliveries forgets all about subscriptions.
func (s *Store) DropDeliveries(ctx context.Context, ids []string) error {
	return s.do(ctx, queueLocal, len(ids), func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			if err := t.exec(ctx, `DELETE FROM webhooks WHERE id = ?`, id); err != nil {
				return err
			}
			if err := t.exec(ctx, `DELETE FROM webhook_dead WHERE subscription = ?`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeadLetters returns what was given up for a subscription, oldest first: all,
// or what is queued to be tried again.
func (s *Store) DeadLetters(ctx context.Context, subscription string, queued bool, limit int) ([]memory.DeadLetter, error) {
	var out []memory.DeadLetter
	err := s.read.each(ctx, `SELECT rid, subscription, lsn, event, correlation, attempts, error, first_at, last_at, queued, body FROM webhook_dead
		WHERE subscription = ? AND queued >= ? ORDER BY rid LIMIT ?`, []any{subscription, queued, limit}, func(r rowScanner) error {
		var l memory.DeadLetter
		err := r.Scan(&l.Number, &l.Subscription, &l.LSN, &l.Event, &l.CorrelationID, &l.Attempts, &l.Error, &l.FirstAt, &l.LastAt, &l.Queued, &l.Body)
		out = append(out, l)
		return err
	})
	return out, err
}

// LSNBefore returns a local sequence number up to which nothing was stamped at
// or after the instant at. It is near the highest such one where this node
// itself wrote often.
func (s *Store) LSNBefore(ctx context.Context, at memory.Instant) (uint64, error) {
	id, ok := s.originID(ctx, s.Origin())
	if !ok {
		return 0, nil
	}
	// Stamps of this node's own entries grow with the local sequence, and each is
	// higher than every stamp that was applied before it.
	var best uint64
	for low, high := uint64(0), s.View().Heads[s.Origin()].Seq; low < high; {
		mid := low + (high-low+1)/2
		var seq, lsn uint64
		var raw []byte
		found, err := s.read.row(ctx, `SELECT seq, lsn, raw FROM log WHERE origin = ? AND seq <= ? AND seq > ? AND state <> 1 ORDER BY seq DESC LIMIT 1`,
			[]any{id, int64(mid), int64(low)}, &seq, &lsn, &raw)
		if err != nil {
			return 0, err
		}
		if !found { // none in the lower half
			low = mid
			continue
		}
		e, err := s.cfg.Codec.Decode(raw)
		if err != nil {
			return 0, err
		}
		if e.Stamp.Instant() < at {
			best, low = lsn, mid
		} else {
			high = seq - 1
		}
	}
	return best, nil
}
