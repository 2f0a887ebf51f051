package store

import (
	"context"
	"fmt"

	"github.com/tallystick/tallystick/internal/memory"
)

// SubscriptionMark changes whenever a subscription may have.
func (s *tables) SubscriptionMark(ctx context.Context) (string, error) {
	return s.births.subscriptions.get(func() (string, error) { return s.subscriptionMark(ctx) })
}

func (s *tables) subscriptionMark(ctx context.Context) (string, error) {
	var n, last int64
	_, err := s.read.row(ctx, `SELECT count(*), coalesce(max(CASE WHEN c_lsn > l_lsn THEN c_lsn ELSE l_lsn END), 0) FROM memories WHERE namespace = ?`,
		[]any{memory.SubscriptionNamespace}, &n, &last)
	return fmt.Sprintf("%d.%d", n, last), err
}

// Subscribers lists the live memories that are subscriptions, by id.
func (s *tables) Subscribers(ctx context.Context) ([]memory.Subscriber, error) {
	var out []memory.Subscriber
	q := `SELECT q.*, b.l_lsn FROM (` + sqlRecord + ` WHERE m.namespace = ? AND m.l_state = 1 AND m.c_lsn <> 0 AND NOT ` + sqlExpired + `) q
		JOIN memories b ON b.id = q.id ORDER BY q.id`
	err := s.read.each(ctx, q, []any{memory.SubscriptionNamespace, int64(s.now()), int64(s.now())}, func(r rowScanner) error {
		var sub memory.Subscriber
		var err error
		sub.Record, err = s.scanRecord(r, &sub.Born)
		if err == nil {
			out = append(out, sub)
		}
		return omitted(ctx, err)
	})
	return out, err
}

// Deliveries returns how far this node has got with each subscription that it
// has delivered for, by id.
func (s *tables) Deliveries(ctx context.Context) (map[string]memory.Delivery, error) {
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

// DeadLetters returns what was given up for a subscription, oldest first: all,
// or what is queued to be tried again.
func (s *tables) DeadLetters(ctx context.Context, subscription string, queued bool, limit int) ([]memory.DeadLetter, error) {
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
