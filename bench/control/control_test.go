package main

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
	"github.com/tallystick/tallystick/internal/replicate/fakenet"
	"github.com/tallystick/tallystick/internal/replicate/memlog"
)

// member is a node of the control arm in memory.
type member struct {
	*memlog.Store
	fed *replicate.Replicator
}

// federation runs three of them until stop is called.
func federation(t *testing.T) (net *fakenet.Net, members map[memory.Node]*member, stop func()) {
	t.Helper()
	net, members = fakenet.New(), map[memory.Node]*member{}
	lib := memlog.NewLibrary()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, self := range []memory.Node{"a", "b", "c"} {
		cfg := replicate.Config{Self: self, Seed: uint64(self[0])}
		for _, other := range []memory.Node{"a", "b", "c"} {
			if other != self {
				cfg.Members = append(cfg.Members, other)
			}
		}
		st := memlog.New(lib, self, 1, memory.NewClock(time.Now, memory.DefaultMaxSkew))
		fed, err := replicate.New(
			ctx, cfg, replicate.Storage{Log: st, Door: st, Numbers: st, Cursors: st, Digests: st}, perWrite{net.Of(self)}, slog.New(slog.DiscardHandler),
		)
		if err != nil {
			t.Fatal(err)
		}
		st.OnCommit(fed.Committed)
		members[self] = &member{Store: st, fed: fed}
		net.Join(self, members[self])
		running.Go(func() { _ = fed.Run(ctx) }) // it returns nil
	}
	return net, members, func() { cancel(); running.Wait() }
}

func put(i int) *memory.Put {
	title := strconv.Itoa(i)
	return &memory.Put{Create: true, Memory: memory.Memory{ID: memory.DerivedID("test", title), Title: title}}
}

func TestEachWriteIsPostedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net, members, stop := federation(t)
		defer stop()
		time.Sleep(time.Second) // they have met
		a := members["a"]
		tickets := make([]*replicate.Ticket, 100)
		for i := range tickets {
			tickets[i] = a.fed.Expect(3)
			a.Submit(tickets[i], put(i))
		}
		for _, ticket := range tickets {
			held, err := ticket.Wait(t.Context(), time.Now().Add(2*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]memory.Node{"a", "b", "c"}, held.HeldBy); d != "" {
				t.Fatal(d)
			}
		}
		if b, c := net.Pushes("a", "b"), net.Pushes("a", "c"); b != 100 || c != 100 {
			t.Errorf("%d and %d posts, want 100 each", b, c)
		}
	})
}
