package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// growing fills one node step by step, each time to ten times as many memories, and
// measures at each step what must not grow with them.
func growing(ctx context.Context, r *runner) (rows []Row, err error) {
	c, err := r.run(ctx, 1, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	g := growth{runner: r, node: c.nodes[0], texts: newWriter(r.Seed).texts()}
	for _, n := range steps(r.Memories) {
		more, err := g.step(ctx, n)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// steps are the sizes at which is measured: powers of ten, and the last one.
func steps(last int) []int {
	var out []int
	for n := 10_000; n < last; n *= 10 {
		out = append(out, n)
	}
	return append(out, last)
}

// growth is a node that grows.
type growth struct {
	*runner

	node  *process
	texts []string
	held  int // memories
}

// step brings the node to n memories, and measures it.
func (g *growth) step(ctx context.Context, n int) ([]Row, error) {
	begun := time.Now()
	added := n - g.held
	if err := g.node.fill(ctx, g.held, n, g.memory); err != nil {
		return nil, err
	}
	g.held = n
	filled := time.Since(begun)
	g.say("  %d memories: %d more in %s", n, added, filled.Round(time.Millisecond))
	name := fmt.Sprintf("1 node with %s memories: ", number(float64(n)))
	rows := []Row{{Measure: name + "memories taken in", Unit: "/s", Ours: Series{float64(added) / filled.Seconds()}}}
	if err := g.node.indexed(ctx); err != nil {
		return nil, err
	}
	full, err := appendRSS(nil, g.node)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, rest); err != nil {
		return nil, err
	}
	rested, err := appendRSS(nil, g.node)
	if err != nil {
		return nil, err
	}
	disk, err := diskUsage(g.node.dir)
	if err != nil {
		return nil, err
	}
	rows = append(rows,
		Row{Measure: name + "on disk, of each", Unit: "bytes", Ours: Series{float64(disk) / float64(n)}},
		Row{Measure: name + "resident, just filled", Unit: "MiB", Ours: full},
		residentRow(name+fmt.Sprintf("resident, %s later", rest), n, rested),
	)
	asked, err := g.ask(ctx, name)
	if err != nil {
		return nil, err
	}
	restarted, err := g.restart(ctx, name, n)
	return append(append(rows, asked...), restarted...), err
}

// rest is how long a node is left alone until it is looked at what it keeps.
const rest = 15 * time.Second

// residentRow has the target for as many memories, if there is one.
func residentRow(measure string, n int, s Series) Row {
	row := Row{Measure: measure, Unit: "MiB", Ours: s}
	switch {
	case len(s) == 0 || n < 100_000:
	case n == 100_000:
		return row.atMost(s.Median(), mib(150e6), "≤ 150 MB")
	case n == 1_000_000:
		return row.atMost(s.Median(), mib(1e9), "≤ 1 GB")
	}
	return row
}

// question is a request that is timed, with a number that differs each time.
type question struct {
	title  string
	target float64 // milliseconds, or 0
	method string  // "": GET
	path   func(i int) string
	body   func(i int) []byte
}

// asks is how often each question is asked.
const asks = 40

// questions are what must take as long however much a node holds.
func (g *growth) questions(ids []string) []question {
	words := []string{"deploy+rollback", "certificate+expiry", "katervo", "snapshot+compaction", "vo+incident+lin"}
	at := func(path string) func(int) string { return func(int) string { return path } }
	return []question{
		{title: "list of 20", target: 10, path: at("/api/v1/memories?limit=20")},
		{title: "list of 20 in one namespace", target: 10, path: func(i int) string { return "/api/v1/memories?limit=20&namespace=" + space(i) }},
		{title: "stats", target: 10, path: at("/api/v1/stats")},
		{title: "namespaces", target: 10, path: at("/api/v1/namespaces")},
		{title: "status", path: at("/api/v1/status")},
		{title: "get", path: func(i int) string { return "/api/v1/memories/" + ids[i*7919%len(ids)] }},
		{title: "search", path: func(i int) string { return "/api/v1/search?q=" + words[i%len(words)] }},
		{title: "recall", path: func(i int) string { return "/api/v1/recall?context=" + words[i%len(words)] }},
		{title: "write", method: http.MethodPost, path: at("/api/v1/memories"), body: func(i int) []byte { return g.memory(nil, -1-g.held*asks-i) }},
	}
}

// ask times each of the questions, one after the other.
func (g *growth) ask(ctx context.Context, name string) ([]Row, error) {
	ids, err := g.node.someIDs(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, q := range g.questions(ids) {
		var took Series
		for i := range asks {
			var body []byte
			if q.body != nil {
				body = q.body(i)
			}
			begun := time.Now()
			if _, err := g.node.call(ctx, cmp.Or(q.method, http.MethodGet), q.path(i), body); err != nil {
				return rows, err
			}
			took = append(took, millis(time.Since(begun)))
		}
		row := Row{Measure: name + q.title, Unit: "ms", Ours: took}
		if q.target > 0 {
			row = row.atMost(took.Median(), q.target, fmt.Sprintf("≤ %g ms", q.target))
		}
		g.say("  %s%s: %s", name, q.title, took.cell("ms"))
		rows = append(rows, row)
	}
	return rows, nil
}

// restart kills the node in each round, and times how long it takes until it serves again.
func (g *growth) restart(ctx context.Context, name string, n int) ([]Row, error) {
	var ready, behind, rested Series
	for range g.Rounds {
		g.node.Kill()
		begun := time.Now()
		if err := g.node.Start(ctx); err != nil {
			return nil, err
		}
		ready = append(ready, time.Since(begun).Seconds())
		if err := g.node.indexed(ctx); err != nil {
			return nil, err
		}
		behind = append(behind, time.Since(begun).Seconds())
		if err := g.node.recall(ctx); err != nil {
			return nil, err
		}
		var err error
		if rested, err = appendRSS(rested, g.node); err != nil {
			return nil, err
		}
	}
	g.say("  %sready %s after SIGKILL, words %s", name, ready.cell("s"), behind.cell("s"))
	return []Row{
		Row{Measure: name + "SIGKILL to ready", Unit: "s", Ours: ready}.atMost(ready.Median(), 1, "≤ 1 s"),
		{Measure: name + "SIGKILL to all words found", Unit: "s", Ours: behind},
		residentRow(name+"resident, started and asked", n, rested),
	}, nil
}

// spaces is how many namespaces there are.
const spaces = 100

func space(i int) string { return fmt.Sprintf("bench/%02d", i%spaces) }

// memory appends the request for the i-th memory: each of another text.
func (g *growth) memory(b []byte, i int) []byte {
	n := max(i, -i)
	head, tail := g.texts[n%len(g.texts)], g.texts[(n/len(g.texts)*7919+n)%len(g.texts)]
	tier := [...]string{"short", "mid", "long"}[n%3]
	b = append(b, `{"namespace":"`+space(n)+`","tier":"`+tier+`","title":"memory `...)
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, `","priority":`...)
	b = strconv.AppendInt(b, int64(1+n%10), 10)
	b = append(b, `,"content":"`...)
	b = append(b, head[:memorySize/2]...)
	b = append(b, tail[memorySize/2:]...)
	return append(b, `"}`...)
}

// someIDs are ids of memories that the node holds.
func (p *process) someIDs(ctx context.Context) ([]string, error) {
	answer, err := p.call(ctx, http.MethodGet, "/api/v1/memories?limit=200", nil)
	if err != nil {
		return nil, err
	}
	var page struct {
		Memories []struct {
			ID string `json:"id"`
		} `json:"memories"`
	}
	if err := json.Unmarshal(answer, &page); err != nil || len(page.Memories) == 0 {
		return nil, fmt.Errorf("list: %.300s", answer)
	}
	var out []string
	for _, m := range page.Memories {
		out = append(out, m.ID)
	}
	return out, nil
}

// diskUsage is the size of all files below a directory.
func diskUsage(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}
