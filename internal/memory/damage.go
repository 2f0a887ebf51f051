package memory

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrDamaged says that the bytes that a node has of an entry are not those that
// were logged. They are never answered with, and never sent; a member may have them.
var ErrDamaged = errors.New("damaged")

// ErrBroken says that the database of a node contradicts itself: not one entry, but what
// holds them together. It is made whole where it can be; else only a backup, or the
// other members, have what was in it.
var ErrBroken = errors.New("the database is damaged")

// maxOmitted bounds the names that an [Omissions] keeps.
const maxOmitted = 100

// Omissions gathers what a read of many had to leave out because it is damaged.
// It is safe for concurrent use.
type Omissions struct {
	mu    sync.Mutex
	names []string
	n     int
}

// omissionsKey is the key of an *Omissions in a context.
type omissionsKey struct{}

// WithOmissions returns a context whose reads note in the Omissions what they
// left out. Without one they leave it out all the same.
func WithOmissions(ctx context.Context) (context.Context, *Omissions) {
	o := &Omissions{}
	return context.WithValue(ctx, omissionsKey{}, o), o
}

// Omit notes that a read leaves something out: the id of a memory, or a dot.
func Omit(ctx context.Context, name string) {
	o, ok := ctx.Value(omissionsKey{}).(*Omissions)
	if !ok {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.names, name) {
		return
	}
	o.n++
	if len(o.names) < maxOmitted {
		o.names = append(o.names, name)
	}
}

// Unread is err of reading one memory of many, or nil if that one is to be left out:
// because it is not there, or because it is damaged, which is noted.
func Unread(ctx context.Context, id string, err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case errors.Is(err, ErrDamaged):
		Omit(ctx, id)
		return nil
	}
	return err
}

// Names returns the first of what was left out, and how much there was.
func (o *Omissions) Names() ([]string, int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.names), o.n
}

// LostLink is what is known of a link whose entry is damaged.
type LostLink struct {
	Source, Target string
	Dot            Dot
}

// Damage is what a node knows of its damaged entries.
type Damage struct {
	Entries int     // damaged, or missing where something points to them
	Dots    []Dot   // the first of them
	Mended  int64   // since the start
	At      Instant // when the log was last read as a whole; 0: never
}

// Scrubbing is what one part of a reading of the log has found, and how far it is.
type Scrubbing struct {
	Entries int    // read in this part
	After   uint64 // local sequence number with which the next part goes on
	Last    uint64 // where the log ends
	Done    bool   // all was read
	Damaged int    // entries that are damaged, and not mended yet
	Wrong   bool   // at the end: the digest did not follow from the rows
}
