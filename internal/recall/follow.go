package recall

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall/index"
)

const (
	// slice is how many memories are taken in at a time.
	slice = 512
	// pause is the least time between two looks at the log: in a storm of writes a
	// few large steps cost less than many small ones.
	pause = 5 * time.Millisecond
	// again is when the log is looked at again after that failed.
	again = time.Second
	// settle is how long after an erase the index is saved without what was erased.
	settle = 5 * time.Second
)

// Run follows the log until ctx is done, and saves the index then. It returns nil.
func (f *Finder) Run(ctx context.Context) error {
	f.load(ctx)
	save := time.NewTimer(f.cfg.Save)
	defer save.Stop()
	for {
		wait, erased := pause, f.erased
		if err := f.follow(ctx); err != nil && ctx.Err() == nil {
			f.cfg.Log.WarnContext(ctx, "index does not follow the log", "err", err)
			wait = again
			f.Committed()
		}
		if f.erased && !erased {
			save.Reset(settle)
		}
		rest := time.NewTimer(wait)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
		}
		select {
		case <-f.wake:
		case <-save.C:
			f.save(ctx)
			save.Reset(f.cfg.Save)
		case <-ctx.Done():
			f.save(context.WithoutCancel(ctx))
			return nil
		}
	}
}

// follow takes in what the log has.
func (f *Finder) follow(ctx context.Context) error {
	x := f.index.Load()
	if f.again.Swap(false) {
		x = index.New() // the one that answers goes on until this one can
	}
	for x.From() < f.source.View().LSN {
		recs, last, err := f.source.Changed(ctx, x.From(), slice)
		if err != nil {
			f.again.Store(f.again.Load() || x != f.index.Load())
			return err
		}
		changes := make([]index.Change, 0, len(recs))
		for i := range recs {
			if recs[i].Life == memory.Erased {
				f.forget(ctx)
			}
			changes = append(changes, change(&recs[i]))
		}
		x.Apply(changes, last)
		if x == f.index.Load() {
			f.advance()
		}
	}
	if x != f.index.Load() {
		f.index.Store(x)
		f.saved = 0
		f.advance()
	}
	if !f.ready {
		f.advance()
	}
	return nil
}

// advance tells those who wait that the index has moved.
func (f *Finder) advance() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ready = true
	close(f.moved)
	f.moved = make(chan struct{})
}

// load takes the index from its file, if that is one of this log.
func (f *Finder) load(ctx context.Context) {
	if f.cfg.File == "" {
		return
	}
	file, err := os.Open(f.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		f.cfg.Log.WarnContext(ctx, "index file cannot be read: the index is made again", "err", err)
		return
	}
	defer file.Close() //nolint:errcheck // only read
	x, label, err := index.Load(bufio.NewReaderSize(file, 1<<20))
	switch {
	case err != nil:
		f.cfg.Log.InfoContext(ctx, "index file is of no use: the index is made again", "err", err)
	case label != string(f.source.Origin()) || x.From() > f.source.View().LSN:
		f.cfg.Log.InfoContext(ctx, "index file is of another log: the index is made again")
	default:
		f.index.Store(x)
		f.saved = x.From()
	}
}

// forget takes the file away that holds words of a text that was erased. The next
// one does not.
func (f *Finder) forget(ctx context.Context) {
	if f.erased {
		return
	}
	f.erased = true
	if f.cfg.File == "" {
		return
	}
	if err := os.Remove(f.cfg.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.cfg.Log.ErrorContext(ctx, "index file holds words of an erased text", "err", err)
		f.erased = false // tried again
	}
}

// save writes the index to its file, if it has changed since.
func (f *Finder) save(ctx context.Context) {
	x := f.index.Load()
	at := x.From()
	if f.cfg.File == "" || at == f.saved && !f.erased || at == 0 {
		return
	}
	if err := f.write(x); err != nil {
		f.cfg.Log.WarnContext(ctx, "index not saved: the next start makes it again", "err", err)
		return
	}
	f.saved, f.erased = at, false
}

// write replaces the file as a whole.
func (f *Finder) write(x *index.Index) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(f.cfg.File), filepath.Base(f.cfg.File)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	if err := errors.Join(x.Save(tmp, string(f.source.Origin())), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), f.cfg.File)
}
