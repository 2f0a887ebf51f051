package importer_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/importer"
)

// contents are the texts of the memories of a source.
func contents(items []importer.Item) []string {
	var out []string
	for _, it := range memories(items) {
		out = append(out, it.Draft.Content)
	}
	return out
}

// sourceOf opens what a stream has.
func sourceOf(t *testing.T, text string) *importer.Source {
	t.Helper()
	src, err := importer.Open("-", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

const (
	ownLines = `{"title":"A","content":"x"}` + "\n" + `{"title":"B","content":"y"}` + "\n"
	oneMem0  = `[{"id":"1","memory":"likes tea"}]`
	complete = `{"type":"manifest","format":"tallystick-complete","format_version":1}` + "\n"
)

func TestWhatIsAFileMayBePacked(t *testing.T) {
	db, err := os.ReadFile(database(t, false))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		name, text string
		format     importer.Format
		want       int // memories
	}{
		"lines of our own":    {"own.jsonl", ownLines, importer.JSONL, 2},
		"a document":          {"own.json", `[{"title":"A","content":"x"}]`, importer.JSON, 1},
		"a note":              {"note.md", "# A\n\nx\n\n# B\n\ny\n", importer.Markdown, 2},
		"a text":              {"note.txt", "x", importer.Markdown, 1},
		"mem0":                {"all.json", oneMem0, importer.Mem0, 1},
		"a database":          {"memory.db", string(db), importer.AIMemoryDB, 3},
		"a complete export":   {"node.jsonl", complete, importer.Complete, 0},
		"a file without name": {"export", ownLines, importer.JSONL, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ways := map[string]string{
				"plain":       write(t, filepath.Join(dir, tt.name), tt.text),
				"gzip":        write(t, filepath.Join(dir, tt.name+".gz"), zipped(t, tt.text)),
				"zip":         pack(t, map[string]string{tt.name: tt.text}),
				"zip, folder": pack(t, map[string]string{"export/" + tt.name: tt.text, "__MACOSX/export/._x": "\x00"}),
				"zip of gzip": pack(t, map[string]string{tt.name + ".gz": zipped(t, tt.text)}),
			}
			var first []string
			for way, path := range ways {
				src, err := importer.Open(path, nil)
				if err != nil || src.Format != tt.format {
					t.Errorf("%s: %+v, %v, want %s", way, src, err, tt.format)
					continue
				}
				if tt.format == importer.Complete {
					in, err := src.Reader()
					if err != nil {
						t.Fatal(err)
					}
					if raw, err := io.ReadAll(in); err != nil || string(raw) != tt.text || !src.Again() {
						t.Errorf("%s: %q, %v", way, raw, err)
					}
				} else if items, bad := read(t, path, importer.Options{Agent: "ann"}); len(bad) > 0 || len(memories(items)) != tt.want {
					t.Errorf("%s: %d memories, %q", way, len(memories(items)), bad)
				} else if first == nil {
					first = titles(memories(items))
				} else if d := cmp.Diff(first, titles(memories(items))); d != "" {
					t.Errorf("%s: %s", way, d)
				}
				if err := src.Close(); err != nil {
					t.Error(err)
				}
			}
			for way, text := range map[string]string{"plain": tt.text, "gzip": zipped(t, tt.text)} {
				src := sourceOf(t, text)
				n := 0
				for item, err := range src.Items(importer.Options{Agent: "ann"}) {
					if err == nil && item.Loss == nil && item.Link == nil && item.Standard == nil {
						n++
					}
				}
				if n != tt.want && tt.format != importer.Complete {
					t.Errorf("a stream, %s: %d memories", way, n)
				}
			}
		})
	}
}

func TestWhatIsAFolderMayBePacked(t *testing.T) {
	for _, folder := range []string{"basic-memory", "claude-memory", "engram", "openmemory", "chatgpt", "obsidian", "claude-code", "cursor-rules/.cursor/rules"} {
		t.Run(folder, func(t *testing.T) {
			files := map[string]string{}
			root := filepath.Join("testdata", filepath.FromSlash(folder))
			err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				raw, err := os.ReadFile(name)
				rel, _ := filepath.Rel(root, name)
				files["notes/"+filepath.ToSlash(rel)] = string(raw)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			want, _ := read(t, root, importer.Options{})
			got, _ := read(t, pack(t, files), importer.Options{})
			if d := cmp.Diff(contents(want), contents(got)); d != "" || len(got) != len(want) {
				t.Errorf("%d items, want %d: %s", len(got), len(want), d)
			}
		})
	}
}

func TestAnArchiveOfSeveralFilesIsReadFileByFile(t *testing.T) {
	items, bad := read(t, pack(t, map[string]string{"a.json": oneMem0, "b.jsonl": ownLines, "photo.jpg": "\xff\xd8\xff"}), importer.Options{})
	if d := cmp.Diff([]string{"likes tea", "x", "y"}, contents(items)); d != "" || len(bad) > 0 {
		t.Error(d, bad)
	}
}

// An archive of a few KiB can unpack to anything.
func TestNoMoreIsHeldOfAPackedFileThanOfAnother(t *testing.T) {
	huge := strings.Repeat("A", 17<<20)
	for name, text := range map[string]string{
		"conversations.json": `[{"title":"` + huge + `"},` + `{"uuid":"u","name":"x","chat_messages":[{"uuid":"m","sender":"human","text":"hi"}]}]`,
		"own.jsonl":          `{"title":"x","content":"` + huge + `"}` + "\n" + `{"title":"A","content":"x"}` + "\n",
		"export.json":        `{"memories":[{"id":"` + huge + `"},{"id":"1","title":"t","content":"c","tier":"mid","created_at":"2026-01-01T00:00:00Z"}]}`,
	} {
		items, bad := read(t, pack(t, map[string]string{name: text}), importer.Options{})
		if len(memories(items)) != 1 || len(bad) != 1 || !strings.Contains(bad[0], "longer than 16 MiB") {
			t.Errorf("%s: %d memories, %.200q", name, len(memories(items)), bad)
		}
	}
}

func TestAFileThatNeverEndsIsRefused(t *testing.T) {
	for _, name := range []string{"/dev/zero", "/dev/urandom"} {
		if _, err := os.Stat(name); err != nil {
			continue // another system
		}
		if _, err := importer.Open(name, nil); err == nil {
			t.Errorf("%s is taken for text", name)
		}
	}
}

func TestALineThatIsTooLongCostsThatLine(t *testing.T) {
	huge := strings.Repeat("w", 17<<20)
	for name, line := range map[string]func(id, text string) string{
		"own": func(id, text string) string { return `{"title":"` + id + `","content":"` + text + `"}` },
		"mcp": func(id, text string) string {
			return `{"type":"entity","name":"` + id + `","observations":["` + text + `"]}`
		},
		"chunks": func(id, text string) string { return `{"id":"` + id + `","text":"` + text + `","metadata":{}}` },
	} {
		text := line("1", "t") + "\n" + line("2", huge) + "\n" + line("3", "t") + "\n"
		items, bad := read(t, write(t, filepath.Join(t.TempDir(), "a.jsonl"), text), importer.Options{})
		if len(memories(items)) != 2 || len(bad) != 1 || !strings.Contains(bad[0], "a.jsonl line 2: longer than 16 MiB") {
			t.Errorf("%s: %d memories, %.200q", name, len(memories(items)), bad)
		}
	}
	n := 0
	for item, err := range sourceOf(t, ownLines+`{"title":"`+huge+"\"}\n"+`{"title":"C","content":"z"}`).Items(importer.Options{}) {
		if err == nil && item.Loss == nil {
			n++
		}
	}
	if n != 3 {
		t.Errorf("of a stream %d memories came, want 3", n)
	}
}

func TestADocumentMayBeLargerThanAnythingInIt(t *testing.T) {
	var doc strings.Builder
	doc.WriteString(`{"memories":[`)
	text := strings.Repeat("word ", 12_000)
	for i := range 300 {
		if i > 0 {
			doc.WriteByte(',')
		}
		raw, err := json.Marshal(map[string]any{"id": strconv.Itoa(i), "title": strconv.Itoa(i), "content": text, "tier": "mid", "created_at": "2026-01-01T00:00:00Z"})
		if err != nil {
			t.Fatal(err)
		}
		doc.Write(raw)
	}
	doc.WriteString(`],"links":[{"source_id":"0","target_id":"1","relation":"supersedes"}]}`)
	items, bad := read(t, write(t, filepath.Join(t.TempDir(), "e.json"), doc.String()), importer.Options{})
	if len(items) != 301 || len(bad) > 0 || items[300].Link == nil {
		t.Errorf("%d items, %q", len(items), bad)
	}
}

func TestAValueOfTooManyPartsCostsItself(t *testing.T) {
	many := `[{"id":"1","memory":"x"},{"id":"2","memory":"y","metadata":{"l":[` + strings.Repeat("1,", 600_000) + `1]}}]`
	items, bad := read(t, write(t, filepath.Join(t.TempDir(), "m.json"), many), importer.Options{})
	if len(memories(items)) != 1 || len(bad) != 1 || !strings.Contains(bad[0], "more than 500,000 values") {
		t.Errorf("%d memories, %.300q", len(memories(items)), bad)
	}
	links := strings.Repeat("[[other]] ", 2000)
	items, bad = read(t, pack(t, map[string]string{"MEMORY.md": links, "other.md": "x"}), importer.Options{})
	if got := losses(items); len(bad) > 0 || len(got) != 1 || !strings.Contains(got[0], "beyond the first 1,000") {
		t.Errorf("%q %q", got, bad)
	}
}
