package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// manyNodes is a federation larger than the machine: it shows what grows with
// the number of members.
func manyNodes(ctx context.Context, r *runner) ([]Row, error) {
	var (
		rates, settled   Series
		parked, failures float64
		texts            = newWriter(r.Seed).texts()
		w                = r.Nodes/2 + 1
	)
	for i := range r.Rounds {
		m, err := r.manyRound(ctx, w, load{
			clients: 64, warm: r.warm(), duration: r.Duration, texts: texts, label: fmt.Sprintf("round %d", i),
		})
		if err != nil {
			return nil, err
		}
		r.say("  round %d: %.0f/s, equal after %s, %d parked, %d failed", i+1, m.out.rate(),
			m.settled.Round(time.Millisecond), m.parked, m.out.failures())
		rates, settled = append(rates, m.out.rate()), append(settled, m.settled.Seconds())
		parked, failures = parked+float64(m.parked), failures+float64(m.out.failures())
		if m.out.failures() > 0 {
			r.note("%d nodes: failures: %s", r.Nodes, m.out.reasons())
		}
	}
	name := fmt.Sprintf("%d nodes, W = %d, 64 clients: ", r.Nodes, w)
	return []Row{
		Row{Measure: name + "acknowledged writes", Unit: "/s", Ours: rates}.atLeast(rates.Median(), 450, "≥ 450/s"),
		Row{Measure: name + "all equal after the last write", Unit: "s", Ours: settled}.atMost(settled.Median(), 3, "≤ 3 s"),
		Row{Measure: name + "parked ops", Ours: Series{parked}}.atMost(parked, 0, "none"),
		Row{Measure: name + "failed writes", Ours: Series{failures}}.atMost(failures, 0, "none"),
	}, nil
}

type manyResult struct {
	out     *result
	settled time.Duration
	parked  int
}

func (r *runner) manyRound(ctx context.Context, quorum int, l load) (m *manyResult, err error) {
	c, err := r.run(ctx, r.Nodes, quorum)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	l.addrs = c.addrs(r.Nodes)
	out, err := l.run(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.equal(ctx, time.Minute); err != nil {
		return nil, err
	}
	m = &manyResult{out: out, settled: time.Since(out.last)}
	m.parked, err = c.parked(ctx)
	return m, err
}
