package pull_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/identity/identitytest"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/pull"
	"github.com/tallystick/tallystick/internal/legacy/wire"
)

const layout = "2006-01-02T15:04:05.000000000-07:00"

// oldNode answers pulls as a real node does: rows after an instant, in the order of
// their times, cut at the limit and filtered after that.
type oldNode struct {
	rows     []wire.Memory
	hidden   string // namespace of rows that are left out
	denied   bool
	requests []string
}

func (o *oldNode) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.requests = append(o.requests, r.URL.RawQuery)
	out := wire.Since{Limit: 3, ScopeStatus: wire.ScopeScoped}
	if o.denied {
		out.ScopeStatus = wire.ScopeDenied
	}
	if n := r.URL.Query().Get("limit"); n != "" {
		_, _ = fmt.Sscan(n, &out.Limit)
	}
	seen := 0
	for _, m := range o.rows {
		if o.denied || m.UpdatedAt <= r.URL.Query().Get("since") || seen == out.Limit {
			continue
		}
		seen++
		if m.Namespace == o.hidden {
			out.ExcludedScope++
			continue
		}
		out.Memories = append(out.Memories, m)
		out.Latest = &m.UpdatedAt
	}
	out.Count = len(out.Memories)
	body, err := out.Encode()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body)
}

func row(id string, at time.Time, ns string) wire.Memory {
	return wire.Memory{
		Citations: []wire.Citation{}, ConfidenceSource: "default", Content: "c", CreatedAt: at.Format(layout), ID: id, MemoryKind: "observation",
		Namespace: ns, Priority: 5, Source: "api", Tags: []string{}, Tier: "long", Title: id, UpdatedAt: at.Format(layout), Version: 1,
	}
}

// pulling runs rounds against a node, and returns the ids that came, once each.
func pulling(t *testing.T, o *oldNode, file string, rounds int) ([]string, *pull.Puller) {
	t.Helper()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	seen := map[string]bool{}
	var got []string
	p, err := pull.New(pull.Config{
		Peers: func() []config.Peer {
			return []config.Peer{{Name: "old/node", URL: server.URL, Namespaces: []string{"**"}}}
		},
		Node: "a", Now: time.Now, Every: time.Hour, File: file, Log: slog.New(slog.DiscardHandler),
		Apply: func(_ context.Context, p *config.Peer, _ time.Time, rows []wire.Memory) error {
			if p.Name != "old/node" {
				t.Errorf("shown by %s", p.Name)
			}
			for _, m := range rows {
				if !seen[m.ID] {
					got = append(got, m.ID)
				}
				seen[m.ID] = true
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range rounds {
		p.Round(t.Context())
	}
	return got, p
}

// Rows of one time are not lost where a page ends between them, and rows that are
// filtered out do not stop what follows.
func TestNoRowIsSkipped(t *testing.T) {
	at := time.Date(2026, 11, 25, 18, 0, 0, 123456789, time.UTC)
	for name, rows := range map[string][]wire.Memory{
		"a page ends between equal times": {row("a", at, "x"), row("b", at.Add(1), "x"), row("c", at.Add(2), "x"), row("d", at.Add(2), "x"), row("e", at.Add(3), "x")},
		"more of one time than a page":    {row("a", at, "x"), row("b", at, "x"), row("c", at, "x"), row("d", at, "x"), row("e", at.Add(1), "x")},
		"a page of others' rows": {
			row("h1", at, "hidden"), row("h2", at.Add(1), "hidden"), row("h3", at.Add(2), "hidden"), row("a", at.Add(3), "x"), row("b", at.Add(4), "x"),
		},
		"none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, m := range rows {
				if m.Namespace != "hidden" {
					want = append(want, m.ID)
				}
			}
			o := &oldNode{rows: rows, hidden: "hidden"}
			got, p := pulling(t, o, "", 1)
			if !slices.Equal(got, want) || p.Counters.Failed.Load() != 0 {
				t.Errorf("%v, want %v; %d failed", got, want, p.Counters.Failed.Load())
			}
			if o.requests[0] != "peer=a" {
				t.Errorf("the first request is %q", o.requests[0])
			}
		})
	}
}

func TestPullsGoOnWhereTheyWere(t *testing.T) {
	at := time.Date(2026, 11, 25, 18, 0, 0, 123456789, time.UTC)
	file := filepath.Join(t.TempDir(), "cursors")
	o := &oldNode{rows: []wire.Memory{row("a", at, "x")}}
	pulling(t, o, file, 1)
	o.requests = nil
	pulling(t, o, file, 20)
	if want := "since=2026-11-25T18%3A00%3A00.123456788%2B00%3A00&peer=a"; o.requests[0] != want {
		t.Errorf("%q, want %q", o.requests[0], want)
	}
	if last := o.requests[len(o.requests)-1]; last != "peer=a" {
		t.Errorf("after many rounds all is looked at again: %q", last)
	}
	if err := os.WriteFile(file, []byte(`[{"peer":"old`), 0o600); err != nil {
		t.Fatal(err)
	}
	o.requests = nil
	if pulling(t, o, file, 1); o.requests[0] != "peer=a" {
		t.Errorf("with a damaged file it is not read from the beginning: %q", o.requests[0])
	}
	if _, p := pulling(t, &oldNode{denied: true}, "", 1); p.Counters.Failed.Load() != 1 {
		t.Error("that a peer shows nothing was taken for nothing new")
	}
}

// A row of a clock that is ahead, or one whose time is none, is read, and hides none
// that come later: not in the next round, nor after a restart.
func TestARowOfAClockAheadHidesNothing(t *testing.T) {
	at := time.Date(2026, 11, 25, 18, 0, 0, 123456789, time.UTC)
	odd := row("odd", at, "x")
	odd.UpdatedAt = "soon"
	for name, far := range map[string]wire.Memory{"ahead": row("far", time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC), "x"), "no time": odd} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "cursors")
			o := &oldNode{rows: []wire.Memory{row("a", at, "x"), far}}
			if got, _ := pulling(t, o, file, 2); !slices.Equal(got, []string{"a", far.ID}) {
				t.Errorf("first %v", got)
			}
			o.rows = slices.Insert(o.rows, 1, row("b", at.Add(time.Hour), "x"))
			if got, _ := pulling(t, o, file, 1); !slices.Contains(got, "b") {
				t.Errorf("then %v", got)
			}
		})
	}
}

func TestPullsAreSigned(t *testing.T) {
	key := filepath.Join(t.TempDir(), "a.priv")
	if err := os.WriteFile(key, fmt.Appendf(nil, "%-32s", "a"), 0o600); err != nil {
		t.Fatal(err)
	}
	public := identitytest.Key(t, "a").Public()
	var verified error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signed := aimemory.PullBytes(r.Method, r.URL.Path, r.URL.RawQuery)
		verified = aimemory.Verify(public, r.Header.Get(aimemory.HeaderSignature), signed, r.Header.Get(aimemory.HeaderNonce))
	}))
	defer server.Close()
	p, err := pull.New(pull.Config{
		Peers: func() []config.Peer { return []config.Peer{{Name: "old", URL: server.URL}} }, Self: config.Self{KeyFile: key},
		Node: "a", Now: time.Now, Every: time.Hour, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Round(t.Context())
	if verified != nil {
		t.Error(verified)
	}
}

// A peer that is to be asked soon is asked once, however often that is said.
func TestPeersAreAskedSoon(t *testing.T) {
	asked := make(chan time.Time, 8)
	server := httptest.NewServer(&oldNode{rows: []wire.Memory{row("a", time.Now().Add(-time.Minute), "x")}})
	defer server.Close()
	p, err := pull.New(pull.Config{
		Peers: func() []config.Peer { return []config.Peer{{Name: "old", URL: server.URL}} },
		Node:  "a", Now: time.Now, Every: time.Hour, Settle: time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Apply: func(_ context.Context, _ *config.Peer, at time.Time, _ []wire.Memory) error {
			asked <- at
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	first := <-asked
	for range 3 {
		p.Soon()
	}
	if second := <-asked; !second.After(first) {
		t.Errorf("asked at %s, and then at %s", first, second)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
