package recall_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tallystick/tallystick/internal/recall"
)

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "words")
	says := func(text string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}
	}
	holds := func(want string) {
		t.Helper()
		f, err := recall.OpenFile(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close() //nolint:errcheck // only read
		if got, err := io.ReadAll(f); err != nil || string(got) != want {
			t.Errorf("the file has %q (%v), want %q", got, err, want)
		}
		if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
			t.Errorf("there are %v (%v)", all, err)
		}
	}
	if _, err := recall.OpenFile(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before: %v", err)
	}
	if err := recall.ReplaceFile(name, says("first")); err != nil {
		t.Fatal(err)
	}
	holds("first")
	full := errors.New("no room")
	if err := recall.ReplaceFile(name, func(w io.Writer) error { return errors.Join(says("half")(w), full) }); !errors.Is(err, full) {
		t.Errorf("what cannot be written: %v", err)
	}
	holds("first")
	// A process that was killed meanwhile leaves what it had.
	if err := os.WriteFile(name+".half", []byte("words of an erased text"), 0o600); err != nil {
		t.Fatal(err)
	}
	holds("first")
	if err := recall.ReplaceFile(name, says("second")); err != nil {
		t.Fatal(err)
	}
	holds("second")
}
