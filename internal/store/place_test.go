package store_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// begin is what comes of opening a data directory.
func begin(t *testing.T, dir string) error {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = s.Close()
	}
	return err
}

// place takes a directory, and makes a database for it.
func place(t *testing.T, dir string) *store.Place {
	t.Helper()
	p, err := store.NewPlace(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := suite().Open(t, "a", p.Work())
	n.Put(storetest.Create("one", "x"))
	n.Stop()
	return p
}

func TestADatabaseIsInItsPlaceWholeOrNotAtAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	p := place(t, dir)
	if err := begin(t, dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("while it is made: %v", err)
	}
	if _, err := store.NewPlace(dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("twice: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("given up, it leaves a directory: %v", err)
	}

	// Cut off, it leaves what is half made.
	if err := os.MkdirAll(filepath.Join(dir, store.HalfMade), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := begin(t, dir); !errors.Is(err, store.ErrHalfMade) {
		t.Errorf("half made: %v", err)
	}
	p = place(t, dir)
	if err := errors.Join(p.Settle(), p.Close()); err != nil {
		t.Fatal(err)
	}
	// Cut off at the very end, it is there, and what is left goes.
	if err := os.Mkdir(filepath.Join(dir, store.HalfMade), 0o700); err != nil {
		t.Fatal(err)
	}
	n := suite().Open(t, "a", dir)
	if n.View().Root == (memory.Digest{}) {
		t.Error("there is nothing in it")
	}
	n.Stop()
	if _, err := os.Stat(filepath.Join(dir, store.HalfMade)); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
	if _, err := store.NewPlace(dir); err == nil || errors.Is(err, store.ErrLocked) {
		t.Errorf("where a database is: %v", err)
	}
}
