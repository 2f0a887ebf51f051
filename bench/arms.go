package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// results are the outcomes of the rounds of one arm.
type results []*result

func (r results) series(of func(*result) float64) Series {
	var s Series
	for _, o := range r {
		s = append(s, of(o))
	}
	return s
}

func (r results) rates() Series { return r.series((*result).rate) }

// percentile is in milliseconds.
func (r results) percentile(q float64) Series {
	return r.series(func(o *result) float64 { return millis(quantile(o.latencies, q)) })
}

// contest is what the arms are measured at.
type contest struct {
	nodes, quorum, clients int
	atOne                  bool // the first node takes all writes; else they take turns
	rivals                 bool // those that run already take part
	trust                  bool // ours takes part with TLS and signatures, too, and the control arm does not
}

// entrant is who takes part in a round.
type entrant struct {
	arm arm
	run func(context.Context, load) (*result, error)
}

func (e *entrant) name() string { return cmp.Or(string(e.arm), "ours") }

// entrants are ours, and who else takes part.
func (r *runner) entrants(c contest) []entrant {
	arms := []arm{ours}
	switch {
	case c.trust:
		arms = append(arms, trusting)
	case r.Control != "":
		arms = append(arms, control)
	}
	var out []entrant
	for _, a := range arms {
		out = append(out, entrant{a, func(ctx context.Context, l load) (*result, error) {
			t, err := somewhere(ctx, c.nodes, c.quorum)
			if err != nil {
				return nil, err
			}
			t.arm = a
			return r.round(ctx, t, l, c.atOne)
		}})
	}
	for i := range r.rivals {
		if v := &r.rivals[i]; c.rivals {
			out = append(out, entrant{arm(v.name), func(ctx context.Context, l load) (*result, error) { return v.round(ctx, l, c.atOne) }})
		}
	}
	return out
}

// rounds lets the entrants take turns, ours and the control arm each time with a new
// federation. The results are by arm; a rival's is its name.
func (r *runner) rounds(ctx context.Context, title string, c contest) (map[arm]results, error) {
	texts := newWriter(r.Seed).texts()
	out := map[arm]results{}
	for i := range r.Rounds {
		for _, e := range r.entrants(c) {
			o, err := e.run(ctx, load{
				clients: c.clients, warm: r.warm(), duration: r.Duration, texts: texts,
				label: fmt.Sprintf("%s, round %d of %s", title, i, filepath.Base(r.dir)),
			})
			if err != nil {
				return nil, err
			}
			out[e.arm] = append(out[e.arm], o)
			r.say("  round %d, %s: %.0f/s, p50 %.2f ms, p99 %.2f ms", i+1, e.name(), o.rate(),
				millis(quantile(o.latencies, 0.5)), millis(quantile(o.latencies, 0.99)))
			if o.failures() > 0 {
				r.note("%s, %s: failures: %s", title, e.name(), o.reasons())
			}
		}
	}
	return out, nil
}

// round is one load on what runs already.
func (v *rival) round(ctx context.Context, l load, atOne bool) (*result, error) {
	l.addrs, l.speech = v.addrs, v.speech
	if atOne {
		l.addrs = l.addrs[:1]
	}
	return l.run(ctx)
}

// round is one load on a new federation.
func (r *runner) round(ctx context.Context, t topology, l load, atOne bool) (_ *result, err error) {
	c, err := r.start(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	l.addrs = c.addrs(len(t.places))
	if atOne {
		l.addrs = l.addrs[:1]
	}
	if t.arm == control {
		return c.load(ctx, l)
	}
	return r.profiled(ctx, c, l)
}

// profiled runs a load, and profiles our nodes meanwhile if that is asked for.
func (r *runner) profiled(ctx context.Context, c *cluster, l load) (*result, error) {
	profiled := make(chan error, 1)
	go func() { profiled <- r.profile(ctx, c, l) }()
	o, err := c.load(ctx, l)
	return o, errors.Join(err, <-profiled)
}

// load runs a load, and says what of the processors it took.
func (c *cluster) load(ctx context.Context, l load) (*result, error) {
	before := c.cpuTimes()
	o, err := l.run(ctx)
	if after := c.cpuTimes(); err == nil && before != nil && after != nil {
		for i := range after {
			o.cpu = append(o.cpu, after[i]-before[i])
		}
	}
	return o, err
}

// threeNodes is the load that batching is for.
func threeNodes(ctx context.Context, r *runner) ([]Row, error) {
	found, err := r.rounds(ctx, "128 clients", contest{nodes: 3, quorum: 2, clients: 128})
	if err != nil {
		return nil, err
	}
	o, c := found[ours], found[control]
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
	found, err := r.rounds(ctx, "one client", contest{nodes: 3, quorum: 2, clients: 1})
	if err != nil {
		return nil, err
	}
	o, c := found[ours], found[control]
	p50 := Row{Measure: "3 nodes, W = 2, one client: p50", Unit: "ms", Ours: o.percentile(0.5)}.against(c.percentile(0.5))
	return []Row{p50.ratioAtMost(1.3, "≤ 1.3 ×")}, nil
}

// oneNode is a laptop.
func oneNode(ctx context.Context, r *runner) ([]Row, error) {
	found, err := r.rounds(ctx, "one node", contest{nodes: 1, quorum: 1, clients: 64})
	if err != nil {
		return nil, err
	}
	o, c := found[ours], found[control]
	rate := Row{Measure: "1 node, 64 clients: writes", Unit: "/s", Ours: o.rates()}.against(c.rates())
	p99 := Row{Measure: "1 node, 64 clients: p99", Unit: "ms", Ours: o.percentile(0.99)}.against(c.percentile(0.99))
	return []Row{rate.atLeast(rate.Ours.Median(), 6000, "≥ 6,000/s"), p99}, nil
}
