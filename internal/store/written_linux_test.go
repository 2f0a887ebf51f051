package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// openHere opens a store with hooks, and has it ready to write.
func openHere(t *testing.T, set func(*store.Config)) *store.Store {
	t.Helper()
	cfg := store.Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	}
	set(&cfg)
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running runs the writer until the test ends, and returns what it ended with.
func running(t *testing.T, s *store.Store) (ended func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		return <-done
	}
}

func create(ctx context.Context, s *store.Store, id, text string) error {
	_, err := s.Submit(ctx, &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: storetest.Create(id, text)}}})
	return err
}

// While a commit is made durable its entries can be read for the members, and nothing says
// that this node holds them.
func TestEntriesGoOutBeforeTheCommitIsSynced(t *testing.T) {
	var s *store.Store
	var told []memory.Dot
	var steps []string
	s = openHere(t, func(c *store.Config) {
		c.OnWritten = func(own []memory.OwnEntry) {
			last := own[len(own)-1].Dot
			steps = append(steps, "written")
			told = append(told, last)
			if head := s.View().Heads[last.Origin].Seq; head >= last.Seq {
				t.Errorf("%d is said to be held before it is synced", head)
			}
			ops, to, err := s.Range(context.Background(), memory.Range{Origin: last.Origin, From: last.Seq, To: last.Seq}, 10, 1<<20)
			if err != nil || len(ops) != 1 || to != last.Seq {
				t.Errorf("read for the members: %d entries up to %d (%v)", len(ops), to, err)
			}
		}
		c.OnCommit = func(memory.Committed) { steps = append(steps, "committed") }
	})
	ended := running(t, s)
	for i := range 3 {
		if err := create(t.Context(), s, fmt.Sprint("m", i), "text"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 3 || told[2].Seq != 3 || told[2].Origin != s.Origin() {
		t.Errorf("told %v", told)
	}
	if got := strings.Join(steps, " "); !strings.HasSuffix(got, "written committed written committed written committed") {
		t.Errorf("in the order %q", got)
	}
}

// What may be in the file already cannot be taken back, whatever the disk says then: the
// number would be given out again, and members may have the entry.
func TestACommitThatFailsBehindItsWritingIsTheEnd(t *testing.T) {
	var dir string
	s := openHere(t, func(c *store.Config) {
		dir = c.Dir
		c.OnWritten = func(own []memory.OwnEntry) {
			if own[0].Dot.Seq == 2 {
				breakLog(t, dir)
			}
		}
	})
	s.AllErrorsAreOfAFullDisk()
	ended := running(t, s)
	if err := create(t.Context(), s, "m1", "text"); err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), s, "m2", "text"); !errors.Is(err, store.ErrFatal) {
		t.Errorf("a write whose sync fails: %v, want %v", err, store.ErrFatal)
	}
	if err := ended(); !errors.Is(err, store.ErrFatal) {
		t.Errorf("the writer ended with %v", err)
	}
	_ = s.Close()
}

// breakLog makes the syncs of the log in dir fail: behind its descriptor is another file then.
func breakLog(t *testing.T, dir string) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close() //nolint:errcheck // nothing is written
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	broken := false
	for _, fd := range open {
		var n int
		if to, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); err != nil || to != filepath.Join(dir, store.FileName+"-wal") {
			continue
		}
		if _, err := fmt.Sscan(fd.Name(), &n); err != nil {
			t.Fatal(err)
		}
		broken = true
		if err := syscall.Dup3(int(null.Fd()), n, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
	}
	if !broken {
		t.Error("the log is not open")
	}
}

// One who writes alone changes as many pages for each memory as many do together: the log
// begins anew by what was written, not by how many rows.
func TestALoneWriterKeepsTheLogSmall(t *testing.T) {
	var dir string
	s := openHere(t, func(c *store.Config) { dir = c.Dir })
	ended := running(t, s)
	text := strings.Repeat("some text about ordinary things ", 32)
	most := int64(0)
	for i := range 900 { // some 30 MiB
		if err := create(t.Context(), s, fmt.Sprint("m", i), text); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, store.FileName+"-wal")); err == nil {
			most = max(most, info.Size())
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if most == 0 || most > (store.SettleKiB+4096)<<10 {
		t.Errorf("the log took up to %d KiB", most>>10)
	}
}
