package bench

import (
	"context"
	"errors"
	"fmt"
)

// results are the outcomes of the rounds of one arm.
type results []*outcome

func (r results) series(of func(*outcome) float64) Series {
	var s Series
	for _, o := range r {
		s = append(s, of(o))
	}
	return s
}

func (r results) rates() Series { return r.series((*outcome).rate) }

// percentile is in milliseconds.
func (r results) percentile(q float64) Series {
	return r.series(func(o *outcome) float64 { return millis(quantile(o.latencies, q)) })
}

// rounds lets the arms take turns, each time with a new federation.
func (r *runner) rounds(ctx context.Context, title string, nodes, quorum, clients int) (our, controls results, err error) {
	texts := newWriter(r.Seed).texts()
	arms := []arm{ours}
	if r.Control != "" {
		arms = append(arms, control)
	}
	for i := range r.Rounds {
		for _, a := range arms {
			t, err := somewhere(ctx, nodes, quorum)
			if err != nil {
				return nil, nil, err
			}
			t.arm = a
			o, err := r.round(ctx, t, load{
				clients: clients, warm: r.warm(), duration: r.Duration, texts: texts, label: fmt.Sprintf("round %d", i),
			})
			if err != nil {
				return nil, nil, err
			}
			name := "ours"
			if a == control {
				name = "control"
				controls = append(controls, o)
			} else {
				our = append(our, o)
			}
			r.say("  round %d, %s: %.0f/s, p50 %.2f ms, p99 %.2f ms", i+1, name, o.rate(),
				millis(quantile(o.latencies, 0.5)), millis(quantile(o.latencies, 0.99)))
			if o.failures() > 0 {
				r.note("%s, %s: failures: %s", title, name, o.reasons())
			}
		}
	}
	return our, controls, nil
}

// round is one load on a new federation.
func (r *runner) round(ctx context.Context, t topology, l load) (_ *outcome, err error) {
	c, err := r.start(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	l.addrs = c.addrs(len(t.places))
	return l.run(ctx)
}

// threeNodes is the load that batching is for.
func threeNodes(ctx context.Context, r *runner) ([]Row, error) {
	o, c, err := r.rounds(ctx, "128 clients", 3, 2, 128)
	if err != nil {
		return nil, err
	}
	rate := Row{Measure: "3 nodes, W = 2, 128 clients: acknowledged writes", Unit: "/s", Ours: o.rates()}.against(c.rates())
	absolute := Row{Measure: "the same, absolute", Unit: "/s", Ours: o.rates()}
	p50 := Row{Measure: "3 nodes, 128 clients: p50", Unit: "ms", Ours: o.percentile(0.5)}.against(c.percentile(0.5))
	p99 := Row{Measure: "3 nodes, 128 clients: p99", Unit: "ms", Ours: o.percentile(0.99)}.against(c.percentile(0.99))
	return []Row{
		rate.ratioAtLeast(8, "≥ 8 ×"),
		absolute.atLeast(rate.Ours.Median(), 3000, "≥ 3,000/s"),
		p50,
		p99.ratioAtMost(0.25, "≤ 0.25 ×"),
	}, nil
}

// oneClient is the load that batching must not make slower.
func oneClient(ctx context.Context, r *runner) ([]Row, error) {
	o, c, err := r.rounds(ctx, "one client", 3, 2, 1)
	if err != nil {
		return nil, err
	}
	p50 := Row{Measure: "3 nodes, W = 2, one client: p50", Unit: "ms", Ours: o.percentile(0.5)}.against(c.percentile(0.5))
	return []Row{p50.ratioAtMost(1.3, "≤ 1.3 ×")}, nil
}

// oneNode is a laptop.
func oneNode(ctx context.Context, r *runner) ([]Row, error) {
	o, c, err := r.rounds(ctx, "one node", 1, 1, 64)
	if err != nil {
		return nil, err
	}
	rate := Row{Measure: "1 node, 64 clients: writes", Unit: "/s", Ours: o.rates()}.against(c.rates())
	p99 := Row{Measure: "1 node, 64 clients: p99", Unit: "ms", Ours: o.percentile(0.99)}.against(c.percentile(0.99))
	return []Row{rate.atLeast(rate.Ours.Median(), 6000, "≥ 6,000/s"), p99}, nil
}
