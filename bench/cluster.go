package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// arm is a way of replicating.
type arm string

const (
	ours     arm = ""
	trusting arm = "ours, with TLS and signatures"
	control  arm = "control"
)

// process is a node of a cluster.
type process struct {
	*fleet.Node

	place fleet.Place
	dir   string
}

// cluster is a federation of processes on this machine.
type cluster struct{ nodes []*process }

// topology says what to start.
type topology struct {
	quorum int
	arm    arm
	places []fleet.Place
	// patience is how long writes wait for their quorum; 0 is what nodes do by themselves.
	patience time.Duration
	flags    []string // of ours, beside those that say who is there
}

// somewhere is a topology of n nodes at free ports.
func somewhere(ctx context.Context, n, quorum int) (topology, error) {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%02d", i+1)
	}
	places, err := fleet.Places(ctx, names...)
	return topology{quorum: quorum, places: places}, err
}

// run starts n nodes at free ports.
func (r *runner) run(ctx context.Context, n, quorum int) (*cluster, error) {
	t, err := somewhere(ctx, n, quorum)
	if err != nil {
		return nil, err
	}
	return r.start(ctx, t)
}

// start runs a federation and waits until all of it is ready.
func (r *runner) start(ctx context.Context, t topology) (*cluster, error) {
	if t.arm == trusting {
		return r.found(ctx, t)
	}
	c := &cluster{}
	for i, place := range t.places {
		dir, err := r.data()
		if err != nil {
			return nil, err
		}
		args := append(fleet.Flags(t.places, i, dir), "--write-quorum", strconv.Itoa(t.quorum))
		if t.patience > 0 {
			args = append(args, "--quorum-timeout", t.patience.String())
		}
		program := r.Control
		if t.arm == ours {
			program, args = r.Binary, append(append([]string{"serve"}, args...), t.flags...)
		}
		c.nodes = append(c.nodes, &process{
			Node:  r.Family.Node(fleet.Config{Name: place.Name, Program: program, Args: args, Log: dir + ".log"}),
			place: place, dir: dir,
		})
	}
	return c, fleet.Start(ctx, c.members()...)
}

func (c *cluster) members() []*fleet.Node {
	out := make([]*fleet.Node, len(c.nodes))
	for i, p := range c.nodes {
		out[i] = p.Node
	}
	return out
}

// stop ends all nodes, and removes what they stored.
func (c *cluster) stop() error {
	errs := []error{fleet.Stop(c.members()...)}
	for _, p := range c.nodes {
		errs = append(errs, os.RemoveAll(p.dir))
	}
	return errors.Join(errs...)
}

// addrs are the addresses of the first n nodes.
func (c *cluster) addrs(n int) []string {
	var out []string
	for _, p := range c.nodes[:n] {
		out = append(out, p.place.Addr)
	}
	return out
}
