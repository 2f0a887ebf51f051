package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// BootFile says, in the data directory, since which start of the machine entries may have
// been sent before they were durable. It is there while a node runs that has done so.
const BootFile = "boot"

// boot is what makes it safe to send entries before they are durable. A process that ends
// in between has committed them; if the machine fails they may be lost, and a member may
// hold them where its heads do not show it: beyond a hole, or not yet. So the numbers
// behind the file's are taken for used once the machine was started anew, or the disk
// failed, unless the run before ended in order.
type boot struct {
	path string
	id   string // of the machine's present start; "": not known, and nothing is sent early
	// marked says that the file names this start. Only then may entries be sent early.
	marked atomic.Bool
	// outrun: the file names another start. It stays so until this node numbers afresh.
	outrun atomic.Bool
	wanted bool // the writer has something to send early
}

// load looks at what the run before has left.
func (b *boot) load(dir string) error {
	b.path, b.id = filepath.Join(dir, BootFile), bootID()
	was, err := os.ReadFile(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	same := b.id != "" && strings.TrimSpace(string(was)) == b.id
	b.marked.Store(same)
	b.outrun.Store(!same)
	return nil
}

// early reports whether what the writer commits now may be sent before it is durable, and
// if not, notes that it would like to.
func (b *boot) early() bool {
	b.wanted = true
	return b.marked.Load()
}

// mark makes durable that entries may be sent early from now on, if that is wanted, and the
// numbers that follow are this node's.
func (b *boot) mark() error {
	if !b.wanted || b.id == "" || b.marked.Load() || b.outrun.Load() {
		return nil
	}
	if err := b.write(b.id + "\n"); err != nil {
		b.id = "" // not again in this run
		return err
	}
	b.marked.Store(true)
	return nil
}

// renewed is called when this node numbers under an origin that nothing was sent of: what
// the file says is about another one.
func (b *boot) renewed() { b.outrun.Store(false) }

// failed notes that what was sent early may not be in the database, though the machine goes
// on: a sync of its log has failed.
func (b *boot) failed() error {
	if !b.marked.Load() {
		return nil
	}
	return b.write("the disk has failed\n")
}

// ended notes that all that was sent is durable.
func (b *boot) ended() error {
	if !b.marked.Swap(false) {
		return nil
	}
	if err := os.Remove(b.path); err != nil {
		return err
	}
	return syncNames(filepath.Dir(b.path))
}

func (b *boot) write(text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(b.path), BootFile+".*")
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), b.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return syncNames(filepath.Dir(b.path))
}

// bootID returns what tells one start of this machine from another, or "".
func bootID() string {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id") // random(4)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(raw))
}
