package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/internal/carry"
)

// scripted is a node that answers creates as it is told.
type scripted struct {
	url string

	mu    sync.Mutex
	keys  []string // idempotency keys of the creates, in order
	paths []string
}

func script(t *testing.T, answer func(nth int, w http.ResponseWriter, r *http.Request)) *scripted {
	t.Helper()
	s := &scripted{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health/ready" {
			return
		}
		s.mu.Lock()
		s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
		s.paths = append(s.paths, r.Method+" "+r.URL.Path)
		nth := len(s.keys)
		s.mu.Unlock()
		answer(nth, w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func created(w http.ResponseWriter) {
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":"1","title":"T","receipt":{"dot":"a.1.1","durability":"quorum","w":1,"n":1,"held_by":["a"]}}`)
}

func load(t *testing.T, lines int, servers ...string) (carry.Report, result) {
	t.Helper()
	var in strings.Builder
	for i := range lines {
		fmt.Fprintf(&in, `{"title":"T%d","content":"x"}`+"\n", i)
	}
	args := []string{"import", "-", "--json"}
	for _, s := range servers {
		args = append(args, "--server", s)
	}
	got := tally(t, nil, in.String(), args...)
	if got.out == "" {
		return carry.Report{}, got
	}
	return parse[carry.Report](t, got.out), got
}

func TestABusyNodeIsAskedAgainUnderTheSameKey(t *testing.T) {
	s := script(t, func(nth int, w http.ResponseWriter, _ *http.Request) {
		if nth < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"error":"busy","code":"BUSY"}`)
			return
		}
		created(w)
	})
	r, got := load(t, 1, s.url)
	if got.code != exitOK || r.Written != 1 || r.Retried != 2 || r.Failed != 0 || len(slices.Compact(s.keys)) != 1 || s.keys[0] == "" {
		t.Errorf("%+v, keys %q, %+v", r, s.keys, got)
	}
}

func TestAMissedQuorumIsNotWrittenAgain(t *testing.T) {
	s := script(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"error":"quorum_not_met","got":1,"needed":2,"reason":"timeout","receipt":{"dot":"a.1.1","durability":"local"}}`)
	})
	r, got := load(t, 3, s.url)
	if got.code != exitQuorum || r.Written != 3 || r.Short != 3 || r.Durability["local"] != 3 || r.Retried != 0 || len(s.keys) != 3 {
		t.Errorf("%+v, %d requests, %+v", r, len(s.keys), got)
	}
	got = tally(t, nil, `{"title":"T","content":"x"}`, "import", "-", "--json", "--server", s.url, "--when-short", "local")
	if r := parse[carry.Report](t, got.out); got.code != exitOK || r.Written != 1 || r.Short != 0 || r.Durability["local"] != 1 {
		t.Errorf("asked for so: %+v, %+v", r, got)
	}
}

func TestWritesGoRoundAndPassOverANodeThatIsGone(t *testing.T) {
	answer := func(_ int, w http.ResponseWriter, _ *http.Request) { created(w) }
	a, b := script(t, answer), script(t, answer)
	if r, got := load(t, 10, a.url, b.url); got.code != exitOK || r.Written != 10 || len(a.keys) != 5 || len(b.keys) != 5 {
		t.Errorf("%+v, %d and %d requests", r, len(a.keys), len(b.keys))
	}
	const nobody = "http://127.0.0.1:1"
	if r, got := load(t, 10, nobody, a.url); got.code != exitOK || r.Written != 10 || r.Retried != 5 || len(a.keys) != 15 {
		t.Errorf("%+v, %d requests, %+v", r, len(a.keys), got)
	}
	if _, got := load(t, 10, nobody, nobody); got.code != exitUnreachable || got.out != "" {
		t.Errorf("without any node: %+v", got)
	}
}

func TestWhatANodeRefusesIsReportedAndTheRestGoesOn(t *testing.T) {
	s := script(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), `"T1"`) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"title: not today","code":"VALIDATION_FAILED"}`)
			return
		}
		created(w)
	})
	r, got := load(t, 3, s.url)
	if got.code != exitOther || r.Written != 2 || r.Failed != 1 || !strings.Contains(got.err, "failed: stdin line 2: title: not today") {
		t.Errorf("%+v, %+v", r, got)
	}
}

func TestARepetitionThatTheNodeKnowsIsCompared(t *testing.T) {
	s := script(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			w.Header().Set("Idempotency-Replayed", "true")
			created(w)
		case http.MethodGet: // it was edited since
			_, _ = io.WriteString(w, `{"memory":{"id":"1","title":"T0","content":"edited","version":4}}`)
		case http.MethodPut:
			if r.Header.Get("If-Match") != "4" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			created(w)
		}
	})
	r, got := load(t, 1, s.url)
	want := []string{"POST /api/v1/memories", "GET /api/v1/memories/1", "PUT /api/v1/memories/1"}
	if got.code != exitOK || r.Updated != 1 || !slices.Equal(s.paths, want) {
		t.Errorf("%+v, %q, %+v", r, s.paths, got)
	}
}
