// Command tally runs a Tallystick node, and speaks to one.
//
// Only `tally serve` touches a data directory. Every other command is a client
// of a running node: it sends requests over HTTP and prints the answers.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/tallystick/tallystick/internal/fleet"
)

func main() {
	family := &fleet.Family{}
	ctx, stop := untilSignal(context.Background(), family.Kill)
	code := run(ctx, stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), family: family}, os.Args[1:])
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
