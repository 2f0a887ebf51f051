package feed

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tallystick/tallystick/internal/memory"
)

func TestFollowersThatWakeTogetherReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shared
		reads := 0
		release := make(chan struct{})
		read := func(ctx context.Context, after uint64, _ int) ([]memory.Event, error) {
			reads++
			<-release
			return []memory.Event{{LSN: after + uint64(reads)}}, ctx.Err()
		}
		wake := func(n int, want uint64) {
			var all sync.WaitGroup
			for range n {
				all.Go(func() {
					if evs, err := s.read(t.Context(), 7, 256, read); err != nil || len(evs) != 1 || evs[0].LSN != want {
						t.Errorf("%+v, %v, want %d", evs, err, want)
					}
				})
			}
			synctest.Wait()
			release <- struct{}{}
			all.Wait()
		}
		wake(50, 8)
		s.committed()
		wake(50, 9) // what was read before is not shared any more
		if reads != 2 {
			t.Errorf("the log was read %d times, want 2", reads)
		}
	})
}

// Whoever is behind, or finds that the reader went away, reads for himself.
func TestOthersReadForThemselves(t *testing.T) {
	var s shared
	gone := errors.New("gone")
	if _, err := s.read(t.Context(), 7, 256, func(context.Context, uint64, int) ([]memory.Event, error) { return nil, gone }); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	for _, after := range []uint64{7, 3} {
		evs, err := s.read(t.Context(), after, 256, func(_ context.Context, after uint64, _ int) ([]memory.Event, error) {
			return []memory.Event{{LSN: after + 1}}, nil
		})
		if err != nil || len(evs) != 1 || evs[0].LSN != after+1 {
			t.Errorf("%+v, %v", evs, err)
		}
	}
}
