package store

import (
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Who fetches a dump slowly keeps no member from comparing.
func TestComparisonsDoNotWaitForDumps(t *testing.T) {
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	fetched := make(chan struct{})
	begun, ended := make(chan struct{}), make(chan error)
	for range bulkReaders + 1 {
		go func() {
			ended <- s.Dump(t.Context(), 0, func(memory.Inventory) error {
				begun <- struct{}{}
				<-fetched
				return nil
			}, func([]memory.Shipment) error { return nil })
		}()
	}
	for range bulkReaders {
		<-begun
	}
	if _, _, err := s.BucketSums(t.Context()); err != nil {
		t.Error(err)
	}
	if _, _, err := s.BucketRegisters(t.Context(), []uint16{0}); err != nil {
		t.Error(err)
	}
	close(fetched)
	<-begun // the one that waited
	for range bulkReaders + 1 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
