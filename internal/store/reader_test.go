package store

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Who looks something up may find all connections taken, by reads that go on for long. It
// waits no longer than its caller does, and else so long that it can say why.
func TestALookUpWaitsForAConnectionNoLongerThanItsCaller(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
		Readers: 1, LookUpWait: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	lookUps := map[string]func(context.Context) error{
		"of one":  func(ctx context.Context) error { _, err := s.RecordFor(ctx, "alice", "x"); return err },
		"of many": func(ctx context.Context) error { _, err := s.Many(ctx, []string{"x", "y"}); return err },
	}
	held := make(chan struct{})
	release := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- s.tables.read.each(context.WithoutCancel(t.Context()), `SELECT 1`, nil, func(rowScanner) error {
			close(held)
			<-release
			return nil
		})
	}()
	<-held
	for what, look := range lookUps {
		for why, of := range map[string]struct {
			patience time.Duration
			want     error
		}{
			"the caller goes": {time.Millisecond, context.DeadlineExceeded},
			"nobody goes":     {time.Hour, memory.ErrCrowded},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), of.patience)
			failed := make(chan error, 1)
			go func() { failed <- look(ctx) }()
			select {
			case err := <-failed:
				if !errors.Is(err, of.want) {
					t.Errorf("%s, %s: %v, want %v", what, why, err, of.want)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%s, %s: it waits on", what, why)
			}
			cancel()
		}
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for what, look := range lookUps {
		if err := look(t.Context()); err != nil && !errors.Is(err, memory.ErrNotFound) {
			t.Errorf("%s, when there is a connection: %v", what, err)
		}
	}
	// Transactions give theirs back, and reads that fail do.
	for range 3 {
		tx, err := s.tables.read.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := s.tables.read.each(t.Context(), `SELECT nothing`, nil, nil); err == nil {
			t.Error("a read of nothing")
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A read that fails has not found that there is nothing.
func TestAReadThatFailsIsNoAnswer(t *testing.T) {
	s := openSmall(t)
	s.view.Store(&memory.View{Heads: memory.Heads{s.Origin(): {Seq: 1}}}) // of nothing there is nothing to read
	all := memory.Range{Origin: s.Origin(), From: 1, To: 9}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, read := range map[string]func() error{
		"a range": func() error {
			_, _, err := s.Range(ctx, all, 9, 1<<20)
			return err
		},
		"digests":    func() error { _, err := s.Digests(ctx, all); return err },
		"an instant": func() error { _, err := s.LSNBefore(ctx, 1<<60); return err },
	} {
		if err := read(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", what, err, context.Canceled)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
