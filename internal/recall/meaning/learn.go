package meaning

import (
	"context"
	"hash/fnv"

	"github.com/tallystick/tallystick/internal/recall/index"
)

const (
	// batch is how many texts a [Batcher] is asked about at a time, and batchBytes
	// about how long they are together: a question that waits behind them should not
	// wait long.
	batch      = 32
	batchBytes = 32 << 10
)

// fresh is a text that has no vector yet.
type fresh struct {
	id     string
	digest uint64
	text   string
}

// Learn makes vectors of documents that have another text than before, and forgets
// those of what is gone. It ends with ctx, or when the model cannot: what was made by
// then stays.
func (s *Space) Learn(ctx context.Context, changes []index.Change) error {
	for i := range changes {
		if c := &changes[i]; c.Gone {
			s.drop(c.ID)
		}
	}
	b, together := s.cfg.Embedder.(Batcher)
	var waiting []fresh
	size := 0
	for i := range changes {
		c := &changes[i]
		if c.Gone {
			continue
		}
		f, ok := s.wants(c.ID, index.Plain(&c.Document))
		switch {
		case !ok:
		case !together:
			v, err := s.cfg.Embedder.Passage(ctx, f.text)
			if err != nil {
				return err
			}
			s.put(&f, v)
		default:
			waiting, size = append(waiting, f), size+len(f.text)
		}
		if len(waiting) >= batch || size >= batchBytes {
			if err := s.putAll(ctx, b, waiting); err != nil {
				return err
			}
			waiting, size = waiting[:0], 0
		}
	}
	return s.putAll(ctx, b, waiting)
}

// wants reports whether a memory needs a vector for a text.
func (s *Space) wants(id, text string) (fresh, bool) {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(text)) // never fails
	f := fresh{id, digest.Sum64(), text}
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, have, ok := s.set.Row(id)
	return f, !s.gone[id] && (!ok || have != f.digest)
}

func (s *Space) putAll(ctx context.Context, b Batcher, waiting []fresh) error {
	if len(waiting) == 0 {
		return nil
	}
	texts := make([]string, len(waiting))
	for i := range waiting {
		texts[i] = waiting[i].text
	}
	vectors, err := b.Passages(ctx, texts)
	if err != nil {
		return err
	}
	for i := range waiting {
		s.put(&waiting[i], vectors[i])
	}
	return nil
}

func (s *Space) put(f *fresh, v []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone[f.id] {
		return // meanwhile
	}
	_, _, had := s.set.Row(f.id)
	s.set.Put(f.id, f.digest, v)
	if !had {
		s.lost[f.id] = true
		s.tried = -1
	}
}
