package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// Peers come into the book and out of it, a running node follows, and a check says
// what a peer would be told.
func TestLegacyPeersAreAddedCheckedAndRemoved(t *testing.T) {
	data := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", data)
	key := filepath.Join(t.TempDir(), "old.pub")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.reads("legacy", "list", "--data", data); !strings.Contains(got, "no legacy peers") {
		t.Errorf("%s", got)
	}
	checked := func() string { return d.reads("legacy", "check", d.url, "--name", "old") }
	if got := checked(); !strings.Contains(got, "not in its allowlist") || !strings.Contains(got, "make it a member") || !strings.Contains(got, "clock      agrees") {
		t.Errorf("%s", got)
	}
	d.reads("legacy", "add", "old", "--data", data, "--url", "http://127.0.0.1:1", "--key-file", key, "-n", "**")
	if got := d.reads("legacy", "list", "--data", data); !strings.Contains(got, "key 6b6b6b6b") {
		t.Errorf("%s", got)
	}
	eventually(t, "the peer is asked for signatures", func() bool { return strings.Contains(checked(), "only signed pushes of old") })
	d.reads("legacy", "add", "old", "--data", data, "--direction", "in", "--unsigned", "-n", "team/**")
	eventually(t, "unsigned pushes are taken", func() bool { return strings.Contains(checked(), "it takes unsigned pushes of old, and calls itself a") })
	d.reads("legacy", "remove", "old", "--data", data)
	eventually(t, "the peer is forgotten", func() bool { return strings.Contains(checked(), "not in its allowlist") })
	for _, bad := range [][]string{
		{"legacy", "add", "old", "--data", data},
		{"legacy", "add", "old", "--data", data, "--url", "10.0.0.1"},
		{"legacy", "add", "old", "--data", data, "--url", "http://x:1", "--issuer", "root"},
		{"legacy", "remove", "old", "--data", data},
		{"legacy", "check", "10.0.0.1:9077"},
	} {
		if got := d.tally(bad...); got.code == exitOK {
			t.Errorf("%v: %s", bad, got.out)
		}
	}
}

// A peer that is added while the node runs is sent to at once, and one that is taken
// away no longer; the status says how it goes.
func TestARunningNodeSendsToThePeersOfNow(t *testing.T) {
	data, far := t.TempDir(), t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", data)
	e := serve(t, "--node", "far", "--listen", "127.0.0.1:0", "--data", far)
	e.reads("legacy", "add", "a", "--data", far, "--direction", "in", "--unsigned", "-n", "**")
	eventually(t, "unsigned pushes are taken", func() bool {
		return strings.Contains(d.reads("legacy", "check", e.url, "--name", "a"), "unsigned pushes of a")
	})
	d.reads("remember", "Gate code", "It is 4711.", "--scope", "collective")
	d.reads("legacy", "add", "far", "--data", data, "--url", e.url, "-n", "**")
	eventually(t, "the memory at the far node", func() bool { return strings.Contains(e.reads("list"), "Gate code") })
	eventually(t, "the peer in the status", func() bool {
		got := d.reads("status")
		return strings.Contains(got, "far") && strings.Contains(got, "unknown")
	})
	if got := d.reads("status", "--json"); !strings.Contains(got, `"durability":"unknown"`) && !strings.Contains(got, `"durability": "unknown"`) {
		t.Errorf("%s", got)
	}
	written := must[client.Outcome](d, "remember", "Of another", "It is not told.", "--namespace", "elsewhere")
	if got := must[client.Receipt](d, "receipt", written.Receipt.Dot); len(got.Told) != 1 || got.Told[0].Name != "far" || got.Told[0].Durability != "unknown" {
		t.Errorf("%+v", got)
	}
	eventually(t, "the peer in the receipt", func() bool {
		return strings.Contains(d.reads("receipt", written.Receipt.Dot), "legacy peer far: answered, durability unknown")
	})
	if got := must[diagnosis](d, "doctor").of("legacy peer far"); got.State != client.FindingOK || !strings.Contains(got.Text, "unknown") {
		t.Errorf("%+v", got)
	}
	d.reads("legacy", "remove", "far", "--data", data)
	eventually(t, "no peer in the status", func() bool { return !strings.Contains(d.reads("status"), "far") })
}

// A node takes the place of another: it starts with what was written, under that
// name, and its peers are found by asking them.
func TestANodeTakesThePlaceOfAnother(t *testing.T) {
	far, dir := t.TempDir(), t.TempDir()
	e := serve(t, "--node", "far", "--listen", "127.0.0.1:0", "--data", far)
	e.reads("legacy", "add", "node-a", "--data", far, "--direction", "in", "--unsigned", "-n", "**")
	eventually(t, "unsigned pushes are taken", func() bool {
		return strings.Contains(e.reads("legacy", "check", e.url, "--name", "node-a"), "unsigned pushes")
	})
	out := filepath.Join(dir, "a.toml")
	words := []string{"--", "AI_MEMORY_FED_IDENTITY=node-a", "ai-memory", "--db", "a.db", "serve", "--port", "0", "--quorum-writes", "2", "--quorum-peers", e.url + ",http://127.0.0.1:1"}
	got := e.reads(append([]string{"legacy", "take-over", "--out", out}, words...)...)
	for _, want := range []string{"--quorum-peers", "becomes legacy_peer", "--quorum-writes 2", "has no counterpart", "--peer NAME=http://127.0.0.1:1", "tally import"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if again := e.tally(append([]string{"legacy", "take-over", "--out", out}, words...)...); again.code == exitOK {
		t.Errorf("%s was written over", out)
	}
	d := serve(t, "--config", out, "--data", t.TempDir())
	d.reads("remember", "Gate code", "It is 4711.", "--scope", "collective")
	eventually(t, "the memory at the far node", func() bool { return strings.Contains(e.reads("list"), "Gate code") })
}
