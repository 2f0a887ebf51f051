package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

const (
	slowNode  = 3 // the fourth of five
	deadNode  = 4
	slowness  = time.Second
	upNodes   = 3 // that clients write to
	loadCount = 64
)

// degraded compares a federation of five with the same one in which a member is
// dead and another is slow. W = 3 can still be met, by the three that are well.
func degraded(ctx context.Context, r *runner) ([]Row, error) {
	var well, ill Series
	for i := range r.Rounds {
		for _, sick := range []bool{false, true} {
			rate, err := r.degradedRound(ctx, i, sick)
			if err != nil {
				return nil, err
			}
			r.say("  round %d, one dead and one slow: %v: %.0f/s", i+1, sick, rate)
			if sick {
				ill = append(ill, rate)
			} else {
				well = append(well, rate)
			}
		}
	}
	ratio := ill.Median() / well.Median()
	rows := []Row{
		{Measure: "5 nodes, W = 3, 64 clients, all well", Unit: "/s", Ours: well},
		Row{
			Measure: "5 nodes, one dead, one 1 s slow (ratio: to all well)", Unit: "/s", Ours: ill, Ratio: ratio,
		}.atLeast(ratio, 0.9, "≥ 0.9 ×"),
	}
	r.note("all nodes share this machine: a dead member leaves its part of the processors to the others")
	if r.Soak < 0 {
		return rows, nil
	}
	soaked, err := r.soak(ctx)
	if errors.Is(err, errNoProc) {
		r.note("%v", errNoProc)
		return rows, nil
	}
	return append(rows, soaked...), err
}

// five starts five nodes, the fourth behind a proxy, and takes their health.
func (r *runner) five(ctx context.Context, sick bool) (*cluster, *proxy, error) {
	t, err := somewhere(ctx, 5, 3)
	if err != nil {
		return nil, nil, err
	}
	p, err := listenProxy(ctx, t.places[slowNode].Addr)
	if err != nil {
		return nil, nil, err
	}
	t.places[slowNode].Via = p.url()
	c, err := r.start(ctx, t)
	if err != nil {
		p.Close()
		return nil, nil, err
	}
	if sick {
		p.delay.Store(int64(slowness))
		c.nodes[deadNode].Kill()
	}
	return c, p, nil
}

func (r *runner) degradedRound(ctx context.Context, i int, sick bool) (rate float64, err error) {
	c, p, err := r.five(ctx, sick)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	defer p.Close()
	out, err := load{
		clients: loadCount, addrs: c.addrs(upNodes), warm: r.warm(), duration: r.Duration,
		texts: newWriter(r.Seed).texts(), label: fmt.Sprintf("round %d", i),
	}.run(ctx)
	if err != nil {
		return 0, err
	}
	if out.failures() > 0 {
		r.note("5 nodes, one dead and one slow: %v: failures: %s", sick, out.reasons())
	}
	return out.rate(), nil
}

// soak writes to the sick federation for a long time and watches the memory of
// the nodes that are well: what is owed to the others must not pile up there.
func (r *runner) soak(ctx context.Context) (rows []Row, err error) {
	c, p, err := r.five(ctx, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	defer p.Close()

	loading, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	var out *result
	go func() {
		var err error
		out, err = load{
			clients: loadCount, addrs: c.addrs(upNodes), duration: r.Soak,
			texts: newWriter(r.Seed).texts(), label: "soak",
		}.run(loading)
		done <- err
	}()
	early, late, err := r.watch(ctx, c.nodes[:upNodes])
	if err != nil {
		stop()
		return nil, errors.Join(err, <-done)
	}
	if err := <-done; err != nil {
		return nil, err
	}
	ratio := late / early
	name := fmt.Sprintf("the same for %s: resident memory, largest node", r.Soak)
	r.note("resident memory with one dead and one slow member: %.0f MiB after a quarter of %s, %.0f MiB at its end; %.0f writes/s",
		early, r.Soak, late, out.rate())
	return []Row{
		Row{Measure: name + " (ratio: end to first quarter)", Unit: "MiB", Ours: Series{late}, Ratio: ratio}.
			atMost(ratio, 1.25, "flat: ≤ 1.25 ×"),
	}, nil
}

// watch returns the largest resident memory at a quarter of the soak, and in
// its last quarter.
func (r *runner) watch(ctx context.Context, nodes []*process) (early, late float64, err error) {
	const steps = 16
	for i := range steps {
		if err := pause(ctx, r.Soak/(steps+1)); err != nil {
			return 0, 0, err
		}
		var now float64
		for _, p := range nodes {
			bytes, err := rss(p.PID())
			if err != nil {
				return 0, 0, err
			}
			now = math.Max(now, mib(bytes))
		}
		r.say("  soak %d/%d: %.0f MiB", i+1, steps, now)
		switch {
		case i < steps/4:
			early = math.Max(early, now)
		case i >= steps*3/4:
			late = math.Max(late, now)
		}
	}
	return early, late, nil
}
