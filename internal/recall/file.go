package recall

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// half is behind the name of a file that is not written whole yet. There is one at most:
// what a process leaves that was killed meanwhile, the next one writes over or removes.
const half = ".half"

// ReplaceFile has a file of a projection be what write writes, in one step. It is not
// made durable: what is lost is made from the log again.
func ReplaceFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name+half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return err
	}
	if err = errors.Join(write(f), f.Close()); err == nil {
		err = os.Rename(name+half, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name+half))
	}
	return nil
}

// OpenFile opens a file of a projection to read it, and removes what was not written to
// its end.
func OpenFile(name string) (*os.File, error) {
	if err := os.Remove(name + half); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.Open(name) //nolint:gosec // likewise
}
