package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
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
	for i := range 4 {
		if err := create(t.Context(), s, fmt.Sprint("m", i), "text"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	// Before the first one it is not on disk that this may happen.
	if len(told) != 3 || told[2].Seq != 4 || told[2].Origin != s.Origin() {
		t.Errorf("told %v", told)
	}
	if got := strings.Join(steps, " "); !strings.HasSuffix(got, "committed written committed written committed written committed") {
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
			if own[0].Dot.Seq == 3 {
				breakLog(t, dir)
			}
		}
	})
	s.AllErrorsAreOfAFullDisk()
	ended := running(t, s)
	for _, id := range []string{"m1", "m2"} {
		if err := create(t.Context(), s, id, "text"); err != nil {
			t.Fatal(err)
		}
	}
	if err := create(t.Context(), s, "m3", "text"); !errors.Is(err, store.ErrFatal) {
		t.Errorf("a write whose sync fails: %v, want %v", err, store.ErrFatal)
	}
	if err := ended(); !errors.Is(err, store.ErrFatal) {
		t.Errorf("the writer ended with %v", err)
	}
	_ = s.Close()
	if next := openHere(t, func(c *store.Config) { c.Dir = dir }); !next.Outrun() || next.Close() != nil {
		t.Error("the next start takes the numbers for its own, though the disk has failed")
	}
}

// Indexes that were made anew and did not reach the disk are no reason to go on.
func TestIndexesThatCannotBeSyncedAreTheEnd(t *testing.T) {
	var dir string
	s := openHere(t, func(c *store.Config) { dir = c.Dir })
	defer s.Close() //nolint:errcheck // its log is broken
	if done, err := s.ReindexFirst(t.Context()); err != nil || !done {
		t.Fatalf("on a disk that works: %v, %v", done, err)
	}
	breakLog(t, dir)
	if _, err := s.ReindexFirst(t.Context()); !errors.Is(err, store.ErrFatal) {
		t.Errorf("on a disk that fails: %v, want %v", err, store.ErrFatal)
	}
}

// What members say of the numbers counts where a process has ended, and not where a
// machine has.
func TestNumbersBehindTheFileAreUsedIfTheMachineFailed(t *testing.T) {
	early := 0
	open := func(dir string) *store.Store {
		return openHere(t, func(c *store.Config) {
			c.Dir, c.Held, c.OnWritten = dir, true, func([]memory.OwnEntry) { early++ }
		})
	}
	dir, killed, lost := t.TempDir(), t.TempDir(), t.TempDir()
	s := open(dir)
	ended := running(t, s)
	for _, id := range []string{"m1", "m2"} {
		if err := create(t.Context(), s, id, "text"); err != nil {
			t.Fatal(err)
		}
	}
	// Copies of the files as they are now are what the next start finds of a process that ends.
	for _, to := range []string{killed, lost} {
		for _, name := range []string{store.FileName, store.FileName + "-wal", store.BootFile} {
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if name == store.BootFile && to == lost {
				raw = []byte("7f2f9fd2-0001-4711-8f3c-000000000001\n")
			}
			if err := os.WriteFile(filepath.Join(to, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	for what, dir := range map[string]string{"that ended in order": dir, "that was killed": killed} {
		s := open(dir)
		s.Confirm()
		if s.Outrun() || !s.Numbering() {
			t.Errorf("behind a process %s members are not asked", what)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}

	for range 2 { // and it stays so until another origin was taken
		s = open(lost)
		s.Confirm()
		if !s.Outrun() || s.Numbering() {
			t.Fatal("the machine was started anew, and what members say of the numbers counts")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = open(lost)
	before := s.Origin()
	ended = running(t, s)
	if o, err := s.NewIncarnation(t.Context(), memory.Dot{Origin: before, Seq: 3}); err != nil || o == before || s.Outrun() {
		t.Fatalf("%s after %s (%v); outrun: %v", o, before, err, s.Outrun())
	}
	early = 0
	for _, id := range []string{"m3", "m4"} {
		if err := create(t.Context(), s, id, "text"); err != nil {
			t.Fatal(err)
		}
	}
	if now, err := os.ReadFile(filepath.Join(lost, store.BootFile)); err != nil || strings.Contains(string(now), "4711") || early != 1 {
		t.Errorf("%d of two were sent early, and the file says %q (%v)", early, now, err)
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(lost, store.BootFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there after an end in order: %v", err)
	}
}

// That a request was carried out only the node that took it knows. If its machine fails, who
// repeats it must not find what it wrote in the federation, and not here.
func TestWritesThatMayBeRepeatedAreSentWhenTheyAreDurable(t *testing.T) {
	early := 0
	s := openHere(t, func(c *store.Config) { c.OnWritten = func(own []memory.OwnEntry) { early += len(own) } })
	ended := running(t, s)
	for i := range 4 {
		w := &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: storetest.Create(fmt.Sprint("m", i), "text")}}}
		if i%2 == 1 {
			w.Idempotency = &memory.Idempotency{Key: strconv.Itoa(i), Hash: memory.Digest{1}}
		}
		if _, err := s.Submit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if early != 1 {
		t.Errorf("%d of four were sent early, want the third alone", early)
	}
}

// All is in the one file when nothing runs.
func TestAnEndInOrderLeavesTheDatabaseAlone(t *testing.T) {
	var dir string
	s := openHere(t, func(c *store.Config) { dir, c.OnWritten = c.Dir, func([]memory.OwnEntry) {} })
	ended := running(t, s)
	for i := range 3 {
		if err := create(t.Context(), s, fmt.Sprint("m", i), "text"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != store.FileName && f.Name() != "lock" {
			t.Errorf("%s is left", f.Name())
		}
	}
}

// What goes out early is read where the newest entries are kept, so it must fit there.
func TestVeryLargeCommitsAreSentWhenTheyHaveEnded(t *testing.T) {
	var s *store.Store
	early, late := 0, 0
	s = openHere(t, func(c *store.Config) {
		c.OnWritten = func(own []memory.OwnEntry) {
			early++
			for _, e := range own {
				if ops, _, err := s.Range(context.Background(), memory.Range{Origin: e.Dot.Origin, From: e.Dot.Seq, To: e.Dot.Seq}, 1, 1<<20); err != nil || len(ops) != 1 {
					t.Errorf("%s is told of, and cannot be read (%v)", e.Dot, err)
				}
			}
		}
		c.OnCommit = func(c memory.Committed) { late += len(c.Own) }
	})
	ended := running(t, s)
	text := strings.Repeat("some text about ordinary things ", 2000)
	for i, n := range []int{1, 30, 140, 30} {
		w := &memory.Write{Actor: "x"}
		for j := range n {
			w.Ops = append(w.Ops, memory.NewOp{Op: storetest.Create(fmt.Sprint("m", i, "-", j), fmt.Sprint(text, i, j))})
		}
		if _, err := s.Submit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(ended(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if early != 2 || late != 201 {
		t.Errorf("%d commits were told of early, and %d entries late", early, late)
	}
}

// What writes the log relies on this: one connection writes, by way of walfile, and it
// syncs each commit. So whatever the store does with it, also with one that was migrated.
func TestOneConnectionWritesAndSyncsEachCommit(t *testing.T) {
	for name, prepare := range map[string]func(dir string){
		"a new database": func(string) {},
		"one of long ago": func(dir string) {
			unpack(t, filepath.Join("testdata", "schema", "00002.db.gz"), filepath.Join(dir, store.FileName))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openHere(t, func(c *store.Config) {
				c.Node = "north"
				prepare(c.Dir)
			})
			if n, err := s.Writers(t.Context()); n != 1 || err != nil {
				t.Errorf("%d connections can write (%v)", n, err)
			}
			if err := s.ReindexAll(t.Context()); err != nil {
				t.Error(err)
			}
			ended := running(t, s)
			for what, do := range map[string]func() error{
				"a write":     func() error { return create(t.Context(), s, "m1", "text") },
				"a large one": func() error { return create(t.Context(), s, "m2", strings.Repeat("text ", 10_000)) },
				"an erase": func() error {
					_, err := s.Submit(t.Context(), &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: &memory.Erase{ID: storetest.Memo("m2", "").ID}}}})
					return err
				},
				"one that fails": func() error {
					_, _ = s.Submit(t.Context(), &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: storetest.Create("m3", "x")}}, Expect: []memory.Expect{{Key: memory.ContentKey("m3"), Version: memory.Version{Stamp: 1}}}})
					return nil
				},
				"a pass over it all": func() error { _, err := s.Scrub(t.Context(), 0, time.Hour); return err },
			} {
				if err := do(); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if synchronous, said, err := s.Commit(t.Context()); err != nil || synchronous != 2 || !said {
					t.Errorf("behind %s: synchronous is %d, written said %v (%v)", what, synchronous, said, err)
				}
			}
			if err := errors.Join(ended(), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
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
