package audit

import (
	"sync"
	"time"
)

// Fold keeps a flood of events that are alike from filling the disk: the first of
// them is passed on at once, the others are counted, and come as one when the window
// has passed. It is safe for concurrent use.
type Fold struct {
	window time.Duration

	mu   sync.Mutex
	open map[alike]*Event
	next time.Time // nothing is due before
}

// alike are events that differ in nothing that matters.
type alike struct {
	kind       Kind
	actor, tag string
}

// maxAlike bounds what is counted at once; events beyond are counted as of anybody.
const maxAlike = 1024

// NewFold returns a fold that passes on one of events that are alike per window.
func NewFold(window time.Duration) *Fold {
	return &Fold{window: window, open: map[alike]*Event{}}
}

// Add counts e, and returns what is to be appended now: e itself, if there was none
// alike within the window, and those whose window has passed.
func (f *Fold) Add(e Event) []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.due(e.At)
	k := alike{e.Kind, e.Actor, e.Tag}
	if _, ok := f.open[k]; !ok && len(f.open) >= maxAlike {
		k.actor, e.Actor, e.Subject = "", "", ""
	}
	if counted := f.open[k]; counted != nil {
		counted.Count++
		counted.Subject, counted.Detail = e.Subject, e.Detail
		return out
	}
	if until := e.At.Add(f.window); len(f.open) == 0 || until.Before(f.next) {
		f.next = until
	}
	first := e
	first.Count = 0
	f.open[k] = &first
	return append(out, e)
}

// Due returns the events whose window has passed, each with how many it stands for.
// Call it now and then, and at the end with a time far away.
func (f *Fold) Due(now time.Time) []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.due(now)
}

func (f *Fold) due(now time.Time) []Event {
	if now.Before(f.next) {
		return nil
	}
	var out []Event
	f.next = now.Add(f.window)
	for k, e := range f.open {
		if until := e.At.Add(f.window); now.Before(until) {
			if until.Before(f.next) {
				f.next = until
			}
			continue
		}
		delete(f.open, k)
		if e.Count > 0 {
			e.At = now
			out = append(out, *e)
		}
	}
	return out
}
