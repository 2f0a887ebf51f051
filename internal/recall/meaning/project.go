package meaning

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/index"
)

// From implements [recall.Projection].
func (s *Space) From() uint64 { return s.at.Load() }

// Apply implements [recall.Projection]: it makes the vectors, which takes its time.
// The log is the queue.
func (s *Space) Apply(ctx context.Context, b *recall.Batch) error {
	if b.After == 0 {
		s.seen = map[string]bool{}
	}
	changes := make([]index.Change, len(b.Records))
	for i := range b.Records {
		if b.Records[i].Life == memory.Erased {
			s.forget(ctx)
		}
		changes[i] = recall.ChangeOf(&b.Records[i])
		if s.seen != nil {
			s.seen[changes[i].ID] = true
		}
	}
	if err := s.Learn(ctx, changes); err != nil {
		return err
	}
	s.at.Store(b.At)
	if b.At >= b.Top {
		s.full.Store(true)
		s.sweep()
	}
	return nil
}

// sweep drops what the log has not, after it was read from its beginning.
func (s *Space) sweep() {
	if s.seen == nil {
		return
	}
	var gone []string
	for _, id := range s.set.Rows {
		if !s.seen[id] {
			gone = append(gone, id)
		}
	}
	s.seen = nil
	for _, id := range gone {
		s.drop(id)
	}
}

// forget takes the file away that has a vector of a text that was erased. The next
// one has not.
func (s *Space) forget(ctx context.Context) {
	if s.erased {
		return
	}
	s.erased = true
	if s.cfg.File == "" {
		return
	}
	if err := os.Remove(s.cfg.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.cfg.Logger.ErrorContext(ctx, "file of vectors has one of an erased text", "err", err)
		s.erased = false // tried again
	}
}

func (s *Space) label() vectors.Label { return vectors.Label{Space: s.cfg.Name, Log: s.cfg.Log} }

// Open implements [recall.Projection].
func (s *Space) Open(ctx context.Context) {
	if s.cfg.File == "" {
		return
	}
	f, err := os.Open(s.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "vectors cannot be read: they are made again", "err", err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	set, at, err := vectors.Load(f, s.label(), s.cfg.Embedder.Width())
	if err != nil {
		s.cfg.Logger.InfoContext(ctx, "vectors are made again", "model", s.cfg.Name, "err", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = set
	for _, id := range set.Rows {
		s.lost[id] = true
	}
	s.at.Store(at)
	s.saved = at
	s.full.Store(at > 0)
}

// Save implements [recall.Projection].
func (s *Space) Save(context.Context) (err error) {
	at := s.at.Load()
	if s.cfg.File == "" || at == 0 || at == s.saved && !s.erased {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(s.cfg.File), filepath.Base(s.cfg.File)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	s.mu.RLock()
	err = s.set.Save(tmp, s.label(), at)
	s.mu.RUnlock()
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), s.cfg.File); err != nil {
		return err
	}
	s.saved, s.erased = at, false
	return nil
}
