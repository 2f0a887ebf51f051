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
	_, err := s.learn(ctx, changes)
	return err
}

// learn is Learn. Late are the memories whose texts the model could not read although
// it read others.
func (s *Space) learn(ctx context.Context, changes []index.Change) (late []fresh, err error) {
	var todo []fresh
	for i := range changes {
		c := &changes[i]
		if c.Gone {
			s.drop(c.ID)
		} else if f, ok := s.wants(c.ID, index.Plain(&c.Document)); ok {
			todo = append(todo, f)
		}
	}
	if b, ok := s.cfg.Embedder.(Batcher); ok {
		if late, err = s.ask(ctx, b, todo); err != nil || len(late) == 0 {
			return nil, err
		}
		return s.ask(ctx, b, late) // what it was may have passed
	}
	for i := range todo {
		v, err := s.cfg.Embedder.Passage(ctx, todo[i].text)
		if err != nil {
			return nil, err
		}
		s.put(&todo[i], v)
	}
	return nil, nil
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

// ask makes vectors of texts, many at a time, and returns those that have none.
func (s *Space) ask(ctx context.Context, b Batcher, todo []fresh) (without []fresh, err error) {
	for len(todo) > 0 {
		var now []fresh
		now, todo = s.next(todo)
		if len(now) == 0 {
			continue
		}
		texts := make([]string, len(now))
		for i := range now {
			texts[i] = now[i].text
		}
		vectors, err := b.Passages(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i := range now {
			if vectors[i] == nil {
				without = append(without, now[i])
				continue
			}
			s.put(&now[i], vectors[i])
		}
	}
	return without, nil
}

// next returns the texts to ask about next, without what was erased by now, and the
// rest.
func (s *Space) next(todo []fresh) (now, rest []fresh) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	size := 0
	for i := range todo {
		if s.gone[todo[i].id] {
			continue
		}
		now, size = append(now, todo[i]), size+len(todo[i].text)
		if len(now) >= batch || size >= batchBytes {
			return now, todo[i+1:]
		}
	}
	return now, nil
}

func (s *Space) put(f *fresh, v []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone[f.id] {
		return // meanwhile
	}
	delete(s.late.after, f.id)
	_, _, had := s.set.Row(f.id)
	s.set.Put(f.id, f.digest, v)
	s.changes++
	if !had {
		s.lost[f.id] = true
		s.tried = -1
	}
}
