package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

// ack is a write that a node answered for.
type ack struct {
	id      string
	content string
}

// writer writes the drafts round robin, with a node that dies in between.
type writer struct {
	drafts []client.Draft
	nodes  []*Node

	mu          sync.Mutex
	down        *Node
	acks        []ack
	receipts    map[string]int
	dot         string // of the last write that was acknowledged
	missed      int
	retried     int
	killedAfter int
	took        time.Duration
	last        time.Time // when the last answer came
}

func newWriter(drafts []client.Draft, nodes []*Node) *writer {
	return &writer{drafts: drafts, nodes: nodes, receipts: map[string]int{}}
}

// run writes everything and kills victim when two fifths are written.
func (w *writer) run(ctx context.Context, victim *Node) error {
	start := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers + 1)
	middle := make(chan struct{})
	g.Go(func() error {
		select {
		case <-middle:
			w.kill(victim)
		case <-ctx.Done():
		}
		return nil
	})
	for i := range w.drafts {
		g.Go(func() error { return w.write(ctx, i, middle) })
	}
	err := g.Wait()
	w.took = time.Since(start)
	return err
}

func (w *writer) kill(victim *Node) {
	victim.Kill()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down, w.killedAfter = victim, len(w.acks)
}

// write writes one draft: to the node whose turn it is, or to the next one that
// answers.
func (w *writer) write(ctx context.Context, i int, middle chan<- struct{}) error {
	const attempts = 20
	d := w.drafts[i]
	with := client.With{IdempotencyKey: carry.Key(d, "")}
	pause := 20 * time.Millisecond
	var err error
	for try := range attempts {
		var out *client.Outcome
		out, err = w.turn(i+try).Client.Create(ctx, d, with)
		missed, quorum := errors.AsType[*client.Error](err)
		switch {
		case err == nil:
			return w.acknowledged(ack{out.ID, d.Content}, out.Receipt, false, middle)
		case quorum && missed.QuorumMissed():
			return w.acknowledged(ack{missed.ID, d.Content}, missed.Receipt, true, middle)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if _, again := carry.Retry(err, pause); !again {
			break
		}
		w.mu.Lock()
		w.retried++
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, time.Second)
	}
	return fmt.Errorf("write %q: %w", d.Title, err)
}

// turn is the node that is to take the n-th attempt.
func (w *writer) turn(n int) *Node {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.nodes[n%len(w.nodes)]
	if p == w.down {
		p = w.nodes[(n/len(w.nodes))%(len(w.nodes)-1)]
	}
	return p
}

func (w *writer) acknowledged(k ack, r *client.Receipt, missed bool, middle chan<- struct{}) error {
	if r == nil || k.id == "" {
		return errors.New("a write was answered without a receipt")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = append(w.acks, k)
	w.receipts[r.Durability]++
	w.dot = r.Dot
	if missed {
		w.missed++
	}
	w.last = time.Now()
	if len(w.acks) == max(1, len(w.drafts)*2/5) {
		close(middle)
	}
	return nil
}
