// Package procs has a node that does little do it on one processor. With more of them the
// runtime wakes a second thread whenever one goroutine wakes another, to see whether there
// is more to do. Where many nodes share a machine there never is, and the machine does
// little else but change threads.
package procs

import (
	"context"
	"os"
	"runtime"
	"time"
)

// Follow has the process use one processor while it does little, and all of them as soon as
// it does more, until ctx is done. What the environment says wins. It returns nil.
func Follow(ctx context.Context) error {
	if _, told := cpuTime(); !told || os.Getenv("GOMAXPROCS") != "" || runtime.NumCPU() == 1 {
		return nil
	}
	look := time.NewTicker(often)
	defer look.Stop()
	defer runtime.SetDefaultGOMAXPROCS()
	var u use
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-look.C:
			used, _ := cpuTime()
			switch u.look(now, used) {
			case one:
				runtime.GOMAXPROCS(1)
			case all:
				runtime.SetDefaultGOMAXPROCS()
			case same:
			}
		}
	}
}

const (
	often = 250 * time.Millisecond
	// little of one processor is what a node may use that needs one only, and so many looks
	// in a row it has to; of much it needs all of them at once. In between it stays as it is:
	// to change that stops all goroutines for a moment.
	little   = 0.25
	much     = 0.5
	patience = 12
)

// verdict is how many processors are to be used.
type verdict int

const (
	same verdict = iota
	one
	all
)

// use is how much time of processors a process has taken, as it was seen last.
type use struct {
	at     time.Time
	taken  time.Duration
	single bool // it uses one processor
	calm   int  // looks in a row at which little was used
}

func (u *use) look(now time.Time, taken time.Duration) verdict {
	share := float64(taken-u.taken) / float64(now.Sub(u.at))
	first := u.at.IsZero()
	u.at, u.taken = now, taken
	switch {
	case first:
	case u.single && share > much:
		u.single, u.calm = false, 0
		return all
	case u.single:
	case share >= little:
		u.calm = 0
	default:
		if u.calm++; u.calm == patience {
			u.single = true
			return one
		}
	}
	return same
}
