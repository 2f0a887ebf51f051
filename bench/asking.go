package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"golang.org/x/sync/errgroup"
)

// asking fills one node, and measures how many questions it answers: of one client and of
// many, and beside writes.
func asking(ctx context.Context, r *runner) (rows []Row, err error) {
	c, err := r.run(ctx, 1, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	a := asked{runner: r, cluster: c, words: newWriter(r.Seed)}
	if err := a.fill(ctx); err != nil {
		return nil, err
	}
	ids, err := c.nodes[0].someIDs(ctx)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("1 node with %s memories of %d words: ", number(float64(r.Memories)), shortWords)
	recall, search := a.questions("/api/v1/recall?namespace=bench&context=", 6), a.questions("/api/v1/search?namespace=bench&q=", 2)
	get := reads(func(b []byte, client, n int) []byte {
		return append(append(b, "/api/v1/memories/"...), ids[(client*7919+n)%len(ids)]...)
	})
	for _, q := range []struct {
		title   string
		clients int
		rate    float64 // at which they ask; 0: as fast as they can
		target  float64
		speech  speech
	}{
		{"recall of six words, one client", 1, 0, 0, recall},
		{"recall of six words", crowd, 0, 5000, recall},
		{"recall of six words at 2,500/s", crowd, 2500, 0, recall},
		{"search of two words", crowd, 0, 10_000, search},
		{"get", crowd, 0, 10_000, get},
	} {
		title := name + q.title
		if q.clients > 1 {
			title += fmt.Sprintf(", %d clients", q.clients)
		}
		found, err := a.rounds(ctx, title, load{clients: q.clients, rate: q.rate, speech: q.speech})
		if err != nil {
			return rows, err
		}
		more := answers(title, found[0], q.target)
		if q.rate > 0 {
			p95 := &more[2]
			*p95 = p95.atMost(p95.Ours.Median(), 5, "≤ 5 ms")
		}
		rows = append(rows, more...)
	}
	both, err := a.beside(ctx, name, recall)
	return append(rows, both...), err
}

const (
	crowd      = 64
	writers    = 16
	shortWords = 60
	// questionPool is how many different questions there are: more than answers that a node
	// keeps in memory have room for.
	questionPool = 20_000
)

// asked is a node that is asked.
type asked struct {
	*runner

	cluster *cluster
	words   *writer
}

// fill writes the memories, each of another text, and waits for the index of words.
func (a *asked) fill(ctx context.Context) error {
	vocabulary := vocabulary()
	err := a.cluster.nodes[0].fill(ctx, 0, a.Memories, func(b []byte, i int) []byte {
		b = append(b, `{"namespace":"bench","tier":"long","title":"memory `...)
		b = append(strconv.AppendInt(b, int64(i), 10), `","content":"`...)
		return append(append(b, a.words.sentence(vocabulary, shortWords)...), `"}`...)
	})
	if err != nil {
		return err
	}
	return a.cluster.nodes[0].indexed(ctx)
}

// questions ask for words as they occur in texts.
func (a *asked) questions(path string, words int) speech {
	vocabulary := vocabulary()
	paths := make([]string, questionPool)
	for i := range paths {
		paths[i] = path + url.QueryEscape(a.words.sentence(vocabulary, words))
	}
	return reads(func(b []byte, client, n int) []byte { return append(b, paths[(client*7919+n)%len(paths)]...) })
}

// reads is how to ask for what a path names.
func reads(path func(b []byte, client, n int) []byte) speech {
	return speech{path: "-", get: path, acked: func(status int, _ []byte) bool { return status == http.StatusOK }}
}

// rounds puts loads on the node, at the same time, as often as there are rounds.
func (a *asked) rounds(ctx context.Context, title string, loads ...load) ([]results, error) {
	found := make([]results, len(loads))
	for i := range a.Rounds {
		parts := make([]*result, len(loads))
		var all errgroup.Group
		before := a.cluster.cpuTimes()
		for n, l := range loads {
			l.addrs, l.warm, l.duration, l.label = a.cluster.addrs(1), a.warm(), a.Duration, fmt.Sprintf("%s, %d", title, i)
			all.Go(func() (err error) {
				parts[n], err = l.run(ctx)
				return err
			})
			if n == 0 { // a process makes one profile at a time
				all.Go(func() error { return a.profile(ctx, a.cluster, l) })
			}
		}
		if err := all.Wait(); err != nil {
			return nil, err
		}
		after := a.cluster.cpuTimes()
		for n, o := range parts {
			if before != nil && after != nil {
				o.cpu = append(o.cpu, after[0]-before[0])
			}
			found[n] = append(found[n], o)
			a.say("  round %d, %s: %.0f/s, p50 %.2f ms, p95 %.2f ms, %.3f ms of processors", i+1, title, o.rate(),
				millis(quantile(o.latencies, 0.5)), millis(quantile(o.latencies, 0.95)), o.cpuOf(0))
			if o.failures() > 0 {
				a.note("%s: failures: %s", title, o.reasons())
			}
		}
	}
	return found, nil
}

// answers are the rows of a load of questions, with a target for its rate if there is one.
func answers(title string, r results, target float64) []Row {
	rate := Row{Measure: title, Unit: "/s", Ours: r.rates()}
	if target > 0 {
		rate = rate.atLeast(rate.Ours.Median(), target, "≥ "+number(target)+"/s")
	}
	return []Row{
		rate,
		{Measure: title + ": p50", Unit: "ms", Ours: r.percentile(0.5)},
		{Measure: title + ": p95", Unit: "ms", Ours: r.percentile(0.95)},
		{Measure: title + ": CPU for each, of the node", Unit: "ms", Ours: r.series(func(o *result) float64 { return o.cpuOf(0) })},
	}
}

// beside measures recalls and writes alone, and together.
func (a *asked) beside(ctx context.Context, name string, recall speech) ([]Row, error) {
	questions := load{clients: crowd, speech: recall}
	writes := load{clients: writers, texts: newWriter(a.Seed).texts()}
	alone, err := a.rounds(ctx, "recalls alone", questions)
	if err != nil {
		return nil, err
	}
	written, err := a.rounds(ctx, "writes alone", writes)
	if err != nil {
		return nil, err
	}
	both, err := a.rounds(ctx, "recalls and writes", questions, writes)
	if err != nil {
		return nil, err
	}
	row := func(title string, alone, beside results) Row {
		r := Row{Measure: name + title, Unit: "/s", Ours: beside.rates()}
		r.Ratio = r.Ours.Median() / alone.rates().Median()
		return r.atLeast(r.Ratio, 0.8, "≥ 0.8 ×")
	}
	return []Row{
		row(fmt.Sprintf("recalls of %d clients while %d write (ratio: to alone)", crowd, writers), alone[0], both[0]),
		row(fmt.Sprintf("writes of %d clients while %d ask (ratio: to alone)", writers, crowd), written[0], both[1]),
	}, nil
}
