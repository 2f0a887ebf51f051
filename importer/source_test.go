package importer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/importer"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// read returns the items of a source, and what could not be read.
func read(t *testing.T, path string, o importer.Options) (items []importer.Item, bad []string) {
	t.Helper()
	src, err := importer.Open(path, nil)
	if err != nil {
		return nil, []string{err.Error()}
	}
	defer func() { _ = src.Close() }()
	for item, err := range src.Items(o) {
		if e, ok := errors.AsType[*importer.ItemError](err); ok {
			bad = append(bad, e.Error())
			continue
		}
		if err != nil {
			return items, append(bad, "ends with "+err.Error())
		}
		items = append(items, item)
	}
	return items, bad
}

func titles(items []importer.Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.Draft.Title)
	}
	return out
}

func TestMarkdownIsCutByHeadings(t *testing.T) {
	tests := map[string]struct {
		text     string
		titles   []string
		contents []string
	}{
		"preamble and sections": {
			"intro\n\n# One\n\nfirst\n## Two\nsecond\n",
			[]string{"a.md", "a.md › One", "a.md › Two"},
			[]string{"intro", "# One\n\nfirst", "## Two\nsecond"},
		},
		"a heading without text gives nothing": {
			"# Only\n\n## Sub\ntext", []string{"a.md › Sub"}, []string{"## Sub\ntext"},
		},
		"headings that repeat are numbered": {
			"# A\n1\n# A\n2\n# A\n3", []string{"a.md › A", "a.md › A (2)", "a.md › A (3)"}, []string{"# A\n1", "# A\n2", "# A\n3"},
		},
		"a number that is taken is passed over": {
			"# A\n1\n# A (2)\n2\n# A\n3", []string{"a.md › A", "a.md › A (2)", "a.md › A (3)"}, []string{"# A\n1", "# A (2)\n2", "# A\n3"},
		},
		"fences hide headings": {
			"# A\n```sh\n# no heading\n``\n# nor this\n```\n# B\nx",
			[]string{"a.md › A", "a.md › B"},
			nil,
		},
		"the shorter fence does not close the longer": {
			"# A\n~~~~\n# no\n~~~\n# no\n~~~~\n# B\nx", []string{"a.md › A", "a.md › B"}, nil,
		},
		"underlined headings": {
			"Top\n===\nx\n\nNext\n---\ny", []string{"a.md › Top", "a.md › Next"}, []string{"Top\n===\nx", "Next\n---\ny"},
		},
		"a rule is no heading, nor is a list": {
			"# A\ntext\n\n---\n\n- item\n---\nmore", []string{"a.md › A"}, nil,
		},
		"front matter stays together": {
			"---\ntitle: x\n---\n# A\ny", []string{"a.md", "a.md › A"}, nil,
		},
		"closing hashes and deep marks": {
			"## A ##\nx\n####### seven\n#hash\n", []string{"a.md › A"}, []string{"## A ##\nx\n####### seven\n#hash"},
		},
		"line ends, marks and control characters": {
			"\ufeff# A\r\nx\x01y\tz\x1b[31m\r\n", []string{"a.md › A"}, []string{"# A\nxy\tz[31m"},
		},
		"empty": {"", nil, nil},
		"blank": {" \n\t\n", nil, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), "a.md"), tc.text), importer.Options{})
			if len(bad) > 0 {
				t.Error(bad)
			}
			if d := cmp.Diff(tc.titles, titles(items)); d != "" {
				t.Error(d)
			}
			for i, want := range tc.contents {
				if i < len(items) && items[i].Draft.Content != want {
					t.Errorf("%s: %q, want %q", items[i].Draft.Title, items[i].Draft.Content, want)
				}
			}
		})
	}
}

func TestLongSectionsAreSplitAtParagraphs(t *testing.T) {
	const limit = 64 << 10
	para := strings.Repeat("wörter und mehr ", 100) + "\n\n"
	text := "# Long\n\n" + strings.Repeat(para, 120)
	items, _ := read(t, write(t, filepath.Join(t.TempDir(), "a.md"), text), importer.Options{})
	if items[0].Loss == nil || len(items) < 4 {
		t.Fatalf("%d items, want a report and 3 parts or more", len(items))
	}
	items = memories(items)
	var all strings.Builder
	for _, it := range items {
		if len(it.Draft.Content) > limit || !utf8.ValidString(it.Draft.Content) {
			t.Errorf("%s: %d bytes", it.Draft.Title, len(it.Draft.Content))
		}
		all.WriteString(it.Draft.Content)
	}
	if got, want := strings.Join(strings.Fields(all.String()), ""), strings.Join(strings.Fields(text), ""); got != want {
		t.Error("text was lost by splitting")
	}
	if got := items[1].Draft.Title; got != "a.md › Long (part 2)" {
		t.Errorf("second part is titled %q", got)
	}
}

func TestTextWithoutAnyBreakIsSplitBetweenCharacters(t *testing.T) {
	text := strings.Repeat("ö", 100_000)
	items, _ := read(t, write(t, filepath.Join(t.TempDir(), "a.md"), text), importer.Options{})
	var all strings.Builder
	for _, it := range items {
		all.WriteString(it.Draft.Content)
	}
	if all.String() != text {
		t.Errorf("%d bytes came out, want %d", all.Len(), len(text))
	}
}

func TestFoldersAreReadInOrderAndHiddenOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.md": "x", "a/z.md": "x", "a/c.MARKDOWN": "x", "a/code.go": "x", ".git/x.md": "x", "node_modules/y.md": "x", "vendor/z.md": "x",
	} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	items, _ := read(t, dir, importer.Options{Namespace: "notes", Tier: "long"})
	var passed []string
	for _, it := range items {
		if it.Loss != nil {
			passed = append(passed, it.Where)
		}
	}
	if d := cmp.Diff([]string{".git", "a/code.go", "node_modules", "vendor"}, passed); d != "" {
		t.Error(d)
	}
	items = memories(items)
	if d := cmp.Diff([]string{"a/c.MARKDOWN", "a/z.md", "b.md"}, titles(items)); d != "" {
		t.Error(d)
	}
	d := items[0].Draft
	if d.Namespace != "notes" || d.Tier != "long" || d.Source != "import" || d.SourceURI != "file:a/c.MARKDOWN" {
		t.Errorf("draft %+v", d)
	}
}

func TestJSONLIsReadLineByLine(t *testing.T) {
	text := `{"title":"A","content":"x","namespace":"n","memory_kind":"event","expires_at":null,"tags":["t"]}

not json
{"type":"memory","title":"B","content":"y","tier":"short","state":"live","source":"user"}
{"title":"","content":"y"}
{"title":"C"}
{"type":"link","source_id":"1","target_id":"2","relation":"supersedes"}
{"title":"D","content":"z","state":"archived"}
{"title":"E","content":"z","expires_at":"tomorrow"}
`
	items, bad := read(t, write(t, filepath.Join(t.TempDir(), "m.jsonl"), text), importer.Options{Tier: "long"})
	if d := cmp.Diff([]string{"A", "B", "", "D"}, titles(items)); d != "" {
		t.Error(d)
	}
	for i, want := range []string{"m.jsonl line 3: ", "m.jsonl line 5: no title", "m.jsonl line 6: no content", "m.jsonl line 9: expires_at"} {
		if i >= len(bad) || !strings.HasPrefix(bad[i], want) {
			t.Errorf("problem %d of %q, want %q", i, bad, want)
		}
	}
	a, b, link := items[0].Draft, items[1].Draft, items[2].Link
	if a.Kind != "event" || a.Namespace != "n" || a.Tier != "long" || a.Source != "import" || a.ExpiresAt != nil {
		t.Errorf("first %+v", a)
	}
	if b.Tier != "short" || b.Source != "user" {
		t.Errorf("second %+v", b)
	}
	if link == nil || link.Source != "1" || link.Target != "2" || link.Relation != "supersedes" {
		t.Errorf("link %+v", link)
	}
	if !items[3].Archived {
		t.Error("an archived memory is not marked")
	}
}

func TestANamespaceReplacesTheirOwn(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "m.jsonl"), `{"title":"A","content":"x","namespace":"n"}`)
	items, _ := read(t, file, importer.Options{Namespace: "other"})
	if got := items[0].Draft.Namespace; got != "other" {
		t.Errorf("namespace %q", got)
	}
}

const locomo = `[{"sample_id":"conv 1/a","conversation":{
  "speaker_a":"Ann","session_2":[{"speaker":"Ben","dia_id":"D2:1","text":"Later"}],
  "session_1_date_time":"1 May","session_1":[
    {"speaker":"Ann","dia_id":"D1:1","text":"Look","blip_caption":"a  dog"},
    {"speaker":"Ben","dia_id":"D1:2","text":""},
    {"speaker":"Ben","text":"no id"}],
  "session_10":[{"speaker":"Ann","dia_id":"D10:1","text":"Last"}],
  "session_3":"broken"}}]`

func TestConversationsGiveOneMemoryPerTurn(t *testing.T) {
	items, bad := read(t, write(t, filepath.Join(t.TempDir(), "l.json"), locomo), importer.Options{})
	if d := cmp.Diff([]string{"D1:1", "D1:3", "D2:1", "D10:1"}, titles(items)); d != "" {
		t.Error(d)
	}
	if len(bad) != 2 {
		t.Errorf("problems %q, want the empty turn and the broken session", bad)
	}
	d := items[0].Draft
	if d.Content != "Ann: Look [image: a dog]" || d.Namespace != "locomo/conv-1-a" || string(d.Metadata) != `{"session":"D1","session_date":"1 May"}` {
		t.Errorf("first turn %+v, metadata %s", d, d.Metadata)
	}
	items, _ = read(t, write(t, filepath.Join(t.TempDir(), "l.json"), locomo), importer.Options{Namespace: "x"})
	if got := items[0].Draft.Namespace; got != "x/conv-1-a" {
		t.Errorf("namespace %q", got)
	}
}

func TestDocumentsOfMemoriesAreRead(t *testing.T) {
	tests := map[string]string{
		"array":   `[{"title":"A","content":"x"},{"title":"B","content":"y"}]`,
		"object":  `{"memories":[{"title":"A","content":"x"},{"title":"B","content":"y"}],"links":[],"count":2}`,
		"several": `{"title":"A","content":"x"} {"title":"B","content":"y"}`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), "d.json"), text), importer.Options{})
			if d := cmp.Diff([]string{"A", "B"}, titles(items)); d != "" || len(bad) > 0 {
				t.Error(d, bad)
			}
		})
	}
}

func TestTheFormatIsToldByNameOrFirstCharacter(t *testing.T) {
	tests := map[string]struct {
		name, text string
		want       importer.Format
	}{
		"markdown":      {"a.md", "{}", importer.Markdown},
		"text":          {"a.txt", "[]", importer.Markdown},
		"lines":         {"a.NDJSON", "x", importer.JSONL},
		"document":      {"a.json", "x", importer.JSON},
		"sniffed array": {"a", " \n[{}]", importer.JSON},
		"sniffed link":  {"a", "[1]: is a note", importer.Markdown},
		"sniffed lines": {"a", "\ufeff{}", importer.JSONL},
		"sniffed text":  {"a", "x", importer.Markdown},
		"empty":         {"a", "", importer.Markdown},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			src, err := importer.Open(write(t, filepath.Join(t.TempDir(), tc.name), tc.text), nil)
			if err != nil || src.Format != tc.want {
				t.Errorf("%v, %v, want %s", src, err, tc.want)
			}
		})
	}
	if _, err := importer.Open(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestABrokenDocumentEndsTheReading(t *testing.T) {
	src, err := importer.Open(write(t, filepath.Join(t.TempDir(), "d.json"), `[{"title":`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range src.Items(importer.Options{}) {
		if err == nil {
			t.Error("an item came out")
		}
		if _, one := errors.AsType[*importer.ItemError](err); one {
			t.Errorf("%v is about one item only", err)
		}
	}
}

// fits checks what every reader promises of every item.
func fits(t *testing.T, items []importer.Item) {
	t.Helper()
	for _, it := range items {
		d := it.Draft
		if it.Link != nil || it.Loss != nil {
			continue
		}
		if strings.TrimSpace(d.Title) == "" || strings.TrimSpace(d.Content) == "" || !utf8.ValidString(d.Title+d.Content) {
			t.Errorf("empty or not UTF-8: %q %q", d.Title, d.Content)
		}
		for _, r := range d.Title + d.Content {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Errorf("control character %U in %q", r, d.Title)
			}
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# A\n\ntext\n\nB\n---\n```\n# no\n```\n")
	f.Add("---\nx\n---\n#\n##### \r\n\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		items, bad := read(t, write(t, filepath.Join(t.TempDir(), "a.md"), text), importer.Options{})
		if text := strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""); len(bad) > 0 && strings.HasPrefix(text, "#") {
			_, bad = read(t, write(t, filepath.Join(t.TempDir(), "b.md"), text), importer.Options{})
			if len(bad) > 0 {
				t.Error(bad)
			}
		}
		items = memories(items)
		fits(t, items)
		seen := map[string]bool{}
		for _, it := range items {
			if seen[it.Draft.Title] {
				t.Errorf("title %q twice", it.Draft.Title)
			}
			seen[it.Draft.Title] = true
			if len(it.Draft.Content) > 64<<10 || utf8.RuneCountInString(it.Draft.Title) > 512 {
				t.Errorf("%q is over the limits", it.Draft.Title)
			}
		}
	})
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte(locomo), true)
	f.Add([]byte(`{"title":"A","content":"x","expires_at":""}`), false)
	f.Add([]byte(`{"memories":[[[]]],"links":{}}`), true)
	f.Fuzz(func(t *testing.T, text []byte, document bool) {
		name := "a.jsonl"
		if document {
			name = "a.json"
		}
		src, err := importer.Open(write(t, filepath.Join(t.TempDir(), name), string(text)), nil)
		if err != nil {
			return // it is no text
		}
		defer func() { _ = src.Close() }()
		var items []importer.Item
		for item, err := range src.Items(importer.Options{}) {
			if err == nil {
				items = append(items, item)
			}
		}
		fits(t, items)
	})
}
