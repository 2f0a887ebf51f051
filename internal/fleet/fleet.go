// Package fleet runs real nodes as processes of this machine: it starts them,
// waits until they are ready, ends or kills them, and lays out federations on
// loopback. The demo, the benchmark and the tests of processes are made of it.
package fleet

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
)

// Family is all processes of one program: those that must not outlive it. The
// zero value is ready for use, by any number of goroutines.
type Family struct {
	mu   sync.Mutex
	list []*os.Process
}

// Node returns a node that is not running yet.
func (f *Family) Node(c Config) *Node {
	if c.Env == nil {
		c.Env = Environ(os.Environ())
	}
	return &Node{Config: c, family: f}
}

// Kill ends all that still run, at once and without waiting for them.
func (f *Family) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.list {
		_ = p.Kill() // does nothing for one that is gone and was waited for
	}
}

func (f *Family) add(p *os.Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, p)
}

// Environ is an environment without settings for tally: nodes take theirs from
// their command lines.
func Environ(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return strings.HasPrefix(kv, "TALLY_") })
}

// Start starts nodes, all at once, and waits until all of them are ready. After
// an error none of them runs.
func Start(ctx context.Context, nodes ...*Node) error {
	for _, n := range nodes {
		if err := n.Spawn(); err != nil {
			return errors.Join(err, Stop(nodes...))
		}
	}
	for _, n := range nodes {
		if err := n.Ready(ctx); err != nil {
			return errors.Join(err, Stop(nodes...))
		}
	}
	return nil
}

// Stop ends nodes as [Node.Stop] does, all at once.
func Stop(nodes ...*Node) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = n.Stop() })
	}
	all.Wait()
	return errors.Join(errs...)
}
