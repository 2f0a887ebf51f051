package importer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/importer"
)

// noteOf reads a folder of basic-memory with one note, whose front matter says
// what is given.
func noteOf(t *testing.T, front string) (m importer.Item, imported map[string]any, lost []string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "n.md"), "---\npermalink: n\n"+front+"\n---\nbody\n")
	items, bad := read(t, dir, importer.Options{})
	if list := memories(items); len(list) != 1 || len(bad) > 0 || list[0].Draft.Content != "body" {
		t.Fatalf("%q: %+v, %q", front, list, bad)
	}
	m = memories(items)[0]
	var meta struct {
		Imported map[string]any `json:"imported"`
	}
	if err := json.Unmarshal(m.Draft.Metadata, &meta); err != nil {
		t.Fatal(err)
	}
	delete(meta.Imported, "from")
	delete(meta.Imported, "permalink")
	return m, meta.Imported, losses(items)
}

func TestFrontMatterIsYAML(t *testing.T) {
	type facts = map[string]any
	tests := map[string]struct {
		front string
		title string
		tags  []string
		facts facts
	}{
		"plain":               {"title: T\ntags: [a, b]", "T", []string{"a", "b"}, facts{}},
		"comments":            {"# one\ntitle: T # two\ntags: [one, two] # more", "T", []string{"one", "two"}, facts{}},
		"a # in a text":       {"title: 'T # no comment'", "T # no comment", nil, facts{}},
		"commas in quotes":    {`tags: ["one, two", three]`, "n", []string{"one, two", "three"}, facts{}},
		"quotes in quotes":    {`title: "say \"x\""` + "\na: 'it''s'", `say "x"`, nil, facts{"a": "it's"}},
		"escapes":             {`title: "a\tb\u00e9"`, "a bé", nil, facts{}},
		"quoted keys":         {`"title": T` + "\n'my key': v", "T", nil, facts{"my key": "v"}},
		"folded":              {"title: T\na: >-\n  one\n  two", "T", nil, facts{"a": "one two"}},
		"literal":             {"title: T\na: |\n  one\n  two", "T", nil, facts{"a": "one\ntwo\n"}},
		"block list":          {"tags:\n  - one # c\n  - 'two'\n- three", "n", []string{"one", "two"}, facts{}},
		"tags as a text":      {"tags: one, two", "n", []string{"one", "two"}, facts{}},
		"tags as JSON text":   {`tags: '["one", "two"]'`, "n", []string{"one", "two"}, facts{}},
		"hash tags":           {"tags: ['#one', two]", "n", []string{"one", "two"}, facts{}},
		"nothing":             {"title: ~\ntags: null\na:\nb: ''", "n", nil, facts{}},
		"numbers and dates":   {"title: 2026-01-02\na: 1.10\nb: 007\nc: yes", "2026-01-02", nil, facts{"a": "1.10", "b": "007", "c": "yes"}},
		"a list as a title":   {"title: [A, B]", "A", nil, facts{}},
		"nested":              {"a: {b: [1, {c: d}]}", "n", nil, facts{"a": facts{"b": []any{"1", facts{"c": "d"}}}}},
		"aliases of YAML":     {"a: &x [one, two]\ntags: *x", "n", []string{"one", "two"}, facts{"a": []any{"one", "two"}}},
		"line ends of others": {"title: T\r\ntags: [a]\r", "T", []string{"a"}, facts{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if name == "block list" {
				tt.front = "tags:\n  - one # c\n  - 'two'"
			}
			m, imported, lost := noteOf(t, tt.front)
			if m.Draft.Title != tt.title || !slices.Equal(m.Draft.Tags, tt.tags) || len(lost) > 0 {
				t.Errorf("%q %q, lost %q", m.Draft.Title, m.Draft.Tags, lost)
			}
			if d := cmp.Diff(tt.facts, imported); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOfBrokenFrontMatterIsReadWhatCanBe(t *testing.T) {
	m, imported, lost := noteOf(t, "title: One: two: three\ntags: [a, b]\nglobs: *.ts\nopen: [x\nlast: ok")
	if m.Draft.Title != "One: two: three" || !slices.Equal(m.Draft.Tags, []string{"a", "b"}) || imported["globs"] != "*.ts" || imported["last"] != "ok" {
		t.Errorf("%+v %v", m.Draft, imported)
	}
	if d := cmp.Diff([]string{"front matter that is no YAML, which is read as far as it can be"}, lost); d != "" {
		t.Error(d)
	}
}

// A text of nothing but spaces is none: the description stands for it.
func TestANoteWithoutTextHasItsDescription(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "an empty line": "\n", "spaces": " \n\t\n"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "n.md"), "---\npermalink: n\ndescription: what it is for\n---\n"+body)
		items, bad := read(t, dir, importer.Options{})
		if list := memories(items); len(list) != 1 || len(bad) > 0 || list[0].Draft.Content != "what it is for" {
			t.Errorf("%s: %+v, %q", name, items, bad)
		}
	}
}

// An alias of an alias of an alias stands for more than there is room for.
func TestFrontMatterDoesNotGrow(t *testing.T) {
	var front strings.Builder
	front.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 12 {
		ref := "*a" + strconv.Itoa(i)
		front.WriteString("a" + strconv.Itoa(i+1) + ": &a" + strconv.Itoa(i+1) + " [" + strings.Repeat(ref+", ", 9) + ref + "]\n")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "n.md"), "---\npermalink: n\n"+front.String()+"---\nbody\n")
	items, _ := read(t, dir, importer.Options{})
	if list := memories(items); len(list) != 1 || len(list[0].Draft.Metadata) > 64<<10 {
		t.Errorf("%d memories", len(list))
	}
}

func TestAFolderNamedByALinkIsRead(t *testing.T) {
	for _, folder := range []string{"basic-memory", "claude-memory", "engram", "openmemory", "chatgpt", "claude", "obsidian", "claude-code"} {
		root, err := filepath.Abs(filepath.Join("testdata", folder))
		if err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(t.TempDir(), folder)
		if err := os.Symlink(root, link); err != nil {
			t.Skip("no symbolic links here: " + err.Error())
		}
		want, _ := read(t, root, importer.Options{Namespace: "x"})
		got, _ := read(t, link, importer.Options{Namespace: "x"})
		if d := cmp.Diff(contents(want), contents(got)); d != "" || len(got) == 0 {
			t.Errorf("%s: %s", folder, d)
		}
	}
}

func TestWhatAFolderLeavesOutIsReported(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.md"), "not in the folder")
	for _, name := range []string{"a.md", ".hidden/b.md", "node_modules/c.md", "photo.png"} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), "x")
	}
	for link, to := range map[string]string{"link.md": filepath.Join(outside, "secret.md"), "folder": outside, "nowhere.md": "none"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here: " + err.Error())
		}
	}
	want := []string{
		"a file of another kind in a folder of notes", "a folder of dependencies or test data, which is read only if it is named itself",
		"a hidden folder, which is read only if it is named itself", "a symbolic link in a folder, which is not followed",
	}
	for _, index := range []string{"", "MEMORY.md"} {
		if index != "" {
			write(t, filepath.Join(dir, index), "x")
		}
		items, bad := read(t, dir, importer.Options{})
		if d := cmp.Diff(want, losses(items)); d != "" || len(bad) > 0 || slices.Contains(contents(items), "not in the folder") {
			t.Errorf("%s %q %q", d, bad, contents(items))
		}
	}
}

// A folder of ordinary Markdown stays one if a few of its notes, or the data of
// somebody's tests, come from elsewhere.
func TestOneForeignNoteDoesNotMakeAFolderForeign(t *testing.T) {
	dir := t.TempDir()
	const note = "---\ntitle: n\npermalink: n\n---\ntext\n"
	for i := range 4 {
		n := strconv.Itoa(i)
		write(t, filepath.Join(dir, n+".md"), "# heading\n\ntext\n")
		write(t, filepath.Join(dir, "testdata", n+"x.md"), note)
		write(t, filepath.Join(dir, "testdata", n+"y.md"), note)
	}
	write(t, filepath.Join(dir, "note.md"), note)
	for path, want := range map[string]importer.Format{dir: importer.Markdown, filepath.Join(dir, "testdata"): importer.BasicMemory} {
		src, err := importer.Open(path, nil)
		if err != nil || src.Format != want {
			t.Errorf("%+v, %v, want %s", src, err, want)
		}
	}
}

func TestSectionsThatReferToNotesAreLinked(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.md"), "# One\n\ntext [[b#Two]], [[missing]]\n\n# X\n\n[[B|as it is called]] `[[code]]`\n\n- supersedes [[c]]\n")
	write(t, filepath.Join(dir, "b.md"), "# Start\n\nt\n\n# Two\n\nt, see [a](a.md#x) and [outside](../other.md)\n")
	write(t, filepath.Join(dir, "sub", "c.md"), "t\n")
	items, bad := read(t, dir, importer.Options{})
	refs := map[string]string{}
	var links []string
	for _, it := range items {
		if it.Ref != "" {
			refs[it.Ref] = it.Draft.Title
		}
		if it.Link != nil {
			links = append(links, refs[it.Link.Source]+" "+it.Link.Relation+" "+refs[it.Link.Target])
		}
	}
	want := []string{"a.md › One related_to b.md › Two", "a.md › X related_to b.md › Start", "a.md › X supersedes sub/c.md", "b.md › Two related_to a.md › X"}
	if d := cmp.Diff(want, links); d != "" || len(bad) > 0 {
		t.Error(d, bad)
	}
	if d := cmp.Diff([]string{"a reference to a note that is not there"}, losses(items)); d != "" {
		t.Error(d)
	}
}

func TestWhatClaudeKeepsIsReadFromAnyOfItsFolders(t *testing.T) {
	root := filepath.Join("testdata", "claude-code")
	all, _ := read(t, root, importer.Options{})
	for dir, want := range map[string]int{"projects": 4, "projects/-home-ann-shop": 4, "projects/-home-ann-shop/memory": 2, "projects/-home-ann-shop/s1.jsonl": 2} {
		items, _ := read(t, filepath.Join(root, filepath.FromSlash(dir)), importer.Options{})
		list := memories(items)
		if len(list) != want {
			t.Errorf("%s: %d memories, want %d", dir, len(list), want)
		}
		for _, it := range list {
			same := func(other importer.Item) bool {
				return other.Draft.Namespace == it.Draft.Namespace && other.Draft.Title == it.Draft.Title && other.Draft.Content == it.Draft.Content
			}
			if !slices.ContainsFunc(memories(all), same) {
				t.Errorf("%s: %q in %q is another memory than from the whole", dir, it.Draft.Title, it.Draft.Namespace)
			}
		}
	}
}
