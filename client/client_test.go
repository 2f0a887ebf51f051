package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
)

// seen is what a server was asked.
type seen struct {
	method, path, query, body string
	header                    http.Header
}

// serve answers every request with status and body, and returns a client for it
// and what it was asked last.
func serve(t *testing.T, status int, body string, header ...string) (*client.Client, *seen) {
	t.Helper()
	last := &seen{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*last = seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(b), r.Header}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	c, err := client.New(client.Options{URL: srv.URL + "/", APIKey: "k", Agent: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return c, last
}

const receipt = `{"dot":"n.1.7","digest":"ab","durability":"quorum","w":2,"n":3,"held_by":["a","b"]}`

func TestRequestsAreWhatTheContractSays(t *testing.T) {
	ctx := context.Background()
	title := "T"
	with := client.With{Durability: client.All, IdempotencyKey: "key 1"}
	tests := map[string]struct {
		call                      func(*client.Client) error
		method, path, query, body string
	}{
		"create": {
			func(c *client.Client) error {
				_, err := c.Create(ctx, client.Draft{Title: "A", Content: "x"}, with)
				return err
			},
			"POST", "/api/v1/memories", "durability=all", `{"title":"A","content":"x"}`,
		},
		"bulk": {
			func(c *client.Client) error {
				_, err := c.CreateAll(ctx, []client.Draft{{Title: "A", Content: "x"}})
				return err
			},
			"POST", "/api/v1/memories/bulk", "", `[{"title":"A","content":"x"}]`,
		},
		"update": {
			func(c *client.Client) error {
				_, err := c.Update(ctx, "a/b", client.Patch{Title: &title, IfVersion: 3})
				return err
			},
			"PUT", "/api/v1/memories/a%2Fb", "", `{"title":"T"}`,
		},
		"delete":        {func(c *client.Client) error { _, err := c.Delete(ctx, "1"); return err }, "DELETE", "/api/v1/memories/1", "", ""},
		"erase damaged": {func(c *client.Client) error { _, err := c.Upkeep().EraseDamaged(ctx, "1"); return err }, "POST", "/api/v1/memories/1/erase", "damaged=true", ""},
		"erase":         {func(c *client.Client) error { _, err := c.Erase(ctx, "1"); return err }, "POST", "/api/v1/memories/1/erase", "", ""},
		"promote":       {func(c *client.Client) error { _, err := c.Promote(ctx, "1"); return err }, "POST", "/api/v1/memories/1/promote", "", ""},
		"history":       {func(c *client.Client) error { _, err := c.History(ctx, "1"); return err }, "GET", "/api/v1/memories/1/history", "", ""},
		"list": {
			func(c *client.Client) error {
				_, err := c.List(ctx, client.Selection{
					Namespace: "a/b", Tier: "long", Tag: "t", MinPriority: 3, Limit: 5, Cursor: "c",
					Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
				})
				return err
			},
			"GET", "/api/v1/memories", "cursor=c&limit=5&min_priority=3&namespace=a%2Fb&since=2026-01-02T03%3A04%3A05Z&tags=t&tier=long", "",
		},
		"recall": {
			func(c *client.Client) error { _, err := c.Recall(ctx, "a & b?", client.Selection{}); return err },
			"GET", "/api/v1/recall", "context=a+%26+b%3F", "",
		},
		"search": {func(c *client.Client) error { _, err := c.Search(ctx, "x", client.Selection{}); return err }, "GET", "/api/v1/search", "q=x", ""},
		"archive": {
			func(c *client.Client) error { _, err := c.Archive(ctx, []string{"1"}, "old"); return err },
			"POST", "/api/v1/archive", "", `{"ids":["1"],"reason":"old"}`,
		},
		"list archive": {
			func(c *client.Client) error {
				_, err := c.Upkeep().Archived(ctx, client.Selection{Namespace: "n", Limit: 5, Offset: 10})
				return err
			},
			"GET", "/api/v1/archive", "limit=5&namespace=n&offset=10", "",
		},
		"restore": {func(c *client.Client) error { _, err := c.Restore(ctx, "1"); return err }, "POST", "/api/v1/archive/1/restore", "", ""},
		"link": {
			func(c *client.Client) error { _, err := c.Graph().Link(ctx, "1", "2", "supersedes"); return err },
			"POST", "/api/v1/links", "", `{"source_id":"1","target_id":"2","relation":"supersedes"}`,
		},
		"unlink": {
			func(c *client.Client) error { _, _, err := c.Graph().Unlink(ctx, "1", "2", ""); return err },
			"DELETE", "/api/v1/links", "", `{"source_id":"1","target_id":"2"}`,
		},
		"links": {func(c *client.Client) error { _, err := c.Graph().Links(ctx, "1"); return err }, "GET", "/api/v1/links/1", "", ""},
		"consolidate": {
			func(c *client.Client) error {
				_, err := c.Consolidate(ctx, client.Consolidation{IDs: []string{"1", "2"}, Title: "T"})
				return err
			},
			"POST", "/api/v1/consolidate", "", `{"ids":["1","2"],"title":"T"}`,
		},
		"set standard": {
			func(c *client.Client) error {
				_, _, err := c.Governance().SetStandard(ctx, "a/b", client.StandardDraft{Governance: json.RawMessage(`{"write":"any"}`)})
				return err
			},
			"POST", "/api/v1/namespaces/a%2Fb/standard", "", `{"governance":{"write":"any"}}`,
		},
		"standard": {func(c *client.Client) error { _, err := c.Governance().Standard(ctx, "n"); return err }, "GET", "/api/v1/namespaces/n/standard", "", ""},
		"standard chain": {
			func(c *client.Client) error { _, err := c.Governance().StandardChain(ctx, "n"); return err },
			"GET", "/api/v1/namespaces/n/standard", "inherit=true", "",
		},
		"clear standard": {
			func(c *client.Client) error { _, _, err := c.Governance().ClearStandard(ctx, "n"); return err },
			"DELETE", "/api/v1/namespaces/n/standard", "", "",
		},
		"namespaces": {func(c *client.Client) error { _, err := c.Namespaces(ctx); return err }, "GET", "/api/v1/namespaces", "", ""},
		"pending":    {func(c *client.Client) error { _, err := c.Governance().Proposals(ctx, "pending", 3); return err }, "GET", "/api/v1/pending", "limit=3&status=pending", ""},
		"approve":    {func(c *client.Client) error { _, err := c.Governance().Decide(ctx, "1", true); return err }, "POST", "/api/v1/pending/1/approve", "", ""},
		"reject":     {func(c *client.Client) error { _, err := c.Governance().Decide(ctx, "1", false); return err }, "POST", "/api/v1/pending/1/reject", "", ""},
		"receipt":    {func(c *client.Client) error { _, err := c.Receipt(ctx, "n.1.7"); return err }, "GET", "/api/v1/receipts/n.1.7", "", ""},
		"status":     {func(c *client.Client) error { _, err := c.Status(ctx); return err }, "GET", "/api/v1/status", "", ""},
		"diff":       {func(c *client.Client) error { _, err := c.Upkeep().Diff(ctx, "b"); return err }, "GET", "/api/v1/diff", "member=b", ""},
		"teams":      {func(c *client.Client) error { _, err := c.Governance().Teams(ctx); return err }, "GET", "/api/v1/teams", "", ""},
		"change team": {
			func(c *client.Client) error {
				_, err := c.Governance().ChangeTeam(ctx, "ops", []string{"a"}, nil)
				return err
			},
			"POST", "/api/v1/teams/ops", "", `{"add":["a"],"remove":null}`,
		},
		"remove team": {func(c *client.Client) error { _, err := c.Governance().RemoveTeam(ctx, "ops"); return err }, "DELETE", "/api/v1/teams/ops", "", ""},
		"outbound":    {func(c *client.Client) error { _, err := c.Governance().Outbound(ctx); return err }, "GET", "/api/v1/outbound", "", ""},
		"set outbound": {
			func(c *client.Client) error {
				_, err := c.Governance().SetOutbound(ctx, client.OutboundInput{Rules: []string{"allow * *"}})
				return err
			},
			"POST", "/api/v1/outbound", "", `{"rules":["allow * *"]}`,
		},
		"repair": {func(c *client.Client) error { _, err := c.Upkeep().Repair(ctx, "b"); return err }, "POST", "/api/v1/repair", "member=b", ""},
		"parked": {func(c *client.Client) error { _, err := c.Upkeep().Parked(ctx); return err }, "GET", "/api/v1/parked", "", ""},
		"retry parked": {
			func(c *client.Client) error { _, err := c.Upkeep().RetryParked(ctx, []string{"n.1.7"}); return err },
			"POST", "/api/v1/parked/retry", "", `{"dots":["n.1.7"]}`,
		},
		"ready": {func(c *client.Client) error { return c.Ready(ctx) }, "GET", "/health/ready", "", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, got := serve(t, http.StatusOK, `{"unknown":[1],"node":"n","receipt":`+receipt+`}`)
			if err := tc.call(c); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{tc.method, tc.path, tc.query, tc.body}, []string{got.method, got.path, got.query, got.body}); d != "" {
				t.Error(d)
			}
			if name == "ready" {
				return
			}
			if got.header.Get("X-Api-Key") != "k" || got.header.Get("X-Agent-Id") != "ann" {
				t.Errorf("headers %v", got.header)
			}
			if name == "create" && got.header.Get("Idempotency-Key") != "key 1" {
				t.Errorf("idempotency key %q", got.header.Get("Idempotency-Key"))
			}
			if name == "update" && got.header.Get("If-Match") != "3" {
				t.Errorf("If-Match %q", got.header.Get("If-Match"))
			}
		})
	}
}

func TestOutcomesOfWrites(t *testing.T) {
	ctx := context.Background()
	tests := map[string]struct {
		status int
		body   string
		check  func(*client.Outcome) bool
	}{
		"the whole memory": {201, `{"id":"1","title":"T","version":1,"later":true,"receipt":` + receipt + `}`, func(o *client.Outcome) bool {
			return o.ID == "1" && o.Memory.Title == "T" && o.Receipt.Dot == "n.1.7" && len(o.Receipt.HeldBy) == 2 && o.Pending == nil
		}},
		"a nested memory": {200, `{"restored":true,"memory":{"id":"1","title":"T"}}`, func(o *client.Outcome) bool {
			return o.ID == "1" && o.Memory.Title == "T" && o.Receipt == nil
		}},
		"no memory": {200, `{"deleted":true,"id":"1"}`, func(o *client.Outcome) bool { return o.ID == "1" && o.Memory == nil }},
		"waits for approval": {202, `{"status":"pending","pending_id":"p","action":"store","namespace":"n","reason":"why"}`, func(o *client.Outcome) bool {
			return o.ID == "" && *o.Pending == client.Waiting{ID: "p", Action: "store", Reason: "why", Namespace: "n"}
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := serve(t, tc.status, tc.body)
			out, err := c.Create(ctx, client.Draft{})
			if err != nil || !tc.check(out) {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
	c, _ := serve(t, 201, `{"id":"1"}`, "Idempotency-Replayed", "true")
	if out, err := c.Create(ctx, client.Draft{}); err != nil || !out.Replayed {
		t.Errorf("a replay gives %+v, %v", out, err)
	}
}

func TestErrorsCarryWhatTheNodeSaid(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		header []string
		want   client.Error
	}{
		"quorum": {
			503, `{"error":"quorum_not_met","got":1,"needed":2,"reason":"timeout","id":"1","receipt":` + receipt + `}`,
			[]string{"Retry-After", "2"},
			client.Error{
				Status: 503, Code: "QUORUM_NOT_MET", Message: "quorum_not_met", RetryAfter: 2 * time.Second, Reason: "timeout", ID: "1", Got: 1, Needed: 2,
				Receipt: &client.Receipt{Dot: "n.1.7", Digest: "ab", Durability: "quorum", W: 2, N: 3, HeldBy: []string{"a", "b"}},
			},
		},
		"quorum as a 202": {
			202, `{"durability":"local","quorum_met":false,"acks":1,"needed":2,"reason":"unreachable"}`, nil,
			client.Error{Status: 202, Code: "QUORUM_NOT_MET", Reason: "unreachable", Got: 1, Needed: 2},
		},
		"title taken": {
			409, `{"code":"CONFLICT","error":"taken","existing_id":"1"}`, nil,
			client.Error{Status: 409, Code: "CONFLICT", Message: "taken", ID: "1"},
		},
		"version": {
			409, `{"status":"conflict","id":"1","expected_version":1,"current_version":2,"error":"moved on"}`, nil,
			client.Error{Status: 409, Message: "moved on", ID: "1", Current: 2},
		},
		"problem document": {
			422, `{"title":"Unprocessable","status":422,"detail":"bad","errors":[{"message":"too long","location":"body.title"}]}`, nil,
			client.Error{Status: 422, Message: "bad; body.title too long"},
		},
		"plain text":  {400, "no such thing\n", nil, client.Error{Status: 400, Message: "no such thing"}},
		"a page":      {502, "<html>" + strings.Repeat("x", 1000), nil, client.Error{Status: 502, Message: "HTTP status 502 Bad Gateway"}},
		"nothing":     {404, "", nil, client.Error{Status: 404, Message: "HTTP status 404 Not Found"}},
		"busy":        {429, `{"error":"busy","code":"BUSY"}`, []string{"Retry-After", "7"}, client.Error{Status: 429, Code: "BUSY", Message: "busy", RetryAfter: 7 * time.Second}},
		"odd numbers": {503, `{"error":"x"}`, []string{"Retry-After", "-5"}, client.Error{Status: 503, Message: "x"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := serve(t, tc.status, tc.body, tc.header...)
			_, err := c.Create(context.Background(), client.Draft{})
			var e *client.Error
			if !errors.As(fmt.Errorf("around: %w", err), &e) {
				t.Fatalf("%v is no *client.Error", err)
			}
			if d := cmp.Diff(&tc.want, e); d != "" {
				t.Error(d)
			}
			if tc.want.Code == "QUORUM_NOT_MET" && (!e.QuorumMissed() || e.Temporary()) {
				t.Error("a missed quorum must not look like a reason to repeat the write")
			}
		})
	}
}

func TestAnAnswerThatIsNoneIsAnError(t *testing.T) {
	for _, body := range []string{"<html>hello</html>", "", `{"id":`, `[]`} {
		c, _ := serve(t, http.StatusOK, body)
		if _, err := c.Create(context.Background(), client.Draft{}); err == nil {
			t.Errorf("%q is taken for an answer", body)
		}
	}
}

// A node that goes in the middle of an export is one that does not answer.
func TestAnExportThatBreaksOff(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = io.WriteString(w, `{"type":"memory"}`+"\n"+`{"type":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	c, err := client.New(client.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for raw, broken := range c.Export(t.Context(), client.ExportOptions{}) {
		if err = broken; err == nil {
			n += len(raw)
		}
	}
	if e, ok := errors.AsType[*client.UnreachableError](err); !ok || e.URL != srv.URL || n == 0 {
		t.Errorf("%v after %d bytes", err, n)
	}
}

func TestNobodyThere(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c, err := client.New(client.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Status(context.Background())
	if e, ok := errors.AsType[*client.UnreachableError](err); !ok || e.URL != srv.URL {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call gives %v", err)
	}
}

func TestConnectionsAreUsedAgainAlsoAfterErrors(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/status") {
			_, _ = io.WriteString(w, `{"node":"n"}`+strings.Repeat(" ", 10_000))
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c, err := client.New(client.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := c.Status(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Upkeep().Parked(context.Background()); err == nil {
			t.Fatal("a 500 is no error")
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls", n)
	}
}

func TestBaseURLsAreChecked(t *testing.T) {
	for _, u := range []string{"ftp://x", "localhost:1", "http://", "http://x?y=1", "http://x#y", "%"} {
		if _, err := client.New(client.Options{URL: u}); err == nil {
			t.Errorf("%q is taken", u)
		}
	}
	for _, u := range []string{"", "http://x", "https://x:1/base/"} {
		if _, err := client.New(client.Options{URL: u}); err != nil {
			t.Errorf("%q: %v", u, err)
		}
	}
}

func TestEventsResumeWhereTheyBroke(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		switch len(asked) {
		case 1:
			_, _ = io.WriteString(w, ": hello\nretry: 1\n\nid: 4\nevent: put\ndata: {\"lsn\":4,\"kind\":\"put\",\"extra\":1}\n\nid: 5\ndata: {\"lsn\":5,\ndata: \"kind\":\"link\"}\n\nid: 6\ndata: {\"lsn\":6")
		case 2:
			_, _ = io.WriteString(w, "id: 9\ndata: {\"lsn\":9}\n\n")
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer srv.Close()
	c, err := client.New(client.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for e, err := range c.Events(context.Background(), 3) {
		if err != nil {
			if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Status != http.StatusForbidden {
				t.Errorf("the sequence ended with %v", err)
			}
			break
		}
		got = append(got, e.LSN)
	}
	if d := cmp.Diff([]uint64{4, 5, 9}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"3", "5", "9"}, asked); d != "" {
		t.Error(d)
	}
}

func TestAnExportThatBreaksOffIsAnError(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		lines   int
		fails   bool
	}{
		"whole": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{\"id\":1}\n{\"id\":2}\n") }, 2, false},
		"empty": {func(http.ResponseWriter, *http.Request) {}, 0, false},
		"aborted": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "{\"id\":1}\n{\"id\"")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, 1, true},
		"aborted between lines": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "{\"id\":1}\n")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, 1, true},
		"refused": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 0, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/x-ndjson")
				tc.handler(w, r)
			}))
			defer srv.Close()
			c, err := client.New(client.Options{URL: srv.URL})
			if err != nil {
				t.Fatal(err)
			}
			lines, failed := 0, false
			for raw, err := range c.Export(context.Background(), client.ExportOptions{Namespace: "n", All: true}) {
				if failed = err != nil; !failed {
					lines++
				} else if raw != nil {
					t.Error("an error comes with a line")
				}
			}
			if lines != tc.lines || failed != tc.fails {
				t.Errorf("%d lines, failed %v", lines, failed)
			}
		})
	}
}
