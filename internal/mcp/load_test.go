package mcp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/mcp"
	"github.com/tallystick/tallystick/internal/pace"
	"github.com/tallystick/tallystick/internal/verb"
)

// Agents that ask for much and do not read cannot have a node keep more and more of it: the
// next one is told to come again, and finds room when they are gone.
func TestAnswersToAgentsHaveABound(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	large := strings.Repeat("words ", 1<<20)
	table := verb.Table(verb.Deps{})
	for i := range table {
		if table[i].Name == "memory_list" {
			table[i] = verb.Of(table[i], func(context.Context, *verb.Call, *client.ListInput) (verb.Done, error) {
				return verb.Done{Body: map[string]string{"text": large}}, nil
			})
		}
	}
	k := pace.New(pace.Limits{Waiting: 8 << 20, Honest: time.Hour}, quiet)
	s := httptest.NewUnstartedServer(mcp.Handler(mcp.Config{Log: quiet}, table))
	s.Listener, s.Config.ConnContext = k.Listen(s.Listener), k.Context
	s.Start()
	defer s.Close()
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"memory_list","arguments":{}}}`
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was not read either
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	if _, err := fmt.Fprintf(conn, "POST /mcp?profile=memory HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(call), call); err != nil {
		t.Fatal(err)
	}
	answered := func() string {
		status, text := post(t, s.URL, call, mcp.HeaderProfile, "memory")
		if status != http.StatusOK {
			t.Fatalf("status %d: %.200s", status, text)
		}
		return text[:min(len(text), 1000)]
	}
	came := func(what string, is func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !is(); {
			if time.Now().After(end) {
				t.Fatalf("never: %s", what)
			}
			<-time.After(10 * time.Millisecond)
		}
	}
	came("an answer waits", func() bool { return k.Waiting() > 8<<20 })
	if got := answered(); !strings.Contains(got, "BUSY: ") || !strings.Contains(got, `"isError":true`) {
		t.Errorf("beside it another gets %s", got)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	came("nothing waits", func() bool { return k.Waiting() == 0 })
	if got := answered(); strings.Contains(got, "BUSY") {
		t.Errorf("with room again one gets %s", got)
	}
}
