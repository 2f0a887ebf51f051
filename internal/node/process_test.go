package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/memory"
)

// These tests run real node processes: the test binary started again, with its
// configuration in the environment.
const (
	envConfig    = "TEST_NODE_CONFIG"
	envFileLimit = "TEST_NODE_FILE_LIMIT" // bytes that the process may write to one file
)

func TestMain(m *testing.M) {
	if raw := os.Getenv(envConfig); raw != "" {
		os.Exit(child(raw))
	}
	os.Exit(m.Run())
}

func child(raw string) int {
	var cfg Config
	if err := json.Unmarshal([]byte(raw), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if n, err := strconv.ParseUint(os.Getenv(envFileLimit), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, cfg, func(url string) { fmt.Println("ready", url) }); err != nil { //nolint:forbidigo // a program
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// process is a node that can be killed and started again.
type process struct {
	*fleet.Node

	tb  testing.TB
	cfg Config
	url string
	env []string // beside that of the test
}

// newProcess is a node that is not running yet. It is killed with the test.
func newProcess(tb testing.TB, cfg Config) *process {
	tb.Helper()
	var family fleet.Family
	p := &process{tb: tb, cfg: cfg, url: "http://" + cfg.Listen}
	p.Node = family.Node(fleet.Config{Name: string(cfg.Node), Program: os.Args[0], Log: filepath.Join(tb.TempDir(), "log")})
	tb.Cleanup(p.Kill)
	return p
}

// start runs the node with its configuration as it is now.
func (p *process) start() {
	p.tb.Helper()
	raw, err := json.Marshal(p.cfg)
	if err != nil {
		p.tb.Fatal(err)
	}
	p.Env = append(append(os.Environ(), envConfig+"="+string(raw)), p.env...)
	if err := p.Start(p.tb.Context()); err != nil {
		p.tb.Fatal(err)
	}
}

// processes starts a federation of n processes with the default quorum.
func processes(tb testing.TB, n int, change ...func(*Config)) []*process {
	tb.Helper()
	addrs := freeAddrs(tb, n)
	out := make([]*process, n)
	for i := range n {
		cfg := Default()
		cfg.Data, cfg.Listen, cfg.Node = tb.TempDir(), addrs[i], nodeName(i)
		for j := range n {
			if j != i {
				cfg.Members = append(cfg.Members, Member{Name: nodeName(j), URL: "http://" + addrs[j]})
			}
		}
		for _, f := range change {
			f(&cfg)
		}
		out[i] = newProcess(tb, cfg)
	}
	for _, p := range out {
		p.start()
	}
	return out
}

func nodeName(i int) memory.Node { return memory.Node(string(rune('a' + i))) }

// freeAddrs returns addresses on which nobody listens.
func freeAddrs(tb testing.TB, n int) []string {
	tb.Helper()
	var out []string
	places, err := fleet.Places(tb.Context(), make([]string, n)...)
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range places {
		out = append(out, p.Addr)
	}
	return out
}

var httpClient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}

// call sends JSON and decodes the reply into v. The error is one of the network.
func call(method, url string, body, v any) (int, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, url, in)
	if err != nil {
		return 0, err
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if v != nil && len(raw) > 0 {
		if err := json.Unmarshal(raw, v); err != nil {
			return resp.StatusCode, fmt.Errorf("%s %s: %d: %w: %.200s", method, url, resp.StatusCode, err, raw)
		}
	}
	return resp.StatusCode, nil
}

// held and status are what the tests read of the replies.
type held struct {
	Dot        string   `json:"dot"`
	Digest     string   `json:"digest"`
	Durability string   `json:"durability"`
	W          int      `json:"w"`
	N          int      `json:"n"`
	HeldBy     []string `json:"held_by"`
}

type created struct {
	ID      string `json:"id"`
	Error   string `json:"error"`
	Receipt held   `json:"receipt"`
}

type status struct {
	Node        string `json:"node"`
	Incarnation string `json:"incarnation"`
	Digest      string `json:"digest"`
	Members     []struct {
		Name          string `json:"name"`
		State         string `json:"state"`
		Owed          uint64 `json:"owed"`
		LastError     string `json:"last_error"`
		ProvenEqualAt string `json:"proven_equal_at"`
	} `json:"members"`
	Parked []any `json:"parked"`
}

func statusOf(url string) (status, error) {
	var s status
	code, err := call(http.MethodGet, url+"/api/v1/status", nil, &s)
	if err == nil && code != http.StatusOK {
		err = fmt.Errorf("status of %s: %d", url, code)
	}
	return s, err
}

// waitFor asks again until ok, or fails the test after limit.
func waitFor(tb testing.TB, limit time.Duration, what string, ok func() (string, bool)) {
	tb.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(limit); ; <-ticker.C {
		why, done := ok()
		if done {
			return
		}
		if time.Now().After(end) {
			tb.Fatalf("%s: not after %s: %s", what, limit, why)
		}
	}
}

// waitEqual waits until all nodes have one digest and owe each other nothing.
func waitEqual(tb testing.TB, limit time.Duration, urls []string) {
	tb.Helper()
	waitFor(tb, limit, "equal", func() (string, bool) {
		digests := map[string]bool{}
		for _, url := range urls {
			s, err := statusOf(url)
			if err != nil {
				return err.Error(), false
			}
			digests[s.Digest] = true
			for _, m := range s.Members {
				if m.Owed != 0 {
					return fmt.Sprintf("%s owes %s %d ops", s.Node, m.Name, m.Owed), false
				}
			}
			if len(s.Parked) > 0 {
				return fmt.Sprintf("%s has parked ops: %v", s.Node, s.Parked), false
			}
		}
		return fmt.Sprintf("%d digests", len(digests)), len(digests) == 1
	})
}
