package client_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
)

// Whatever answers, and however slowly, a call ends.
func TestACallEndsThoughTheAnswerDoesNot(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing":           "",
		"half a header":     "HTTP/1.1 200 OK\r\nX-A: ",
		"a header":          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		"half a body":       "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
		"half a refusal":    "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n{",
		"one thing, slowly": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close() //nolint:errcheck // it is done
				if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
					return
				}
				_, _ = io.WriteString(c, answer)
				for tick := time.NewTicker(5 * time.Millisecond); strings.HasSuffix(name, "slowly"); <-tick.C {
					if _, err := io.WriteString(c, "1\r\n \r\n"); err != nil {
						return
					}
				}
				_, _ = io.Copy(io.Discard, c) // until the client goes
			}()
			t.Cleanup(func() { _ = l.Close(); <-ended })
			c, err := client.New(client.Options{URL: "http://" + l.Addr().String(), Patience: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = c.Status(t.Context()); name == "nothing" {
				err = c.Agent(t.Context(), []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`), client.AgentOptions{Method: "ping"}, nil)
			}
			if _, ok := errors.AsType[*client.UnreachableError](err); !ok || !strings.Contains(err.Error(), "takes too long") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What an agent subscribes to says nothing for as long as nothing changes, and stands. A
// connection on which something was to come ends.
func TestASubscriptionThatIsSilentStands(t *testing.T) {
	t.Parallel()
	const silent = 50 * time.Millisecond
	for method, stands := range map[string]bool{"subscriptions/listen": true, "tools/call": false} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(3 * silent):
				_, _ = io.WriteString(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"changed\"}\n\n")
			case <-r.Context().Done():
			}
		}))
		c, err := client.NewSilent(client.Options{URL: srv.URL}, silent)
		if err != nil {
			t.Fatal(err)
		}
		heard := 0
		err = c.Agent(t.Context(), []byte("{}"), client.AgentOptions{Method: method}, func(json.RawMessage) error { heard++; return nil })
		if stands != (err == nil && heard == 1) {
			t.Errorf("%s: heard %d, %v", method, heard, err)
		}
		srv.Close()
	}
}

// Nobody has to trust what answers that a value of its export ends.
func TestAnExportHasNoValueWithoutEnd(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		piece := bytes.Repeat([]byte("a"), 1<<20)
		for _, err := w.Write([]byte(`{"type":"memory"}"`)); err == nil; {
			_, err = w.Write(piece)
		}
	}))
	defer srv.Close()
	c, err := client.New(client.Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	values := 0
	for raw, broken := range c.Export(t.Context(), client.ExportOptions{}) {
		if err = broken; err == nil && len(raw) > 0 {
			values++
		}
	}
	if values != 1 || err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("%d values, then %v", values, err)
	}
	if gone, is := errors.AsType[*client.UnreachableError](err); is {
		t.Errorf("who sends too much is taken for away: %v", gone)
	}
}

// What says "success" and is no node has written nothing, and is not well.
func TestASuccessOfSomethingElseIsNone(t *testing.T) {
	calls := map[string]func(*client.Client) error{
		"create": func(c *client.Client) error { _, err := c.Create(t.Context(), client.Draft{Title: "T"}); return err },
		"delete": func(c *client.Client) error { _, err := c.Delete(t.Context(), "x"); return err },
		"status": func(c *client.Client) error { _, err := c.Status(t.Context()); return err },
		"export": func(c *client.Client) error {
			for _, err := range c.Export(t.Context(), client.ExportOptions{}) {
				return err
			}
			return nil
		},
	}
	for _, body := range []string{"", "null", "{}", "[]", `"ok"`, `{"status":"ok"}`, `{"memories":[{"id":"x","title":"T"}]}`} {
		c, _ := serve(t, http.StatusOK, body, "Content-Type", "application/json")
		for name, call := range calls {
			if err := call(c); err == nil || !strings.Contains(err.Error(), "not an answer of a Tallystick node") || strings.Contains(err.Error(), "struct") {
				t.Errorf("%s, answered with %q: %v", name, body, err)
			}
		}
		if _, err := c.Recall(t.Context(), "q", client.Selection{}); err == nil && !strings.HasPrefix(body, "{") {
			t.Errorf("recall, answered with %q: no error", body)
		}
	}
}

// A redirect makes a GET of a POST, which looks like a success, and takes keys elsewhere.
func TestNoRedirectIsFollowed(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, `{"id":"x","title":"T"}`)
	}))
	defer elsewhere.Close()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		c, _ := serve(t, status, "", "Location", elsewhere.URL+"/api/v1/memories")
		_, err := c.Create(t.Context(), client.Draft{Title: "T"})
		if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != status || !strings.Contains(err.Error(), elsewhere.URL) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other address was asked %d times", n)
	}
}
