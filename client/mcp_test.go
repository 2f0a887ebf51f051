package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestMessagesOfAStreamAreRead(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string
		err  error
	}{
		"two":              {"event: message\ndata: {\"a\":1}\n\nid: 7\ndata: {\"b\":\ndata: 2}\n\n", []string{`{"a":1}`, "{\"b\":\n2}"}, nil},
		"comments":         {": hello\n\ndata:{}\r\n\r\n", []string{`{}`}, nil},
		"without data":     {"event: close\nretry: 5\n\n", nil, nil},
		"nothing":          {"", nil, nil},
		"cut in an event":  {"data: {}\n\ndata: {\"a\"", []string{`{}`}, io.ErrUnexpectedEOF},
		"cut before a gap": {"data: {}\n", nil, io.ErrUnexpectedEOF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := events(strings.NewReader(tt.in), func(m json.RawMessage) error {
				got = append(got, string(m))
				return nil
			})
			if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	if err := events(strings.NewReader("data: oops\n\n"), nil); err == nil || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("no JSON: %v", err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: message\ndata: {\"a\":1}\n\n"))
	f.Add([]byte("data: [\ndata: 1]\r\n\r\n: x\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_ = events(strings.NewReader(string(in)), func(m json.RawMessage) error {
			if !json.Valid(m) {
				t.Errorf("%q is no JSON", m)
			}
			return nil
		})
	})
}

func TestWhatANodeAnswersAnAgentIsToldApart(t *testing.T) {
	var media, body string
	status := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/mcp" || r.Header.Get("Mcp-Method") != "tools/call" || r.Header.Get("Mcp-Name") != "recall" || r.Header.Get("Idempotency-Key") != "k" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	c, err := New(Options{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for name, tt := range map[string]struct {
		status      int
		media, body string
		got         int
		want        string // in the error
	}{
		"a message":              {200, "application/json", `{"jsonrpc":"2.0","id":1}`, 1, ""},
		"several":                {200, "application/json", `[{"jsonrpc":"2.0","id":1}]`, 1, ""},
		"a stream":               {200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\"}\n\ndata: {\"jsonrpc\":\"2.0\"}\n\n", 2, ""},
		"a stream that is cut":   {200, "text/event-stream", "data: {\"jsonrpc\":\"2.0\"}\n\ndata: {", 1, "unexpected EOF"},
		"nothing":                {202, "", "", 0, ""},
		"a refusal as a message": {400, "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"x"}}`, 1, ""},
		"a refusal of the node":  {401, "application/json", `{"error":"missing key","code":"UNAUTHORIZED"}`, 0, "missing key"},
		"a page":                 {200, "text/html", "<html>", 0, "no message"},
	} {
		media, body, status = tt.media, tt.body, tt.status
		got := 0
		err := c.Agent(t.Context(), json.RawMessage(`{}`), AgentOptions{Method: "tools/call", Name: "recall", Key: "k"}, func(json.RawMessage) error {
			got++
			return nil
		})
		if got != tt.got || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d messages, %v", name, got, err)
		}
	}
	media, body, status = "text/event-stream", "data: {\"jsonrpc\":\"2.0\"}\n\n", 200
	if err := c.Agent(t.Context(), nil, AgentOptions{Method: "tools/call", Name: "recall", Key: "k"}, func(json.RawMessage) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	srv.Close()
	if _, away := errors.AsType[*UnreachableError](c.Agent(t.Context(), nil, AgentOptions{}, nil)); !away {
		t.Error("a node that is away is no unreachable one")
	}
}
