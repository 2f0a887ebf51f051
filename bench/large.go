package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// bulkSize is how many memories the bulk route takes at once.
const bulkSize = 1000

// large fills one node and starts it again: what a node costs that has seen a
// few years.
func large(ctx context.Context, r *runner) (rows []Row, err error) {
	c, err := r.run(ctx, 1, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	p := c.nodes[0]
	if err := r.fill(ctx, p); err != nil {
		return nil, err
	}
	var filled, rested, starts Series
	if filled, err = appendRSS(filled, p); err != nil {
		return nil, err
	}
	for i := range r.Rounds {
		if err := p.Stop(); err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := p.Start(ctx); err != nil {
			return nil, err
		}
		took := time.Since(begun)
		if err := p.recall(ctx); err != nil {
			return nil, err
		}
		if rested, err = appendRSS(rested, p); err != nil {
			return nil, err
		}
		starts = append(starts, took.Seconds())
		r.say("  start %d: ready after %s", i+1, took.Round(time.Millisecond))
	}
	name := fmt.Sprintf("1 node with %s memories: ", number(float64(r.Memories)))
	rows = []Row{
		Row{Measure: name + "cold start to ready", Unit: "s", Ours: starts}.atMost(starts.Median(), 1, "≤ 1 s"),
	}
	if len(filled) == 0 {
		r.note("%v", errNoProc)
		return rows, nil
	}
	return append(rows,
		Row{Measure: name + "resident, just filled", Unit: "MiB", Ours: filled}.atMost(filled.Median(), mib(150e6), "≤ 150 MB"),
		Row{Measure: name + "resident, started and asked", Unit: "MiB", Ours: rested}.atMost(rested.Median(), mib(150e6), "≤ 150 MB"),
	), nil
}

func appendRSS(s Series, p *process) (Series, error) {
	n, err := rss(p.PID())
	if errors.Is(err, errNoProc) {
		return s, nil
	}
	return append(s, mib(n)), err
}

// fill writes the memories through the bulk route, and waits for the text index.
func (r *runner) fill(ctx context.Context, p *process) error {
	l := load{texts: newWriter(r.Seed).texts(), label: "large"}
	begun := time.Now()
	err := p.fill(ctx, 0, r.Memories, func(b []byte, i int) []byte { return l.memory(b, 0, i) })
	if err != nil {
		return err
	}
	r.say("  %d memories in %s", r.Memories, time.Since(begun).Round(time.Millisecond))
	return p.indexed(ctx)
}

// recall asks a few questions, so that the caches of the index are in memory.
func (p *process) recall(ctx context.Context) error {
	for _, q := range []string{"deploy+rollback", "why+is+the+build+slow", "certificate+expiry+renewal", "katervo"} {
		if _, err := p.call(ctx, http.MethodGet, "/api/v1/recall?context="+q, nil); err != nil {
			return err
		}
	}
	return nil
}

// call makes one request and wants success.
func (p *process) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.URL()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %.200s", method, path, resp.Status, answer)
	}
	return answer, nil
}

// fill writes the memories from a number to another one, through the bulk route.
func (p *process) fill(ctx context.Context, from, to int, memory func(b []byte, i int) []byte) error {
	for from < to {
		size := min(bulkSize, to-from)
		body := []byte{'['}
		for i := range size {
			if i > 0 {
				body = append(body, ',')
			}
			body = memory(body, from+i)
		}
		if err := p.bulk(ctx, append(body, ']'), size); err != nil {
			return err
		}
		from += size
	}
	return nil
}

// bulk writes memories, and wants as many to be made.
func (p *process) bulk(ctx context.Context, body []byte, size int) error {
	answer, err := p.call(ctx, http.MethodPost, "/api/v1/memories/bulk", body)
	if err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	var done struct {
		Created int `json:"created"`
	}
	if err := json.Unmarshal(answer, &done); err != nil || done.Created != size {
		return fmt.Errorf("fill: %d memories were created: %.300s", done.Created, answer)
	}
	return nil
}

// indexed waits until all words of what the node holds are found.
func (p *process) indexed(ctx context.Context) error {
	for {
		s, err := p.status(ctx)
		if err != nil || s.IndexLag == 0 {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
