package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// ChangedRows is Changed from the database.
func (s *Store) ChangedRows(ctx context.Context, after uint64, limit int) ([]memory.Record, uint64, error) {
	return s.changedRows(ctx, after, limit)
}

// SubscriptionMarkOfRows is SubscriptionMark from the database.
func (s *Store) SubscriptionMarkOfRows(ctx context.Context) (string, error) {
	return s.subscriptionMark(ctx)
}

// InMemory reports whether Changed asks the database nothing.
func (s *Store) InMemory(after uint64) bool {
	_, _, is := s.births.changed(after, 1)
	return is
}
