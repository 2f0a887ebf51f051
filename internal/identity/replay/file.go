package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"github.com/tallystick/tallystick/internal/identity"
)

// File keeps a ledger from one run to the next, if the run ends as it should. It is
// taken away when it is read: after a run that has not ended so there is none, and
// the ledger stays unloaded.
type File struct{ Path string }

// ErrUnclean is that the last run left no ledger.
var ErrUnclean = errors.New("the last run left no replay ledger")

// Marks yields what was kept, once.
func (f File) Marks(context.Context) iter.Seq2[identity.Mark, error] {
	return func(yield func(identity.Mark, error) bool) {
		list := identity.List[identity.Mark]{Path: f.Path}
		if _, err := os.Lstat(f.Path); errors.Is(err, fs.ErrNotExist) {
			yield(identity.Mark{}, ErrUnclean)
			return
		}
		marks, err := list.Load()
		if err = errors.Join(err, os.Remove(f.Path)); err != nil {
			yield(identity.Mark{}, fmt.Errorf("%s: %w", f.Path, err))
			return
		}
		for _, m := range marks {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// Keep writes what is remembered, for the next run. Nothing may be taken after it.
func (f File) Keep(l *Ledger) error {
	return identity.List[identity.Mark]{Path: f.Path}.Save(l.live())
}
