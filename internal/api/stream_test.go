package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/pace"
)

// event is one server-sent event.
type event struct {
	id, name string
	data     struct {
		LSN      uint64
		Kind     string
		Actor    string
		Subjects []string
		Dot      string
		Proposal string `json:"pending_id"`
	}
}

// listen opens the stream of all events; the channel ends with it.
func (n *node) listen(query string, headers ...string) (<-chan event, context.CancelFunc) {
	n.t.Helper()
	return n.listenTo("/api/v1/events"+query, headers...)
}

func (n *node) listenTo(path string, headers ...string) (<-chan event, context.CancelFunc) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, http.NoBody)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req) //nolint:bodyclose // the goroutine below closes it
	if err != nil {
		n.t.Fatal(err)
	}
	if ct := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || ct != "text/event-stream" {
		n.t.Fatalf("status %d, content type %q", res.StatusCode, ct)
	}
	out := make(chan event, 1000)
	go func() {
		defer close(out)
		defer func() { _ = res.Body.Close() }()
		var e event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				if json.Unmarshal([]byte(value), &e.data) != nil {
					return
				}
			case "":
				if e.id != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return out, cancel
}

func next(t *testing.T, events <-chan event) event {
	t.Helper()
	e, open := <-events
	if !open {
		t.Fatal("the stream ended")
	}
	return e
}

func TestEventsAreResumedWhereTheyBroke(t *testing.T) {
	n := alone(t)
	n.create("one")
	n.create("two")
	events, stop := n.listen("?since=0")
	first := next(t, events)
	if first.name != "put" || !strings.HasPrefix(first.id, "a.") || !strings.HasSuffix(first.id, ":"+strconv.FormatUint(first.data.LSN, 10)) || len(first.data.Subjects) != 2 || first.data.Subjects[0] != "content "+derived("one") {
		t.Fatalf("first event %+v", first)
	}
	second := next(t, events)
	stop()
	id := n.create("three")
	n.call("DELETE", "/api/v1/memories/"+id, "").want(http.StatusOK)
	events, stop = n.listen("", "Last-Event-ID", first.id)
	defer stop()
	if got := next(t, events); got.data.Dot != second.data.Dot {
		t.Errorf("resumed with %+v, want %+v", got, second)
	}
	next(t, events)
	if got := next(t, events); got.name != "delete" || got.data.Subjects[0] != "life "+id {
		t.Errorf("event %+v, want the delete of %s", got, id)
	}
	n.call("POST", "/api/v1/memories/"+id+"/erase", "").want(http.StatusOK)
	if got := next(t, events); got.name != "erase" {
		t.Errorf("event %+v, want an erase, while listening", got)
	}
}

// Who comes from a place that this node does not know has missed nobody knows what.
func TestAFollowerFromElsewhereStartsFromTheBeginning(t *testing.T) {
	n := alone(t)
	n.create("one")
	for _, from := range []string{"b.other:1", "a.other:1", "99999", "b.other:0"} {
		events, stop := n.listen("", "Last-Event-ID", from)
		if got := next(t, events); got.name != "reset" {
			t.Errorf("from %s: first event %+v, want a reset", from, got)
		}
		if got := next(t, events); got.data.Subjects[0] != "content "+derived("one") {
			t.Errorf("from %s: event %+v, want the first there is", from, got)
		}
		stop()
	}
	n.call("GET", "/api/v1/events", "", "Last-Event-ID", "a.b:c").want(http.StatusBadRequest)
}

func TestHEADOfAStreamEndsWithItsHeader(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.MaxStreams = 1 }})
	for range 3 {
		for _, path := range []string{"/api/v1/events", "/api/v1/approvals/stream"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, n.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
				t.Errorf("HEAD %s: %d %v", path, res.StatusCode, res.Header)
			}
		}
	}
}

func TestEventsWithoutAPlaceStartWithWhatComesNext(t *testing.T) {
	n := alone(t)
	n.create("before")
	events, stop := n.listen("")
	defer stop()
	n.create("after")
	if got := next(t, events); got.data.Subjects[0] != "content "+derived("after") {
		t.Errorf("event %+v, want the creation of what came after", got)
	}
}

func TestEventsAboutPrivateMemoriesAreForTheirOwners(t *testing.T) {
	n := alone(t)
	secret := n.create("secret", agent("alice")...)
	n.call("PUT", "/api/v1/memories/"+secret, `{"content":"new"}`, agent("alice")...).want(http.StatusOK)
	n.call("DELETE", "/api/v1/memories/"+secret, "", agent("alice")...).want(http.StatusOK)
	n.create("open")
	bobs, stop := n.listen("?since=0", agent("bob")...)
	defer stop()
	if got := next(t, bobs); got.data.Subjects[0] != "content "+derived("open") {
		t.Errorf("bob is told of %+v", got)
	}
	alices, stop := n.listen("?since=0", agent("alice")...)
	defer stop()
	for _, want := range []string{"put", "put", "delete", "put"} {
		if got := next(t, alices); got.name != want {
			t.Errorf("alice is told of %+v, want a %s", got, want)
		}
	}
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.Heartbeat = time.Millisecond }})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/api/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	beats := 0
	for beats < 3 && lines.Scan() {
		if lines.Text() == ": " {
			beats++
		}
	}
	if beats < 3 {
		t.Errorf("%d heartbeats", beats)
	}
}

// What others write is silence to who may not see it, or waits for proposals: the stream
// shows that it lives however much there is of it.
func TestAStreamShowsThatItLivesWhileOthersWrite(t *testing.T) {
	const heartbeat = 100 * time.Millisecond
	n := open(t, options{api: func(c *api.Config) { c.Heartbeat = heartbeat }})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+"/api/v1/approvals/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	beats := make(chan struct{}, 100)
	go func() {
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if lines.Text() == ": " {
				beats <- struct{}{}
			}
		}
	}()
	for i, seen := 0, 0; seen < 3; i++ {
		n.create(fmt.Sprint("memory ", i)) // far more often than the stream beats
		select {
		case <-beats:
			seen++
		case <-ctx.Done():
			t.Fatalf("%d heartbeats in %d writes", seen, i)
		default:
		}
	}
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.MaxStreams = 1 }})
	_, stop := n.listen("")
	defer stop()
	n.call("GET", "/api/v1/events", "").want(http.StatusTooManyRequests).is("BUSY", "code")
}

func TestStreamsEndWhenTheNodeStops(t *testing.T) {
	quit := make(chan struct{})
	n := open(t, options{api: func(c *api.Config) { c.Quit = quit }})
	events, stop := n.listen("")
	defer stop()
	close(quit)
	if e, more := <-events; more {
		t.Errorf("event %+v after the end", e)
	}
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	watched := pace.New(pace.Limits{Patience: 50 * time.Millisecond}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- watched.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	n := open(t, options{server: func(s *httptest.Server) {
		s.Listener, s.Config.ConnContext = watched.Listen(s.Listener), watched.Context
	}})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	if _, err := io.WriteString(conn, "GET /api/v1/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(15 * time.Second)
	ended := regexp.MustCompile(`(?m)^tally_http_requests_total\{[^}]*route="[^"]*/events"`) // counted at its end
	for i := 0; ; i++ {
		var drafts []string
		for j := range 200 {
			drafts = append(drafts, fmt.Sprintf(`{"title":"%d-%d","content":"x"}`, i, j))
		}
		n.call("POST", "/api/v1/memories/bulk", "["+strings.Join(drafts, ",")+"]").want(http.StatusOK)
		if ended.MatchString(n.call("GET", "/metrics", "").want(http.StatusOK).raw) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the stream is still open")
		}
	}
}

// exported reads an export.
func (n *node) exported(path string, headers ...string) []map[string]any {
	n.t.Helper()
	a := n.call("GET", path, "", headers...).want(http.StatusOK)
	if ct := a.header.Get("Content-Type"); ct != "application/x-ndjson" {
		n.t.Errorf("content type %q", ct)
	}
	var out []map[string]any
	for dec := json.NewDecoder(strings.NewReader(a.raw)); ; {
		var m map[string]any
		err := dec.Decode(&m)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			n.t.Fatal(err)
		}
		out = append(out, m)
	}
}

func TestExportTakesEverythingAlong(t *testing.T) {
	n := alone(t)
	a, b, gone := n.create("a"), n.create("b"), n.create("gone")
	secret := n.create("secret", agent("alice")...)
	n.call("POST", "/api/v1/links", `{"from":"`+a+`","to":"`+b+`"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/archive", `{"ids":["`+gone+`"],"reason":"old"}`).want(http.StatusOK)
	seen := map[string]int{}
	for _, m := range n.exported("/api/v1/export?format=ndjson") {
		seen[fmt.Sprint(m["type"], " ", m["state"], " ", m["id"])]++
		if m["id"] == gone && m["archive_reason"] != "old" {
			t.Errorf("archived memory %v", m)
		}
		if m["type"] == "link" && (m["source_id"] != a || m["target_id"] != b) {
			t.Errorf("link %v", m)
		}
	}
	want := map[string]int{"memory live " + a: 1, "memory live " + b: 1, "link <nil> <nil>": 1, "memory archived " + gone: 1}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("exported %v, want %v", seen, want)
	}
	all := n.operated().exported("/api/v1/export?format=ndjson&all=true")
	if len(all) != 5 || !strings.Contains(fmt.Sprint(all), secret) {
		t.Errorf("the operator gets %d lines, want 5 with %s", len(all), secret)
	}
	if got := n.exported("/api/v1/export?format=ndjson", agent("alice")...); len(got) != 5 {
		t.Errorf("alice gets %d lines, want 5", len(got))
	}
}

func TestEventsAboutProposalsAreForThoseWhoSeeThem(t *testing.T) {
	n := alone(t)
	n.call("POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"approve","approver":{"agent":"carol"}}}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/memories", `{"title":"secret","content":"x","namespace":"ns"}`, agent("alice")...).want(http.StatusAccepted)
	n.create("end")
	for name, want := range map[string]string{"alice": "propose", "carol": "propose", "eve": "put"} {
		events, stop := n.listen("?since=0", agent(name)...)
		for range 2 {
			next(t, events) // the standard and its memory
		}
		if got := next(t, events); got.name != want {
			t.Errorf("%s hears of %s, want %s", name, got.name, want)
		}
		stop()
	}
}

func TestApprovalsAreStreamedToThoseWhoSeeThem(t *testing.T) {
	n := alone(t)
	n.call("POST", "/api/v1/namespaces/ns/standard", `{"governance":{"write":"approve","approver":{"agent":"carol"}}}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/namespaces/open/standard", `{"governance":{"write":"approve"}}`).want(http.StatusCreated)
	id := n.call("POST", "/api/v1/memories", `{"title":"secret","content":"x","namespace":"ns"}`, agent("alice")...).want(http.StatusAccepted).text("pending_id")
	n.call("POST", "/api/v1/approvals/"+id, `{"decision":"approve"}`, agent("carol")...).want(http.StatusOK)
	last := n.call("POST", "/api/v1/memories", `{"title":"another","content":"x","namespace":"open"}`).want(http.StatusAccepted).text("pending_id")
	for name, want := range map[string][][2]string{
		"carol": {{"approval_requested", id}, {"approval_decided", id}, {"approval_requested", last}},
		"alice": {{"approval_requested", id}, {"approval_decided", id}, {"approval_requested", last}},
		"eve":   {{"approval_requested", last}},
	} {
		events, stop := n.listenTo("/api/v1/approvals/stream?since=0", agent(name)...)
		for _, w := range want {
			if got := next(t, events); got.name != w[0] || got.data.Proposal != w[1] {
				t.Errorf("%s hears %s of %s, want %v", name, got.name, got.data.Proposal, w)
			}
		}
		stop()
	}
}
