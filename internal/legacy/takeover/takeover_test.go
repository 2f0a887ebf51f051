package takeover

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/legacy/config"
)

func write(t *testing.T, dir, name string, b byte) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte{b}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A node with everything that one can have: what it was becomes settings, and what
// has no counterpart is said.
func TestANodeIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "keys/region/nyc/node-1.priv", 1)
	write(t, dir, "keys/region/nyc/node-2.pub", 2)
	write(t, dir, "trust/root.pub", 3)
	p, err := Read(Start{
		Dir: dir,
		Words: []string{
			"AI_MEMORY_FED_IDENTITY=region/nyc/node-1", "AI_MEMORY_KEY_DIR=keys", "AI_MEMORY_FED_TRUST_BUNDLE_DIR=trust", "AI_MEMORY_FED_TRUST_DOMAIN=acme",
			`AI_MEMORY_FED_PEER_ATTESTATION={"region/nyc/node-2":{"allowed_sender_agent_ids":["carol"],"allowed_namespaces":["team/**"]}}`,
			"AI_MEMORY_MAX_MEMORIES_PER_DAY=5000", "AI_MEMORY_FED_SYNC_TRUST_PEER=1", "HOME=/x",
			"/usr/bin/ai-memory", "--db", "a.db", "serve", "--host", "0.0.0.0", "--port=9101", "--quorum-writes", "2",
			"--quorum-peers", "http://10.0.0.5:9077, http://10.0.0.6:9077/", "--quorum-timeout-ms", "2000",
		},
		Config: []byte("tier = \"keyword\"\n[api]\napi_key = \"k\"\nport = 1\n[llm]\nmodel = \"x\"\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NameTheOnly(); err != nil || len(p.Unnamed) != 2 {
		t.Fatalf("%v, %v: of two peers either may be the one that is allowed", p.Unnamed, err)
	}
	if err := p.Name("http://10.0.0.6:9077", "node-3"); err != nil {
		t.Fatal(err)
	}
	if err := p.NameTheOnly(); err != nil {
		t.Fatal(err)
	}
	issuers := map[string]string{"root": strings.Repeat("03", 32)}
	want := &Plan{
		Node: "node-1", Listen: "0.0.0.0:9101", InsecureHosts: true, QuorumTimeout: "2000ms", APIKey: "k", Database: filepath.Join(dir, "a.db"),
		Self: config.Self{Name: "region/nyc/node-1", KeyFile: filepath.Join(dir, "keys/region/nyc/node-1.priv")},
		Peers: []config.Peer{
			{
				Name: "region/nyc/node-2", URL: "http://10.0.0.5:9077", Key: strings.Repeat("02", 32), Issuers: issuers, Domain: "acme", APIKey: "k",
				UnsignedPulls: true, Senders: []string{"carol"}, Namespaces: []string{"team/**"}, MemoriesPerDay: 5000,
			},
			{Name: "node-3", URL: "http://10.0.0.6:9077", Issuers: issuers, Domain: "acme", APIKey: "k", UnsignedPulls: true, Namespaces: []string{"**"}, MemoriesPerDay: 5000},
		},
		Unnamed: []string{},
	}
	got := *p
	got.Notes, got.peer = nil, peering{}
	if d := cmp.Diff(want, &got, cmp.AllowUnexported(Plan{}, peering{}, allowance{})); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
	lost := map[string]bool{}
	for _, n := range p.Notes {
		if (n.Becomes == "") == (n.Why == "") {
			t.Errorf("%+v: want where it went, or why nowhere", n)
		}
		if n.Becomes == "" {
			lost[n.What] = true
		}
	}
	for _, what := range []string{"--quorum-writes 2", "config.toml: tier", "config.toml: llm", "config.toml: api.port", "AI_MEMORY_FED_SYNC_TRUST_PEER"} {
		if !lost[what] {
			t.Errorf("nothing is said of %s: %v", what, p.Notes)
		}
	}
	if len(lost) != 5 {
		t.Errorf("%v", lost)
	}
}

func TestWhatCannotBeTakenOverIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "b.pub"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	const identity = "AI_MEMORY_FED_IDENTITY=a"
	for name, tt := range map[string]struct {
		words  []string
		config string
		want   string
	}{
		"nothing":                 {nil, "", "want the command"},
		"no identity":             {[]string{"ai-memory", "serve"}, "", "no federation identity"},
		"another command":         {[]string{identity, "ai-memory", "mcp"}, "", `"mcp"`},
		"a flag without a value":  {[]string{identity, "ai-memory", "serve", "--port"}, "", "--port has no value"},
		"half a certificate":      {[]string{identity, "ai-memory", "serve", "--tls-cert", "x"}, "", "go together"},
		"settings that are none":  {[]string{identity, "ai-memory", "serve"}, "tier = ", "config.toml"},
		"an allowlist that is no": {[]string{identity, "AI_MEMORY_FED_PEER_ATTESTATION=x", "ai-memory", "serve"}, "", "ATTESTATION"},
		"a key that is none":      {[]string{identity, "AI_MEMORY_FED_TRUST_BUNDLE_DIR=.", "ai-memory", "serve"}, "", "32 bytes"},
	} {
		if _, err := Read(Start{Words: tt.words, Config: []byte(tt.config), Dir: dir}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestNamesOfNodes(t *testing.T) {
	for identity, want := range map[string]string{
		"region/nyc/node-7": "node-7", "host:Laptop.local": "laptop-local", "a": "a", "x/": "node", "ai:é": "node",
	} {
		if got := nodeName(identity); got != want {
			t.Errorf("%s is %s, want %s", identity, got, want)
		}
	}
}
