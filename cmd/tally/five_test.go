package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/fleet"
)

// nodeOf is a command that runs a node as a process of its own, not started yet.
func nodeOf(t *testing.T, env []string, args ...string) *fleet.Node {
	t.Helper()
	var family fleet.Family
	return family.Node(fleet.Config{
		Name: args[0], Program: self(t), Args: args, Env: append(programEnv(), append(env, "HOME="+t.TempDir())...), Log: filepath.Join(t.TempDir(), "log"),
	})
}

// processNode runs a command that runs a node as a process of its own, and waits until
// it serves.
func processNode(t *testing.T, env []string, args ...string) *fleet.Node {
	t.Helper()
	n := nodeOf(t, env, args...)
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// noErrors makes sure that a node has logged none.
func noErrors(t *testing.T, n *fleet.Node) {
	t.Helper()
	for line := range strings.Lines(n.Logs()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("%s", line)
		}
	}
}

// TestFiveNodesJoinFromAShell has five nodes join as a new user would, at once, with
// tokens that are wrong, used and ended, keys that were copied, and clocks that are
// wrong among them.
func TestFiveNodesJoinFromAShell(t *testing.T) {
	root := t.TempDir()
	dir := func(name string) string { return filepath.Join(root, name) }
	members, place := placed(t)
	a := processNode(t, nil, append([]string{"cluster", "init", "--name", "acme", "--node", "a", "--data", dir("a")}, place...)...)
	token := ok(t, "cluster", "token", "--uses", "4", "--data", dir("a"))
	brief := ok(t, "cluster", "token", "--ttl", "1s", "--data", dir("a"))
	join := func(name, token string) []string {
		_, place := placed(t)
		return append([]string{"join", members, token, "--node", name, "--data", dir(name)}, place...)
	}

	// All at once: each waits for its turn.
	nodes := map[string]*fleet.Node{"a": a}
	type started struct {
		name string
		node *fleet.Node
	}
	ready := make(chan started)
	for _, name := range []string{"b", "c", "d", "e"} {
		n := nodeOf(t, nil, join(name, token)...)
		go func() {
			if err := n.Start(t.Context()); err != nil {
				t.Error(err)
			}
			ready <- started{name, n}
		}()
	}
	for range 4 {
		s := <-ready
		nodes[s.name] = s.node
		t.Cleanup(func() { _ = s.node.Stop() })
	}
	for name := range nodes {
		eventually(t, name+" goes by five members, and no change is under way", func() bool {
			list := ok(t, "member", "list", "--data", dir(name))
			return strings.Count(list, "voter") == 5 && !strings.Contains(list, "under way")
		})
	}
	for name, n := range nodes {
		eventually(t, "a write at "+name+" that all hold", func() bool {
			return tally(t, nil, "", "remember", "--server", n.URL(), "--durability", "all", "--on-conflict", "merge", "of "+name, "text").code == exitOK
		})
		noErrors(t, n)
	}

	// Who has no good token is told why, and nothing is left of the attempt.
	for why, args := range map[string][]string{
		"join_token_used":      join("f", token),
		"join_token_expired":   join("f", brief),
		"join_token_malformed": join("f", token[:len(token)-1]),
	} {
		fails(t, why, append(args, "--no-serve")...)
		if _, err := os.Stat(filepath.Join(dir("f"), "identity")); err == nil {
			t.Errorf("%s: something was left", why)
		}
	}
	fails(t, "a member has this name", append(join("b", ok(t, "cluster", "token", "--data", dir("a"))), "--no-serve", "--data", dir("f"))...)

	// A key that was copied is that of another node: it cannot pose as a third one, and
	// the copy is out as soon as the member is.
	copied := filepath.Join(root, "copied")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(dir("e"), "identity"))); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir("thief"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copied, filepath.Join(dir("thief"), "identity")); err != nil {
		t.Fatal(err)
	}
	fails(t, "0600", "identity", "show", "--data", dir("thief")) // the copy is open to others
	ok(t, "member", "remove", "e", "--data", dir("a"))
	eventually(t, "e and its copies are refused", func() bool {
		return strings.Contains(ok(t, "status", "--server", nodes["e"].URL()), "stopped")
	})

	// A clock that is wrong by five minutes is refused everywhere, and told so.
	if err := nodes["d"].Stop(); err != nil {
		t.Fatal(err)
	}
	_, again := placed(t)
	late := processNode(t, []string{clockOffsetVariable + "=-5m"}, append([]string{"serve", "--allow-clock-offset", "--data", dir("d")}, again[4:]...)...)
	eventually(t, "d is told about its clock", func() bool {
		return strings.Contains(ok(t, "status", "--server", late.URL()), "signature_stale")
	})
	if got := tally(t, nil, "", "remember", "--server", a.URL(), "without d and e", "text"); got.code != exitOK || !strings.Contains(got.out, "of 4") {
		t.Errorf("%+v", got)
	}
	ok(t, "audit", "verify", "--data", dir("a"))
}
