package node

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

var updateAllocations = flag.Bool("update", false, "write the baseline of allocations anew")

const (
	baselineFile = "testdata/allocations.json"
	// growth is what a work may take more than the baseline says: what is allocated
	// differs a little with how writes fall into batches, and with the version of Go.
	growth = 1.1
)

// allocated is what one piece of work takes of the heap, everything counted: the
// server's and the client's ends of HTTP, the writer, the index behind it.
type allocated struct {
	Objects float64 `json:"objects"`
	Bytes   float64 `json:"bytes"`
}

// Work that is always the same must not come to need more of the heap. Time is not looked
// at: it would be that of the machine.
func TestFixedWorkAllocatesNoMore(t *testing.T) {
	if raced {
		t.Skip("under the race detector more is allocated: make gate counts without it")
	}
	raw, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]allocated
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	got := allocationsOfFixedWork(t)
	if *updateAllocations {
		raw, err := json.MarshalIndent(got, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(baselineFile, append(raw, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		g, w := got[name], want[name]
		t.Logf("%-8s %6.0f objects (baseline %.0f), %8.0f bytes (%.0f)", name, g.Objects, w.Objects, g.Bytes, w.Bytes)
		if g.Objects > growth*w.Objects || g.Bytes > growth*w.Bytes {
			t.Errorf("%s needs more of the heap than it did: see what does with go test -memprofile; if it has to be, go test ./internal/node -run FixedWork -update", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d kinds of work, and %d in the baseline", len(got), len(want))
	}
}

// allocationsOfFixedWork runs each kind of work on one node, one request after the
// other, once to fill the pools and once to count.
func allocationsOfFixedWork(t *testing.T) map[string]allocated {
	t.Helper()
	const times = 200
	url := federation(t, 1)[0]
	text := strings.Repeat("ordinary words of a memory that somebody wrote down ", 20)
	made := make([]string, 0, 2*times)
	call := func(method, path, body string) []byte {
		req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // it was read
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s %s: %s: %s (%v)", method, path, res.Status, answer, err)
		}
		return answer
	}
	works := []struct {
		name string
		do   func(i int)
	}{
		{"create", func(i int) {
			var w client.Written
			if err := json.Unmarshal(call("POST", "/api/v1/memories", fmt.Sprintf(`{"title":"note %d","content":%q}`, i, text)), &w); err != nil {
				t.Fatal(err)
			}
			made = append(made, w.ID)
		}},
		{"edit", func(i int) { call("PUT", "/api/v1/memories/"+made[i], fmt.Sprintf(`{"content":"now %d %s"}`, i, text)) }},
		{"get", func(i int) { call("GET", "/api/v1/memories/"+made[i], "") }},
		{"recall", func(i int) { call("GET", fmt.Sprintf("/api/v1/recall?q=ordinary+note+%d", i), "") }},
		{"list", func(int) { call("GET", "/api/v1/memories?limit=20", "") }},
	}
	out := map[string]allocated{}
	for _, w := range works {
		for i := range times {
			w.do(i)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := times; i < 2*times; i++ {
			w.do(i)
		}
		runtime.ReadMemStats(&after)
		out[w.name] = allocated{float64(after.Mallocs-before.Mallocs) / times, float64(after.TotalAlloc-before.TotalAlloc) / times}
	}
	return out
}
