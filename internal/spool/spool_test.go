package spool_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/spool"
)

// disk is one of which a test says how full it is.
type disk struct {
	free  atomic.Uint64
	bytes atomic.Int64
}

func (d *disk) FreeBytes() (uint64, bool) { return d.free.Load(), true }
func (d *disk) DatabaseBytes() int64      { return d.bytes.Load() }

func room(t *testing.T, limits spool.Limits) (*spool.Room, *disk, string) {
	t.Helper()
	d := &disk{}
	d.free.Store(1 << 40)
	dir := filepath.Join(t.TempDir(), "spool")
	r, err := spool.Open(dir, d, limits)
	if err != nil {
		t.Fatal(err)
	}
	return r, d, dir
}

// reader takes a piece in a time.
type reader struct {
	bytes.Buffer

	takes time.Duration
	gone  atomic.Bool
}

var errGone = errors.New("gone")

func (r *reader) Write(b []byte) (int, error) {
	<-time.After(r.takes)
	if r.gone.Load() {
		return 0, errGone
	}
	return r.Buffer.Write(b)
}

func some(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func files(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return len(all)
}

// Who reads slowly gets all of it, and whoever writes it waits no longer than is said.
func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, dir := room(t, spool.Limits{Patience: 2 * time.Second})
		all := some(10 << 20)
		to := &reader{takes: time.Second}
		w := r.To(to)
		began := time.Now()
		for part := all; len(part) > 0; part = part[min(len(part), 300_000):] {
			if n, err := w.Write(part[:min(len(part), 300_000)]); err != nil || n != min(len(part), 300_000) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		if took := time.Since(began); took > 3*time.Second || !w.Aside() || r.Files() != 1 {
			t.Errorf("the writer waited %s, aside %t, %d files", took, w.Aside(), files(t, dir))
		}
		if err := w.Drain(); err != nil || !bytes.Equal(to.Bytes(), all) {
			t.Errorf("%d bytes of %d came: %v", to.Len(), len(all), err)
		}
		if files(t, dir) != 0 || r.Files() != 0 {
			t.Errorf("%d files are left", files(t, dir))
		}
	})
}

// Who takes nothing at all holds nobody up for longer than who is slow.
func TestAReaderThatTakesNothingHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, _ := room(t, spool.Limits{Files: 1, Patience: 2 * time.Second, Growth: 100 << 20})
		all := some(1 << 20)
		to := &reader{takes: time.Hour}
		w := r.To(to)
		began := time.Now()
		if n, err := w.Write(all); err != nil || n != len(all) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if took := time.Since(began); took > 3*time.Second || !w.Aside() {
			t.Errorf("the writer waited %s, aside %t", took, w.Aside())
		}
		// There is no second file: then the database has to wait, and only so much.
		other := r.To(&reader{takes: time.Hour})
		began = time.Now()
		time.AfterFunc(10*time.Second, func() { d.bytes.Add(101 << 20) })
		if _, err := other.Write(all); !errors.Is(err, spool.ErrSlow) || time.Since(began) > 15*time.Second {
			t.Errorf("after %s: %v, want that it is too slow", time.Since(began), err)
		}
		if err := errors.Join(w.Drain(), other.Close()); err != nil || !bytes.Equal(to.Bytes(), all) {
			t.Errorf("%d bytes of %d came: %v", to.Len(), len(all), err)
		}
	})
}

func TestAFastReaderNeedsNoFile(t *testing.T) {
	r, _, dir := room(t, spool.Limits{})
	all := some(3 << 20)
	to := &reader{}
	w := r.To(to)
	_, err := w.Write(all)
	if err = errors.Join(err, w.Drain(), w.Close()); err != nil || !bytes.Equal(to.Bytes(), all) || files(t, dir) != 0 {
		t.Errorf("%d bytes of %d, %d files: %v", to.Len(), len(all), files(t, dir), err)
	}
}

// Without room for a file a reader may take its time, until the database has grown too much.
func TestWithoutRoomTheDatabaseGrowsToABound(t *testing.T) {
	for name, prepare := range map[string]func(*spool.Room, *disk){
		"a full disk":    func(_ *spool.Room, d *disk) { d.free.Store(300 << 20) },
		"too many files": func(*spool.Room, *disk) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, d, dir := room(t, spool.Limits{Files: 1, Growth: 100 << 20})
				d.bytes.Store(50 << 20)
				if name == "too many files" {
					other := r.To(&reader{takes: time.Second})
					if _, err := other.Write(some(1 << 20)); err != nil || !other.Aside() {
						t.Fatalf("the other one: aside %t, %v", other.Aside(), err)
					}
					defer other.Close() //nolint:errcheck // it is over
				}
				prepare(r, d)
				before := files(t, dir)
				to := &reader{takes: time.Second}
				w := r.To(to)
				if _, err := w.Write(some(1 << 20)); err != nil || w.Aside() || to.Len() != 1<<20 || files(t, dir) != before {
					t.Fatalf("aside %t, %d bytes: %v", w.Aside(), to.Len(), err)
				}
				d.bytes.Add(101 << 20)
				if _, err := w.Write(some(1 << 20)); !errors.Is(err, spool.ErrSlow) {
					t.Errorf("%v, want that it is too slow", err)
				}
			})
		})
	}
}

// A file does not fill the disk: writes of the node need it.
func TestAFileLeavesRoomOnTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, d, dir := room(t, spool.Limits{})
		w := r.To(&reader{takes: time.Second})
		if _, err := w.Write(some(1 << 20)); err != nil || !w.Aside() {
			t.Fatalf("aside %t: %v", w.Aside(), err)
		}
		if _, err := w.Write(some(7<<20 + 1)); err != nil {
			t.Fatal(err)
		}
		d.free.Store(100 << 20)
		if _, err := w.Write(some(8 << 20)); !errors.Is(err, spool.ErrSlow) {
			t.Errorf("%v, want that the disk is getting full", err)
		}
		if err := w.Close(); err != nil || files(t, dir) != 0 {
			t.Errorf("%d files are left: %v", files(t, dir), err)
		}
	})
}

func TestAReaderThatGoesLeavesNoFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, dir := room(t, spool.Limits{})
		to := &reader{takes: time.Second}
		w := r.To(to)
		if _, err := w.Write(some(2 << 20)); err != nil {
			t.Fatal(err)
		}
		to.gone.Store(true)
		if err := w.Drain(); !errors.Is(err, errGone) {
			t.Error(err)
		}
		if err := w.Close(); err != nil || files(t, dir) != 0 || r.Files() != 0 {
			t.Errorf("%d files are left: %v", files(t, dir), err)
		}
	})
}

func TestWhatAnEarlierProcessHasLeftIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "1.part"), some(100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := spool.Open(dir, &disk{}, spool.Limits{}); err != nil || files(t, dir) != 0 {
		t.Errorf("%d files are left: %v", files(t, dir), err)
	}
}

func TestWithoutARoomAllIsSent(t *testing.T) {
	var none *spool.Room
	to := &reader{}
	w := none.To(to)
	_, err := w.Write([]byte("all"))
	if err = errors.Join(err, w.Drain(), w.Close()); err != nil || to.String() != "all" {
		t.Errorf("%q: %v", to.String(), err)
	}
}
