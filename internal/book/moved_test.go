package book_test

import (
	"context"
	"testing"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// behind is a store of which the first answer is that of a moment ago: the entry has
// been under another number until then.
type behind struct {
	*store.Store
	was memory.Dot
}

// Allow is asked about writes, and a repetition is none.
func (*behind) Allow(context.Context, *memory.Write) error { return nil }

func (b *behind) Idempotent(ctx context.Context, actor memory.AgentID, key *memory.Idempotency) ([]*memory.Entry, error) {
	entries, err := b.Store.Idempotent(ctx, actor, key)
	if len(entries) > 0 && !b.was.IsZero() {
		moved := *entries[0]
		moved.Dot, b.was = b.was, memory.Dot{}
		entries = []*memory.Entry{&moved}
	}
	return entries, err
}

// An entry moves after a repeated request has read it, and before anybody follows it. The
// answer is for the entry, and not for what has its number now.
func TestARepetitionIsNotAnsweredForAnEntryThatTookItsNumber(t *testing.T) {
	n := alone(t)
	other := ok(t)(n.Create(t.Context(), bob, draft("another")))
	once := ok(t)(n.Create(t.Context(), keyed(alice, "k", "x"), draft("asked for twice")))
	for name, was := range map[string]memory.Dot{
		"another has its number": other.Entry.Dot,
		"nobody has its number":  {Origin: once.Entry.Dot.Origin, Seq: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(engine.Config{Node: "a"}, &behind{n.store, was}, n.fed)
			h, err := e.Replay(t.Context(), keyed(alice, "k", "x"))
			if err != nil || h == nil {
				t.Fatalf("%v (%v), want the earlier write", h, err)
			}
			out := ok(t)(e.Settle(t.Context(), keyed(alice, "k", "x"), h))
			if out.Entry.Dot != once.Entry.Dot || out.Entry.Digest != once.Entry.Digest {
				t.Errorf("answered for %s, want %s", out.Entry.Dot, once.Entry.Dot)
			}
		})
	}
}
