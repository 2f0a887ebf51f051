package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity/cluster"
)

// However often the key was changed while a node did not run, its audit log is handed
// over by the key that has signed its last row.
func TestANodeStartsAfterItsKeyWasChangedTwice(t *testing.T) {
	dir := t.TempDir()
	place := cluster.Place{Name: "a", Node: "a", URL: "https://127.0.0.1:7001"}
	c, err := cluster.Found(filepath.Join(dir, IdentityDir), "acme", place, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, AuditFile)
	for changes := range 4 {
		before := lastKeys(t, dir)
		log, err := openAudit(path, c)
		for file, data := range before { // it crashed before they were removed
			err = errors.Join(err, os.WriteFile(file, data, 0o600))
		}
		if err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if err := log.Append(audit.Event{Kind: audit.Refusal, At: time.Now(), Actor: "ai:x"}); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		for range changes {
			if _, err := Rotate(t.Context(), dir, ""); err != nil {
				t.Fatal(err)
			}
		}
		if c, err = OpenIdentity(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// The disk is full when the key changes: the node starts once it is not, since the keys
// that can hand over the audit log are still there.
func TestKeysAreKeptUntilTheAuditLogIsHandedOver(t *testing.T) {
	dir := t.TempDir()
	place := cluster.Place{Name: "a", Node: "a", URL: "https://127.0.0.1:7001"}
	c, err := cluster.Found(filepath.Join(dir, IdentityDir), "acme", place, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, AuditFile)
	log, err := openAudit(path, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append(audit.Event{Kind: audit.Refusal, At: time.Now(), Actor: "ai:x"}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil { // what is written from here on fails
		t.Fatal(err)
	}
	if _, err := Rotate(t.Context(), dir, ""); err != nil {
		t.Fatal(err)
	}
	if c, err = OpenIdentity(dir); err != nil {
		t.Fatal(err)
	}
	if err := handOver(log, c.Self().Key(), c); err == nil {
		t.Error("a row was written to a closed file")
	}
	log, err = openAudit(path, c)
	if err != nil {
		t.Fatalf("the node cannot start: %v", err)
	}
	if left := lastKeys(t, dir); len(left) > 0 {
		t.Errorf("%d keys are left", len(left))
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

func lastKeys(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, IdentityDir, "*.last*"))
	out := map[string][]byte{}
	for _, file := range files {
		data, readErr := os.ReadFile(file)
		out[file], err = data, errors.Join(err, readErr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
