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
	"github.com/tallystick/tallystick/internal/identity/join"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// trusted compares a federation whose members have identities, talk over TLS and sign
// what they say with the same one without, in which they believe each other's names.
func trusted(ctx context.Context, r *runner) ([]Row, error) {
	texts := newWriter(r.Seed).texts()
	found := map[bool]results{}
	for i := range r.Rounds {
		for _, trust := range []bool{false, true} {
			t, err := somewhere(ctx, 3, 2)
			if err != nil {
				return nil, err
			}
			t.trust = trust
			o, err := r.round(ctx, t, load{
				clients: 128, warm: r.warm(), duration: r.Duration, texts: texts, label: fmt.Sprintf("round %d", i),
			}, true)
			if err != nil {
				return nil, err
			}
			found[trust] = append(found[trust], o)
			r.say("  round %d, TLS and signatures: %v: %.0f/s, p50 %.2f ms", i+1, trust, o.rate(), millis(quantile(o.latencies, 0.5)))
			if o.failures() > 0 {
				r.note("TLS and signatures: %v: failures: %s", trust, o.reasons())
			}
		}
	}
	with, without := found[true], found[false]
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
			err = joined(ctx, first, dir, at)
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

func joined(ctx context.Context, first *federation.Cluster, dir string, at federation.Place) error {
	token, _, err := first.Invite(time.Hour, 1, join.Terms{})
	if err != nil {
		return err
	}
	_, err = node.Join(ctx, dir, first.Place().URL, token, at)
	return err
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
