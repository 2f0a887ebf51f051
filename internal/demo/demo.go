// Package demo shows what a federation is for: three nodes as processes of this machine take
// writes, one is killed in the middle and started again, and then all three are proven
// equal and to hold all that was acknowledged.
package demo

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

const (
	// Quorum is how many of the three nodes have to hold a write.
	Quorum  = 2
	atLeast = 600 // writes
	workers = 24
	most    = 100_000 // drafts of one corpus
)

// Options say what to play with.
type Options struct {
	Home    string         // an empty directory for the data of the nodes and their logs
	Program string         // what to run as a node: serves when told to
	Env     []string       // of the nodes; variables that configure one are left out
	Family  *fleet.Family  // to which the processes belong
	Drafts  []client.Draft // what to write: at least one
	// Say tells of each step, with a format as of [fmt.Printf] and no line end.
	Say func(format string, args ...any)
}

// Demo is three running nodes.
type Demo struct {
	Options

	nodes  []*Node
	roots  ca.Roots // whom a third party would believe
	result Result
}

// Node is one of them.
type Node struct {
	*fleet.Node

	Client *client.Client
}

// Start brings the nodes up: one founds a federation, and the others join it, one after the
// other, each with a token. Where it fails, none is left.
func Start(ctx context.Context, o Options) (*Demo, error) {
	d := &Demo{Options: o}
	if err := d.start(ctx); err != nil {
		return nil, errors.Join(err, d.Stop())
	}
	return d, nil
}

// Nodes are the nodes, in the order in which they were started.
func (d *Demo) Nodes() []*Node { return d.nodes }

// Play writes, kills, writes on, starts again, waits and takes stock. What it returns is
// what happened so far, also with an error; [Result.Verdict] says whether all held.
func (d *Demo) Play(ctx context.Context) (*Result, error) {
	err := d.play(ctx)
	return &d.result, err
}

// play is the plot: write, kill, write on, restart, wait, account.
func (d *Demo) play(ctx context.Context) error {
	victim := d.nodes[len(d.nodes)-1]
	d.Say("writing %d memories to all three at once, each to be held by %d …", len(d.Drafts), Quorum)
	w := newWriter(d.Drafts, d.nodes)
	if err := w.run(ctx, victim); err != nil {
		return err
	}
	d.Say("killed %s with SIGKILL after %d writes; the other two took the rest", victim.Name, w.killedAfter)
	d.Say("starting %s again …", victim.Name)
	d.result.fill(w)
	if err := victim.Start(ctx); err != nil {
		return err
	}
	if err := d.awaitEqual(ctx, w.last); err != nil {
		return err
	}
	d.Say("reading every acknowledged memory back from every node …")
	if err := d.account(ctx, w.acks); err != nil {
		return err
	}
	if err := d.prove(ctx, w.dot); err != nil {
		return err
	}
	return d.recall(ctx, victim)
}

// member is a node of the demo that is not running yet.
type member struct {
	client, members fleet.Place // where clients are answered, and members
	data            string
}

func (m member) place() cluster.Place {
	return cluster.Place{
		Node: memory.Node(m.client.Name), Name: identity.Name(m.client.Name), Listen: m.members.Addr, URL: "https://" + m.members.Addr,
	}
}

func (d *Demo) start(ctx context.Context) error {
	names := []string{"alder", "birch", "cedar"}
	clients, err := fleet.Places(ctx, names...)
	if err != nil {
		return err
	}
	members, err := fleet.Places(ctx, names...)
	if err != nil {
		return err
	}
	var founder *cluster.Cluster
	for i, name := range names {
		m := member{client: clients[i], members: members[i], data: filepath.Join(d.Home, name)}
		if founder == nil {
			founder, err = node.Found(m.data, "demo", m.place())
		} else {
			_, err = node.JoinFrom(ctx, m.data, founder, m.place())
		}
		if err != nil {
			return err
		}
		if err := d.launch(ctx, m); err != nil {
			return err
		}
	}
	d.roots = founder.Roots()
	d.Say("they talk over TLS with certificates of their own, and sign what they say")
	return d.awaitMembers(ctx)
}

// launch starts a node that has an identity.
func (d *Demo) launch(ctx context.Context, m member) error {
	p := &Node{Node: d.Family.Node(fleet.Config{
		Name: m.client.Name, Program: d.Program, Env: fleet.Environ(d.Env), Log: m.data + ".log",
		Args: append([]string{"serve"}, fleet.Flags([]fleet.Place{m.client}, 0, m.data)...),
	})}
	var err error
	if p.Client, err = client.New(client.Options{URL: m.client.URL()}); err != nil {
		return err
	}
	d.nodes = append(d.nodes, p)
	if err := p.Start(ctx); err != nil {
		return err
	}
	d.Say("started %s at %s", p.Name, p.URL())
	return nil
}

// awaitMembers waits until all nodes go by all of them.
func (d *Demo) awaitMembers(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; {
		missing := ""
		for _, p := range d.nodes {
			if s, err := p.Client.Status(ctx); err != nil || s.N != len(d.nodes) {
				missing = p.Name
			}
		}
		if missing == "" || time.Now().After(end) {
			return nil // who is not there by then is missed below
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stop takes down what is up. A connection of ours that is open and unused
// would keep its node draining.
func (d *Demo) Stop() error {
	var nodes []*fleet.Node
	for _, p := range d.nodes {
		p.Client.CloseIdle()
		nodes = append(nodes, p.Node)
	}
	return fleet.Stop(nodes...)
}
