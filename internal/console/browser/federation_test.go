package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
	"github.com/tallystick/tallystick/internal/rehearsal/rehearsaltest"
)

// The nodes are the test binary again, with the configuration in this variable.
const envConfig = "CONSOLE_TEST_NODE"

func TestMain(m *testing.M) {
	if code, is := rehearsaltest.Main(); is {
		os.Exit(code)
	}
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
	ctx, end := fleet.Until(ctx, os.Stdin) // with the test, however that ends
	defer end()
	if err := node.RunWith(ctx, cfg, node.Parts{Program: os.Args[0]}, func(url string) { fmt.Println("ready", url) }); err != nil { //nolint:forbidigo // a program
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

// federation starts three nodes with identities: the first one founds a cluster, and the
// others join it with tokens.
func federation(t *testing.T, change ...func(*config)) []*member {
	t.Helper()
	return found(t, []string{"north", "east", "west"}, change...)
}

// found is federation with nodes of these names.
func found(t *testing.T, names []string, change ...func(*config)) []*member {
	t.Helper()
	places, err := fleet.Places(t.Context(), slices.Concat(names, names)...) // at once: none is found twice
	if err != nil {
		t.Fatal(err)
	}
	clients, members := places[:len(names)], places[len(names):]
	var family fleet.Family
	t.Cleanup(family.Kill)
	var founder *cluster.Cluster
	var out []*member
	for i, name := range names {
		cfg := node.Default()
		cfg.Node, cfg.Listen, cfg.Data = memory.Node(name), clients[i].Addr, t.TempDir()
		for _, f := range change {
			f(&cfg)
		}
		place := cluster.Place{Node: cfg.Node, Name: identity.Name(name), Listen: members[i].Addr, URL: "https://" + members[i].Addr}
		if founder == nil {
			founder, err = node.Found(cfg.Data, "house", place)
		} else {
			err = joins(t, founder, cfg.Data, place)
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, launch(t, &family, cfg))
	}
	for _, m := range out {
		m.until(t, func(s *client.Status) bool { return s.N == len(names) })
	}
	return out
}

func joins(t *testing.T, founder *cluster.Cluster, data string, p cluster.Place) error {
	t.Helper()
	token, _, err := founder.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		return err
	}
	_, err = node.Join(t.Context(), data, founder.Place().URL, token, p)
	return err
}

// launch starts a node.
func launch(t *testing.T, family *fleet.Family, cfg config) *member {
	t.Helper()
	raw, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := family.Node(fleet.Config{
		Tied: true, Name: string(cfg.Node), Program: os.Args[0], Log: filepath.Join(t.TempDir(), "log"), Env: append(fleet.Environ(os.Environ()), envConfig+"="+string(raw)),
	})
	m := &member{Node: n, url: "http://" + cfg.Listen, data: cfg.Data}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.c, err = client.New(client.Options{URL: m.url, OperatorKey: m.key(t)}); err != nil {
		t.Fatal(err)
	}
	return m
}

// until waits for a status.
func (m *member) until(t *testing.T, is func(*client.Status) bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(pageTimeout); ; <-tick.C {
		s, err := m.c.Status(t.Context())
		if err == nil && is(s) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: waited in vain: %+v, %v", m.Name, s, err)
		}
	}
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
		said, _ := io.ReadAll(res.Body) // for a message
		t.Fatalf("%s: %s %s", path, res.Status, said)
	}
}
