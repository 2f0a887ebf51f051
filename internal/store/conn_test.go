package store

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// openSmall opens a database that is full with a mebibyte.
func openSmall(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler), MaxBytes: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// On some errors SQLite rolls a transaction back by itself. What a job does then, because
// it has missed the error, would be a transaction of its own.
func TestNothingIsWrittenBehindAnErrorThatEndsTheTransaction(t *testing.T) {
	s := openSmall(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	mark := func(member string) func(context.Context, *tx) error {
		return func(ctx context.Context, t *tx) error {
			return t.aside(ctx, `INSERT INTO cursors (member, origin, seq) VALUES (?, 'x.1', 1)`, member)
		}
	}
	if err := s.do(ctx, queueMember, 1, mark("before")); err != nil {
		t.Fatal(err)
	}
	missed := false
	err := s.do(ctx, queueMember, 1, func(ctx context.Context, t *tx) error {
		if err := mark("inside")(ctx, t); err != nil {
			return err
		}
		missed = t.aside(ctx, `INSERT INTO embeddings (record, lsn, model, vector) VALUES (1, 1, 'x', zeroblob(4194304))`) != nil
		return mark("behind")(ctx, t)
	})
	if !missed {
		t.Fatal("the disk is not full")
	}
	if !errors.Is(err, memory.ErrFull) {
		t.Errorf("the job is told %v, want %v", err, memory.ErrFull)
	}
	if err := s.do(ctx, queueMember, 1, mark("afterwards")); err != nil {
		t.Errorf("a job afterwards: %v", err)
	}
	got, err := s.Cursors(t.Context(), "x.1")
	if err != nil || len(got) != 2 || got["before"] != 1 || got["afterwards"] != 1 {
		t.Errorf("written is %v (%v), want before and afterwards", got, err)
	}
	cancel()
	if err := errors.Join(<-ended, s.Close()); err != nil {
		t.Error(err)
	}
}

// A commit of nothing must not be answered as one.
func TestACommitWithoutATransactionIsAnError(t *testing.T) {
	s := openSmall(t)
	ctx := context.WithoutCancel(t.Context())
	if err := s.write.conn.commit(ctx); err == nil {
		t.Error("there was no transaction, and it was committed")
	}
	if err := s.write.begin(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.write.exec(ctx, `INSERT INTO embeddings (record, lsn, model, vector) VALUES (1, 1, 'x', zeroblob(4194304))`); !errors.Is(err, memory.ErrFull) {
		t.Fatalf("%v, want %v", err, memory.ErrFull)
	}
	if err := s.write.conn.commit(ctx); !errors.Is(err, memory.ErrFull) {
		t.Errorf("a commit of what was rolled back: %v, want %v", err, memory.ErrFull)
	}
	s.write.conn.rollback(ctx)
	if err := s.write.begin(ctx); err != nil {
		t.Error(err)
	}
	s.write.conn.rollback(ctx)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
