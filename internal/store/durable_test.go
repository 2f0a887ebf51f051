package store

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// A commit must reach the disk before it is answered. Killing a process cannot show
// that; losing power can.
func TestACommitIsSynced(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "secure_delete": "1"} {
		var got string
		if _, err := s.write.queryRow(context.WithoutCancel(t.Context()), "PRAGMA "+pragma, nil, &got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
