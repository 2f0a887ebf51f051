// Package machine carries out on this machine what package setup says is to become
// of files: it reads them, writes them so that a crash leaves the old or the new
// one, and remembers what they were, so that it can be had back byte for byte.
package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/internal/setup"
)

// File is a file as it is and as it is to be.
type File struct {
	setup.Change

	Before, After []byte // nil: it is not there
	Refused       error  // why it stays as it is

	real string // where it is, if Path is a link
	mode fs.FileMode
}

// Changed reports whether there is anything to do.
func (f *File) Changed() bool {
	return f.Refused == nil && (!bytes.Equal(f.Before, f.After) || (f.Before == nil) != (f.After == nil))
}

var (
	errReadOnly = errors.New("the file is read-only: make it writable, or leave it out")
	errDangling = errors.New("a symbolic link that leads nowhere")
	errMoved    = errors.New("another program has changed it meanwhile: run this again")
)

const largest = 64 << 20 // bytes of a file of settings

// Look reads a file and says what is to become of it. A file that cannot be read or
// edited is refused, and stays as it is.
func Look(c setup.Change) *File {
	f := read(c)
	if f.Refused != nil {
		return f
	}
	after, err := c.Edit(bytes.Clone(f.Before))
	switch {
	case err != nil:
		f.Refused = err
	case len(after) > 0 || f.Before != nil:
		f.After = after
	}
	f.writable()
	return f
}

func read(c setup.Change) *File {
	f := &File{Change: c, real: c.Path, mode: 0o600}
	real, err := filepath.EvalSymlinks(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(c.Path); err == nil {
			f.Refused = errDangling
		}
		return f
	}
	if err != nil {
		f.Refused = err
		return f
	}
	f.real = real
	info, err := os.Stat(real)
	switch {
	case err != nil:
		f.Refused = err
		return f
	case !info.Mode().IsRegular():
		f.Refused = errors.New("this is no file")
		return f
	case info.Size() > largest:
		f.Refused = fmt.Errorf("larger than %d MiB", largest>>20)
		return f
	}
	f.mode = info.Mode().Perm()
	f.Before, f.Refused = os.ReadFile(real)
	if f.Refused == nil && f.Before == nil {
		f.Before = []byte{}
	}
	return f
}

// writable refuses what would have to be forced.
func (f *File) writable() {
	if f.Changed() && f.Before != nil && f.mode&0o200 == 0 {
		f.Refused = errReadOnly
	}
}

// Write makes the file what it is to be. A link stays one.
func (f *File) Write() error {
	now := read(f.Change)
	if now.Refused != nil {
		return now.Refused
	}
	if !bytes.Equal(now.Before, f.Before) || (now.Before == nil) != (f.Before == nil) {
		return errMoved
	}
	if f.After == nil {
		return os.Remove(f.real)
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.real), "."+filepath.Base(f.real)+".tally-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(f.After)
	err = errors.Join(err, tmp.Chmod(f.mode), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.real)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the error says what went wrong
	}
	return err
}
