// Package restore makes the data directory of a node from a backup.
package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
// is in one that is not stays as it is. The database appears whole or not at all, and
// until it does no node starts there. The node numbers what it writes under a new
// incarnation.
func Into(ctx context.Context, from, data string, name memory.Node) (_ Restored, err error) {
	data = filepath.Clean(data)
	if err := store.Vacant(data); err != nil {
		return Restored{}, err
	}
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
	place, err := store.NewPlace(data)
	if err != nil {
		return Restored{}, err
	}
	defer func() { err = errors.Join(err, place.Close()) }()
	out := Restored{Data: data, Node: name, TakenAt: verified.TakenAt}
	if err := fill(ctx, x, from, place.Work(), &out); err != nil {
		return Restored{}, err
	}
	return out, place.Settle()
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
