package meaning

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

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
		changes[i] = recall.ChangeOf(&b.Records[i])
		if s.seen != nil {
			s.seen[changes[i].ID] = true
		}
		if b.Records[i].Life == memory.Erased {
			s.Erase(ctx, []string{changes[i].ID})
		}
	}
	late, err := s.learn(ctx, changes)
	if err != nil {
		return err
	}
	s.reach(b.At)
	if len(late) > 0 {
		s.postpone(late, b.After)
	}
	if b.At >= b.Top {
		s.full.Store(true)
		s.sweep()
		return nil
	}
	return s.checkpoint(ctx)
}

// checkpoint saves what there is now and then, while much is still to come: what a
// slow model has made is not made again after a crash.
func (s *Space) checkpoint(ctx context.Context) error {
	const every = time.Minute
	s.file.Lock()
	due := s.erased || time.Since(s.when) > every
	s.file.Unlock()
	if !due {
		return nil
	}
	return s.Save(ctx)
}

// Erase implements [recall.Eraser].
func (s *Space) Erase(ctx context.Context, ids []string) {
	had := false
	for _, id := range ids {
		s.mu.Lock()
		s.gone[id] = true
		s.mu.Unlock()
		had = s.drop(id) || had
	}
	if !had {
		return
	}
	s.file.Lock()
	defer s.file.Unlock()
	s.remove(ctx)
}

// remove takes the file away, of which something was erased: the next one is without.
// The caller holds file.
func (s *Space) remove(ctx context.Context) {
	s.erased = true
	if s.cfg.File == "" {
		return
	}
	if err := os.Remove(s.cfg.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.cfg.Logger.ErrorContext(ctx, "file of vectors has one of an erased text", "err", err)
	}
}

// sweep drops what the log has not, after it was read from its beginning.
func (s *Space) sweep() {
	if s.seen == nil {
		return
	}
	var gone []string
	s.mu.RLock() // what is erased meanwhile is dropped by others
	for _, id := range s.set.Rows {
		if !s.seen[id] {
			gone = append(gone, id)
		}
	}
	s.mu.RUnlock()
	s.seen = nil
	for _, id := range gone {
		s.drop(id)
	}
}

func (s *Space) label() vectors.Label { return vectors.Label{Space: s.cfg.Name, Log: s.cfg.Log} }

// Open implements [recall.Projection].
func (s *Space) Open(ctx context.Context) {
	if s.cfg.File == "" {
		return
	}
	f, err := recall.OpenFile(s.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		s.cfg.Logger.WarnContext(ctx, "vectors cannot be read: they are made again", "err", err)
		return
	}
	defer f.Close() //nolint:errcheck // only read
	set, p, err := vectors.Load(f, s.label(), s.cfg.Embedder.Width())
	if err != nil {
		s.cfg.Logger.InfoContext(ctx, "vectors are made again", "model", s.cfg.Name, "err", err)
		return
	}
	s.file.Lock()
	defer s.file.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	had := false
	for id := range s.gone {
		had = set.Drop(id) || had
	}
	if had {
		s.remove(ctx)
	}
	s.set = set
	for _, id := range set.Rows {
		s.lost[id] = true
	}
	s.at.Store(p.At)
	s.saved, s.when = state{p, s.changes}, time.Now()
	s.full.Store(p.Full)
}

// Save implements [recall.Projection].
func (s *Space) Save(context.Context) error {
	s.file.Lock()
	defer s.file.Unlock()
	now := s.state()
	if s.cfg.File == "" || s.at.Load() == 0 || now == s.saved && !s.erased {
		return nil
	}
	err := recall.ReplaceFile(s.cfg.File, func(f io.Writer) error {
		s.mu.RLock()
		defer s.mu.RUnlock()
		now = s.current()
		return s.set.Save(f, s.label(), now.progress)
	})
	if err != nil {
		return err
	}
	s.saved, s.when, s.erased = now, time.Now(), false
	return nil
}

func (s *Space) state() state {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current()
}

// current is what a file would have now. The caller holds mu.
func (s *Space) current() state {
	return state{vectors.Progress{At: s.upTo(), Full: s.full.Load()}, s.changes}
}
