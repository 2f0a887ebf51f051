package replicate_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/replicate/fakenet"
)

// load is what writers at one node cost.
type load struct {
	writes, pushes int
	slowest, sum   time.Duration
}

func (l *load) ratio() float64         { return float64(l.pushes) / float64(l.writes) }
func (l *load) latency() time.Duration { return l.sum / time.Duration(l.writes) }

// slowed gives every link a delay of its own.
func (f *federation) slowed(least, spread time.Duration) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, a := range f.names {
		for _, b := range f.names {
			if a != b {
				f.net.Set(a, b, fakenet.Link{Delay: least + time.Duration(rng.Int64N(int64(spread)))})
			}
		}
	}
}

// load has writers at node a write one after the other, each after a moment of its own.
func (f *federation) load(writers, each, w int, think time.Duration) *load {
	f.t.Helper()
	var (
		mu  sync.Mutex
		out load
		all sync.WaitGroup
	)
	before := f.pushed()
	for i := range writers {
		rng := rand.New(rand.NewPCG(3, uint64(i)))
		all.Go(func() {
			for k := range each {
				f.pass(time.Duration(rng.Int64N(int64(think))))
				begun := time.Now()
				if _, err := f.write(fmt.Sprintf("%d of %d", k, i), w); err != nil {
					f.t.Error(err)
				}
				mu.Lock()
				out.writes++
				out.sum += time.Since(begun)
				out.slowest = max(out.slowest, time.Since(begun))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	f.pass(2 * time.Second) // what waits has gone out
	out.pushes = f.pushed() - before
	return &out
}

func (f *federation) pushed() (n int) {
	for _, to := range f.names[1:] {
		n += f.net.Pushes("a", to)
	}
	return n
}

// Among many members an entry costs as many pushes as there are members, whether it goes
// alone or with others. So those of writers that write at the same time go together.
func TestWritersAmongManyMembersSharePushes(t *testing.T) {
	for _, latency := range []time.Duration{2 * time.Millisecond, 20 * time.Millisecond, 200 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			inFederation(t, 25, nil, func(f *federation) {
				f.slowed(latency/2, latency/2)
				alone := f.load(1, 20, 13, latency/4)
				if alone.ratio() > 24 {
					t.Errorf("one writer: %.1f pushes for a write", alone.ratio())
				}
				three := f.load(3, 40, 13, latency/4)
				if three.ratio() > 11 {
					t.Errorf("three writers: %.1f pushes for a write, want less than half of 24", three.ratio())
				}
				if three.latency() > 3*alone.latency()/2 {
					t.Errorf("a write took %s, alone %s", three.latency(), alone.latency())
				}
				t.Logf("three writers: %.1f pushes for a write, which took %s; one: %.1f and %s", three.ratio(), three.latency(), alone.ratio(), alone.latency())
				f.settle(time.Second)
			})
		})
	}
}

// A writer alone is sent for at once, and answered when the quickest members have it.
func TestALoneWriterAmongManyMembersWaitsForNobody(t *testing.T) {
	inFederation(t, 25, nil, func(f *federation) {
		f.slowed(10*time.Millisecond, 1)
		l := f.load(1, 50, 13, time.Second)
		if l.slowest > 20*time.Millisecond {
			t.Errorf("a write took %s, and two ways 20 ms", l.slowest)
		}
	})
}

// Among few members nothing waits for company but that of the batch before.
func TestAmongFewMembersEveryLaneIsSentToAtOnce(t *testing.T) {
	inFederation(t, 5, nil, func(f *federation) {
		f.slowed(10*time.Millisecond, 1)
		for i := range 20 {
			if _, err := f.write(fmt.Sprintf("number %d", i), 2); err != nil {
				t.Fatal(err)
			}
			f.pass(time.Millisecond) // those that were not needed have answered as well
			for _, to := range f.names[1:] {
				if n := f.net.Pushes("a", to); n != i+1 {
					t.Fatalf("%d pushes to %s after %d writes", n, to, i+1)
				}
			}
		}
	})
}

// Members that fail, or say nothing, cost a writer no more than among few.
func TestMembersThatFailDoNotHurtTheQuorumOfMany(t *testing.T) {
	faults := map[string]fakenet.Link{
		"silent":  {Drop: func() bool { return true }},
		"refused": {Cut: true},
	}
	for name, link := range faults {
		t.Run(name, func(t *testing.T) {
			inFederation(t, 25, nil, func(f *federation) {
				f.slowed(10*time.Millisecond, 1)
				f.load(1, 5, 13, time.Millisecond)
				for _, to := range f.names[1:8] {
					f.net.Set("a", to, link)
				}
				l := f.load(1, 5, 13, time.Millisecond)
				if l.slowest > 20*time.Millisecond {
					t.Errorf("a write took %s", l.slowest)
				}
			})
		})
	}
}

// Who asks for all members is answered as soon as the slowest one has it.
func TestAWriterAmongManyMembersThatAsksForAllWaitsForNoCompany(t *testing.T) {
	inFederation(t, 25, nil, func(f *federation) {
		f.slowed(10*time.Millisecond, 1)
		f.load(1, 5, 13, time.Millisecond)
		if l := f.load(1, 5, 25, time.Second); l.slowest > 20*time.Millisecond {
			t.Errorf("a write took %s, and two ways 20 ms", l.slowest)
		}
	})
}
