package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// A node makes its own backup where its settings say, reads it, and measures itself; its
// operator is told, and nobody else.
func TestANodeTakesCareOfItself(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	data, folder := filepath.Join(dir, "data"), filepath.Join(dir, "backup")
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0", "--backup-dir", folder)
	operator := []string{"--operator-key-file", filepath.Join(data, "operator.key")}
	as := func(args ...string) []string { return append(args, operator...) }
	kept := must[client.Outcome](n, "remember", "Gate code", "It is 4711.")
	if got := must[client.BackupOutcome](n, as("backup")...); got.Added != "base" || !got.OK {
		t.Errorf("first: %+v", got)
	}
	n.reads("remember", "Attic", "boxes")
	if got := must[client.BackupOutcome](n, as("backup")...); got.Added != "increment" {
		t.Errorf("second: %+v", got)
	}
	if got := must[client.BackupOutcome](n, as("verify")...); !got.OK || got.Files != 2 {
		t.Errorf("verify: %+v", got)
	}
	list := must[client.Backups](n, as("backup", "--list")...)
	if list.Dir != folder || list.Count != 2 || !list.Files[1].Verified {
		t.Errorf("list: %+v", list)
	}
	if text := n.reads(as("backup", "--list")...); !strings.Contains(text, "2 files in "+folder) {
		t.Errorf("list for people: %s", text)
	}
	if got := tally(t, nil, "", "verify", folder); got.code != exitOK {
		t.Errorf("from outside: %+v", got)
	}
	found := must[diagnosis](n, as("doctor")...)
	for _, check := range []string{"backup", "disk", "permissions", "TLS", "write quorum"} {
		if f := found.of(check); f.State != client.FindingOK {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if err := os.Remove(filepath.Join(folder, list.Files[0].File)); err != nil {
		t.Fatal(err)
	}
	if got := n.tally(as("verify")...); got.code != exitOther || !strings.Contains(got.err, list.Files[0].File) {
		t.Errorf("a file is gone: %+v", got)
	}
	before := must[client.Memory](n, "get", kept.ID).AccessCount
	first := must[client.Measurements](n, as("measure")...)
	if m := first.Last; m == nil || m.Syncs == 0 || m.Recalls == 0 || m.Lists == 0 || m.Writes < 2 || m.Memories != 2 || first.Before != nil {
		t.Errorf("measured: %+v", first.Last)
	}
	second := must[client.Measurements](n, as("measure")...)
	if second.Before == nil || !second.Before.At.Equal(first.Last.At.Time) {
		t.Errorf("again: %+v", second)
	}
	if after := must[client.Memory](n, "get", kept.ID).AccessCount; after != before {
		t.Errorf("measuring counts as reading: %d reads, before %d", after, before)
	}
	if text := n.reads(as("measure", "--last")...); !strings.Contains(text, "a page made durable, median") {
		t.Errorf("for people: %s", text)
	}
	left, err := filepath.Glob(filepath.Join(data, ".measure*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
