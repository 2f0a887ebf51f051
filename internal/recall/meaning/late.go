package meaning

import (
	"context"
	"time"
)

const (
	// firstLate is after how long the model is asked again about texts that it could not
	// read although it read others, and longestLate after how long at most.
	firstLate   = 10 * time.Minute
	longestLate = 24 * time.Hour
)

// late are the memories that have no vector because the model could not read them
// although it read others. Their texts are not kept: the log has them.
type late struct {
	after map[string]uint64 // by id: the position of the log that it comes behind
	due   time.Time         // when the log is read again
	wait  time.Duration     // and how long after that
	from  uint64            // while that is done: how far it was before; of the goroutine that applies
}

// Ready implements [recall.Asker].
func (s *Space) Ready(ctx context.Context) error {
	if b, ok := s.cfg.Embedder.(Batcher); ok {
		return b.Ready(ctx)
	}
	return nil
}

// Again implements [recall.Asker].
func (s *Space) Again() (after uint64, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.late.after) == 0 || time.Now().Before(s.late.due) {
		return 0, false
	}
	s.late.wait = min(2*s.late.wait, longestLate)
	s.late.due = time.Now().Add(s.late.wait)
	s.late.from = s.at.Load()
	return s.upTo(), true
}

// Unread is how many memories have no vector of use: they say nothing to the model, or
// it does not take them.
func (s *Space) Unread() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set.Blank() + len(s.late.after)
}

// postpone notes memories that have no vector, in what comes behind a position of the
// log. A vector of what one said before is of no use.
func (s *Space) postpone(list []fresh, after uint64) {
	for i := range list {
		s.drop(list[i].id)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.late.after) == 0 {
		s.late = late{after: map[string]uint64{}, due: time.Now().Add(firstLate), wait: firstLate, from: s.late.from}
	}
	for i := range list {
		if !s.gone[list[i].id] {
			s.late.after[list[i].id] = after
		}
	}
}

// reach notes that everything up to a position was taken in. While the log is read
// again, that was so before.
func (s *Space) reach(at uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at < s.late.from {
		return
	}
	s.late.from = 0
	s.at.Store(at)
}

// upTo is the position of the log up to which nothing is to be asked again. The
// caller holds mu.
func (s *Space) upTo() uint64 {
	at := s.at.Load()
	for _, after := range s.late.after {
		at = min(at, after)
	}
	return at
}
