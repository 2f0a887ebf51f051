package store

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

func loaded(t *testing.T, dir string) *boot {
	t.Helper()
	b := &boot{}
	b.load(t.Context(), dir, slog.New(slog.DiscardHandler))
	return b
}

// What the run before has left says whether its numbers may be out. If in doubt they are.
func TestWhoseNumbersMayBeOut(t *testing.T) {
	here := startID(t.TempDir())
	machine, mount, told := strings.Cut(here, " mount ")
	_, space, _ := strings.Cut(mount, " in ")
	if len(machine) != 36 {
		t.Fatalf("this start is %q", here)
	}
	for what, x := range map[string]struct {
		left   string
		outrun bool
		failed bool
	}{
		"this start":                {here + "\n", false, false},
		"another start":             {"7f2f9fd2-0001-4711-8f3c-000000000001 mount " + mount + "\n", true, false},
		"another mount":             {machine + " mount 0 in " + space + "\n", told, false},
		"mounts of another process": {machine + " mount 0 in mnt:[1]\n", false, false},
		"a system without them":     {machine + "\n", false, false},
		"a disk that has failed":    {diskFailed, true, true},
		"one that is full, too":     {"", true, true},
		"half of what was written":  {here[:20], true, false},
		"what nobody has written":   {"\x00\xff", true, false},
		"this start and something ": {here + " 1\n", true, false},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, BootFile), []byte(x.left), 0o600); err != nil {
			t.Fatal(err)
		}
		if b := loaded(t, dir); b.outrun.Load() != x.outrun || b.marked.Load() == x.outrun || b.failed != x.failed {
			t.Errorf("%s (%q): outrun %t, marked %t, failed %t", what, x.left, b.outrun.Load(), b.marked.Load(), b.failed)
		}
	}
	if b := loaded(t, t.TempDir()); b.outrun.Load() || b.marked.Load() {
		t.Error("where nothing is left numbers are out, or entries may be sent")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, BootFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if b := loaded(t, dir); !b.outrun.Load() {
		t.Error("what cannot be read says nothing of numbers")
	}
}

// A disk that is full, or hardly works, has no room for another file.
func TestAFailureIsNotedInTheFileThatThereIs(t *testing.T) {
	dir := t.TempDir()
	b := loaded(t, dir)
	b.early()
	if err := b.keep(); err != nil || !b.early() {
		t.Fatalf("%v; marked: %t", err, b.marked.Load())
	}
	before, err := os.Stat(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.fail(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(b.path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it is another file (%v)", err)
	}
	if next := loaded(t, dir); !next.outrun.Load() || !next.failed {
		t.Error("the next start does not see it")
	}
	empty := t.TempDir()
	if err := loaded(t, empty).fail(); err != nil || !loaded(t, empty).failed {
		t.Errorf("where there is none it is not noted (%v)", err)
	}
}

// What an earlier start has left counts until its numbers are left behind, and no longer:
// every start that numbers afresh costs an origin.
func TestWhatWasLeftIsGoneWhenItsNumbersAre(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, BootFile)
	there := func() bool {
		_, err := os.Stat(file)
		return !errors.Is(err, fs.ErrNotExist)
	}
	for _, name := range []string{file, file + half} {
		if err := os.WriteFile(name, []byte("another\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := loaded(t, dir)
	if _, err := os.Stat(file + half); err == nil {
		t.Error("what was half written is there for good")
	}
	if err := errors.Join(b.keep(), b.end()); err != nil || !there() {
		t.Fatalf("before another origin is taken it is gone (%v)", err)
	}
	b.renewed()
	if err := b.keep(); err != nil || there() {
		t.Errorf("it is there when its numbers are left behind (%v)", err)
	}
	b.early()
	if err := b.keep(); err != nil || !there() || !b.early() {
		t.Errorf("nothing says that entries are sent early (%v)", err)
	}
	if err := b.end(); err != nil || there() {
		t.Errorf("it is there after an end in order (%v)", err)
	}
}

// Pages that could not be written count as written once that was told: the log is read
// again from a file of its own.
func TestALogThatCouldNotBeSyncedBecomesAnotherFile(t *testing.T) {
	dir := t.TempDir()
	wal := filepath.Join(dir, FileName+"-wal")
	open := func() (*Store, error) {
		return Open(context.WithoutCancel(t.Context()), Config{
			Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Log: slog.New(slog.DiscardHandler),
		})
	}
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(wal, 0o700); err != nil { // what cannot be opened for writing cannot be synced
		t.Fatal(err)
	}
	if _, err := open(); !errors.Is(err, ErrFatal) {
		t.Fatalf("opened: %v, want %v", err, ErrFatal)
	}
	if err := os.Remove(wal); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(wal, []byte("no log"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(wal)
	if err != nil {
		t.Fatal(err)
	}
	if !loaded(t, dir).failed {
		t.Fatal("that it could not be synced is not noted")
	}
	if err := renewLog(wal); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(wal)
	if err != nil || os.SameFile(before, after) {
		t.Errorf("it is the same file (%v)", err)
	}
	if raw, err := os.ReadFile(wal); err != nil || string(raw) != "no log" || after.Mode() != before.Mode() {
		t.Errorf("it has %q, mode %s (%v)", raw, after.Mode(), err)
	}
	if s, err = open(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
