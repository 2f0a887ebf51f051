package engine

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Several is a request that makes several writes under one idempotency key. The key itself is
// kept before the first of them, so that it is for no other request whatever becomes of them,
// and wherever the node is interrupted. Each write has a key that is derived from it: repeated,
// what was done is not done again, and what could not be done is.
//
// How keys are derived is on disk for as long as a request may be repeated. Builds that did not
// keep the key itself made the first write under it, which [Several.First] is; a change of how
// [Caller.Part] derives them would have what a build before it had begun done again.
type Several struct {
	Caller

	Again bool          // an earlier request under the key had begun
	Idle  bool          // and had found nothing to do
	At    memory.Stamp  // when it had begun
	First *memory.Entry // that it has written under the key itself; nil: there is none
}

// Earlier says what is known of an earlier request under the key of c, and writes nothing. A
// key that was used for another request is [memory.ErrKeyReused].
func Earlier(ctx context.Context, e *Engine, c Caller) (Several, error) {
	s := Several{Caller: c.Named()}
	first, err := Done(ctx, e, s.Caller)
	if first != nil {
		s.Again, s.First, s.At = true, first, first.Stamp
	}
	return s, s.begun(err)
}

// begun takes err for what it says of an earlier request.
func (s *Several) begun(err error) error {
	if b, is := errors.AsType[*memory.BegunError](err); is {
		s.Again, s.At = true, b.At
		return nil
	}
	if errors.Is(err, memory.ErrUnchanged) {
		s.Again, s.Idle = true, true
		return nil
	}
	return err
}

// Begin is [Earlier] for who is about to write: if there was no earlier request, its key is kept.
func Begin(ctx context.Context, e *Engine, c Caller) (Several, error) {
	s, err := Earlier(ctx, e, c)
	if err != nil || s.Again || s.Idempotency == nil || s.DryRun {
		return s, err
	}
	if err := s.Agent.Valid(); err != nil {
		return s, err
	}
	_, err = e.store.Submit(ctx, &memory.Write{Actor: s.Agent, Begins: true, Idempotency: s.Idempotency})
	return s, s.begun(err) // the same request, at the same time
}

// End keeps that there was nothing to do, for a request that has not begun. It returns what is
// known of the same request, at the same time.
func (s Several) End(ctx context.Context, e *Engine) (Several, error) {
	_, err := NothingDone(ctx, e, s.Caller)
	return s, s.begun(err)
}

// About is the caller of the write that is about a memory.
func (s Several) About(what, id string) Caller {
	if s.First != nil && s.First.Op.About().Changed() == id {
		return s.Caller
	}
	return s.Part(what, id)
}

// Repeats reports whether a request is to be answered as a repetition: of its writes some were
// known from an earlier one, and some fresh.
func (s Several) Repeats(known, fresh int) bool { return s.Again && (known > 0 || fresh == 0) }

// Done returns the last entry that an earlier request with the same idempotency key has
// written, nil if there was none. It is [memory.ErrUnchanged] if that wrote nothing, and a
// *[memory.BegunError] if what it wrote has keys of its own.
func Done(ctx context.Context, e *Engine, c Caller) (*memory.Entry, error) {
	if c.Idempotency == nil {
		return nil, nil //nolint:nilnil // nothing to repeat
	}
	entries, err := e.store.Idempotent(ctx, c.Agent, c.Idempotency)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	return entries[len(entries)-1], nil
}

// NothingDone keeps that a request found nothing to change, so that a repetition under its key
// changes nothing that came since. It returns what an equal request has written meanwhile.
func NothingDone(ctx context.Context, e *Engine, c Caller) ([]*memory.Entry, error) {
	if c.Idempotency == nil || c.DryRun {
		return nil, nil
	}
	written, err := e.store.Submit(ctx, &memory.Write{Actor: c.Agent, Idempotency: c.Idempotency})
	if errors.Is(err, memory.ErrUnchanged) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return written.Entries, nil
}
