package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

// goodPush is a request that is taken.
func goodPush(t *testing.T) *http.Request {
	t.Helper()
	body := must(t)(wire.EncodePush(&memory.Push{From: "a", To: "b", Ops: entries(t, 2)}))
	r := httptest.NewRequest(http.MethodPost, "/api/v1/sync/push", bytes.NewReader(body))
	r.RemoteAddr = "127.0.0.1:9"
	r.Header.Set("Content-Type", "application/cbor")
	r.Header.Set("X-Fed-Proto", "2")
	r.Header.Set("X-Peer-Id", "a")
	r.Header.Set("X-Peer-To", "b")
	return r
}

func body(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

func TestRequestsThatAreNoneAreRefusedClearly(t *testing.T) {
	with := func(header, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(header, value) }
	}
	without := func(header string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Del(header) }
	}
	sends := func(p *memory.Push) func(*http.Request) {
		return func(r *http.Request) {
			b := must(t)(wire.EncodePush(p))
			r.Body, r.ContentLength = body(b), int64(len(b))
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		status int
		code   string
		text   string
	}{
		"a GET":                     {func(r *http.Request) { r.Method = http.MethodGet }, 405, "method_not_allowed", "want POST"},
		"another route":             {func(r *http.Request) { r.URL.Path = "/api/v1/sync/poke" }, 404, "not_found", "no such route"},
		"no protocol":               {without("X-Fed-Proto"), 400, "protocol", `X-Fed-Proto "": want 2`},
		"another protocol":          {with("X-Fed-Proto", "3"), 400, "protocol", `"3": want 2`},
		"no sender":                 {without("X-Peer-Id"), 403, "unknown_member", `"" is not a member here`},
		"a stranger":                {with("X-Peer-Id", "mallory"), 403, "unknown_member", `"mallory" is not a member here`},
		"a stranger with a colour":  {with("X-Peer-Id", "m\x1b[31m"), 403, "unknown_member", `m\x1b[31m`},
		"the node itself":           {with("X-Peer-Id", "b"), 403, "unknown_member", `"b"`},
		"not on this machine":       {func(r *http.Request) { r.RemoteAddr = "192.0.2.1:9" }, 403, "insecure_beyond_loopback", "a at 192.0.2.1"},
		"no receiver":               {without("X-Peer-To"), 403, "misdirected", "missing"},
		"meant for another":         {with("X-Peer-To", "c"), 403, "misdirected", "this is b, not c"},
		"JSON":                      {with("Content-Type", "application/json"), 415, "content_type", "want application/cbor"},
		"no type":                   {without("Content-Type"), 415, "content_type", "want application/cbor"},
		"in another coding":         {with("Content-Encoding", "gzip"), 415, "content_encoding", "want none, or what Accept-Encoding says"},
		"in two codings":            {with("Content-Encoding", "zstd, zstd"), 415, "content_encoding", "want none"},
		"not compressed":            {with("Content-Encoding", "zstd"), 400, "invalid", "not one frame"},
		"headers of another member": {with("X-Peer-Id", "c"), 403, "misdirected", "from a to b"},
		"a message for another":     {sends(&memory.Push{From: "a", To: "c"}), 403, "misdirected", "from a to c"},
		"a message of another":      {sends(&memory.Push{From: "c", To: "b"}), 403, "misdirected", "from c to b"},
		"no body":                   {func(r *http.Request) { r.Body, r.ContentLength = http.NoBody, 0 }, 400, "invalid", "push: EOF"},
		"half a body":               {func(r *http.Request) { r.Body = body([]byte("\xa8\x61v")) }, 400, "invalid", "unexpected EOF"},
		"a body that breaks off":    {func(r *http.Request) { r.Body = io.NopCloser(brokenReader{}) }, 400, "cut_off", "in full"},
		"a body of another message": {func(r *http.Request) { r.URL.Path = "/api/v1/sync/pull" }, 400, "invalid", "pull"},
		"claims to be too large":    {func(r *http.Request) { r.ContentLength = wire.MaxBody + 1 }, 413, "too_large", "4194304 bytes"},
		"is too large": {func(r *http.Request) {
			r.Body, r.ContentLength = body(make([]byte, wire.MaxBody+1)), -1
		}, 413, "too_large", "4194304 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newMember("b")
			r := goodPush(t)
			c.change(r)
			w := httptest.NewRecorder()
			peer.NewHandler(configOfB(), b, quiet()).ServeHTTP(w, r)
			problem := problemOf(t, w)
			if w.Code != c.status || problem.Code != c.code || !strings.Contains(problem.Error, c.text) {
				t.Errorf("got %d %+v, want %d %s with %q", w.Code, problem, c.status, c.code, c.text)
			}
			if len(b.pushes)+len(b.pulls) != 0 {
				t.Error("the message was accepted")
			}
			if c.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") != http.MethodPost {
				t.Errorf("Allow: %q", w.Header().Get("Allow"))
			}
		})
	}
}

// Without what makes them bad, the requests above are taken.
func TestAGoodRequestIsTaken(t *testing.T) {
	for name, contentLength := range map[string]bool{"of a known length": true, "in chunks": false} {
		t.Run(name, func(t *testing.T) {
			b, w, r := newMember("b"), httptest.NewRecorder(), goodPush(t)
			if !contentLength {
				r.ContentLength = -1
			}
			peer.NewHandler(configOfB(), b, quiet()).ServeHTTP(w, r)
			if w.Code != http.StatusOK || len(b.held) != 2 {
				t.Fatalf("got %d %s, %d ops", w.Code, w.Body, len(b.held))
			}
			if _, err := wire.DecodePushReply(w.Body.Bytes()); err != nil {
				t.Error(err)
			}
			for header, want := range map[string]string{
				"Content-Type": "application/cbor", "X-Fed-Proto": "2", "X-Peer-Id": "b", "Content-Length": strconv.Itoa(w.Body.Len()),
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

type problem struct{ Error, Code string }

func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q of a %d", got, w.Code)
	}
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return p
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTheErrorsOfTheNodeReachTheMember(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		want       string
		retryAfter time.Duration
	}{
		"a full queue":  {fmt.Errorf("accept: %w", memory.ErrBusy), "429 Too Many Requests: busy", time.Second},
		"many reads":    {fmt.Errorf("accept: %w", memory.ErrCrowded), "429 Too Many Requests: busy: too many reads are going on", time.Second},
		"a full disk":   {memory.ErrFull, "503 Service Unavailable: disk_full: disk full", 10 * time.Second},
		"shutting down": {memory.ErrClosed, "503 Service Unavailable: shutting_down", time.Second},
		"invalid":       {fmt.Errorf("op 7: %w", memory.ErrInvalid), "400 Bad Request: invalid: op 7: invalid", 0},
		"a failure":     {errors.New("/var/lib/secret.db is broken"), "503 Service Unavailable: unavailable", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := newMember("b")
			b.err = c.err
			var log bytes.Buffer
			addr, _, s := server(t, peer.NewHandler(configOfB(), b, slog.New(slog.NewTextHandler(&log, nil))))
			_, err := client(t, addr).Push(t.Context(), "b", &memory.Push{})
			s.Close() // waits for the handler, which writes the log
			checkFault(t, err, memory.FaultRetry, c.want)
			checkRetryAfter(t, err, c.retryAfter)
			if strings.Contains(err.Error(), "secret") {
				t.Error("the member is told what is none of its business")
			}
			if name == "a failure" && !strings.Contains(log.String(), "secret.db") {
				t.Errorf("our log does not say what is wrong: %s", log.String())
			}
		})
	}
}

func TestTheAPIKeyIsAskedOfEverybody(t *testing.T) {
	for name, c := range map[string]struct {
		theirs, ours string
		good         bool
	}{
		"the same":    {"s3cret", "s3cret", true},
		"none needed": {"", "s3cret", true},
		"missing":     {"s3cret", "", false},
		"another":     {"s3cret", "s3creT", false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := configOfB()
			cfg.APIKey = c.theirs
			addr, _, _ := server(t, peer.NewHandler(cfg, newMember("b"), quiet()))
			a := client(t, addr, func(cfg *peer.Config) { cfg.APIKey = c.ours })
			_, pushErr := a.Push(t.Context(), "b", &memory.Push{})
			_, helloErr := a.Hello(t.Context(), "b")
			_, snapshotErr := a.Snapshot(t.Context(), "b", func([]memory.Shipment) error { return nil })
			for _, err := range []error{pushErr, helloErr, snapshotErr} {
				if c.good {
					if err != nil {
						t.Error(err)
					}
					continue
				}
				checkFault(t, err, memory.FaultIdentity, "401 Unauthorized: unauthorized")
				if strings.Contains(err.Error(), "s3c") {
					t.Error("the key is in the error")
				}
			}
		})
	}
}

func TestAStrangerIsToldSo(t *testing.T) {
	addr, _ := serve(t, newMember("b"))
	stranger := client(t, addr, func(cfg *peer.Config) { cfg.Self = "mallory" })
	_, err := stranger.Push(t.Context(), "b", &memory.Push{})
	checkFault(t, err, memory.FaultIdentity, `unknown_member: "mallory" is not a member here`)
	if _, err := stranger.Hello(t.Context(), "b"); err != nil {
		t.Errorf("hello is for everybody: %v", err)
	}
}

// countingReader is a body without end.
type countingReader struct{ read atomic.Int64 }

func (c *countingReader) Read(b []byte) (int, error) {
	c.read.Add(int64(len(b)))
	return len(b), nil
}

func TestABodyWithoutEndIsNotRead(t *testing.T) {
	for name, size := range map[string]int64{"that says so": 8 << 30, "that does not": -1} {
		t.Run(name, func(t *testing.T) {
			b := newMember("b")
			addr, _ := serve(t, b)
			var endless countingReader
			req := goodPush(t)
			out, err := http.NewRequestWithContext(t.Context(), http.MethodPost, addr+req.URL.Path, &endless)
			if err != nil {
				t.Fatal(err)
			}
			out.Header, out.ContentLength = req.Header, size
			resp, err := http.DefaultTransport.RoundTrip(out)
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("got %s", resp.Status)
				}
			}
			if got := endless.read.Load(); got > 32<<20 {
				t.Errorf("%d bytes were taken", got)
			}
			if len(b.pushes) != 0 {
				t.Error("it was accepted")
			}
		})
	}
}

func TestABodyThatNeverComesIsGivenUpOn(t *testing.T) {
	cfg := configOfB()
	cfg.Timeout = 50 * time.Millisecond
	addr, _, _ := server(t, peer.NewHandler(cfg, newMember("b"), quiet()))
	stuck, w := io.Pipe()
	defer func() { _ = w.Close() }()
	req := goodPush(t)
	out, err := http.NewRequestWithContext(t.Context(), http.MethodPost, addr+req.URL.Path, stuck)
	if err != nil {
		t.Fatal(err)
	}
	out.Header = req.Header
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s", resp.Status)
	}
}

// The deadlines for reading a body and writing a reply must not end the request
// that they belong to, nor the next one on the connection.
func TestAConnectionOutlivesTheDeadlinesOfARequest(t *testing.T) {
	b := newMember("b")
	cfg := configOfB()
	cfg.Timeout = 50 * time.Millisecond
	addr, connections, _ := server(t, peer.NewHandler(cfg, slowly{b}, quiet()))
	c := client(t, addr)
	for range 3 {
		if _, err := c.Push(t.Context(), "b", &memory.Push{Ops: entries(t, 1)}); err != nil {
			t.Fatal(err)
		}
		<-time.After(80 * time.Millisecond)
	}
	b.err = memory.ErrFull // answered without a deadline of its own
	_, err := c.Push(t.Context(), "b", &memory.Push{})
	checkFault(t, err, memory.FaultRetry, "disk_full")
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections", got)
	}
}

func TestAReplyTooLargeSaysSo(t *testing.T) {
	addr, _ := serve(t, talkative{newMember("b")})
	_, err := client(t, addr).Digest(t.Context(), "b", &memory.DigestRequest{Buckets: []uint16{0}})
	checkFault(t, err, memory.FaultRetry, "413 Request Entity Too Large: reply_too_large: ask for less")
}

// talkative is a member with more registers than a reply has room for.
type talkative struct{ *member }

func (talkative) AcceptDigest(context.Context, memory.Source, *memory.DigestRequest) (*memory.DigestReply, error) {
	return &memory.DigestReply{From: "b", Registers: make([]memory.RegisterDigest, wire.MaxRegisters+1)}, nil
}
