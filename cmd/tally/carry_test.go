package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/carry"
)

func fixture(name string) string {
	return filepath.Join("..", "..", "importer", "testdata", filepath.FromSlash(name))
}

func (d *daemon) digest() string {
	d.t.Helper()
	return must[client.Status](d, "status").Digest
}

func TestWhatOtherProgramsWroteIsImportedOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	tests := map[string]struct {
		path                      string
		written, archived, failed int // written: memories, with those that are archived
		links                     int
		lost                      []string
	}{
		"ai-memory": {"ai-memory/export.json", 3, 1, 1, 2, []string{
			"a confidence that is not from 0 to 1", "a priority that is not from 1 to 10",
			"a link to a memory that is not there", "a memory without text", "a relation that is not known: it becomes related_to",
			"an owner with a name that no agent can have: the memory becomes that of who imports it", "citations that cannot be read",
			"the signature of a link", "the time for which a link holds",
		}},
		"mcp-memory":    {"mcp-memory/memory.jsonl", 2, 0, 2, 1, []string{"a link of a memory with itself", "a relation with an entity that is not there"}},
		"mem0":          {"mem0/all.json", 2, 1, 0, 0, []string{"a namespace with signs that none can have: it gets another name", "a memory without text", "an edge of a graph of entities"}},
		"openmemory":    {"openmemory", 3, 1, 0, 0, []string{"a change of state in the past", "a deleted memory", "a rule of who may read", "a paused memory, which becomes live"}},
		"engram":        {"engram", 4, 0, 0, 0, []string{"a change of something else than a note: relation", "a deleted note", "a session without a summary"}},
		"chunks":        {"chunks/texts.jsonl", 3, 0, 0, 0, []string{"a memory without text"}},
		"basic-memory":  {"basic-memory", 3, 0, 0, 3, []string{"a reference to a note that is not there"}},
		"claude-memory": {"claude-memory", 2, 0, 0, 1, []string{"a reference to a note that is not there"}},
		"codex":         {"codex", 3, 0, 1, 0, []string{"messages of reasoning", "messages of tools"}},
		"gemini":        {"gemini", 3, 0, 0, 0, []string{"messages of reasoning", "messages of the program", "messages of tools"}},
		"cursor":        {"cursor", 2, 0, 0, 0, []string{"messages of tools"}},
		"chatgpt":       {"chatgpt", 3, 0, 1, 0, []string{"a conversation without messages", "images, audio and other attachments", "messages of branches that were left", "messages of reasoning", "messages of tools"}},
		"claude":        {"claude", 3, 0, 0, 0, []string{"a conversation without messages", "images, audio and other attachments", "messages of reasoning", "messages of tools"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := d.digest()
			tried := d.tally("import", fixture(tt.path), "--dry-run", "--json")
			plan := parse[importPlan](t, tried.out)
			if plan.Memories != tt.written || plan.Written != tt.written || plan.Archived != tt.archived || plan.Unreadable != tt.failed || plan.Links != tt.links || d.digest() != before {
				t.Errorf("dry run: %+v", plan)
			}
			want := exitOK
			if tt.failed > 0 {
				want = exitOther
			}
			got := d.tally("import", fixture(tt.path), "--json")
			r := parse[carry.Report](t, got.out)
			if d := cmp.Diff(plan.Lost, r.Lost); d != "" || tried.code != got.code {
				t.Errorf("the dry run ends with %d and differs: %s", tried.code, d)
			}
			if got.code != want || r.Written != tt.written || r.Archived != tt.archived || r.Failed != tt.failed || r.Links != tt.links || r.Unchanged != 0 {
				t.Errorf("code %d, %+v, %s", got.code, r, got.err)
			}
			if len(r.Lost) != len(tt.lost) {
				t.Errorf("lost %d kinds of things, want %d", len(r.Lost), len(tt.lost))
			}
			for _, reason := range tt.lost {
				if l := r.Lost[reason]; l == nil || l.Count == 0 || len(l.Examples) == 0 {
					t.Errorf("nothing was lost for %q: %v", reason, r.Lost)
				}
			}
			after := d.digest()
			again := parse[carry.Report](t, d.tally("import", fixture(tt.path), "--json").out)
			if again.Written != 0 || again.Unchanged != tt.written || again.Links != 0 || again.LinksUnchanged != tt.links || d.digest() != after {
				t.Errorf("again: %+v", again)
			}
		})
	}
	human := d.tally("import", fixture("mem0/all.json"))
	if !strings.Contains(human.out, "not carried over:\n  1 × a memory without text\n      all.json[0] results") {
		t.Error(human.out)
	}
}

// Titles that a program makes up are often the same. None may cost another memory
// its text, in whatever order they come.
func TestEqualTitlesOfDifferentMemoriesAreKeptApart(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	one := `{"id":"1","memory":"Likes tea\nof one kind","created_at":"2026-01-01T00:00:00Z"}`
	two := `{"id":"2","memory":"Likes tea\nof another kind","created_at":"2026-01-02T00:00:00Z"}`
	gone := `{"id":"3","memory":"Likes tea\nno longer","created_at":"2026-01-03T00:00:00Z","expiration_date":"2026-01-04"}`
	load := func(list ...string) carry.Report {
		file := filepath.Join(t.TempDir(), "m.json")
		if err := os.WriteFile(file, []byte("["+strings.Join(list, ",")+"]"), 0o600); err != nil {
			t.Fatal(err)
		}
		return must[carry.Report](d, "import", file, "--namespace", "n")
	}
	d.tally("remember", "Likes tea", "my own words", "--namespace", "n")
	for _, step := range []struct {
		list               []string
		written, unchanged int
	}{
		{[]string{one}, 1, 0},
		{[]string{two, one}, 1, 1},
		{[]string{one, two}, 0, 2},
		{[]string{gone, two, one}, 1, 2},
		{[]string{gone, two, one}, 0, 3},
	} {
		if r := load(step.list...); r.Written != step.written || r.Unchanged != step.unchanged || r.Updated != 0 {
			t.Errorf("%d memories: %+v", len(step.list), r)
		}
	}
	list := must[client.Page](d, "list", "--namespace", "n")
	var texts []string
	for _, m := range list.Memories {
		texts = append(texts, m.Content)
	}
	slices.Sort(texts)
	if want := []string{"Likes tea\nof another kind", "Likes tea\nof one kind", "my own words"}; !slices.Equal(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
}

func TestImportedMemoriesStayTheirs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	file := filepath.Join(t.TempDir(), "memory.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `
CREATE TABLE memories (id, tier, namespace, title, content, tags, priority, created_at, metadata);
CREATE TABLE memory_links (source_id, target_id, relation);
CREATE TABLE archived_memories (id, tier, namespace, title, content, metadata, created_at, archive_reason);
CREATE TABLE namespace_meta (namespace, standard_id, parent_namespace);
INSERT INTO memories VALUES
	('m-1', 'long', 'house', 'Secret', 'only alice knows', '["x"]', 9, '2026-01-02T03:04:05+00:00', '{"agent_id":"alice","scope":"private"}'),
	('m-2', 'long', 'house', 'Rules', 'knock first', '[]', 5, '2026-01-02T03:04:05+00:00', '{"agent_id":"alice","scope":"collective","governance":{"write":"any"}}'),
	('m-4', 'long', 'house', 'Anybody', 'may read this', '[]', 5, '2026-01-02T03:04:05+00:00', '{"agent_id":"anonymous:req-01234567"}');
INSERT INTO memory_links VALUES ('m-1', 'm-2', 'reflects_on'), ('m-1', 'm-3', 'related_to');
INSERT INTO archived_memories VALUES ('m-3', 'long', 'house', 'Secret', 'what alice knew', '{"agent_id":"alice"}', '2025-01-02T03:04:05+00:00', 'superseded');
INSERT INTO namespace_meta VALUES ('house', 'm-2', NULL), ('ghost', 'm-9', NULL);`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	r := must[carry.Report](d, "import", file)
	if r.Written != 4 || r.Archived != 1 || r.Links != 1 || r.Standards != 1 || len(r.Lost) != 2 {
		t.Errorf("%+v", r)
	}
	type shown struct {
		Memory client.Memory
		Links  []client.Link
	}
	if got := d.tally("get", "m-1"); got.code == exitOK {
		t.Error("a private memory is everybody's")
	}
	m := must[shown](d, "get", "m-1", "--agent", "alice").Memory
	if m.Content != "only alice knows" || m.Priority != 9 || m.CreatedAt.Year() != 2026 || m.CreatedAt.Month() != 1 {
		t.Errorf("%+v", m)
	}
	if got := d.tally("get", "m-4"); got.code != exitOK {
		t.Errorf("nobody's memory is not everybody's: %s", got.err)
	}
	if s := must[client.Standard](d, "namespace", "get", "house"); s.ID() != "m-2" {
		t.Errorf("standard %+v", s)
	}
	before := d.digest()
	if r := must[carry.Report](d, "import", file); r.Written != 0 || r.Unchanged != 5 || r.Standards != 0 || d.digest() != before {
		t.Errorf("again: %+v", r)
	}
}

func TestAnExportOfAllAgentsGoesBackToThem(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	a := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	for _, who := range []string{"alice", "bob"} {
		a.tally("remember", "Diary of "+who, "private words", "--agent", who)
	}
	file := filepath.Join(t.TempDir(), "all.jsonl")
	must[any](a, "export", "--all", "--output", file)
	b := serve(t, "--node", "b", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	if r := must[carry.Report](b, "import", file); r.Written != 2 {
		t.Errorf("%+v", r)
	}
	if got := b.tally("list", "--agent", "alice"); !strings.Contains(got.out, "Diary of alice") || strings.Contains(got.out, "bob") {
		t.Error(got.out)
	}
}

func TestACompleteExportRestoresANode(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	a := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	for _, f := range []string{"basic-memory", "mem0/all.json", "ai-memory/export.json"} {
		a.tally("import", fixture(f))
	}
	file := filepath.Join(t.TempDir(), "node.jsonl")
	must[any](a, "export", "--complete", "--output", file)

	b := serve(t, "--node", "b", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	empty := b.digest()
	if l := must[client.Loaded](b, "import", file, "--dry-run"); l.Applied != l.Entries || l.Entries == 0 || l.Expected != a.digest() || b.digest() != empty {
		t.Errorf("dry run: %+v", l)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"cut off":  string(raw[:len(raw)/2]),
		"damaged":  strings.Replace(string(raw), "Pour over", "Pour away", 1),
		"doubled":  string(raw) + string(raw),
		"reworded": strings.Replace(string(raw), `"kind":"put"`, `"kind":"pat"`, 1),
	} {
		bad := filepath.Join(t.TempDir(), "bad.jsonl")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := b.tally("import", bad); got.code == exitOK || b.digest() != empty {
			t.Errorf("%s: code %d, %s", name, got.code, got.err)
		}
	}
	if l := must[client.Loaded](b, "import", file); !l.Equal || l.Applied != l.Entries || b.digest() != a.digest() || l.From != "a" {
		t.Errorf("%+v", l)
	}
	got := tally(t, []string{"TALLY_SERVER=" + b.url}, string(raw), "import", "-")
	if got.code != exitOK || !strings.Contains(got.out, "held already") || !strings.Contains(got.out, "that of the export") {
		t.Errorf("from stdin, again: %+v", got)
	}
	fed := federation(t, 2)
	must[client.Loaded](fed[0], "import", file)
	eventually(t, "the other member has it too", func() bool { return fed[1].digest() == a.digest() })
	if got := a.tally("export", "--complete", "--namespace", "x"); got.code != exitUsage {
		t.Errorf("complete, and of one namespace: %+v", got)
	}
}
