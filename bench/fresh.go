package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// network measures how soon what is written at one of three nodes is found at each, and
// what a write takes of the network between them.
func network(ctx context.Context, r *runner) ([]Row, error) {
	rows, err := r.fresh(ctx)
	if err != nil {
		return nil, err
	}
	more, err := r.wired(ctx)
	return append(rows, more...), err
}

// fresh loads three nodes with half of what they take, and writes beside that what it then
// looks for.
func (r *runner) fresh(ctx context.Context) ([]Row, error) {
	var found waits
	var halves Series
	texts := newWriter(r.Seed).texts()
	for i := range r.Rounds {
		c, err := r.run(ctx, 3, 2)
		if err != nil {
			return nil, err
		}
		rate, round, err := r.freshRound(ctx, c, load{clients: crowd, addrs: c.addrs(3), warm: r.warm(), duration: r.Duration, texts: texts, label: "fresh"})
		if err := errors.Join(err, c.stop()); err != nil {
			return nil, err
		}
		halves = append(halves, rate)
		r.say("  round %d, at %.0f/s: found where it was written after %.1f ms, everywhere after %.1f ms (medians of %d)",
			i+1, rate, millis(quantile(round.own, 0.5)), millis(quantile(round.all, 0.5)), len(round.own))
		found.own, found.all = append(found.own, round.own...), append(found.all, round.all...)
	}
	slices.Sort(found.own)
	slices.Sort(found.all)
	name := fmt.Sprintf("3 nodes, W = 2, %d clients at half of what they take: ", crowd)
	row := func(title string, d []time.Duration, q, limit float64) Row {
		v := millis(quantile(d, q))
		return Row{Measure: name + title, Unit: "ms", Ours: Series{v}}.atMost(v, limit, fmt.Sprintf("≤ %g ms", limit))
	}
	return []Row{
		{Measure: name + "acknowledged writes", Unit: "/s", Ours: halves},
		{Measure: name + "from a write to a search that finds it, there: p50", Unit: "ms", Ours: Series{millis(quantile(found.own, 0.5))}},
		row("the same: p99", found.own, 0.99, 50),
		row("from a write to searches that find it on all nodes: p50", found.all, 0.5, 20),
		row("the same: p99", found.all, 0.99, 250),
	}, nil
}

// waits are how long it took until what was written was found: where it was written, and on
// all nodes. They are sorted.
type waits struct{ own, all []time.Duration }

// freshRound finds out what the nodes take, and has them take half of that.
func (r *runner) freshRound(ctx context.Context, c *cluster, l load) (rate float64, found waits, err error) {
	full, err := l.run(ctx)
	if err != nil {
		return 0, found, err
	}
	l.rate, l.label = full.rate()/2, l.label+", half"
	during, end := context.WithCancel(ctx)
	defer end()
	var both errgroup.Group
	both.Go(func() (err error) {
		found, err = c.probe(ctx, during)
		return err
	})
	half, err := l.run(ctx)
	end()
	if err := errors.Join(err, both.Wait()); err != nil {
		return 0, found, err
	}
	if len(found.own) == 0 {
		return 0, found, errors.New("nothing was written that could be looked for")
	}
	if half.failures() > 0 {
		r.note("half of the load: failures: %s", half.reasons())
	}
	slices.Sort(found.own)
	slices.Sort(found.all)
	return half.rate(), found, nil
}

// probe writes a memory with a word of its own at one node after the other, and looks for it
// at all of them, until during ends.
func (c *cluster) probe(ctx, during context.Context) (out waits, err error) {
	for i := 0; during.Err() == nil; i++ {
		took, err := c.probeOne(ctx, i)
		if err != nil {
			return out, err
		}
		out.own = append(out.own, took[i%len(c.nodes)])
		out.all = append(out.all, slices.Max(took))
		_ = pause(during, 20*time.Millisecond)
	}
	return out, nil
}

// probeOne returns how long it took until each node found what was written.
func (c *cluster) probeOne(ctx context.Context, i int) ([]time.Duration, error) {
	word := "zq" + strings.Map(func(r rune) rune { return r - '0' + 'a' }, strconv.Itoa(i)) + "zq"
	title := "fresh " + word
	took := make([]time.Duration, len(c.nodes))
	var all errgroup.Group
	begun := time.Now()
	all.Go(func() error {
		_, err := c.nodes[i%len(c.nodes)].call(ctx, http.MethodPost, "/api/v1/memories", fmt.Appendf(nil, `{"namespace":"bench","title":%q,"content":"It is new."}`, title))
		return err
	})
	for n, p := range c.nodes {
		all.Go(func() error {
			for {
				answer, err := p.call(ctx, http.MethodGet, "/api/v1/search?namespace=bench&limit=1&q="+word, nil)
				if err != nil {
					return err
				}
				if bytes.Contains(answer, []byte(title)) {
					took[n] = time.Since(begun)
					return nil
				}
				if time.Since(begun) > requestLimit {
					return fmt.Errorf("%s has not found %q after %s", p.Name, title, requestLimit)
				}
				if err := pause(ctx, time.Millisecond); err != nil {
					return err
				}
			}
		})
	}
	return took, all.Wait()
}

// wired measures what a write takes of the network, plain and compressed: on one machine
// members send plain content by themselves.
func (r *runner) wired(ctx context.Context) ([]Row, error) {
	var plain, packed Series
	for range r.Rounds {
		for _, x := range []struct {
			compress string
			to       *Series
		}{{"never", &plain}, {"always", &packed}} {
			n, err := r.wiredRound(ctx, x.compress)
			if err != nil {
				return nil, err
			}
			*x.to = append(*x.to, n)
		}
	}
	name := "3 nodes, W = 2, 128 clients at one node: bytes over the network for a write of 1 KiB, to each other member and back, headers among them"
	ratio := packed.Median() / plain.Median()
	return []Row{
		{Measure: name, Ours: plain},
		Row{Measure: "the same compressed (ratio: to plain)", Ours: packed, Ratio: ratio}.atMost(packed.Median(), 512, "≤ 512"),
	}, nil
}

func (r *runner) wiredRound(ctx context.Context, compress string) (_ float64, err error) {
	t, err := somewhere(ctx, 3, 2)
	if err != nil {
		return 0, err
	}
	t.flags = []string{"--compress", compress}
	c, err := r.start(ctx, t)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	l := load{clients: 128, addrs: c.addrs(1), duration: r.Duration, texts: newWriter(r.Seed).texts(), label: "wired"}
	before, err := c.sent(ctx)
	if err != nil {
		return 0, err
	}
	o, err := l.run(ctx)
	if err != nil {
		return 0, err
	}
	if err := c.equal(ctx, time.Minute); err != nil {
		return 0, err
	}
	after, err := c.sent(ctx)
	if err != nil {
		return 0, err
	}
	n := (after.bytes - before.bytes) / float64(o.all*(len(c.nodes)-1))
	r.say("  compressed %s: %.0f bytes, %.0f writes/s", compress, n, o.rate())
	return n, nil
}
