package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// The nodes are the test binary again, with the configuration in this variable.
const envConfig = "CONSOLE_TEST_NODE"

func TestMain(m *testing.M) {
	if raw := os.Getenv(envConfig); raw != "" {
		os.Exit(serve(raw))
	}
	os.Exit(m.Run())
}

func serve(raw string) int {
	var cfg node.Config
	if err := json.Unmarshal([]byte(raw), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := node.Run(ctx, cfg, func(url string) { fmt.Println("ready", url) }); err != nil { //nolint:forbidigo // a program
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

// member is a node of a federation.
type member struct {
	*fleet.Node

	url  string
	data string
	c    *client.Client // as its operator
}

type config = node.Config

// federation starts three nodes.
func federation(t *testing.T, change ...func(*config)) []*member {
	t.Helper()
	places, err := fleet.Places(t.Context(), "north", "east", "west")
	if err != nil {
		t.Fatal(err)
	}
	var family fleet.Family
	t.Cleanup(family.Kill)
	var out []*member
	var nodes []*fleet.Node
	for i, p := range places {
		cfg := node.Default()
		cfg.Node, cfg.Listen, cfg.Data = memory.Node(p.Name), p.Addr, t.TempDir()
		for j, other := range places {
			if j != i {
				cfg.Members = append(cfg.Members, node.Member{Name: memory.Node(other.Name), URL: other.URL()})
			}
		}
		for _, f := range change {
			f(&cfg)
		}
		raw, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n := family.Node(fleet.Config{
			Name: p.Name, Program: os.Args[0], Log: filepath.Join(t.TempDir(), "log"), Env: append(fleet.Environ(os.Environ()), envConfig+"="+string(raw)),
		})
		out, nodes = append(out, &member{Node: n, url: p.URL(), data: cfg.Data}), append(nodes, n)
	}
	if err := fleet.Start(t.Context(), nodes...); err != nil {
		t.Fatal(err)
	}
	for _, m := range out {
		c, err := client.New(client.Options{URL: m.url, OperatorKey: m.key(t)})
		if err != nil {
			t.Fatal(err)
		}
		m.c = c
	}
	return out
}

// enter opens the console of a node by a one-time link.
func (b *tab) enter(t *testing.T, m *member) {
	t.Helper()
	link, err := m.c.ConsoleLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.open(t, link)
}

// put writes a memory that everybody may see.
func (m *member) put(t *testing.T, d client.Draft) string {
	t.Helper()
	out, err := m.c.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return out.ID
}

// key is that of the node's operator.
func (m *member) key(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.data, "operator.key"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// post calls a route as an agent.
func (m *member) post(t *testing.T, path, agent, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Agent-Id", agent)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %s", path, res.Status)
	}
}
