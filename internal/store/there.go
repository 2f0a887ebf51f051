package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// there remembers which files a store has opened. A file that was deleted, moved or replaced
// can be written to for as long as it is open: what is written then is gone with the process.
type there struct{ files map[string]os.FileInfo }

// lookAt notes the files as they are now, of those that there are.
func lookAt(names []string) there {
	t := there{map[string]os.FileInfo{}}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			t.files[name] = info
		}
	}
	return t
}

// gone is [there.still] for a node that has nothing to write: what cannot be seen just now may be
// there still.
func (t there) gone() error {
	err := t.still()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced) {
		return err
	}
	return nil
}

var errReplaced = errors.New("somebody has replaced it")

// still is an error if one of the files is gone, or is another one.
func (t there) still() error {
	for name, was := range t.files {
		is, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the node has it open, and it is gone: %w", err)
		}
		if err != nil {
			return fmt.Errorf("whether it is still the file that the node has open cannot be seen: %w", err)
		}
		if !os.SameFile(was, is) {
			return fmt.Errorf("%s is not the file that the node has open: %w", name, errReplaced)
		}
	}
	return nil
}
