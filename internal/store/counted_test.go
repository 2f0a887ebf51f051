package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Whoever asks between the opening of a store and its Run waits for the census like
// everybody later: to go through all rows for one answer may take a minute.
func TestNothingIsCountedBeforeTheCensusIsBegun(t *testing.T) {
	s := openSmall(t)
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Counted(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("before Run: %v", err)
	}
	if _, err := s.Counts(soon, memory.Filter{All: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("counted before Run: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	if err := s.Counted(t.Context()); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	if _, err := s.Counts(t.Context(), memory.Filter{All: true}); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	stop()
	if err := errors.Join(<-ended, s.Close()); err != nil {
		t.Error(err)
	}
}
