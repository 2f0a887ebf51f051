package bench

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// Options of a run. The zero value of each field takes its default.
type Options struct {
	Binary   string        // the tally program; "": this one
	Control  string        // the program to measure against, as bench/control; "": nothing is
	Against  []string      // what else to measure in g, running already: NAME=URL[,URL…]
	Profile  string        // directory for profiles of our nodes; "": none are made
	Dir      string        // for data directories, on the disk to be measured; "": the system's place for temporary files
	Only     []string      // measures, by the letters of [Measures]; empty: all
	Rounds   int           // of each measure and arm; 5
	Duration time.Duration // of each round; 10 s
	Soak     time.Duration // how long measure e watches the memory; 2 min, negative: not at all
	Memories int           // in measures f, i and j; 100,000
	Nodes    []int         // in measure d, of one federation after the other; 10, 25 and 50
	Seed     uint64        // of the texts; 1
	Family   *fleet.Family // that the nodes join; nil: one of its own
	JSON     bool          // write JSON, not a table
	Progress io.Writer     // one line for each step; nil: none
}

// Measures lists what can be measured, as letter and title, in order.
func Measures() [][2]string {
	var out [][2]string
	for _, m := range measures() {
		out = append(out, [2]string{m.letter, m.title})
	}
	return out
}

func (o *Options) defaults() error {
	for i, s := range o.Only {
		o.Only[i] = strings.ToLower(strings.TrimSpace(s))
		known := slices.ContainsFunc(measures(), func(m measure) bool { return m.letter == o.Only[i] })
		if !known {
			return fmt.Errorf("measure %q: want letters from a to %s", s, measures()[len(measures())-1].letter)
		}
	}
	if o.Rounds < 0 || o.Duration < 0 || o.Memories < 0 || slices.ContainsFunc(o.Nodes, func(n int) bool { return n < 1 }) {
		return errors.New("rounds, duration and memories must not be negative, and there is one node at least")
	}
	preset(&o.Rounds, 5)
	preset(&o.Duration, 10*time.Second)
	preset(&o.Soak, 2*time.Minute)
	preset(&o.Memories, 100_000)
	if len(o.Nodes) == 0 {
		o.Nodes = []int{10, 25, 50}
	}
	preset(&o.Seed, 1)
	if o.Family == nil {
		o.Family = &fleet.Family{}
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return nil
}

func preset[T comparable](field *T, to T) {
	var zero T
	if *field == zero {
		*field = to
	}
}
