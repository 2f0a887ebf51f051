package store

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// BootFile says, in the data directory, since which start of the machine entries may have
// been sent before they were durable; or that the disk has failed. A run that ends in order
// leaves none.
const BootFile = "boot"

// diskFailed is what it says then.
const diskFailed = "the disk has failed\n"

// boot is what makes it safe to send entries before they are durable. A process that ends
// in between has committed them; if the machine or its disk fails they may be lost, and a
// member may hold them where its heads do not show it: beyond a hole, or not yet. So the
// numbers behind the file's are taken for used once the machine was started anew or its disk
// mounted anew, or where a sync has failed, unless the run before ended in order.
type boot struct {
	path string
	// id is of the machine's present start, and of the mount; "": they are not known, or
	// cannot be noted, and nothing is sent early.
	id string
	// marked says that the file names them. Only then may entries be sent early.
	marked atomic.Bool
	// outrun: the file says something else. It stays so until this node numbers afresh.
	outrun atomic.Bool
	there  bool // there is a file
	failed bool // it says that the disk has failed
	wanted bool // the writer has something to send early
}

// load looks at what the run before has left. What cannot be read may say anything.
func (b *boot) load(ctx context.Context, dir string, log *slog.Logger) {
	b.path, b.id = filepath.Join(dir, BootFile), startID(dir)
	_ = os.Remove(b.path + half) // of a run that ended while it wrote
	was, err := os.ReadFile(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		log.WarnContext(ctx, "what the run before has sent is not known; ops are numbered afresh, to be safe", "err", err)
	}
	b.there = true
	b.failed = err == nil && (len(was) == 0 || string(was) == diskFailed)
	same := err == nil && sameStart(string(was), b.id)
	b.marked.Store(same)
	b.outrun.Store(!same)
}

// sameStart reports whether what a process wrote in one start is there in another one,
// synced or not: the machine was not started in between, nor the directory mounted anew. A
// process that sees other mounts than the one before, as each container does, cannot tell the
// second.
func sameStart(was, now string) bool {
	a, b := strings.Fields(was), strings.Fields(now)
	machine, mount := 1, 5 // fields that there are where that much is told
	if len(b) < machine || len(a) != machine && len(a) != mount || a[0] != b[0] {
		return false
	}
	const number, namespace = 2, 4
	return len(a) != mount || len(b) != mount || a[namespace] != b[namespace] || a[number] == b[number]
}

// early reports whether what the writer commits now may be sent before it is durable, and
// if not, notes that it would like to.
func (b *boot) early() bool {
	b.wanted = true
	return b.marked.Load()
}

// keep has the file say what it must, between two commits: which start this is, if entries
// are to be sent early from now on; and nothing of a start whose numbers are left behind.
func (b *boot) keep() error {
	switch {
	case b.outrun.Load() || b.marked.Load():
		return nil
	case b.wanted && b.id != "":
		err := replaceFile(b.path, []byte(b.id+"\n"))
		if err == nil {
			err = syncNames(filepath.Dir(b.path))
		}
		if err != nil {
			b.id = "" // not again in this run
			return err
		}
		b.there = true
		b.marked.Store(true)
		return nil
	}
	return b.remove()
}

// renewed is called when this node numbers under an origin that nothing was sent of: what
// the file says is about another one.
func (b *boot) renewed() { b.outrun.Store(false) }

// fail notes that what was sent early may not be in the database, and what is there not on
// the disk, though the machine goes on. An empty file says so, too: that needs no room.
func (b *boot) fail() error {
	f, err := os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	_, _ = f.WriteString(diskFailed)
	return errors.Join(f.Sync(), f.Close())
}

// end notes that all that was sent is durable.
func (b *boot) end() error {
	if b.outrun.Load() {
		return nil
	}
	b.marked.Store(false)
	return b.remove()
}

func (b *boot) remove() error {
	if !b.there {
		return nil
	}
	if err := os.Remove(b.path); err != nil {
		return err
	}
	b.there = false
	return trySyncNames(filepath.Dir(b.path))
}
