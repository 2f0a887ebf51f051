package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity"
	federation "github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// trusted compares a federation whose members have identities, talk over TLS and sign
// what they say with the same one without, in which they believe each other's names.
func trusted(ctx context.Context, r *runner) ([]Row, error) {
	found, err := r.rounds(ctx, "TLS and signatures", contest{nodes: 3, quorum: 2, clients: 128, atOne: true, trust: true})
	if err != nil {
		return nil, err
	}
	with, without := found[trusting], found[ours]
	ratio := with.rates().Median() / without.rates().Median()
	return []Row{
		{Measure: "3 nodes, W = 2, 128 clients at one, without TLS and signatures", Unit: "/s", Ours: without.rates()},
		Row{
			Measure: "the same with both (ratio: to without)", Unit: "/s", Ours: with.rates(), Ratio: ratio,
		}.atLeast(ratio, 0.8, "≥ 0.8 ×"),
		{Measure: "the same without: p50", Unit: "ms", Ours: without.percentile(0.5)},
		{Measure: "the same with both: p50", Unit: "ms", Ours: with.percentile(0.5)},
	}, nil
}

// founding is how long all members have to go by all of them.
const founding = time.Minute

// found starts a federation with identities: the first node founds it, and the others
// join it, each with a token.
func (r *runner) found(ctx context.Context, t topology) (_ *cluster, err error) {
	c := &cluster{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	names := make([]string, len(t.places))
	for i, p := range t.places {
		names[i] = p.Name
	}
	members, err := fleet.Places(ctx, names...)
	if err != nil {
		return nil, err
	}
	var first *federation.Cluster
	for i, place := range t.places {
		dir, err := r.data()
		if err != nil {
			return nil, err
		}
		at := federation.Place{
			Node: memory.Node(place.Name), Name: identity.Name(place.Name), Listen: members[i].Addr, URL: "https://" + members[i].Addr,
		}
		if first == nil {
			first, err = node.Found(dir, "bench", at)
		} else {
			_, err = node.JoinFrom(ctx, dir, first, at)
		}
		if err != nil {
			return nil, err
		}
		args := append([]string{"serve"}, fleet.Flags([]fleet.Place{place}, 0, dir)...)
		p := &process{
			Node:  r.Family.Node(fleet.Config{Name: place.Name, Program: r.Binary, Args: args, Log: dir + ".log"}),
			place: place, dir: dir,
		}
		c.nodes = append(c.nodes, p)
		if err := p.Start(ctx); err != nil {
			return nil, err
		}
	}
	return c, c.met(ctx, t.quorum)
}

// met waits until all nodes go by all of them, a majority of which is the quorum, and
// the last change has ended: a write that all of them hold says so.
func (c *cluster) met(ctx context.Context, quorum int) error {
	to, err := api.New(api.Options{URL: c.nodes[0].place.URL()})
	if err != nil {
		return err
	}
	for end := time.Now().Add(founding); ; {
		w, err := to.Create(ctx, api.Draft{Title: "all are here", Content: "Each member holds this.", OnConflict: "merge"}, api.With{Durability: api.All})
		if err == nil && w.Receipt != nil && w.Receipt.N == len(c.nodes) {
			if majority := w.Receipt.N/2 + 1; majority != quorum {
				return fmt.Errorf("a quorum of %d, and it is %d", quorum, majority)
			}
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the members have not come together: %w", err)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
