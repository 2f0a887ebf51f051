package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

// An id that was erased is never used again, so what an import brings back after an
// erase has another. Importing once more finds it there, and writes and fails nothing.
func TestAnImportAfterAnEraseCanBeRepeated(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	for name, tt := range map[string]struct {
		file, text string
		back       int // how many memories come back
	}{
		"by title":       {"plain.jsonl", `{"title":"by title","content":"c"}`, 1},
		"by id":          {"id.jsonl", `{"id":"given","title":"by id","content":"c"}`, 1},
		"a note":         {"note.md", "# a note\n\nc\n", 1},
		"another's id":   {"mem0.json", `{"results":[{"id":"m1","memory":"another's id","user_id":"u"}]}`, 1},
		"two of a title": {"twice.json", `{"results":[{"id":"m2","memory":"two\none","user_id":"u"},{"id":"m3","memory":"two\nother","user_id":"u"}]}`, 2},
		"an end of a link": {"link.jsonl", `{"id":"from","title":"from","content":"1"}
{"id":"to","title":"to","content":"2"}
{"source_id":"from","target_id":"to","relation":"supersedes"}`, 2},
		"expired":       {"expired.jsonl", `{"title":"expired","content":"c","expires_at":"2026-01-02T03:04:05Z"}`, 0},
		"expired by id": {"expiredid.jsonl", `{"id":"old","title":"expired by id","content":"c","expires_at":"2026-01-02T03:04:05Z"}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			before := d.everyID()
			first := parse[carry.Report](t, d.tally("import", path, "--json").out)
			for id := range d.everyID() {
				if !before[id] {
					if r := d.tally("erase", id, "--yes"); r.code != exitOK {
						t.Fatal(r.err)
					}
				}
			}
			again := parse[carry.Report](t, d.tally("import", path, "--json").out)
			if first.Failed != 0 || again.Failed != 0 || again.Written != tt.back || again.Links != first.Links {
				t.Fatalf("first %+v, after the erase %+v; want %d back", first, again, tt.back)
			}
			digest := d.digest()
			for range 2 {
				more := parse[carry.Report](t, d.tally("import", path, "--json").out)
				if more.Failed != 0 || more.Written != 0 || more.Unchanged != first.Written || more.LinksUnchanged != first.Links || d.digest() != digest {
					t.Errorf("once more: %+v", more)
				}
			}
			if dry := d.tally("import", path, "--dry-run"); dry.code != exitOK {
				t.Errorf("a dry run ends with %d", dry.code)
			}
		})
	}
}

// everyID is the ids of all memories, live or archived.
func (d *daemon) everyID() map[string]bool {
	d.t.Helper()
	ids := map[string]bool{}
	for _, m := range must[client.Page](d, "list", "--limit", "1000").Memories {
		ids[m.ID] = true
	}
	for _, m := range must[client.Page](d, "list", "--archived", "--limit", "1000").Memories {
		ids[m.ID] = true
	}
	return ids
}
