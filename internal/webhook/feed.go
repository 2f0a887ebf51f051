package webhook

import (
	"context"
	"sort"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// feed is the newest part of the log in memory, so that many lanes that are up
// to date do not read the same entries over and over. Those that are behind read
// the log.
type feed struct {
	source Source
	store  Store

	mu     sync.Mutex
	known  bool
	base   uint64 // all events behind this local sequence number are here, up to top
	top    uint64
	events []memory.Event
	bytes  int // about, of events
}

const (
	feedBatch = 256
	feedKept  = 1024
	feedBytes = 4 << 20
	// feedJump is how far behind a feed may be before it begins anew at the end.
	feedJump = 8 * feedKept
)

// forget empties the feed: nobody reads it.
func (f *feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known, f.events, f.bytes = false, nil, 0
}

// advance reads what was applied since. One goroutine at a time calls it.
func (f *feed) advance(ctx context.Context) error {
	last := f.store.View().LSN
	f.mu.Lock()
	if !f.known || last > f.top+feedJump {
		f.known, f.base, f.top, f.events, f.bytes = true, last, last, nil, 0
	}
	top := f.top
	f.mu.Unlock()
	for top < last {
		evs, err := f.source.Events(ctx, top, feedBatch)
		if err != nil {
			return err
		}
		if len(evs) > 0 {
			top = evs[len(evs)-1].LSN
		}
		f.add(evs, top)
		if len(evs) < feedBatch {
			return nil
		}
	}
	return nil
}

func (f *feed) add(evs []memory.Event, top uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events, f.top = append(f.events, evs...), top
	for i := range evs {
		f.bytes += weight(&evs[i])
	}
	over := 0
	for ; len(f.events)-over > feedKept || f.bytes > feedBytes; over++ {
		f.bytes -= weight(&f.events[over])
		f.base = f.events[over].LSN
	}
	if over > 0 {
		f.events = append([]memory.Event(nil), f.events[over:]...)
	}
}

// weight is about how many bytes an event takes.
func weight(ev *memory.Event) int {
	m, _ := ev.Entry.Content()
	return len(m.Content) + len(m.Metadata) + 1<<10
}

// after returns the next events behind a local sequence number; none if a lane
// that has them all must wait.
func (f *feed) after(ctx context.Context, lsn uint64) ([]memory.Event, error) {
	if evs, ok := f.cached(lsn); ok {
		return evs, nil
	}
	return f.source.Events(ctx, lsn, feedBatch)
}

func (f *feed) cached(lsn uint64) ([]memory.Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.known || lsn < f.base {
		return nil, false
	}
	i := sort.Search(len(f.events), func(i int) bool { return f.events[i].LSN > lsn })
	evs := f.events[i:]
	return evs[:min(len(evs), feedBatch):min(len(evs), feedBatch)], true
}
