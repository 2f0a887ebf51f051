package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/fleet"
)

// Everything end to end, as short as it gets: the figures mean nothing.
func TestTheBenchRunsFromEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	binary, control := build(t, "../cmd/tally"), build(t, "./control")
	var out, progress bytes.Buffer
	dir := t.TempDir()
	err := Run(t.Context(), Options{
		Binary: binary, Control: control, Dir: dir, Rounds: 1, Duration: 500 * time.Millisecond, Soak: time.Second, Memories: 1500, Nodes: []int{5},
		JSON: true, Progress: &progress, Only: []string{"a", "b", "c", "d", "e", "f", "h", "j", "k"},
	}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) < 12 {
		t.Errorf("only %d rows:\n%s", len(report.Rows), &out)
	}
	for _, row := range report.Rows {
		switch measured := row.Ours.Median(); {
		case strings.Contains(row.Measure, "failed"): // a busy machine may miss a deadline
		case strings.Contains(row.Measure, "heads alone"): // there may be none in so short a time
		case strings.Contains(row.Measure, "parked") != (measured == 0):
			t.Errorf("%s: %v", row.Measure, row.Ours)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// build makes a program of a package.
func build(t *testing.T, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-pgo", "../cmd/tally/tally.pgo", "-buildvcs=false", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return program
}

func TestNonsenseIsRefused(t *testing.T) {
	for name, o := range map[string]Options{
		"an unknown measure":    {Only: []string{"a", "z"}},
		"negative rounds":       {Rounds: -1},
		"no such directory":     {Dir: "/does/not/exist"},
		"no such program":       {Dir: t.TempDir(), Binary: "/does/not/exist", Only: []string{"c"}},
		"a program that is not": {Dir: t.TempDir(), Binary: "/bin/true", Only: []string{" C "}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Run(t.Context(), o, &out); err == nil || out.Len() > 0 {
				t.Errorf("got %v and %q", err, &out)
			}
		})
	}
}

// What was measured is shown, also where a later measure fails or breaks off.
func TestWhatWasMeasuredIsShownBesideTheFailure(t *testing.T) {
	broken := errors.New("the disk is full")
	row := func(name string) []Row { return []Row{{Measure: name, Unit: "/s", Ours: Series{7}}} }
	list := []measure{
		{"a", "works", func(context.Context, *runner) ([]Row, error) { return row("first"), nil }},
		{"b", "breaks off", func(_ context.Context, r *runner) ([]Row, error) {
			r.note("a note")
			return row("second"), broken
		}},
		{"c", "never begins", func(context.Context, *runner) ([]Row, error) { return row("third"), nil }},
	}
	for _, inJSON := range []bool{false, true} {
		var out bytes.Buffer
		r := &runner{Options: Options{Progress: io.Discard, JSON: inJSON}, dir: t.TempDir()}
		err := r.report(t.Context(), list, &out)
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "measure b") {
			t.Errorf("the error is %v", err)
		}
		for text, want := range map[string]bool{"first": true, "second": true, "a note": true, "third": false} {
			if strings.Contains(out.String(), text) != want {
				t.Errorf("JSON %v: %q there is %v:\n%s", inJSON, text, !want, &out)
			}
		}
		if inJSON && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %s", &out)
		}
	}
}

func TestMeasuresHaveLettersInOrder(t *testing.T) {
	for i, m := range Measures() {
		if m[0] != string(rune('a'+i)) || m[1] == "" {
			t.Errorf("measure %d is %q", i, m)
		}
	}
}

func TestTextsAreReproducibleAndNeedNoEscapes(t *testing.T) {
	texts := newWriter(7).texts()
	if diff := cmp.Diff(texts, newWriter(7).texts()); diff != "" {
		t.Error("equal seeds give other texts")
	}
	words := map[string]int{}
	for _, s := range texts {
		if len(s) != memorySize {
			t.Fatalf("%d bytes, want %d", len(s), memorySize)
		}
		if quoted, err := json.Marshal(s); err != nil || string(quoted) != `"`+s+`"` {
			t.Fatalf("%q needs escapes", s)
		}
		for w := range strings.FieldsSeq(strings.ToLower(s)) {
			words[strings.Trim(w, ".")]++
		}
	}
	if words["the"] < 1000 || len(words) < 5000 {
		t.Errorf("%d words, of which %d times \"the\"", len(words), words["the"])
	}
}

func TestTitlesAreDistinct(t *testing.T) {
	l := load{texts: []string{"text"}, label: "x"}
	seen := map[string]bool{}
	for client := range 20 {
		for n := range 200 {
			body := string(l.memory(nil, client, n))
			if seen[body] || !json.Valid([]byte(body)) {
				t.Fatalf("%s: again, or no JSON", body)
			}
			seen[body] = true
		}
	}
}

func TestALoadCountsWhatWasAcknowledged(t *testing.T) {
	var n, created atomic.Int64
	var mu sync.Mutex
	var conns []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if !slices.Contains(conns, r.RemoteAddr) {
			conns = append(conns, r.RemoteAddr)
		}
		mu.Unlock()
		if n.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		created.Add(1)
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	out, err := load{
		clients: 4, addrs: []string{server.Listener.Addr().String()}, duration: 300 * time.Millisecond, texts: []string{"text"},
	}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := int64(out.acked); got == 0 || got > created.Load() || got < created.Load()-4 {
		t.Errorf("%d acknowledged, %d created", out.acked, created.Load())
	}
	if out.failed["HTTP 503"] == 0 || out.failures() != out.failed["HTTP 503"] {
		t.Errorf("failures: %s", out.reasons())
	}
	if len(out.latencies) != out.acked || !slices.IsSorted(out.latencies) {
		t.Errorf("%d latencies for %d writes", len(out.latencies), out.acked)
	}
	if len(conns) != 4 {
		t.Errorf("%d connections for 4 clients", len(conns))
	}
}

func TestALoadThatNobodyTakesIsAnError(t *testing.T) {
	places, err := fleet.Places(t.Context(), "nobody")
	if err != nil {
		t.Fatal(err)
	}
	_, err = load{clients: 2, addrs: []string{places[0].Addr}, duration: 50 * time.Millisecond, texts: []string{"text"}}.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func TestTheProxyHoldsAnswersBack(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	p, err := listenProxy(t.Context(), server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, delay := range []time.Duration{0, 200 * time.Millisecond} {
		p.delay.Store(int64(delay))
		begun := time.Now()
		resp, err := server.Client().Get(p.url())
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); resp.StatusCode != http.StatusTeapot || took < delay {
			t.Errorf("delay %s: %s after %s", delay, resp.Status, took)
		}
	}
}

func TestResidentMemoryOfThisProcess(t *testing.T) {
	all, err := rss(os.Getpid())
	if errors.Is(err, errNoProc) {
		t.Skip(err)
	}
	if err != nil || mib(all) < 2 || mib(all) > 10_000 {
		t.Errorf("%.1f MiB, %v", mib(all), err)
	}
	own, err := pss(os.Getpid())
	if err != nil || mib(own) < 1 || mib(own) > 1.5*mib(all) { // it may have grown since
		t.Errorf("of its own %.1f MiB, resident %.1f MiB, %v", mib(own), mib(all), err)
	}
}

func TestMedians(t *testing.T) {
	for want, s := range map[float64]Series{1: {1}, 2: {3, 1, 2}, 2.5: {4, 1, 3, 2}} {
		if got := s.Median(); got != want {
			t.Errorf("%v: got %v, want %v", s, got, want)
		}
	}
	if m := (Series{}).Median(); m == m {
		t.Errorf("the median of nothing is %v", m)
	}
}

func TestTheTableIsMarkdown(t *testing.T) {
	rate := Row{Measure: "writes", Unit: "/s", Ours: Series{12_345, 8000, 9000.4}}.against(Series{1000, 1000, 1000})
	r := Report{
		Cores: 2, Go: "go1.26", System: "linux/amd64", Rounds: 3, Seconds: 10, FsyncP50: 512.3, FsyncP99: 2000,
		Rows: []Row{
			rate.atLeast(rate.Ratio, 8, "≥ 8 ×"),
			Row{Measure: "p99", Unit: "ms", Ours: Series{3.14159}}.atMost(3.14159, 3, "≤ 3 ms"),
			{Measure: "nothing", Unit: "s"},
		},
		Notes: []string{"a note"},
	}
	var out bytes.Buffer
	if err := r.writeTable(&out); err != nil {
		t.Fatal(err)
	}
	want := `2 cores, linux/amd64, go1.26; medians of 3 rounds of 10s (lowest–highest)

fsync of the disk: p50 512 µs, p99 2000 µs

| measure | ours | control | ratio | target |
|---|--:|--:|--:|---|
| writes | 9,000 /s (8,000–12,345) | 1,000 /s (1,000–1,000) | 9.00 × | ≥ 8 × ✓ |
| p99 | 3.14 ms |  |  | ≤ 3 ms ✗ missed |
| nothing | not measured |  |  |  |

- a note
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
