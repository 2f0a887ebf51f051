package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// SaveDeliveries notes how far this node has got. It may lag behind what was
// delivered: what is delivered twice is what at-least-once means.
func (s *changes) SaveDeliveries(ctx context.Context, list []memory.Delivery) error {
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
	return t.aside(ctx, `INSERT INTO webhooks (id, born, lsn, attempts, next, delivered, failed, last_at, last_error, redelivery)
		VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET born = excluded.born, lsn = excluded.lsn, attempts = excluded.attempts,
		next = excluded.next, delivered = excluded.delivered, failed = excluded.failed, last_at = excluded.last_at,
		last_error = excluded.last_error, redelivery = excluded.redelivery`,
		d.ID, int64(d.Born), int64(d.LSN), d.Attempts, int64(d.Next), d.Delivered, d.Failed, int64(d.LastAt), d.LastError, d.Redelivery)
}

// GiveUp keeps a delivery as a dead letter and moves on in the log, in one
// step. Of each subscription it keeps the newest letters, and returns how many
// older ones had to go.
func (s *changes) GiveUp(ctx context.Context, l memory.DeadLetter, d memory.Delivery, keep int) (dropped int, err error) {
	err = s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if err := t.aside(ctx, `INSERT INTO webhook_dead (subscription, lsn, event, correlation, attempts, error, first_at, last_at, queued, body)
			VALUES (?,?,?,?,?,?,?,?,0,?) ON CONFLICT (subscription, correlation) DO UPDATE SET attempts = attempts + excluded.attempts,
			error = excluded.error, last_at = excluded.last_at, queued = 0, body = excluded.body`,
			l.Subscription, int64(l.LSN), l.Event, l.CorrelationID, l.Attempts, l.Error, int64(l.FirstAt), int64(l.LastAt), l.Body); err != nil {
			return err
		}
		var n int
		if _, err := t.queryRow(ctx, `SELECT count(*) FROM webhook_dead WHERE subscription = ?`, []any{l.Subscription}, &n); err != nil {
			return err
		}
		if dropped = max(n-keep, 0); dropped > 0 {
			if err := t.aside(ctx, `DELETE FROM webhook_dead WHERE rid IN (SELECT rid FROM webhook_dead WHERE subscription = ? ORDER BY rid LIMIT ?)`,
				l.Subscription, dropped); err != nil {
				return err
			}
		}
		return t.saveDelivery(ctx, &d)
	})
	return dropped, err
}

// Delivered forgets a dead letter: it was delivered after all.
func (s *changes) Delivered(ctx context.Context, letter int64, d memory.Delivery) error {
	return s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if err := t.aside(ctx, `DELETE FROM webhook_dead WHERE rid = ?`, letter); err != nil {
			return err
		}
		return t.saveDelivery(ctx, &d)
	})
}

// Redeliver saves the new cursor of a subscription, and queues its dead letters
// if they are to be tried again.
func (s *changes) Redeliver(ctx context.Context, d memory.Delivery, letters bool) error {
	return s.do(ctx, queueLocal, 1, func(ctx context.Context, t *tx) error {
		if letters {
			if err := t.aside(ctx, `UPDATE webhook_dead SET queued = 1 WHERE subscription = ?`, d.ID); err != nil {
				return err
			}
		}
		return t.saveDelivery(ctx, &d)
	})
}

// DropDeliveries forgets all about subscriptions.
func (s *changes) DropDeliveries(ctx context.Context, ids []string) error {
	return s.do(ctx, queueLocal, len(ids), func(ctx context.Context, t *tx) error {
		for _, id := range ids {
			if err := t.aside(ctx, `DELETE FROM webhooks WHERE id = ?`, id); err != nil {
				return err
			}
			if err := t.aside(ctx, `DELETE FROM webhook_dead WHERE subscription = ?`, id); err != nil {
				return err
			}
		}
		return nil
	})
}
