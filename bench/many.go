package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// manyClients write to federations that are larger than the machine.
	manyClients = 64
	// manyPatience is how long their writes wait for a quorum: where fifty nodes share two
	// processors, the clients alone are more than these can answer in the two seconds that
	// nodes wait by themselves.
	manyPatience = 10 * time.Second
)

// manyNodes is federations that are larger than the machine: they show what grows with
// the number of members.
func manyNodes(ctx context.Context, r *runner) ([]Row, error) {
	var rows []Row
	for _, n := range r.Nodes {
		some, err := r.many(ctx, n)
		if err != nil {
			return rows, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// many is a federation of n nodes.
func (r *runner) many(ctx context.Context, n int) ([]Row, error) {
	var all manyResults
	var beside results
	quorum := n/2 + 1
	for i := range r.Rounds {
		l := load{
			clients: manyClients, warm: r.warm(), duration: r.Duration, texts: newWriter(r.Seed).texts(), label: fmt.Sprintf("round %d", i),
		}
		m, err := r.manyRound(ctx, n, quorum, l)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		if r.Control != "" {
			o, err := r.manyBeside(ctx, n, quorum, l)
			if err != nil {
				return nil, err
			}
			beside = append(beside, o)
			r.say("  %d nodes, round %d, control: %.1f/s, %d failed", n, i+1, o.rate(), o.failures())
		}
		r.say("  %d nodes, round %d: %.0f/s, CPU for a write %.2f ms, pushes for it %.1f, %.0f MiB, equal after %s, %d parked, %d failed", n, i+1, m.out.rate(),
			m.cpu(), m.perWrite(m.pushes), m.resident, m.settled.Round(time.Millisecond), m.parked, m.out.failures())
		if m.out.failures() > 0 {
			r.note("%d nodes: failures: %s", n, m.out.reasons())
		}
	}
	return all.rows(fmt.Sprintf("%d nodes, W = %d, %d clients: ", n, quorum, manyClients), n, beside), nil
}

// manyBeside is a round of the control arm.
func (r *runner) manyBeside(ctx context.Context, n, quorum int, l load) (_ *result, err error) {
	t, err := somewhere(ctx, n, quorum)
	if err != nil {
		return nil, err
	}
	t.arm, t.patience = control, manyPatience
	return r.round(ctx, t, l, false)
}

// manyResult is what became of a round, on all nodes together.
type manyResult struct {
	out      *result
	settled  time.Duration
	parked   int
	pushes   float64 // with ops
	bare     float64 // exchanges of heads
	resident float64 // MiB, of the largest; 0: the system does not tell
	own      float64 // MiB, of the largest: resident, but what nodes share is divided among them
}

// cpu is what a write took of all nodes together, in milliseconds.
func (m *manyResult) cpu() float64 {
	var sum float64
	for i := range m.out.cpu {
		sum += m.out.cpuOf(i)
	}
	return sum
}

func (m *manyResult) perWrite(n float64) float64 { return n / float64(m.out.all) }

type manyResults []*manyResult

func (all manyResults) series(of func(*manyResult) float64) Series {
	var s Series
	for _, m := range all {
		s = append(s, of(m))
	}
	return s
}

// rows are those of a federation of n nodes, and of the control arm if it took part. The
// goals of a rate are for 25 nodes and for 50.
func (all manyResults) rows(name string, n int, beside results) []Row {
	rate := Row{Measure: name + "acknowledged writes", Unit: "/s", Ours: all.series(func(m *manyResult) float64 { return m.out.rate() })}
	rate = rate.against(beside.rates())
	switch n {
	case 25:
		rate = rate.atLeast(rate.Ours.Median(), 450, "≥ 450/s")
	case 50:
		rate = rate.ratioAtLeast(20, "≥ 20 ×")
	}
	settled := all.series(func(m *manyResult) float64 { return m.settled.Seconds() })
	sum := func(of func(*manyResult) float64) float64 {
		var s float64
		for _, x := range all.series(of) {
			s += x
		}
		return s
	}
	parked := sum(func(m *manyResult) float64 { return float64(m.parked) })
	failed := sum(func(m *manyResult) float64 { return float64(m.out.failures()) })
	rows := []Row{
		rate,
		{Measure: name + "p50", Unit: "ms", Ours: all.series(func(m *manyResult) float64 { return millis(quantile(m.out.latencies, 0.5)) })},
		{Measure: name + "pushes for a write", Ours: all.series(func(m *manyResult) float64 { return m.perWrite(m.pushes) })},
		{Measure: name + "exchanges of heads alone for a write", Ours: all.series(func(m *manyResult) float64 { return m.perWrite(m.bare) })},
		Row{Measure: name + "all equal after the last write", Unit: "s", Ours: settled}.atMost(settled.Median(), 3, "≤ 3 s"),
		Row{Measure: name + "parked ops", Ours: Series{parked}}.atMost(parked, 0, "none"),
		Row{Measure: name + "failed writes", Ours: Series{failed}}.atMost(failed, 0, "none"),
	}
	if resident := all.series(func(m *manyResult) float64 { return m.resident }); resident.Median() > 0 {
		rows = append(rows, Row{Measure: name + "resident memory, largest node", Unit: "MiB", Ours: resident}.atMost(resident.Median(), mib(60e6), "≤ 60 MB"))
	}
	if own := all.series(func(m *manyResult) float64 { return m.own }); own.Median() > 0 {
		rows = append(rows, Row{Measure: name + "the same, with what nodes share divided among them", Unit: "MiB", Ours: own})
	}
	if cpu := all.series((*manyResult).cpu); cpu.Median() > 0 {
		rows = append(rows, Row{Measure: name + "CPU for a write, of all nodes together", Unit: "ms", Ours: cpu})
	}
	return rows
}

func (r *runner) manyRound(ctx context.Context, n, quorum int, l load) (m *manyResult, err error) {
	t, err := somewhere(ctx, n, quorum)
	if err != nil {
		return nil, err
	}
	t.patience = manyPatience
	c, err := r.start(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	l.addrs = c.addrs(n)
	before, err := c.sent(ctx)
	if err != nil {
		return nil, err
	}
	out, err := r.profiled(ctx, c, l)
	if err != nil {
		return nil, err
	}
	after, err := c.sent(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.equal(ctx, time.Minute); err != nil {
		return nil, err
	}
	m = &manyResult{out: out, settled: time.Since(out.last), pushes: after.pushes - before.pushes, bare: after.bare - before.bare}
	if m.resident, err = c.largest(rss); err != nil {
		return nil, err
	}
	if m.own, err = c.largest(pss); err != nil {
		return nil, err
	}
	m.parked, err = c.parked(ctx)
	return m, err
}

// largest is the memory of the node that takes most, in MiB; 0 where the system does not
// tell.
func (c *cluster) largest(memory func(pid int) (int64, error)) (most float64, err error) {
	for _, p := range c.nodes {
		n, err := memory(p.PID())
		if errors.Is(err, errNoProc) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		most = max(most, mib(n))
	}
	return most, nil
}
