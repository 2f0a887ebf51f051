package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// writing runs a store, and says how it has ended.
func writing(t *testing.T, dir string) (*store.Store, <-chan error) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended, closed := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(closed)
		ended <- s.Run(ctx)
		_ = s.Close() // there may be nothing left of it
	}()
	t.Cleanup(func() { stop(); <-closed })
	return s, ended
}

// What is written to a file that has no name any more is gone with the process: no write to
// it is acknowledged, and the process ends.
func TestNoWriteIsAcknowledgedWhereTheFilesAreGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be taken away there")
	}
	for name, spoil := range spoils() {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			s, ended := writing(t, dir)
			write := func(title string) error {
				_, err := s.Submit(t.Context(), &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: storetest.Create(title, "x")}}})
				return err
			}
			if err := write("before"); err != nil {
				t.Fatal(err)
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			// What the writer does by itself may have found it first, and ended.
			if err := write("behind"); !errors.Is(err, memory.ErrStorage) && !errors.Is(err, memory.ErrClosed) {
				t.Fatalf("the write is answered with %v", err)
			}
			if err := <-ended; !errors.Is(err, store.ErrFatal) {
				t.Errorf("the store ends with %v", err)
			}
		})
	}
}

// Nobody has to write to find that out: who asks such a node how it is must not hear that all is
// well.
func TestAnIdleNodeEndsWhereTheFilesAreGone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files that are open cannot be taken away there")
	}
	for name, spoil := range spoils() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			s, ended := writing(t, dir)
			for end := time.Now().Add(20 * time.Second); ; runtime.Gosched() { // from then on it has nothing to do for a minute
				d, err := s.Damage(t.Context(), 1)
				if err == nil && d.At > 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("no pass was made: %v", err)
				}
			}
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, store.ErrFatal) {
					t.Errorf("the store ends with %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("it goes on")
			}
		})
	}
}

// spoils are what may become of the files of a store that runs.
func spoils() map[string]func(dir string) error {
	move := func(name string) error { return os.Rename(name, name+".moved") }
	return map[string]func(dir string) error{
		"all of it is deleted":    os.RemoveAll,
		"the directory is moved":  move,
		"the database is deleted": func(dir string) error { return os.Remove(filepath.Join(dir, store.FileName)) },
		"its log is deleted":      func(dir string) error { return os.Remove(filepath.Join(dir, store.FileName+"-wal")) },
		"the lock is deleted":     func(dir string) error { return os.Remove(filepath.Join(dir, "lock")) },
		"the database is replaced": func(dir string) error {
			file := filepath.Join(dir, store.FileName)
			raw, err := os.ReadFile(file)
			return errors.Join(err, move(file), os.WriteFile(file, raw, 0o600))
		},
	}
}
