// Command tally runs a Tallystick node, and speaks to one.
//
// Only `tally serve` touches a data directory. Every other command is a client
// of a running node: it sends requests over HTTP and prints the answers.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

func main() {
	family := &fleet.Family{}
	var c course
	ctx, stop := untilSignal(context.Background(), &c, family.Kill)
	code := run(ctx, stdio{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), family: family,
		lingers: func() { c.lingers.Store(true) }, ifCut: func(note string) { c.ifCut.Store(&note) },
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// deaf is how long a command may take to end that was told to. One that reads from a
// terminal, a pipe or a file that nobody writes to does not hear of it.
const deaf = 2 * time.Second

// course is what a command says of itself while it runs.
type course struct {
	lingers atomic.Bool
	ifCut   atomic.Pointer[string] // see [stdio.leaves]
}

// cut ends the process, of which a signal has ended the command.
func (c *course) cut(last func()) {
	say(os.Stderr, "tally: %v\n", errInterrupted)
	if note := c.ifCut.Load(); note != nil {
		say(os.Stderr, "  → %s\n", *note)
	}
	last()
	os.Exit(exitInterrupted)
}

// untilSignal returns a context that the first SIGINT or SIGTERM ends. If the command
// has not ended soon after that, and does not linger, the process does; a second signal
// ends it at once. Either calls last before.
func untilSignal(parent context.Context, c *course, last func()) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, ok := <-signals; !ok {
			return
		}
		cancel()
		for wait := time.After(deaf); ; {
			select {
			case _, again := <-signals:
				if again {
					c.cut(last)
				}
				return
			case <-wait:
				if !c.lingers.Load() {
					c.cut(last)
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-done
		cancel()
	}
}
