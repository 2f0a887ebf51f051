package importer

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// A folder of ordinary Markdown stays one if a few of its notes, or the data of
// somebody's tests, come from elsewhere.
func TestOneForeignNoteDoesNotMakeAFolderForeign(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const note = "---\ntitle: n\npermalink: n\n---\ntext\n"
	for i := range 4 {
		write(strconv.Itoa(i)+".md", "# heading\n\ntext\n")
		write(filepath.Join("testdata", strconv.Itoa(i)+"x.md"), note)
		write(filepath.Join("testdata", strconv.Itoa(i)+"y.md"), note)
	}
	write("note.md", note)
	if permalinks(dir) {
		t.Error("taken for basic-memory")
	}
	if !permalinks(filepath.Join(dir, "testdata")) {
		t.Error("a folder of nothing but such notes is not recognised")
	}
}
