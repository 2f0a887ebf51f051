// Package spool puts aside on the disk what a reader does not take in time, so that who
// reads slowly does not make a database keep for it what is read.
//
// An export is of one instant: as long as it is read, the log of the database cannot begin
// anew. So what a reader has not taken when it has made the writer wait for long enough goes to
// a file, as fast as it can be read, and is sent from there.
package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// ErrSlow is that the reader was too slow for what there is room for.
var ErrSlow = errors.New("what was asked for is not taken fast enough, and there is no room to put it aside")

// Disk is where the files are, beside a database.
type Disk interface {
	// FreeBytes is what may still be written there; false if nobody knows.
	FreeBytes() (uint64, bool)
	// DatabaseBytes is what the files of the database take.
	DatabaseBytes() int64
}

// Limits of a [Room]. Zeros are the defaults.
type Limits struct {
	// Patience is how long a reader may make what is read for it wait; 2 s.
	Patience time.Duration
	// Files is how many files there may be at a time; 4.
	Files int32
	// Spare is what a file leaves free on the disk, in bytes; 256 MiB.
	Spare uint64
	// Growth is by how much the database may grow for the sake of one reader for whom
	// there is no file; 256 MiB.
	Growth int64
}

// Room is a directory for such files. A nil room has none: what is written is sent, however
// long that takes. It is safe for concurrent use.
type Room struct {
	dir    string
	disk   Disk
	limits Limits
	files  atomic.Int32
}

// Open returns the room in a directory that is its own, and removes what an earlier process
// has left there.
func Open(dir string, disk Disk, limits Limits) (*Room, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("files put aside: %w", err)
	}
	if limits.Patience == 0 {
		limits.Patience = 2 * time.Second
	}
	if limits.Files == 0 {
		limits.Files = 4
	}
	if limits.Spare == 0 {
		limits.Spare = 256 << 20
	}
	if limits.Growth == 0 {
		limits.Growth = 256 << 20
	}
	return &Room{dir: dir, disk: disk, limits: limits}, nil
}

// Files is how many files there are now.
func (r *Room) Files() int { return int(r.files.Load()) }

// piece is how much is written to a reader at once: after each is asked how long it took.
const piece = 64 << 10

// Writer sends what is written to it, or puts it aside. One goroutine uses it.
type Writer struct {
	to     io.Writer
	room   *Room
	waited time.Duration
	began  int64 // what the database took
	file   *os.File
	size   int64
	look   int64 // at which size to look next how full the disk is
	full   bool  // there is no room for a file
	// sent has how the piece went that is on its way to the reader; nil: none is. Who takes
	// nothing at all holds one up for as long as the connection lasts.
	sent chan error
}

// To returns a writer for a reader. Close it.
func (r *Room) To(to io.Writer) *Writer {
	w := &Writer{to: to, room: r}
	if r != nil {
		w.began = r.disk.DatabaseBytes()
	}
	return w
}

// Write implements [io.Writer]. An error is the reader's, the disk's, or [ErrSlow].
func (w *Writer) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		if err = w.decide(); err != nil {
			return n, err
		}
		var m int
		part := b[n:min(len(b), n+piece)]
		if w.file != nil {
			m, err = w.file.Write(part)
			w.size += int64(m)
		} else if err = w.send(part); err == nil {
			m = len(part)
		}
		n += m
	}
	return n, err
}

// again is how often to look, while a piece is on its way, how much the database has grown.
const again = time.Second

// send sends a piece, and waits until it was taken or what follows goes to a file.
func (w *Writer) send(part []byte) error {
	w.sent = make(chan error, 1)
	go func(sent chan<- error, part []byte) {
		_, err := w.to.Write(part)
		sent <- err
	}(w.sent, bytes.Clone(part))
	if w.room == nil {
		return w.arrived()
	}
	for began := time.Now(); ; began = time.Now() {
		wait := again
		if !w.full {
			wait = w.room.limits.Patience - w.waited
		}
		select {
		case err := <-w.sent:
			w.sent = nil
			w.waited += time.Since(began)
			return err
		case <-time.After(wait):
			w.waited += time.Since(began)
			if err := w.decide(); err != nil || w.file != nil {
				return err
			}
		}
	}
}

// arrived waits for the piece that is on its way.
func (w *Writer) arrived() error {
	if w.sent == nil {
		return nil
	}
	err := <-w.sent
	w.sent = nil
	return err
}

// Aside reports whether what is written goes to a file, and not to the reader.
func (w *Writer) Aside() bool { return w.file != nil }

// decide says where the next piece goes.
func (w *Writer) decide() error {
	switch {
	case w.room == nil:
		return nil
	case w.file != nil:
		if w.size < w.look {
			return nil
		}
		if w.look += 64 * piece; !w.room.spare(0) {
			return fmt.Errorf("%w: the disk is getting full", ErrSlow)
		}
		return nil
	case w.waited < w.room.limits.Patience:
		return nil
	case !w.full:
		file, err := w.room.file()
		w.file, w.full = file, file == nil
		if err != nil || file != nil {
			return err
		}
	}
	if grown := w.room.disk.DatabaseBytes() - w.began; grown > w.room.limits.Growth {
		return fmt.Errorf("%w: the database has grown by %d MiB for its sake", ErrSlow, grown>>20)
	}
	return nil
}

// spare reports whether so many bytes more leave enough room on the disk.
func (r *Room) spare(more uint64) bool {
	free, known := r.disk.FreeBytes()
	return !known || free >= more+r.limits.Spare
}

// file returns a new file, or nil if there is no room for one: most exports are about as
// large as the database.
func (r *Room) file() (*os.File, error) {
	if r.files.Add(1) > r.limits.Files || !r.spare(2*uint64(max(r.disk.DatabaseBytes(), 0))) {
		r.files.Add(-1)
		return nil, nil //nolint:nilnil // it is said above
	}
	err := os.MkdirAll(r.dir, 0o700)
	var f *os.File
	if err == nil {
		f, err = os.CreateTemp(r.dir, "*.part")
	}
	if err != nil {
		r.files.Add(-1)
		return nil, fmt.Errorf("put aside: %w", err)
	}
	_ = os.Remove(f.Name()) // where a file may be without a name it goes with the process
	return f, nil
}

// Drain sends what was put aside. What it was read from may be let go before.
func (w *Writer) Drain() error {
	if err := w.arrived(); err != nil || w.file == nil {
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("put aside: %w", err)
	}
	_, err := io.CopyBuffer(onlyWriter{w.to}, onlyReader{w.file}, make([]byte, piece))
	return errors.Join(err, w.Close())
}

// Close removes what was put aside, once nothing is on its way to the reader. It may be
// called again.
func (w *Writer) Close() error {
	_ = w.arrived() // who closes does not want to know
	if w.file == nil {
		return nil
	}
	f := w.file
	w.file = nil
	w.room.files.Add(-1)
	err := f.Close()
	if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// These have the copy go in pieces: each write to a reader has a time of its own.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
