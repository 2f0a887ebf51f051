package api_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/api"
)

func TestLargeAnswersAreCompressedForClientsThatAsk(t *testing.T) {
	n := alone(t)
	id := n.call("POST", "/api/v1/memories", `{"title":"x","content":"`+strings.Repeat("text ", 5000)+`"}`).want(http.StatusCreated).text("id")
	get := func(path, accept string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		req.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		n.api.ServeHTTP(w, req)
		return w
	}
	for accept, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "": "", "gzip;q=0": "", "br": ""} {
		if got := get("/api/v1/memories/"+id, accept).Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding %q, want %q", accept, got, want)
		}
	}
	if got := get("/health/live", "gzip").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a small answer has Content-Encoding %q", got)
	}
	z, err := gzip.NewReader(get("/api/v1/memories/"+id, "gzip").Body)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil || !json.Valid(raw) {
		t.Errorf("%d bytes, error %v", len(raw), err)
	}
}

func TestRequestIDsAreTakenOverOrMade(t *testing.T) {
	n := alone(t)
	if got := n.call("GET", "/health/live", "", "X-Request-Id", "mine-1").header.Get("X-Request-Id"); got != "mine-1" {
		t.Errorf("X-Request-Id %q, want mine-1", got)
	}
	for _, bad := range []string{"", "a b", strings.Repeat("x", 129)} {
		if got := n.call("GET", "/health/live", "", "X-Request-Id", bad).header.Get("X-Request-Id"); got == "" || got == bad {
			t.Errorf("X-Request-Id %q for %q", got, bad)
		}
	}
}

func TestAPanicIsA500WithoutDetails(t *testing.T) {
	n := alone(t)
	broken := open(t, options{api: func(c *api.Config) { c.Books = nil }})
	a := broken.call("GET", "/api/v1/status", "").want(http.StatusInternalServerError).is("internal server error", "error")
	if strings.Contains(a.raw, "nil pointer") {
		t.Errorf("details in %s", a.raw)
	}
	if got := broken.logs.String(); !strings.Contains(got, "panic in a handler") {
		t.Error("the panic is not in the log")
	}
	n.call("GET", "/api/v1/status", "").want(http.StatusOK)
}

func TestHeadAnswersLikeGetWithoutABody(t *testing.T) {
	n := alone(t)
	id := n.create("x")
	a := n.call("HEAD", "/api/v1/memories/"+id, "").want(http.StatusOK)
	if a.raw != "" || a.header.Get("Content-Length") == "0" || a.header.Get("ETag") != `"1"` {
		t.Errorf("body %q, headers %v", a.raw, a.header)
	}
	n.call("HEAD", "/api/v1/memories/nobody", "").want(http.StatusNotFound)
}

func TestProblemJSONIsSentToWhomeverAsksForIt(t *testing.T) {
	n := alone(t)
	for accept, want := range map[string]string{"": "application/json", "application/problem+json, */*": "application/problem+json"} {
		a := n.call("GET", "/api/v1/memories/nobody", "", "Accept", accept).want(http.StatusNotFound)
		if got := a.header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: Content-Type %q, want %q", accept, got, want)
		}
		a.is("about:blank", "type").is("Not Found", "title").is(404.0, "status").is("not found", "detail").is("not found", "error").is("NOT_FOUND", "code")
	}
}

func TestMetricsCountRequestsByRoute(t *testing.T) {
	n := alone(t)
	n.create("x")
	n.call("GET", "/api/v1/recall?context=x", "").want(http.StatusOK)
	n.call("GET", "/api/v1/memories/nobody", "").want(http.StatusNotFound)
	n.call("BREW", "/api/v1/memories", "").want(http.StatusMethodNotAllowed)
	got := n.call("GET", "/api/v1/metrics", "").want(http.StatusOK).raw
	for _, want := range []string{
		`tally_http_requests_total{code="201",method="POST",route="/api/v1/memories"} 1`,
		`tally_http_requests_total{code="404",method="GET",route="/api/v1/memories/{id}"} 1`,
		`tally_http_requests_total{code="405",method="other",route="none"} 1`,
		"ai_memory_store_total 1", "ai_memory_recall_total 1", "ai_memory_recall_latency_seconds_count 1", "ai_memory_memories 1",
		"ai_memory_federation_push_dlq_depth 0",
		"tally_stored_total 1", "tally_recalls_total 1", "tally_recall_seconds_count 1", `tally_memories{state="live"} 1`, "tally_conflicts 0",
		"tally_write_quorum 1", "tally_members 1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestANodeWhoseDiskIsFullIsNotReady(t *testing.T) {
	full := true
	n := open(t, options{api: func(c *api.Config) { c.Full = func() bool { return full } }})
	n.call("GET", "/health/ready", "").want(http.StatusServiceUnavailable).is("NOT_READY", "code")
	n.call("GET", "/health/live", "").want(http.StatusOK)
	full = false
	n.call("GET", "/health/ready", "").want(http.StatusOK)
}

func TestTextsAndKeysStayOutOfTheLog(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "s3cret" }})
	n.call("POST", "/api/v1/memories?api_key=s3cret", `{"title":"the title","content":"the text"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/memories", `{"title":"the title","content":"the text"`, "X-Api-Key", "s3cret").want(http.StatusBadRequest)
	for _, secret := range []string{"s3cret", "the title", "the text"} {
		if strings.Contains(n.logs.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(n.logs.String(), "route=/api/v1/memories") {
		t.Error("the log has no requests")
	}
}

func TestChunkedBodiesAreCappedToo(t *testing.T) {
	n := alone(t)
	body := io.MultiReader(strings.NewReader(`{"title":"`), io.LimitReader(endless{}, 3<<20))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url+"/api/v1/memories", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", res.StatusCode)
	}
}

func TestABodyThatTricklesInIsGivenUp(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.RequestTimeout = 50 * time.Millisecond }})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /api/v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"title\":"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("answer %.200q, error %v, want a 408", answer, err)
	}
}

func TestARefusedRequestIsAnsweredBeforeItsBodyHasCome(t *testing.T) {
	n := alone(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /api/v1/memories HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"title\":"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 421 ") {
		t.Errorf("answer %.200q, error %v, want a 421", answer, err)
	}
}

func TestBodiesInAnEncodingAreRefusedByName(t *testing.T) {
	n := alone(t)
	a := n.call("POST", "/api/v1/memories", "\x1f\x8b", "Content-Encoding", "gzip").want(http.StatusUnsupportedMediaType)
	if got := a.header.Get("Accept-Encoding"); got != "identity" {
		t.Errorf("Accept-Encoding %q", got)
	}
	n.call("POST", "/api/v1/memories", `{"title":"x","content":"y"}`, "Content-Encoding", "identity", "Content-Type", "application/json; charset=utf8").want(http.StatusCreated)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}
