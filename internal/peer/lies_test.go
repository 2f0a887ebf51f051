package peer_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

// says answers every request with a status, a type of content and a body.
func says(status int, contentType string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

func must(t *testing.T) func(b []byte, err error) []byte {
	t.Helper()
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestALieIsNoAnswer(t *testing.T) {
	good := must(t)(wire.EncodePushReply(&memory.PushReply{From: "b"}))
	const page = "<!DOCTYPE html><html><body>Welcome to the hotel network"
	const cborType = "application/cbor"
	for name, c := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"a page of HTML":            {says(200, "text/html; charset=utf-8", []byte(page)), `answers 200 with content type "text/html; charset=utf-8"`},
		"a page that claims CBOR":   {says(200, cborType, []byte(page)), "push reply"},
		"nothing":                   {says(200, cborType, nil), "EOF"},
		"nothing of no type":        {says(200, "", nil), "content type"},
		"JSON":                      {says(200, "application/json", []byte(`{"applied":1}`)), "content type"},
		"no content":                {says(204, cborType, nil), "204 No Content"},
		"accepted for later":        {says(202, cborType, good), "202 Accepted"},
		"a reply cut in half":       {says(200, cborType, good[:len(good)/2]), "push reply"},
		"a reply and more":          {says(200, cborType, append(bytes.Clone(good), 0)), "extraneous data"},
		"fewer bytes than promised": {promises(good, len(good)+100), "cut off after"},
		"compressed":                {compressed(good), `content encoding "gzip"`},
		"another version": {
			says(200, cborType, bytes.Replace(good, []byte("\x61v\x02"), []byte("\x61v\x03"), 1)), "protocol version 3, want 2",
		},
		"not durable": {
			says(200, cborType, bytes.Replace(good, []byte("durable\xf5"), []byte("durable\xf4"), 1)), "not durable",
		},
		"another member": {
			says(200, cborType, must(t)(wire.EncodePushReply(&memory.PushReply{From: "c"}))), "the reply is from c",
		},
		"the pusher itself": {
			says(200, cborType, must(t)(wire.EncodePushReply(&memory.PushReply{From: "a"}))), "the reply is from a",
		},
		"about another op": {
			says(200, cborType, must(t)(wire.EncodePushReply(&memory.PushReply{From: "b", Refused: []memory.Refusal{
				{Dot: memory.Dot{Origin: "a.1", Seq: 3}, Code: memory.CodeInvalid},
			}}))), "refuses a.1.3, which was not sent",
		},
		"about another question": {
			says(200, cborType, must(t)(wire.EncodePullReply(&memory.PullReply{From: "b"}))), "unknown field",
		},
		"elsewhere":          {http.RedirectHandler("http://127.0.0.1:1/", http.StatusTemporaryRedirect), "307"},
		"500 with a page":    {says(500, "text/html", []byte(page)), "500 Internal Server Error"},
		"404 of a web site":  {http.NotFoundHandler(), "404 Not Found"},
		"words for our log":  {says(500, "application/json", []byte(`{"code":"x","error":"a\nlevel=ERROR b\u001b[31m"}`)), "x: a level=ERROR b [31m"},
		"many words":         {says(500, "application/json", []byte(`{"code":"x","error":"`+strings.Repeat("é", 1000)+`"}`)), "é…"},
		"an abrupt end":      {http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "EOF"},
		"a 401":              {says(401, "text/plain", nil), "401 Unauthorized"},
		"a 403 with a page":  {says(403, "text/html", []byte(page)), "403 Forbidden"},
		"headers of 200 KiB": {longHeader(), "server response headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _, _ := server(t, c.handler)
			reply, err := client(t, addr).Push(t.Context(), "b", &memory.Push{Ops: entries(t, 2)})
			if reply != nil {
				t.Errorf("got a reply: %+v", reply)
			}
			class := memory.FaultRetry
			if strings.HasPrefix(name, "a 40") {
				class = memory.FaultIdentity
			}
			checkFault(t, err, class, c.want)
			if len(err.Error()) > 600 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// Without the lie, the answer above counts.
func TestTheTruthIsAnAnswer(t *testing.T) {
	good := must(t)(wire.EncodePushReply(&memory.PushReply{From: "b"}))
	addr, _, _ := server(t, says(200, "application/cbor", good))
	if _, err := client(t, addr).Push(t.Context(), "b", &memory.Push{Ops: entries(t, 2)}); err != nil {
		t.Error(err)
	}
}

func promises(body []byte, n int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = w.Write(body)
	})
}

func compressed(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	})
}

func longHeader() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 200<<10))
	})
}

func TestTheLieOfEveryOtherCall(t *testing.T) {
	page := says(200, "text/html", []byte("<html>"))
	ofC := newMember("c") // answers as c, on the address of b
	ctx := t.Context()
	calls := map[string]func(*peer.Client) error{
		"pull": func(c *peer.Client) error {
			_, err := c.Pull(ctx, "b", &memory.PullRequest{})
			return err
		},
		"digest": func(c *peer.Client) error {
			_, err := c.Digest(ctx, "b", &memory.DigestRequest{})
			return err
		},
		"hello": func(c *peer.Client) error {
			_, err := c.Hello(ctx, "b")
			return err
		},
		"snapshot": func(c *peer.Client) error {
			_, err := c.Snapshot(ctx, "b", func([]memory.Shipment) error { return nil })
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			addr, _, _ := server(t, page)
			checkFault(t, call(client(t, addr)), memory.FaultRetry, "content type")

			// A node that believes it is b, over an engine that does not.
			addr, _, _ = server(t, peer.NewHandler(configOfB(), ofC, quiet()))
			if name == "pull" || name == "digest" {
				checkFault(t, call(client(t, addr)), memory.FaultRetry, "the reply is from c")
			}
			other := configOfB()
			other.Self = "c"
			addr, _, _ = server(t, peer.NewHandler(other, ofC, quiet()))
			checkFault(t, call(client(t, addr)), memory.FaultIdentity, "misdirected: this is c, not b")
		})
	}
}

func TestAReplyWithoutEndIsNotRead(t *testing.T) {
	for name, contentType := range map[string]string{"of CBOR": "application/cbor", "of HTML": "text/html"} {
		t.Run(name, func(t *testing.T) {
			var written atomic.Int64
			addr, _, _ := server(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", contentType)
				for block := make([]byte, 64<<10); written.Load() < 4<<30; {
					n, err := w.Write(block)
					written.Add(int64(n))
					if err != nil {
						return
					}
				}
			}))
			_, err := client(t, addr).Push(t.Context(), "b", &memory.Push{})
			want := "a reply of more than 4194304 bytes"
			if contentType == "text/html" {
				want = "content type"
			}
			checkFault(t, err, memory.FaultRetry, want)
			if got := written.Load(); got > 64<<20 {
				t.Errorf("%d bytes were read", got)
			}
		})
	}
}

func TestAReplyThatClaimsGigabytesIsNotRead(t *testing.T) {
	addr, _, _ := server(t, promises(nil, 8<<30))
	_, err := client(t, addr).Push(t.Context(), "b", &memory.Push{})
	checkFault(t, err, memory.FaultRetry, "a reply of 8589934592 bytes, limit 4194304")
}

func TestASlowMemberIsGivenUpOn(t *testing.T) {
	good := must(t)(wire.EncodePushReply(&memory.PushReply{From: "b"}))
	end := make(chan struct{})
	silent := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end })
	stuck := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Content-Length", strconv.Itoa(len(good)))
		_, _ = w.Write(good[:10])
		_ = http.NewResponseController(w).Flush()
		<-end
	})
	stuckPage := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_ = http.NewResponseController(w).Flush()
		<-end
	})
	for name, h := range map[string]http.Handler{
		"that says nothing": silent, "that stops in the middle": stuck, "that stops in an error": stuckPage,
	} {
		addr, _, _ := server(t, h)
		push := func(ctx context.Context, timeout time.Duration) error {
			_, err := client(t, addr, func(c *peer.Config) { c.Timeout = timeout }).Push(ctx, "b", &memory.Push{})
			return err
		}
		t.Run(name+", by the timeout", func(t *testing.T) {
			checkFault(t, push(t.Context(), 50*time.Millisecond), memory.FaultRetry, "")
		})
		t.Run(name+", by the caller", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			checkFault(t, push(ctx, time.Hour), memory.FaultRetry, "")
		})
		t.Run(name+", in a snapshot", func(t *testing.T) {
			c := client(t, addr, func(c *peer.Config) { c.Timeout = 50 * time.Millisecond })
			_, err := c.Snapshot(t.Context(), "b", nil)
			checkFault(t, err, memory.FaultRetry, "")
		})
	}
	close(end)
}

func TestASnapshotThatStallsIsGivenUpOn(t *testing.T) {
	end := make(chan struct{})
	addr, _, _ := server(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.tallystick.snapshot")
		s := wire.NewSnapshotWriter(w, "b")
		if err := s.Batch(entries(t, 2)); err != nil {
			t.Error(err)
		}
		_ = http.NewResponseController(w).Flush()
		<-end
	}))
	defer close(end)
	var got int
	c := client(t, addr, func(c *peer.Config) { c.Timeout = 50 * time.Millisecond })
	_, err := c.Snapshot(t.Context(), "b", func(ops []memory.Shipment) error { got += len(ops); return nil })
	checkFault(t, err, memory.FaultRetry, "no frame in time")
	if got != 2 {
		t.Errorf("%d ops before it stalled, want 2", got)
	}
}

func TestTheMemberSaysWhenToComeBack(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		want   time.Duration
	}{
		"a number":     {"7", 7 * time.Second},
		"an hour":      {"3600", time.Minute},
		"for ever":     {"99999999999999999999", 0},
		"the past":     {"-1", 0},
		"a date":       {"Fri, 31 Dec 2027 23:59:59 GMT", 0},
		"half a thing": {"1.5", 0},
		"nothing":      {"", 0},
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(name+" "+strconv.Itoa(status), func(t *testing.T) {
				addr, _, _ := server(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Retry-After", c.header)
					w.WriteHeader(status)
				}))
				_, err := client(t, addr).Push(t.Context(), "b", &memory.Push{})
				checkFault(t, err, memory.FaultRetry, strconv.Itoa(status))
				checkRetryAfter(t, err, c.want)
			})
		}
	}
}

func TestAPushThatNobodyMayTakeIsNotSent(t *testing.T) {
	addr, connections, _ := server(t, http.NotFoundHandler())
	_, err := client(t, addr).Push(t.Context(), "b", &memory.Push{Ops: make([]memory.Shipment, wire.MaxOps+1)})
	checkFault(t, err, memory.FaultRetry, "1025 ops, limit 1024")
	if !errors.Is(err, memory.ErrInvalid) || connections.Load() != 0 {
		t.Errorf("got %v after %d connections", err, connections.Load())
	}
}
