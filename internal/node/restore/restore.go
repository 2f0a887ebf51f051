// Package restore makes the data directory of a node from a backup.
package restore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/internal/backup"
	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

// Restored says what a restore has made.
type Restored struct {
	Data    string         `json:"data"`
	Node    memory.Node    `json:"node"`
	Origin  memory.Origin  `json:"origin"` // a new incarnation
	Entries int            `json:"entries"`
	TakenAt memory.Instant `json:"taken_at"`
	Digest  memory.Digest  `json:"digest"` // of the state, which is that of the backup
}

// Verify is [backup.Verify] with the entries of this program.
func Verify(ctx context.Context, dir string) (backup.Verified, error) {
	return backup.Verify(ctx, dir, wire.DecodeEntry)
}

// Into makes the data directory of a node from a backup, under the node's name or
// another one. The backup is verified first. The directory is made, or is empty; what
// is in one that is not stays as it is. It appears whole or not at all. The node
// numbers what it writes under a new incarnation.
func Into(ctx context.Context, from, data string, name memory.Node) (Restored, error) {
	verified, err := Verify(ctx, from)
	if err != nil {
		return Restored{}, err
	}
	x, err := backup.Open(from)
	if err != nil {
		return Restored{}, err
	}
	if name == "" {
		name = x.Node
	}
	data = filepath.Clean(data)
	if err := emptyDir(data); err != nil {
		return Restored{}, err
	}
	work, err := os.MkdirTemp(filepath.Dir(data), "."+filepath.Base(data)+".restoring-*")
	if err != nil {
		return Restored{}, err
	}
	out := Restored{Data: data, Node: name, TakenAt: verified.TakenAt}
	err = fill(ctx, x, from, work, &out)
	if err == nil {
		err = takePlace(work, data)
	}
	if err != nil {
		return Restored{}, errors.Join(err, os.RemoveAll(work))
	}
	return out, nil
}

// emptyDir makes sure that there is nothing in a directory, or that it can be made.
func emptyDir(data string) error {
	list, err := os.ReadDir(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(filepath.Dir(data), 0o700)
	case err != nil:
		return err
	case len(list) > 0:
		return fmt.Errorf("%s is not empty: restore into a new directory, and nothing is overwritten", data)
	}
	return nil
}

// takePlace puts a directory where an empty one is, or none. A directory that cannot
// be replaced, because it is the root of a file system, gets the files one by one.
func takePlace(work, data string) error {
	if err := os.Rename(work, data); err == nil {
		return nil
	}
	list, err := os.ReadDir(work)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := os.Rename(filepath.Join(work, e.Name()), filepath.Join(data, e.Name())); err != nil {
			return fmt.Errorf("%w; restore into a directory beside it, and move that", err)
		}
	}
	return os.Remove(work)
}

// fill makes a store of the entries of a backup.
func fill(ctx context.Context, x *backup.Index, from, dir string, out *Restored) error {
	clock := memory.NewClock(time.Now, memory.DefaultMaxSkew)
	log := slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, store.Config{Dir: dir, Node: out.Node, Clock: clock, Codec: wire.Codec{}, Log: log})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	door := intake.New(intake.Config{Node: out.Node, Decode: wire.DecodeEntry, Clock: clock, Log: log}, s)
	last := x.Last()
	entries, batches := x.Entries(from)
	m := intake.Manifest{Node: x.Node, Origin: last.Origin, At: last.TakenAt}
	m.Entries, m.View = entries, memory.View{Heads: last.Heads, Root: last.Digest}
	loaded, err := door.AcceptDump(ctx, m, false, batches)
	out.Origin, out.Entries, out.Digest = s.Origin(), loaded.Entries, loaded.Digest
	stop()
	if err = errors.Join(err, <-ended, s.Close()); err != nil {
		return err
	}
	if !loaded.Equal {
		return fmt.Errorf("the entries lead to the state %s, and not to that of the backup, %s: %d were refused", loaded.Digest, last.Digest, loaded.Refused)
	}
	return nil
}
