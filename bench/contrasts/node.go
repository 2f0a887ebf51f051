package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/fleet"
)

// node is one node of a federation: process is nil if it was started by others.
type node struct {
	name    string
	url     string
	home    string // its directory, "" if it was started by others
	real    bool
	process *fleet.Node
}

// federation is three nodes, A, B and C.
type federation struct {
	layout   string
	nodes    []*node
	watch    time.Duration
	papers   *papers   // nil: nobody signs
	embedder *embedder // nil: there is no model
}

// approvalSecret is what approvals are signed with at nodes of ai-memory.
const approvalSecret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// newFederation starts the nodes of a layout, and waits until they serve.
func newFederation(ctx context.Context, family *fleet.Family, o options, layout, dir string) (*federation, error) {
	names := []string{"node-a", "node-b", "node-c"}
	who, err := setupOf(layout)
	if err != nil {
		return nil, err
	}
	if n := len(who.letters); n != 3 && (n != 1 || o.load == 0) {
		return nil, fmt.Errorf("layout %q: want three letters", layout)
	}
	places, err := fleet.Places(ctx, names[:len(who.letters)]...)
	if err != nil {
		return nil, err
	}
	f := &federation{layout: layout, watch: o.watch}
	if err := f.equip(ctx, who, names); err != nil {
		return nil, err
	}
	for i, p := range places {
		n := &node{name: string(rune('A' + i)), url: p.URL(), home: filepath.Join(dir, p.Name), real: who.letters[i] == 'r'}
		if err := os.MkdirAll(n.home, 0o700); err != nil {
			return nil, err
		}
		cfg := fleet.Config{Name: p.Name, Log: filepath.Join(dir, p.Name+".log")}
		if n.real {
			err = f.realNode(&cfg, o.real, n.home, places, i)
		} else {
			err = f.ourNode(&cfg, o.tally, n.home, who.letters, places, i)
		}
		if err != nil {
			return nil, err
		}
		n.process = family.Node(cfg)
		f.nodes = append(f.nodes, n)
	}
	for _, n := range f.nodes {
		if err := n.start(ctx); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// equip makes what the nodes of a layout need beside themselves.
func (f *federation) equip(ctx context.Context, who setup, names []string) (err error) {
	if who.trust != "" {
		if f.papers, err = newPapers(who.trust, names); err != nil {
			return err
		}
	}
	if who.embed {
		f.embedder, err = newEmbedder(ctx)
	}
	return err
}

// realNode runs ai-memory with the settings under which it loses least: it believes
// its peers, and catches up often.
func (f *federation) realNode(cfg *fleet.Config, program, home string, places []fleet.Place, i int) error {
	settings := filepath.Join(home, ".config", "ai-memory")
	if err := os.MkdirAll(settings, 0o700); err != nil {
		return err
	}
	text := "tier = \"keyword\"\n\n[hooks.subscription]\nhmac_secret = \"" + approvalSecret + "\"\n"
	if f.embedder != nil {
		text = fmt.Sprintf("tier = \"semantic\"\n\n[hooks.subscription]\nhmac_secret = %q\n\n[embeddings]\ndim = %d\n", approvalSecret, dimensions)
	}
	if err := os.WriteFile(filepath.Join(settings, "config.toml"), []byte(text), 0o600); err != nil {
		return err
	}
	var peers []string
	for j, p := range places {
		if j != i {
			peers = append(peers, p.URL())
		}
	}
	host, port, _ := strings.Cut(places[i].Addr, ":")
	cfg.Program = program
	cfg.Args = []string{"--db", filepath.Join(home, "memories.db"), "serve", "--host", host, "--port", port}
	if len(peers) > 0 {
		cfg.Args = append(cfg.Args, "--quorum-writes", "2", "--quorum-peers", strings.Join(peers, ","),
			"--quorum-timeout-ms", "2000", "--catchup-interval-secs", "5")
	}
	cfg.Env = append(fleet.Environ(os.Environ()), "HOME="+home, "XDG_CONFIG_HOME="+filepath.Join(home, ".config"),
		"AI_MEMORY_FED_IDENTITY="+places[i].Name, "AI_MEMORY_KEY_DIR="+filepath.Join(home, "keys"), "AI_MEMORY_FED_SYNC_TRUST_PEER=1",
		"AI_MEMORY_MAX_MEMORIES_PER_DAY=1000000", "AI_MEMORY_MAX_STORAGE_BYTES=10000000000", "AI_MEMORY_MAX_LINKS_PER_DAY=1000000",
		"AI_MEMORY_ADMIN_AGENT_IDS=alice", "AI_MEMORY_ADMIN_HEADER_TRUST=1")
	if f.embedder != nil {
		cfg.Env = append(cfg.Env, f.embedder.env()...)
	}
	if f.papers != nil {
		more, err := f.papers.forReal(home, i)
		cfg.Env = append(cfg.Env, more...)
		return err
	}
	return nil
}

// ourNode runs tally with the others of its kind as members, and the rest as legacy
// peers; or, as l, with all others as legacy peers.
func (f *federation) ourNode(cfg *fleet.Config, program, home, layout string, places []fleet.Place, i int) error {
	var members, legacy strings.Builder
	for j, p := range places {
		switch {
		case j == i:
		case layout[i] != 't' || layout[j] != 't':
			name, trust := p.Name, "unsigned = true\n"
			if f.papers != nil {
				name, trust = f.papers.names[j], f.papers.peer(j)
			}
			fmt.Fprintf(&legacy, "\n[[legacy_peer]]\nname = %q\nurl = %q\nunsigned_pulls = true\nnamespaces = [\"**\"]\n%s", name, p.URL(), trust)
		default:
			fmt.Fprintf(&members, "%s = %q\n", p.Name, p.URL())
		}
	}
	self := ""
	if f.papers != nil {
		var err error
		if self, err = f.papers.forOurs(home, i); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("data = %q\nlisten = %q\nnode = %q\n\n[members]\n%s%s%s", filepath.Join(home, "data"), places[i].Addr, places[i].Name, &members, self, &legacy)
	file := filepath.Join(home, "tally.toml")
	cfg.Program, cfg.Args = program, []string{"serve", "--config", file}
	return os.WriteFile(file, []byte(text), 0o600)
}

// start runs the node and waits until it serves.
func (n *node) start(ctx context.Context) error {
	if n.process == nil {
		return errors.New("it was started by others")
	}
	if err := n.process.Spawn(); err != nil {
		return err
	}
	if !n.real {
		return n.process.Ready(ctx)
	}
	if !wait(ctx, time.Minute, func() bool {
		status, _ := n.call(ctx, "GET", "/api/v1/health", "", nil)
		return status == 200
	}) {
		return fmt.Errorf("%s does not serve; its log:\n%.2000s", n.name, n.process.Logs())
	}
	return nil
}

func (n *node) kill() { n.process.Kill() }

// wait asks until something holds, for as long as given at most.
func wait(ctx context.Context, most time.Duration, holds func() bool) bool {
	const pause = 200 * time.Millisecond
	end := time.Now().Add(most)
	for {
		if holds() {
			return true
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return false
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// rest waits, whatever happens.
func rest(ctx context.Context, d time.Duration) {
	wait(ctx, d, func() bool { return false })
}
