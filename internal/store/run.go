package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
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
	learned, err := s.learnMended(ctx)
	if err != nil {
		return s.fail(err)
	}
	defer learned()
	defer s.beside(ctx)()
	// A batch that has begun is finished whatever happens to ctx.
	work := context.WithoutCancel(ctx)
	if s.write.retry, err = s.upgraded(work); err != nil {
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
		if err := s.boot.keep(); err != nil {
			s.cfg.Log.WarnContext(ctx, "entries go to members when they are durable here, and no sooner, in this run", "err", err)
		}
		s.write.wroteAt = time.Now()
		if err := errors.Join(s.write.markDamage(work), s.write.settle(work, false)); err != nil {
			return s.fail(err)
		}
	}
	return s.drain(work)
}

// learnMended is learn that has what was garbled since the opening set right.
func (s *Store) learnMended(ctx context.Context) (end func(), err error) {
	end, err = s.learn(ctx)
	if !s.dialect.isBroken(err) {
		return end, err
	}
	s.write.rectified = false
	if !isGarbled(err) {
		if _, err := s.write.reindexFirst(context.WithoutCancel(ctx)); err != nil {
			return nil, err
		}
	}
	if err := s.write.load(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	return s.learn(ctx)
}

// upgraded is that of the writer. If it cannot be read, none is tried again in this run.
func (s *Store) upgraded(ctx context.Context) ([]memory.Dot, error) {
	dots, err := s.write.upgraded(ctx)
	if s.dialect.isBroken(err) {
		switch done, failed := s.write.reindexFirst(ctx); {
		case failed != nil:
			return nil, failed
		case done:
			dots, err = s.write.upgraded(ctx)
		}
	}
	if s.dialect.isBroken(err) {
		s.cfg.Log.WarnContext(ctx, "refused ops are not tried again: the database is damaged", "err", err)
		return nil, nil
	}
	return dots, err
}

// beside has the writer's adder run, and returns what ends it.
func (s *Store) beside(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var adding sync.WaitGroup
	adding.Go(func() { s.write.sums.run(ctx) })
	return func() {
		cancel()
		adding.Wait()
	}
}

// learn reads beside the writer what there is, as it is now, and returns what ends that.
func (s *Store) learn(ctx context.Context) (end func(), err error) {
	tx, err := s.bulk.begin(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	if _, err := tx.view(context.WithoutCancel(ctx), s.cfg.Node); err != nil { // what is read first says which state it is
		return nil, errors.Join(err, tx.Rollback())
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(s.learned)
		defer tx.Rollback() //nolint:errcheck // read-only
		if err := s.census.load(ctx, tx, s.absent); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "memories are counted, and what is absent is asked of the database, each time", "err", err)
		}
	}()
	return func() {
		cancel()
		<-s.learned
	}, nil
}

// drain commits what is queued and refuses what comes later.
func (s *Store) drain(ctx context.Context) error {
	s.stop.Do(func() { close(s.closing) })
	for {
		batch := s.next()
		if batch == nil {
			return s.end(ctx)
		}
		if err := s.write.commit(ctx, batch); err != nil {
			return s.fail(err)
		}
	}
}

// end finishes what can wait, and notes that nothing is left that is not durable.
func (s *Store) end(ctx context.Context) error {
	if err := s.write.finish(ctx); err != nil {
		return s.fail(err)
	}
	if err := s.boot.end(); err != nil {
		s.cfg.Log.WarnContext(ctx, "if the machine is started anew, this node will number afresh", "err", err)
	}
	return nil
}

func (s *Store) fail(err error) error {
	s.stop.Do(func() { close(s.closing) })
	err = errors.Join(err, s.boot.fail())
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
