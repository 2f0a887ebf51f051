package store

import (
	"context"
	"errors"
	"time"
)

// Run is the writer. It returns nil once ctx is done and everything queued is
// committed, or the error that made writing impossible.
func (s *Store) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return errors.New("store: it runs, or ran, already")
	}
	defer close(s.stopped)
	idle := time.NewTimer(time.Second)
	defer idle.Stop()
	defer s.learn(ctx)()
	// A batch that has begun is finished whatever happens to ctx.
	work := context.WithoutCancel(ctx)
	var err error
	if s.write.retry, err = s.write.upgraded(work); err != nil {
		return s.fail(err)
	}
	for ctx.Err() == nil {
		batch := s.next()
		if batch == nil {
			if more, err := s.write.background(work); err != nil {
				return s.fail(err)
			} else if more {
				continue
			}
			idle.Reset(s.write.idleFor())
			select {
			case <-s.wake:
			case <-idle.C:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.write.commit(work, batch); err != nil {
			return s.fail(err)
		}
		s.write.wroteAt = time.Now()
		if err := errors.Join(s.write.markDamage(work), s.write.settle(work, false)); err != nil {
			return s.fail(err)
		}
	}
	return s.drain(work)
}

// learn reads beside the writer what is absent, and returns what ends that.
func (s *Store) learn(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.absent.load(ctx, s.bulk); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "what is absent is asked of the database", "err", err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// drain commits what is queued and refuses what comes later.
func (s *Store) drain(ctx context.Context) error {
	s.stop.Do(func() { close(s.closing) })
	for {
		batch := s.next()
		if batch == nil {
			return s.write.finish(ctx)
		}
		if err := s.write.commit(ctx, batch); err != nil {
			return s.fail(err)
		}
	}
}

func (s *Store) fail(err error) error {
	s.stop.Do(func() { close(s.closing) })
	for {
		batch := s.next()
		if batch == nil {
			return err
		}
		for _, j := range batch {
			j.finish(err)
		}
	}
}
