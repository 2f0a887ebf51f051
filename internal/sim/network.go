package sim

import (
	"errors"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

type link struct{ from, to memory.Node }

// network is how messages fare at present.
type network struct {
	cut       map[link]bool
	strangers map[link]bool // calls that are answered with "I do not know you"
	loss      float64       // of a message
	repeat    float64       // of a request
	refuse    float64       // "busy, come back later"
	slow      time.Duration // longest delay of a message
}

var (
	errTimeout  = errors.New("no answer")
	errDown     = errors.New("connection refused")
	errBusy     = errors.New("busy")
	errStranger = errors.New("who are you")
)

const callTimeout = 5 * time.Second

func (w *world) delay() time.Duration {
	return w.between(200*time.Microsecond, 2*time.Millisecond+w.net.slow)
}

// call sends a request from one node to another. serve runs at the other end,
// any number of times, and may answer later; done runs at this end, once, unless
// the caller has died by then.
func call[R any](from *node, to memory.Node, serve func(at *node, answer func(R)), done func(R, *memory.Fault)) {
	w, life, l := from.w, from.life, link{from.name, to}
	over := false
	finish := func(r R, f *memory.Fault) {
		if !over && from.up && from.life == life {
			over = true
			done(r, f)
		}
	}
	fail := func(f memory.Fault) {
		var none R
		w.after(w.delay(), func() { finish(none, &f) })
	}
	w.after(callTimeout, func() {
		var none R
		finish(none, &memory.Fault{Err: errTimeout})
	})
	copies := 1
	if w.chance(w.net.repeat) {
		copies = 2
	}
	for range copies {
		if w.chance(w.net.loss) {
			continue
		}
		w.after(w.delay(), func() {
			other := w.find(to)
			switch {
			case w.net.cut[l] || !other.up:
				fail(memory.Fault{Err: errDown})
			case w.net.strangers[l] || !other.admits(from.name):
				fail(memory.Fault{Class: memory.FaultIdentity, Err: errStranger})
			case w.chance(w.net.refuse):
				fail(memory.Fault{Err: errBusy, RetryAfter: 2 * time.Second})
			default:
				serve(other, func(r R) {
					if w.chance(w.net.loss) || w.net.cut[l] {
						return
					}
					w.after(w.delay(), func() { finish(r, nil) })
				})
			}
		})
	}
}
