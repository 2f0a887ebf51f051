package main

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// A byte of a text changes on the disk of a node that is alone. It says what is to be
// done, and when the operator gives the memory up nothing is missed any more.
func TestAMemoryThatNobodyHasWholeIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	n := serve(t, "--node", "alder", "--data", data, "--listen", "127.0.0.1:0")
	operator := []string{"--operator-key-file", filepath.Join(data, "operator.key")}
	id := must[client.Outcome](n, "remember", "Gate", "the code of the gate is 4711").ID
	cellar := must[client.Outcome](n, "remember", "Cellar", "the key hangs behind the door").ID
	must[client.Outcome](n, "link", cellar, id)
	n.terminate()
	flipByte(t, filepath.Join(data, "tally.db"), "code of the gate")
	n.start()

	if got := n.tally("get", id); got.code != exitOther || !strings.Contains(got.err, "damaged") || !strings.Contains(got.err, "tally erase --damaged") {
		t.Errorf("get: %+v", got)
	}
	if got := n.tally(append([]string{"scrub"}, operator...)...); got.code == exitOK || !strings.Contains(got.out, "1 damaged") {
		t.Errorf("scrub: %+v", got)
	}
	for _, args := range [][]string{{"get", cellar}, {"list"}, {"recall", "key"}} {
		if got := n.tally(args...); got.code != exitOK || !strings.Contains(got.out, "Cellar") || !strings.Contains(got.err, "damaged") || !strings.Contains(got.err, id) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := n.tally("erase", id, "--yes"); got.code != exitOther || !strings.Contains(got.err, "damaged") {
		t.Errorf("erase: %+v", got)
	}
	if got := n.tally("erase", id, "--yes", "--damaged", "--operator-key-file", filepath.Join(dir, "none")); got.code == exitOK {
		t.Errorf("without the operator's key: %+v", got)
	}
	wrong := filepath.Join(dir, "wrong.key")
	for _, key := range []string{"tallyop_" + strings.Repeat("0", 64), "tally_operator", "what"} {
		if err := os.WriteFile(wrong, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"erase", id, "--yes", "--damaged"}, {"scrub"}, {"export", "--all"}} {
			if got := n.tally(append(args, "--operator-key-file", wrong)...); got.code != exitForbidden || !strings.Contains(got.err, "is not that of this node") {
				t.Errorf("%s with the key %q: %+v", args, key, got)
			}
		}
	}
	damaged := append([]string{"erase", id, "--damaged"}, operator...)
	if got := n.tally(append(damaged, "--dry-run")...); got.code != exitOK || !strings.Contains(got.out, id) || !strings.Contains(got.out, "damaged") {
		t.Errorf("dry run: %+v", got)
	}
	if got := n.tally(append(damaged, "--yes")...); got.code != exitOK {
		t.Fatalf("erase --damaged: %+v", got)
	}
	if got := n.tally("get", id); got.code != exitNotFound {
		t.Errorf("get of what is gone: %+v", got)
	}
	if got := n.tally(append([]string{"scrub"}, operator...)...); got.code != exitOK {
		t.Errorf("scrub: %+v", got)
	}
	if got := n.tally("doctor"); got.code != exitOK {
		t.Errorf("doctor: %+v", got)
	}
}

// flipByte changes a byte where a text is in the database of a node that is stopped.
func flipByte(t *testing.T, file, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err == nil {
		_, err = db.ExecContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte(text))
	if at < 0 {
		t.Fatalf("%q is not in %s", text, file)
	}
	raw[at] ^= 1
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
