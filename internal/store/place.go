package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// HalfMade is where a database is made, in the data directory that it is for. It is there
// for as long as that takes, and stays if that was cut off.
const HalfMade = "restoring"

// ErrHalfMade is that a database was to be made in the data directory, and was not.
var ErrHalfMade = errors.New("a restore into this directory did not get to its end")

// Place is a data directory in which a database is made, which appears whole or not at all.
// Until [Place.Close] no node, and no other place, can be there.
type Place struct {
	dir   string
	made  bool   // the directory was not there
	above string // the first above it that was
	lock  io.Closer
}

// Vacant says why no database can be made in a directory, or nil: it is absent, or has
// nothing in it but what an earlier attempt has left.
func Vacant(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		switch e.Name() {
		case HalfMade, lockName, "lost+found": // the last is of file systems, at their root
		default:
			return fmt.Errorf("%s is not empty: name a new directory, and nothing is overwritten", dir)
		}
	}
	return nil
}

// NewPlace takes a vacant directory, and makes it if it is absent.
func NewPlace(dir string) (*Place, error) {
	dir = filepath.Clean(dir)
	_, err := os.Stat(dir)
	p := &Place{dir: dir, made: errors.Is(err, fs.ErrNotExist), above: filepath.Dir(dir)}
	for up := filepath.Dir(p.above); up != p.above; up = filepath.Dir(p.above) {
		if _, err := os.Stat(p.above); err == nil {
			break
		}
		p.above = up
	}
	if p.lock, err = lockDirectory(&Config{Dir: dir}); err != nil {
		return nil, err
	}
	if err = Vacant(dir); err == nil {
		err = os.RemoveAll(p.Work())
	}
	if err == nil {
		err = os.Mkdir(p.Work(), 0o700)
	}
	if err != nil {
		return nil, errors.Join(err, p.lock.Close())
	}
	return p, nil
}

// Work is the data directory of a store that makes the database. Close it before Settle.
func (p *Place) Work() string { return filepath.Join(p.dir, HalfMade) }

// Settle puts the database where it belongs, in one step.
func (p *Place) Settle() error {
	if err := oneFile(p.Work()); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(p.Work(), FileName), filepath.Join(p.dir, FileName)); err != nil {
		return err
	}
	p.made = false
	// Each directory that was made is a name in the one above it.
	for dir := p.dir; ; dir = filepath.Dir(dir) {
		if err := trySyncNames(dir); err != nil || dir == p.above {
			return err
		}
	}
}

// Close lets the directory go, and removes what was made besides, or in vain.
func (p *Place) Close() error {
	err := os.RemoveAll(p.Work())
	if p.made {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return errors.Join(err, p.lock.Close())
}

// settled makes sure that nobody begins anew where a database was to be, and removes what is
// left beside one that is there.
func settled(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, HalfMade)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	switch _, err := os.Stat(filepath.Join(dir, FileName)); {
	case err == nil:
		return os.RemoveAll(filepath.Join(dir, HalfMade))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w: repeat it, or remove %s to begin with nothing", dir, ErrHalfMade, filepath.Join(dir, HalfMade))
	default:
		return err
	}
}
