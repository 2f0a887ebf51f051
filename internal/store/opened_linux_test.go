package store_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"golang.org/x/sys/unix"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// unsynced is how many pages of a file the system has not brought to the disk yet
// (cachestat(2)).
func unsynced(t *testing.T, name string) uint64 {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	var pages unix.Cachestat_t
	err = unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{}, &pages, 0)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		t.Skipf("this system does not tell what it has synced: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pages.Dirty + pages.Writeback
}

// A process that ends between a write and its sync leaves a commit that the next one
// finds, and that is lost if the machine fails. Who opens the database says that it is
// held, so it is made durable before.
func TestWhatIsFoundAtTheStartIsDurable(t *testing.T) {
	n := suite().Open(t, "a", t.TempDir())
	for _, title := range []string{"one", "two", "three"} {
		n.Put(storetest.Create(title, "text"))
	}
	files := map[string][]byte{}
	for _, name := range []string{store.FileName, store.FileName + "-wal"} {
		raw, err := os.ReadFile(filepath.Join(n.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = raw
	}
	dir := t.TempDir()
	pending := func() bool {
		for name := range files {
			if unsynced(t, filepath.Join(dir, name)) == 0 {
				return false
			}
		}
		return true
	}
	for try := 0; try == 0 || !pending(); try++ { // the system may be quick to sync by itself
		if try == 10 {
			t.Log("this file system syncs by itself what is written to it")
			break
		}
		for name, raw := range files {
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := openStore(t, dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it has written nothing
	if got, want := s.View().Heads[n.Origin()].Seq, n.View().Heads[n.Origin()].Seq; got != want {
		t.Fatalf("it holds %d entries, want %d", got, want)
	}
	for name := range files {
		if pages := unsynced(t, filepath.Join(dir, name)); pages > 0 {
			t.Errorf("%s: %d pages are not on the disk, and it is said that they are", name, pages)
		}
	}
}

// pools is how many databases are open in this process.
func pools() int {
	stacks := make([]byte, 4<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "sql.(*DB).connectionOpener(")
}

// A migration puts another file in the place of the database, and that may not open: here,
// because the database was a link to another directory, and what lies beside the link is in
// the way. Then nothing of it may stay open, and nobody is to be called for it.
func TestADatabaseThatCannotBeOpenedAgainIsClosed(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	atVersion(t, elsewhere, 2)
	name := filepath.Join(dir, store.FileName)
	if err := errors.Join(os.Symlink(filepath.Join(elsewhere, store.FileName), name), os.Mkdir(name+"-journal", 0o700)); err != nil {
		t.Fatal(err)
	}
	clock := memory.NewClock(time.Now, time.Minute)
	kept := weak.Make(clock) // by what would be called
	before := pools()
	s, err := store.Open(t.Context(), store.Config{Dir: dir, Node: "a", Clock: clock, Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_ = s.Close()
		t.Fatal("it has opened")
	}
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		t.Fatalf("the migration did not come to replace it: %v, %v", info, err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name()))
		if err == nil && (strings.HasPrefix(to, dir) || strings.HasPrefix(to, elsewhere)) {
			t.Errorf("%s is open still", to)
		}
	}
	clock = nil
	for range 100 {
		if runtime.GC(); kept.Value() == nil && pools() <= before {
			return
		}
	}
	if now := pools(); now > before {
		t.Errorf("%d databases are open, %d before", now, before)
	}
	t.Errorf("whoever opened it is kept to be called: %v", clock)
}
