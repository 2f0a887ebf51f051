// Command tally runs a Tallystick node, and speaks to one.
//
// Only `tally serve` touches a data directory. Every other command is a client
// of a running node: it sends requests over HTTP and prints the answers.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

func main() {
	kids := &children{}
	ctx, stop := untilSignal(context.Background(), kids.kill)
	code := run(ctx, stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), children: kids}, os.Args[1:])
	stop()
	os.Exit(code)
}

// untilSignal returns a context that the first SIGINT or SIGTERM ends. A second
// one calls last and ends the process at once.
func untilSignal(parent context.Context, last func()) (context.Context, func()) {
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
		if _, ok := <-signals; ok {
			last()
			os.Exit(exitOther)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		<-done
		cancel()
	}
}

// children are the processes that must not outlive this one, however it ends.
type children struct {
	mu   sync.Mutex
	list []*os.Process
}

func (c *children) add(p *os.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, p)
}

// kill ends all that still run. For one that is gone and was waited for, Kill
// does nothing.
func (c *children) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.list {
		_ = p.Kill()
	}
}
