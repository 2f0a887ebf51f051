package importer_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/importer"
)

var update = flag.Bool("update", false, "write golden files anew")

// told is what a source yields, for a golden file.
func told(t *testing.T, name string, o importer.Options) string {
	t.Helper()
	src, err := importer.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "format %s\n", src.Format)
	for item, err := range src.Items(o) {
		out.WriteString(line(t, item, err))
	}
	return out.String()
}

func line(t *testing.T, it importer.Item, err error) string {
	t.Helper()
	switch bad, unreadable := errors.AsType[*importer.ItemError](err); {
	case unreadable:
		return "unreadable " + bad.Error() + "\n"
	case err != nil:
		return "ends with " + err.Error() + "\n"
	case it.Loss != nil:
		return fmt.Sprintf("lost %s: %s (%s)\n", it.Loss.Reason, it.Loss.Detail, it.Where)
	case it.Standard != nil:
		return fmt.Sprintf("standard %+v by %q\n", *it.Standard, it.Owner)
	case it.Link != nil:
		return fmt.Sprintf("link %s –%s→ %s by %q\n", it.Link.Source, it.Link.Relation, it.Link.Target, it.Owner)
	}
	raw, err := json.MarshalIndent(it.Draft, "  ", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("memory ref %q owner %q archive %q (%s)\n  %s\n", it.Ref, it.Owner, it.Archive, it.Where, raw)
}

func TestWhatOtherProgramsWroteIsReadAsTheGoldenFileSays(t *testing.T) {
	tests := map[string]struct {
		path   string
		format importer.Format
	}{
		"ai-memory":     {"ai-memory/export.json", importer.AIMemory},
		"mcp-memory":    {"mcp-memory/memory.jsonl", importer.MCPMemory},
		"mem0":          {"mem0/all.json", importer.Mem0},
		"openmemory":    {"openmemory", importer.OpenMemory},
		"engram":        {"engram", importer.Engram},
		"chunks":        {"chunks/texts.jsonl", importer.Chunks},
		"basic-memory":  {"basic-memory", importer.BasicMemory},
		"claude-memory": {"claude-memory", importer.ClaudeMemory},
		"claude-code":   {"claude-code", importer.ClaudeCode},
		"codex":         {"codex", importer.Codex},
		"gemini":        {"gemini", importer.Gemini},
		"cursor":        {"cursor", importer.Cursor},
		"obsidian":      {"obsidian", importer.Obsidian},
		"cursor-rules":  {"cursor-rules/.cursor", importer.CursorRules},
		"chatgpt":       {"chatgpt", importer.ChatGPT},
		"claude":        {"claude", importer.ClaudeChats},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", tt.path)
			got := told(t, path, importer.Options{Tier: "long"})
			if !strings.HasPrefix(got, "format "+string(tt.format)+"\n") {
				t.Fatalf("%.80s, want %s", got, tt.format)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
			if again := told(t, path, importer.Options{Tier: "long"}); again != got {
				t.Error("a second reading differs")
			}
			items, _ := read(t, path, importer.Options{Tier: "long"})
			fits(t, memories(items))
			other, _ := read(t, path, importer.Options{Tier: "long", Namespace: "x/y"})
			for _, it := range memories(other) {
				if it.Draft.Namespace != "x/y" {
					t.Errorf("%q goes to %q", it.Draft.Title, it.Draft.Namespace)
				}
			}
		})
	}
}

// memories are the items that are one.
func memories(items []importer.Item) []importer.Item {
	var out []importer.Item
	for _, it := range items {
		if it.Link == nil && it.Loss == nil && it.Standard == nil {
			out = append(out, it)
		}
	}
	return out
}

// database makes a database as ai-memory would, with the columns of some version.
func database(t *testing.T, wal bool) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "memory.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	script := `
CREATE TABLE memories (id TEXT PRIMARY KEY, tier TEXT NOT NULL, namespace TEXT NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, tags TEXT NOT NULL DEFAULT '[]',
	priority INTEGER NOT NULL DEFAULT 5, confidence REAL NOT NULL DEFAULT 1.0, source TEXT NOT NULL DEFAULT 'api', access_count INTEGER NOT NULL DEFAULT 0,
	created_at TEXT NOT NULL, updated_at TEXT NOT NULL, last_accessed_at TEXT, expires_at TEXT, metadata TEXT NOT NULL DEFAULT '{}', reflection_depth INTEGER DEFAULT 0,
	memory_kind TEXT DEFAULT 'observation', citations TEXT, embedding BLOB, embedding_dim INTEGER);
CREATE TABLE memory_links (source_id TEXT, target_id TEXT, relation TEXT, created_at TEXT, signature BLOB, observed_by TEXT, valid_from TEXT, valid_until TEXT, attest_level TEXT);
CREATE TABLE archived_memories (id TEXT PRIMARY KEY, tier TEXT, namespace TEXT, title TEXT, content TEXT, tags TEXT, priority INTEGER, confidence REAL, source TEXT,
	access_count INTEGER, created_at TEXT, updated_at TEXT, expires_at TEXT, metadata TEXT, archived_at TEXT, archive_reason TEXT, original_tier TEXT, original_expires_at TEXT);
CREATE TABLE namespace_meta (namespace TEXT PRIMARY KEY, standard_id TEXT, updated_at TEXT, parent_namespace TEXT);
CREATE TABLE pending_actions (id TEXT PRIMARY KEY, action_type TEXT, memory_id TEXT, namespace TEXT, payload TEXT, requested_by TEXT, requested_at TEXT, status TEXT);
CREATE TABLE subscriptions (id TEXT, url TEXT);
CREATE TABLE schema_version (version INTEGER);
CREATE VIRTUAL TABLE memories_fts USING fts5(title, content);
INSERT INTO schema_version VALUES (41);
INSERT INTO memories_fts VALUES ('Gate code', '4711');
INSERT INTO subscriptions VALUES ('s', 'http://example.org');
INSERT INTO memories (id, tier, namespace, title, content, tags, priority, created_at, updated_at, metadata, embedding, reflection_depth) VALUES
	('m-1', 'long', 'house', 'Gate code', '4711', '["access"]', 9, '2026-01-02T03:04:05+00:00', '2026-01-03T03:04:05+00:00', '{"agent_id":"alice","scope":"private"}', x'0000803f', 2),
	('m-2', 'mid', 'house', 'Rules', 'be quiet', '[]', 5, '2026-01-02T03:04:05+00:00', '2026-01-03T03:04:05+00:00', '{"agent_id":"alice","scope":"collective","governance":{"write":"any","promote":"any","delete":"owner"}}', NULL, 0);
INSERT INTO memory_links VALUES ('m-1', 'm-2', 'derived_from', '2026-01-02T03:04:05+00:00', x'01', NULL, NULL, NULL, 'self_signed');
INSERT INTO archived_memories VALUES ('m-3', 'long', 'house', 'Gate code', '0815', '[]', 5, 1.0, 'api', 0, '2025-01-02T03:04:05+00:00', '2025-01-02T03:04:05+00:00', NULL,
	'{"agent_id":"alice"}', '2026-01-01T00:00:00+00:00', 'superseded', 'mid', '2026-01-09T00:00:00+00:00');
INSERT INTO namespace_meta VALUES ('house', 'm-2', '2026-01-02T03:04:05+00:00', NULL), ('ghost', 'm-9', '', 'house');
INSERT INTO pending_actions VALUES ('p-1', 'delete', 'm-1', 'house', '{}', 'bob', '2026-01-02T03:04:05+00:00', 'pending'),
	('p-2', 'store', NULL, 'house', '{}', 'bob', '2026-01-02T03:04:05+00:00', 'approved');`
	if wal {
		script = "PRAGMA journal_mode = WAL;" + script
	}
	if _, err := db.ExecContext(t.Context(), script); err != nil {
		t.Fatal(err)
	}
	if wal {
		t.Cleanup(func() { _ = db.Close() }) // as if ai-memory still ran: the log is not folded in
	} else if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestADatabaseOfAIMemoryIsReadWithoutTouchingIt(t *testing.T) {
	for _, wal := range []bool{false, true} {
		file := database(t, wal)
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := told(t, file, importer.Options{Tier: "long"})
		golden := filepath.Join("testdata", "ai-memory-db.golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("with a log %v: %s", wal, d)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the database was changed (%v)", err)
		}
		if beside, _ := filepath.Glob(file + "*"); !wal && len(beside) != 1 {
			t.Errorf("left behind: %v", beside)
		}
	}
}

func TestADatabaseOfAnotherProgramIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE bookmarks (url TEXT)`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	if got := told(t, file, importer.Options{}); !strings.Contains(got, "ends with x.db: no table of memories") {
		t.Error(got)
	}
}

// pack puts files into an archive.
func pack(t *testing.T, files map[string]string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "export.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for path, text := range files {
		w, err := z.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchivesNeedNotBeUnpacked(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "chatgpt", "conversations.json"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, _ := read(t, filepath.Join("testdata", "chatgpt"), importer.Options{})
	items, _ := read(t, pack(t, map[string]string{"user.json": "{}", "export/conversations.json": string(raw), "chat.html": "<p>"}), importer.Options{})
	if d := cmp.Diff(titles(memories(unpacked)), titles(memories(items))); d != "" || len(items) == 0 {
		t.Error(d)
	}
	lines := `{"id":"1","content":"x","metadata":{},"state":"active","app":null,"categories":["c"]}` + "\n"
	whole := `{"memories":[{"id":"1","content":"x","state":"active"}],"apps":[],"categories":[]}`
	for _, files := range []map[string]string{
		{"memories.jsonl.gz": zipped(t, lines)},
		{"memories.json": whole, "memories.jsonl.gz": zipped(t, lines)},
	} {
		if items, bad := read(t, pack(t, files), importer.Options{}); len(items) != 1 || items[0].Draft.ID != "openmemory:1" || len(bad) > 0 {
			t.Errorf("%+v, %v", items, bad)
		}
	}
	file := write(t, filepath.Join(t.TempDir(), "memories.jsonl.gz"), zipped(t, lines))
	if items, _ := read(t, file, importer.Options{}); len(items) != 1 {
		t.Errorf("%+v", items)
	}
	if _, err := importer.Open(pack(t, map[string]string{"photo.jpg": "\xff\xd8\xff\xe0"}), nil); err == nil || !strings.Contains(err.Error(), "an archive without memories") {
		t.Error(err)
	}
}

func TestLongTextsAreCutAndKeepTheirPlace(t *testing.T) {
	long := strings.Repeat("word ", 30_000)
	doc, err := json.Marshal([]map[string]any{{"id": "1", "memory": long, "user_id": "u", "metadata": map[string]any{"big": long}}})
	if err != nil {
		t.Fatal(err)
	}
	items, _ := read(t, write(t, filepath.Join(t.TempDir(), "m.json"), string(doc)), importer.Options{})
	parts := memories(items)
	if len(parts) != 3 || len(items) != 5 || items[0].Loss == nil || items[1].Loss == nil {
		t.Fatalf("%d parts, %d items", len(parts), len(items))
	}
	var ids []string
	var all strings.Builder
	for _, p := range parts {
		ids = append(ids, p.Draft.ID)
		all.WriteString(p.Draft.Content + " ")
	}
	if d := cmp.Diff([]string{"mem0:1", "mem0:1:2", "mem0:1:3"}, ids); d != "" || parts[0].Ref != "mem0:1" || parts[1].Ref != "" {
		t.Error(d, parts[0].Ref, parts[1].Ref)
	}
	if strings.TrimSpace(all.String()) != strings.TrimSpace(long) {
		t.Error("the parts are not the whole")
	}
}

func TestAListThatBreaksOffIsAnError(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "m.json"), `[{"id":"1","memory":"x"},{"id":`)
	if got := told(t, file, importer.Options{}); !strings.Contains(got, "memory ref") || !strings.Contains(got, "ends with m.json: unexpected EOF") {
		t.Error(got)
	}
}

func FuzzForeign(f *testing.F) {
	for _, pattern := range []string{"*/*.json", "*/*.jsonl", "*/chunks/*", "*/*.md"} {
		list, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range list {
			raw, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw, uint8(len(name)))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, where uint8) {
		names := []string{"conversations.json", "memories.json", "memory.jsonl", "chunks/a.jsonl", "MEMORY.md", "note.md", "x.json", "x.jsonl", "x.gz"}
		dir := t.TempDir()
		file := write(t, filepath.Join(dir, filepath.FromSlash(names[int(where)%len(names)])), string(raw))
		for _, path := range []string{dir, file} {
			src, err := importer.Open(path, nil)
			if err != nil {
				continue
			}
			defer func() { _ = src.Close() }()
			var items []importer.Item
			for item, err := range src.Items(importer.Options{Tier: "long"}) {
				if err == nil {
					items = append(items, item)
				}
			}
			list := memories(items)
			fits(t, list)
			if src.Format == importer.JSON || src.Format == importer.JSONL {
				continue
			}
			for _, it := range list {
				d := it.Draft
				if len(d.Content) > 64<<10 || utf8.RuneCountInString(d.Title) > 512 || len(d.Tags) > 50 || len(d.ID) > 128 || len(d.Metadata) > 64<<10 {
					t.Errorf("%+v is over the limits", d)
				}
			}
		}
	})
}

func FuzzDatabase(f *testing.F) {
	f.Add("id", `{"agent_id":"a"}`, "[1]", "2026-01-01")
	f.Fuzz(func(t *testing.T, id, metadata, tags, at string) {
		file := filepath.Join(t.TempDir(), "m.db")
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), `CREATE TABLE memories (id, title, content, metadata, tags, created_at, expires_at, citations, namespace)`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `INSERT INTO memories VALUES (?,?,?,?,?,?,?,?,?)`, id, id, tags, metadata, tags, at, at, tags, metadata); err != nil {
			t.Fatal(err)
		}
		items, _ := read(t, file, importer.Options{})
		fits(t, memories(items))
	})
}
