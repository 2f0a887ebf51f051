package mcp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/mcp"
	"github.com/tallystick/tallystick/internal/mcp/mcptest"
	"github.com/tallystick/tallystick/internal/mcp/tool"
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

// A call that hangs is ended, and said to have taken too long, before whoever waits for it
// gives up and does not know what has become of it.
func TestACallOfAnAgentEndsInTime(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	table := verb.Table(verb.Deps{})
	for i := range table {
		if table[i].Name == "memory_list" {
			table[i] = verb.Of(table[i], func(ctx context.Context, _ *verb.Call, _ *client.ListInput) (verb.Done, error) {
				<-ctx.Done()
				return verb.Done{}, ctx.Err()
			})
		}
	}
	s := httptest.NewServer(mcp.Handler(mcp.Config{Log: quiet, Timeout: 50 * time.Millisecond}, table))
	defer s.Close()
	for _, params := range []string{`{"name":"memory_list","arguments":{}}`, `{"name":"memory_list","arguments":{},"_meta":{"progressToken":"p"}}`} {
		begun := time.Now()
		status, text := post(t, s.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":`+params+`}`, mcp.HeaderProfile, "memory")
		if status != http.StatusOK || !strings.Contains(text, "TIMEOUT") || !strings.Contains(text, `"isError":true`) || time.Since(begun) > 20*time.Second {
			t.Errorf("%s: after %s %d %.400s", params, time.Since(begun), status, text)
		}
	}
}

// comments tells of those in the streams that it hands on, if somebody listens.
type comments struct {
	http.ResponseWriter

	came chan<- struct{}
}

func (c comments) Write(p []byte) (int, error) {
	if string(p) == ": \n\n" {
		select {
		case c.came <- struct{}{}:
		default:
		}
	}
	return c.ResponseWriter.Write(p)
}

func (c comments) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Where nothing changes the stream of a subscription says so now and then: who stands in
// between does not take it for dead. The client hears of changes and of nothing else.
func TestASilentSubscriptionShowsThatItLives(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	var text atomic.Pointer[string]
	text.Store(new("before"))
	table := verb.Table(verb.Deps{})
	for i := range table {
		if table[i].Name == "memory_briefing" {
			table[i] = verb.Of(table[i], func(context.Context, *verb.Call, *client.BriefingInput) (verb.Done, error) {
				return verb.Done{Body: client.Briefing{Text: *text.Load()}}, nil
			})
		}
	}
	changed := make(chan struct{})
	agents := mcp.Handler(mcp.Config{
		Log: quiet, Heartbeat: 10 * time.Millisecond, Changed: func() <-chan struct{} { return changed },
	}, table)
	beats := make(chan struct{}, 3)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { agents.ServeHTTP(comments{w, beats}, r) }))
	t.Cleanup(s.Close) // when bob has gone
	heard := make(chan string, 16)
	bob := mcptest.Talk(t, s.URL, mcptest.As("bob", tool.Core, "work"), &sdk.ClientOptions{
		ResourceUpdatedHandler: func(_ context.Context, req *sdk.ResourceUpdatedNotificationRequest) { heard <- req.Params.URI },
	}, "")
	if err := bob.Subscribe(t.Context(), &sdk.SubscribeParams{URI: "briefing://work"}); err != nil {
		t.Fatal(err)
	}
	for n := range cap(beats) {
		select {
		case <-beats:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d comments", n)
		}
	}
	text.Store(new("after"))
	close(changed)
	if uri := <-heard; uri != "briefing://work" || len(heard) > 0 {
		t.Errorf("heard of %s, and %d more", uri, len(heard))
	}
}
