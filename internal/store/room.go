package store

import (
	"os"
	"sync/atomic"
)

// room says whether there is any on the disk.
type room struct{ short atomic.Bool } // a write has failed for want of it

// probeBytes is what a disk must take to count as one with room.
const probeBytes = 1 << 20

// Full reports whether there is no room for writes: one has failed for want of it, or
// hardly any is left. Where one has failed it tries to write, so that it notices when
// room was made.
func (s *base) Full() bool {
	free, known := freeBytes(s.cfg.Dir)
	if known && free < probeBytes {
		return true
	}
	if !s.room.short.Load() {
		return false
	}
	if probe(s.cfg.Dir) != nil {
		return true
	}
	s.room.short.Store(false)
	return false
}

// FreeBytes is what may still be written where the database is; false if the system
// does not say.
func (s *base) FreeBytes() (uint64, bool) { return freeBytes(s.cfg.Dir) }

// DatabaseBytes is what the files of the database take.
func (s *base) DatabaseBytes() int64 { return s.dialect.size(&s.cfg) }

// probe writes a file, and takes it away.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, probeBytes))
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if removeErr := os.Remove(f.Name()); err == nil {
		err = removeErr
	}
	return err
}
