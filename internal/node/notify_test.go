package node

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// manager is a service manager: a socket, and what came in there.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	t.Chdir(t.TempDir()) // the name of a socket must be short
	const name = "notify"
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // only read from
	t.Setenv("NOTIFY_SOCKET", name)
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// heard is the first line of the next datagram.
func heard(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatalf("nothing heard: %v", err)
	}
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	return line
}

// started runs a node in this process. The returned function ends it.
func started(t *testing.T, logs io.Writer) (ready <-chan string, end func() error) {
	t.Helper()
	cfg := Default()
	cfg.Data, cfg.Listen, cfg.Node = t.TempDir(), "127.0.0.1:0", "a"
	ctx, cancel := context.WithCancel(t.Context())
	urls, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- run(ctx, cfg, Parts{}, logs, func(url string) { urls <- url }) }()
	return urls, func() error {
		cancel()
		return <-done
	}
}

func TestTheServiceManagerHearsOfStartLifeAndEnd(t *testing.T) {
	conn := manager(t)
	t.Setenv("WATCHDOG_USEC", strconv.Itoa(40_000))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ready, end := started(t, io.Discard)
	for i, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := heard(t, conn); got != want {
			t.Fatalf("datagram %d: got %q, want %q", i, got, want)
		}
	}
	<-ready
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for got := heard(t, conn); got != "STOPPING=1"; got = heard(t, conn) {
		if got != "WATCHDOG=1" {
			t.Fatalf("got %q, want WATCHDOG=1 until STOPPING=1", got)
		}
	}
}

func TestWithoutAWatchdogOnlyStartAndEndAreTold(t *testing.T) {
	conn := manager(t)
	t.Setenv("WATCHDOG_USEC", "")
	ready, end := started(t, io.Discard)
	<-ready
	if got := heard(t, conn); got != "READY=1" {
		t.Errorf("got %q, want READY=1", got)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if got := heard(t, conn); got != "STOPPING=1" {
		t.Errorf("got %q, want STOPPING=1", got)
	}
}

func TestANodeRunsWithoutAServiceManagerThatListens(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	var logs strings.Builder
	ready, end := started(t, &logs)
	<-ready
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(logs.String(), "service manager not reached") {
		t.Errorf("the log does not say that nobody listens:\n%s", logs.String())
	}
}

// A file that cannot be opened must not be announced as a start.
func TestANodeThatFailsToStartIsNotReady(t *testing.T) {
	conn := manager(t)
	cfg := Default()
	cfg.Data, cfg.Listen, cfg.Node = "/dev/null/data", "127.0.0.1:0", "a"
	if err := run(t.Context(), cfg, Parts{}, io.Discard, func(string) {}); err == nil {
		t.Fatal("started")
	}
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("something was told: %v", err)
	}
}

func TestTheWatchdogIsForTheProcessThatItNames(t *testing.T) {
	self := strconv.Itoa(os.Getpid())
	tests := map[string]struct {
		usec, pid string
		want      time.Duration
	}{
		"nobody watches":        {"", "", 0},
		"no process named":      {"30000000", "", 30 * time.Second},
		"once a day":            {"86400000000", "", 24 * time.Hour},
		"this process named":    {"30000000", self, 30 * time.Second},
		"another process named": {"30000000", self + "0", 0},
		"not a number":          {"soon", self, 0},
		"negative":              {"-1", self, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"WATCHDOG_USEC": tt.usec, "WATCHDOG_PID": tt.pid}
			if got := watchdog(func(key string) string { return env[key] }); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
