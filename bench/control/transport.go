package main

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate"
)

// perWrite is a transport that posts each entry of a push by itself, all at
// once, as a fan-out per request does.
type perWrite struct{ replicate.Transport }

// Push answers with what all posts came to. If one of them fails, so does the
// push: those that arrived are sent again with it, which does no harm.
func (t perWrite) Push(ctx context.Context, to memory.Node, p *memory.Push) (*memory.PushReply, error) {
	if len(p.Ops) < 2 {
		return t.Transport.Push(ctx, to, p)
	}
	replies := make([]*memory.PushReply, len(p.Ops))
	all, ctx := errgroup.WithContext(ctx)
	for i := range p.Ops {
		all.Go(func() (err error) {
			one := *p
			one.Ops = p.Ops[i : i+1]
			replies[i], err = t.Transport.Push(ctx, to, &one)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return sum(replies), nil
}

// sum is the latest of the replies, with what any of them refused. Heads only
// grow, so the latest view covers what the others took.
func sum(replies []*memory.PushReply) *memory.PushReply {
	latest := *replies[0]
	for _, r := range replies[1:] {
		refused := slices.Concat(latest.Refused, r.Refused)
		if r.View.LSN >= latest.View.LSN {
			latest = *r
		}
		latest.Refused = refused
	}
	return &latest
}
