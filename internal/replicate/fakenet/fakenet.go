// Package fakenet is a network in memory between the replicators of a test:
// links that delay, drop, repeat and lie, and that can be cut and healed. It is
// made for testing/synctest, where delays take no time.
package fakenet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Node answers the calls of members.
type Node interface {
	AcceptPush(ctx context.Context, from memory.Source, p *memory.Push) (*memory.PushReply, error)
	AcceptPull(ctx context.Context, from memory.Source, q *memory.PullRequest) (*memory.PullReply, error)
	AcceptDigest(ctx context.Context, from memory.Source, q *memory.DigestRequest) (*memory.DigestReply, error)
	AcceptSnapshot(ctx context.Context, from memory.Source, yield func([]memory.Shipment) error) (memory.View, error)
}

// Link is how calls from one node to another fare. The zero value is a perfect
// network. The functions must be safe for concurrent use.
type Link struct {
	Cut      bool
	Delay    time.Duration // each way
	Drop     func() bool   // this call hangs until its context ends
	LoseBack func() bool   // this call is carried out, and the answer lost
	Repeat   func() bool   // this call is carried out twice
	// Fault, if it returns an error, is the answer instead of any other.
	Fault func() error
	// Lie changes the answer to a push.
	Lie func(*memory.PushReply) *memory.PushReply
}

type pair struct{ from, to memory.Node }

// Net connects nodes. It is safe for concurrent use.
type Net struct {
	mu     sync.Mutex
	nodes  map[memory.Node]Node
	links  map[pair]Link
	pushes map[pair]int
}

// New returns a network without nodes.
func New() *Net {
	return &Net{nodes: map[memory.Node]Node{}, links: map[pair]Link{}, pushes: map[pair]int{}}
}

// Join connects a node under a name, instead of one that had it; nil leaves.
func (n *Net) Join(name memory.Node, node Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[name] = node
}

// Set changes the link from one node to another, in that direction.
func (n *Net) Set(from, to memory.Node, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links[pair{from, to}] = l
}

// Cut parts a from b, in both directions.
func (n *Net) Cut(a, b memory.Node) {
	n.Set(a, b, Link{Cut: true})
	n.Set(b, a, Link{Cut: true})
}

// Heal makes the links between a and b perfect.
func (n *Net) Heal(a, b memory.Node) {
	n.Set(a, b, Link{})
	n.Set(b, a, Link{})
}

// Pushes counts the pushes with entries that were attempted from one node to another.
func (n *Net) Pushes(from, to memory.Node) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pushes[pair{from, to}]
}

// Of is the network as node self sees it: its transport.
func (n *Net) Of(self memory.Node) *Transport { return &Transport{net: n, self: self} }

// Transport makes the calls of one node.
type Transport struct {
	net  *Net
	self memory.Node
}

var (
	errCut  = errors.New("connection refused")
	errLost = errors.New("connection reset")
)

// call carries out one call over a link.
func call[R any](ctx context.Context, t *Transport, to memory.Node, answer func(Node) (R, error)) (R, error) {
	var none R
	t.net.mu.Lock()
	link, node := t.net.links[pair{t.self, to}], t.net.nodes[to]
	t.net.mu.Unlock()
	if link.Cut || node == nil {
		return none, &memory.Fault{Err: fmt.Errorf("call %s: %w", to, errCut)}
	}
	if link.Drop != nil && link.Drop() {
		<-ctx.Done()
		return none, &memory.Fault{Err: fmt.Errorf("call %s: %w", to, ctx.Err())}
	}
	if err := pause(ctx, link.Delay); err != nil {
		return none, err
	}
	if link.Fault != nil {
		if err := link.Fault(); err != nil {
			return none, err
		}
	}
	if link.Repeat != nil && link.Repeat() {
		if _, err := answer(node); err != nil {
			return none, err
		}
	}
	r, err := answer(node)
	if err == nil && link.LoseBack != nil && link.LoseBack() {
		err = &memory.Fault{Err: fmt.Errorf("call %s: %w", to, errLost)}
	}
	if err == nil {
		err = pause(ctx, link.Delay)
	}
	if err != nil {
		return none, err
	}
	return r, nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return &memory.Fault{Err: ctx.Err()}
	case <-time.After(d):
		return nil
	}
}

// Push implements replicate.Transport.
func (t *Transport) Push(ctx context.Context, to memory.Node, p *memory.Push) (*memory.PushReply, error) {
	t.net.mu.Lock()
	if len(p.Ops) > 0 {
		t.net.pushes[pair{t.self, to}]++
	}
	lie := t.net.links[pair{t.self, to}].Lie
	t.net.mu.Unlock()
	r, err := call(ctx, t, to, func(n Node) (*memory.PushReply, error) {
		return n.AcceptPush(ctx, memory.Source{Member: t.self, Route: memory.RoutePush}, p)
	})
	if err == nil && lie != nil {
		r = lie(r)
	}
	return r, err
}

// Pull implements replicate.Transport.
func (t *Transport) Pull(ctx context.Context, to memory.Node, q *memory.PullRequest) (*memory.PullReply, error) {
	return call(ctx, t, to, func(n Node) (*memory.PullReply, error) { return n.AcceptPull(ctx, memory.Source{Member: t.self}, q) })
}

// Digest implements replicate.Transport.
func (t *Transport) Digest(ctx context.Context, to memory.Node, q *memory.DigestRequest) (*memory.DigestReply, error) {
	return call(ctx, t, to, func(n Node) (*memory.DigestReply, error) {
		return n.AcceptDigest(ctx, memory.Source{Member: t.self}, q)
	})
}

// Snapshot implements replicate.Transport.
func (t *Transport) Snapshot(ctx context.Context, to memory.Node, yield func([]memory.Shipment) error) (memory.View, error) {
	return call(ctx, t, to, func(n Node) (memory.View, error) { return n.AcceptSnapshot(ctx, memory.Source{Member: t.self}, yield) })
}
