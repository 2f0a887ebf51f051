package importer_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/importer"
)

// in16 writes text in UTF-16.
func in16(order binary.AppendByteOrder, text string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

func TestTextIsReadInItsEncoding(t *testing.T) {
	tests := map[string]struct{ name, text, want string }{
		"a note":       {"note.md", "Привет, мир 😀", "Привет, мир 😀"},
		"lines":        {"own.jsonl", `{"title":"x","content":"déjà vu"}` + "\n", "déjà vu"},
		"a document":   {"mem0.json", `[{"id":"1","memory":"日本語"}]`, "日本語"},
		"chats":        {"conversations.json", `[{"uuid":"u","name":"x","chat_messages":[{"uuid":"m","sender":"human","text":"déjà vu"}]}]`, "User: déjà vu"},
		"without name": {"note", "déjà vu", "déjà vu"},
	}
	for name, tt := range tests {
		for enc, text := range map[string]string{
			"UTF-8": tt.text, "UTF-8 with a mark": "\ufeff" + tt.text,
			"UTF-16 LE": "\xff\xfe" + in16(binary.LittleEndian, tt.text), "UTF-16 BE": "\xfe\xff" + in16(binary.BigEndian, tt.text),
		} {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), tt.name), text), importer.Options{})
			if d := cmp.Diff([]string{tt.want}, contents(items)); d != "" || len(bad) > 0 {
				t.Errorf("%s in %s: %s %q", name, enc, d, bad)
			}
		}
	}
}

func TestWhatIsNotTextIsRefusedByName(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"Latin-1":             {"d\xe9j\xe0 vu", "not UTF-8 text"},
		"windows-1251":        {"\xcf\xf0\xe8\xe2\xe5\xf2", "not UTF-8 text"},
		"GBK":                 {"\xc4\xe3\xba\xc3", "not UTF-8 text"},
		"UTF-16, no mark":     {in16(binary.LittleEndian, "hello, world"), "UTF-16 without a byte order mark"},
		"UTF-16 BE, no mark":  {in16(binary.BigEndian, "hello, world"), "UTF-16 without a byte order mark"},
		"UTF-16, half a pair": {"\xff\xfe" + in16(binary.LittleEndian, "x") + "\x00\xd8x\x00", "not UTF-8 text"},
		"UTF-16, odd":         {"\xff\xfe" + in16(binary.LittleEndian, "x") + "y", "not UTF-8 text"},
		"UTF-32":              {"\xff\xfe\x00\x00x\x00\x00\x00", "UTF-32"},
		"NUL":                 {"some text\x00", "NUL"},
		"PDF":                 {"%PDF-1.4\n%\xe2\xe3", "a PDF"},
		"JPEG":                {"\xff\xd8\xff\xe0", "a JPEG image"},
		"PNG":                 {"\x89PNG\r\n\x1a\n", "a PNG image"},
		"tar":                 {strings.Repeat("x", 257) + "ustar\x00", "a tar archive"},
		"zstd":                {"\x28\xb5\x2f\xfd", "zstd"},
		"packed twice":        {zipped(t, zipped(t, "x")), "packed twice"},
		"damaged archive":     {"PK\x03\x04abc", "zip"},
		"damaged gzip":        {zipped(t, strings.Repeat("x", 1000))[:20], "unexpected EOF"},
	}
	for name, parts := range map[string][]string{
		"a Word document": {"[Content_Types].xml", "word/document.xml"}, "an OpenDocument": {"mimetype", "content.xml"}, "a book": {"mimetype", "OEBPS/1.xhtml"},
		"a Java program": {"META-INF/MANIFEST.MF", "x.txt"},
	} {
		files := map[string]string{}
		for _, part := range parts {
			files[part] = "<x/>"
		}
		raw, err := os.ReadFile(pack(t, files))
		if err != nil {
			t.Fatal(err)
		}
		tests[name] = struct{ text, want string }{string(raw), "not text, but a"}
	}
	for name, tt := range tests {
		for _, ext := range []string{"", ".md", ".txt", ".dat", ".db"} {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), "x"+ext), tt.text), importer.Options{})
			if len(items) > 0 || len(bad) != 1 || !strings.Contains(bad[0], tt.want) {
				t.Errorf("%s as x%s: %q, %q", name, ext, contents(items), bad)
			}
		}
	}
}

func TestABrokenLineOrValueCostsNoOther(t *testing.T) {
	tests := map[string]struct {
		name, text string
		want, bad  []string
	}{
		"a line in another encoding":    {"a.jsonl", `{"title":"A","content":"d` + "\xe9" + `j"}` + "\n" + ownLines, []string{"x", "y"}, []string{"a.jsonl line 1: not UTF-8 text"}},
		"a cut line":                    {"a.jsonl", `{"title":"A","content":"cut` + "\n" + ownLines, []string{"x", "y"}, []string{"a.jsonl line 1: not JSON"}},
		"a cut line, of no known kind":  {"a", `{"title":"A","content":"cut` + "\n" + ownLines, []string{"x", "y"}, []string{"a line 1: not JSON"}},
		"a bad line, of no known kind":  {"a", `{"title":"A",}` + "\n" + ownLines, []string{"x", "y"}, []string{"a line 1: not JSON"}},
		"a document on many lines":      {"a", "{\n\"memories\": [\n{\"title\":\"A\",\n\"content\":\"x\"},\n{\"title\":\"B\",\"content\":\"y\"}]}\n", []string{"x", "y"}, nil},
		"a document that begins longer": {"a", "{\"memories\": [\n{\"title\":\"A\",\"content\":\"x\"},\n{\"title\":\"B\",\"content\":\"y\"}\n]}\n", []string{"x", "y"}, nil},
		"two lines on one":              {"a.jsonl", `{"title":"A","content":"x"}{"title":"B","content":"y"}` + "\n" + `{"title":"C","content":"z"}`, []string{"x", "y", "z"}, nil},
		"a NUL":                         {"a.jsonl", "{\"title\":\"A\",\"content\":\"\x00\"}\n" + ownLines, []string{"x", "y"}, []string{"a.jsonl line 1: not JSON"}},
		"a document on one line":        {"m.json", `{"results":[{"id":"1","memory":"x"},{"id":nope},{"id":"3","memory":"z"}]}` + "\n", []string{"x", "z"}, []string{"m.json[0] results[1]: not JSON"}},
		"an element that is no JSON":    {"m.json", `[{"id":"1","memory":"x"},{"id":nope},{"id":"3","memory":"z"}]`, []string{"x", "z"}, []string{"m.json[1]: not JSON"}},
		"an element in another encoding": {
			"m.json", `[{"id":"1","memory":"x"},{"id":"2","memory":"` + "\xe9" + `"},{"id":"3","memory":"z"}]`, []string{"x", "z"}, []string{"m.json[1]: not UTF-8 text"},
		},
		"an element that is no object": {"m.json", `[{"id":"1","memory":"x"},7,{"id":"3","memory":"z"}]`, []string{"x", "z"}, []string{"m.json[1]: not a JSON object"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			items, bad := read(t, write(t, filepath.Join(t.TempDir(), tt.name), tt.text), importer.Options{})
			if d := cmp.Diff(tt.want, contents(items)); d != "" || len(bad) != len(tt.bad) {
				t.Error(d, bad)
			}
			for i, want := range tt.bad {
				if i < len(bad) && !strings.HasPrefix(bad[i], want) {
					t.Errorf("%q, want %q", bad[i], want)
				}
			}
		})
	}
}

func TestOneBadNoteDoesNotSpoilAFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.md": "good", "b.md": "d\xe9j\xe0 vu", "c.md": "\x00", "d.md": "good, too"} {
		write(t, filepath.Join(dir, name), text)
	}
	for _, format := range []string{"plain", "MEMORY.md"} {
		if format != "plain" {
			write(t, filepath.Join(dir, format), "index")
		}
		items, bad := read(t, dir, importer.Options{})
		if got := contents(items); len(bad) != 2 || got[len(got)-2] != "good" || got[len(got)-1] != "good, too" {
			t.Errorf("%s: %q, %q", format, got, bad)
		}
	}
}
