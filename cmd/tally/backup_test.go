package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/node/restore"
)

// TestANodeIsBackedUpAndRestored takes a base and increments of a running node, and
// runs another one on what is restored of them.
func TestANodeIsBackedUpAndRestored(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	data, folder := filepath.Join(dir, "data"), filepath.Join(dir, "backup")
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	operator := []string{"--operator-key-file", filepath.Join(data, "operator.key"), "--json"}
	type taken struct{ Added, File, Digest string }
	backup := func(want string) taken {
		t.Helper()
		got := n.tally(append([]string{"backup", folder}, operator...)...)
		if got.code != exitOK {
			t.Fatalf("backup: %+v", got)
		}
		out := parse[taken](t, got.out)
		if out.Added != want {
			t.Fatalf("added %q, want %q: %s", out.Added, want, got.out)
		}
		return out
	}
	gone := must[client.Outcome](n, "remember", "Gone", "soon")
	kept := must[client.Outcome](n, "remember", "Kept", "first text")
	backup("base")
	backup("nothing")
	must[client.Outcome](n, "update", kept.ID, "second text")
	must[client.Outcome](n, "erase", gone.ID, "--yes")
	backup("increment")
	must[client.Outcome](n, "link", kept.ID, must[client.Outcome](n, "remember", "Other", "x").ID)
	last := backup("increment")
	must[client.Outcome](n, "remember", "Too late", "x")
	n.terminate()

	if got := tally(t, nil, "", "verify", folder); got.code != exitOK || !strings.Contains(got.out, last.Digest) {
		t.Fatalf("verify: %+v", got)
	}
	used := filepath.Join(dir, "used")
	if err := os.MkdirAll(used, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(used, "mine"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tally(t, nil, "", "restore", folder, "--data", used); got.code != exitOther || !strings.Contains(got.err, "not empty") {
		t.Errorf("into a directory that is in use: %+v", got)
	}
	if list, err := os.ReadDir(used); err != nil || len(list) != 1 {
		t.Errorf("what was there: %v, %v", list, err)
	}
	fresh := filepath.Join(dir, "fresh")
	got := tally(t, nil, "", "restore", folder, "--data", fresh, "--json")
	if got.code != exitOK {
		t.Fatalf("restore: %+v", got)
	}
	restored := parse[restore.Restored](t, got.out)
	again := serve(t, "--data", fresh, "--listen", "127.0.0.1:0")
	status := must[client.Status](again, "status")
	if status.Node != "alder" || status.Digest != last.Digest || string(restored.Origin) == kept.Receipt.Dot[:strings.LastIndexByte(kept.Receipt.Dot, '.')] {
		t.Errorf("restored: %+v; status %+v", restored, status)
	}
	if out := must[client.Outcome](again, "get", kept.ID); out.Memory == nil || out.Memory.Content != "second text" {
		t.Errorf("what was kept: %+v", out.Memory)
	}
	if got := again.tally("get", gone.ID); got.code != exitNotFound {
		t.Errorf("what was erased: %+v", got)
	}
	if out := must[client.Outcome](again, "remember", "After", "x"); !strings.HasPrefix(out.Receipt.Dot, string(restored.Origin)+".") {
		t.Errorf("numbered as %s", out.Receipt.Dot)
	}

	file := filepath.Join(folder, last.File)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", folder}, {"restore", folder, "--data", filepath.Join(dir, "none")}} {
		if got := tally(t, nil, "", args...); got.code != exitOther || !strings.Contains(got.err, last.File+": damaged") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); !os.IsNotExist(err) {
		t.Errorf("a restore that failed has left something: %v", err)
	}
}
