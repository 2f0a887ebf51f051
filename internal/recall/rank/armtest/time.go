package armtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// deadline asks when it is too late already: the answer comes, and says so.
func deadline(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	const late = 5 * time.Second // far more than an arm takes on a busy machine
	start := time.Now()
	got, err := b.ask(ctx, rank.Query{Text: s.Question, Deadline: start.Add(-time.Second)})
	if err != nil {
		return fmt.Errorf("a deadline is no error: %w", err)
	}
	if took := time.Since(start); took > late {
		return fmt.Errorf("it took %v", took)
	}
	said := false
	for _, r := range got.Arms {
		if r.State == rank.Ran {
			return fmt.Errorf("arm %s says that it ran", r.Arm)
		}
		said = said || r.Why == "deadline"
	}
	if !said {
		return fmt.Errorf("nobody says why: %+v", got.Arms)
	}
	if got, err = b.ask(ctx, rank.Query{Text: s.Question, Deadline: time.Now().Add(patience)}); err != nil || len(got.Hits) == 0 {
		return fmt.Errorf("with time enough: %v, %w", list(got), err)
	}
	return nil
}

func gone(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.ask(ctx, rank.Query{Text: s.Question}); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("got %w", err)
	}
	return nil
}

// concurrent asks while memories come, change hands and go.
func concurrent(ctx context.Context, s *Subject) error {
	b := open(s)
	b.take(s.texts(many)...)
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		defer close(done)
		for i := range 2 * many {
			c := s.memory(many + i)
			if i%2 == 0 {
				c.Access = index.Access{Owner: "ann", Private: true}
			}
			b.take(c)
			if i%3 == 0 {
				b.take(index.Change{Document: index.Document{ID: c.ID}, Gone: true})
			}
		}
	})
	errs := make([]error, 2)
	for i := range errs {
		all.Go(func() {
			errs[i] = until(done, func() error { return b.public(ctx, s) })
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// until repeats f until done is closed, at least once.
func until(done <-chan struct{}, f func() error) error {
	for {
		if err := f(); err != nil {
			return err
		}
		select {
		case <-done:
			return nil
		default:
		}
	}
}

// public asks as nobody in particular: whatever else happens, at least what was
// there at first is found, and nothing of Ann's.
func (b *bench) public(ctx context.Context, s *Subject) error {
	got, err := b.ask(ctx, rank.Query{Text: s.Question, Limit: 1000})
	if err != nil {
		return err
	}
	if len(got.Hits) < many {
		return fmt.Errorf("found %d, want at least %d", len(got.Hits), many)
	}
	for _, h := range got.Hits {
		var i int
		if _, err := fmt.Sscanf(h.ID[len(h.ID)-12:], "%x", &i); err != nil {
			return err
		}
		if i >= many && (i-many)%2 == 0 {
			return fmt.Errorf("%s is private", h.ID)
		}
	}
	return nil
}
