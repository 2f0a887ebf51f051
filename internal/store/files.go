package store

import (
	"errors"
	"os"
	"syscall"
)

// half is behind the name of a file that is not written whole yet.
const half = ".half"

// replaceFile has a file be another one, with this content, in one step. Its bytes are
// durable then; that it has the name is when its directory was synced.
func replaceFile(name string, content []byte) error {
	f, err := os.OpenFile(name+half, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(name+half, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(name+half))
	}
	return nil
}

// trySyncNames is syncNames where that can be done.
func trySyncNames(dir string) error {
	if err := syncNames(dir); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// syncNames makes durable which files there are in a directory. It is
// errors.ErrUnsupported if the file system cannot do that.
func syncNames(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // likewise
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) {
		err = errors.ErrUnsupported
	}
	return errors.Join(err, d.Close())
}
