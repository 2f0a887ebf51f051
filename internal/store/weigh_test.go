package store

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Many entries become damaged at once, and are healed: those that hold both halves of a
// memory, registers of several or of none, and those that hold nothing any more. The sums
// follow what they held, without all being added up.
func TestSumsFollowManyDamagedEntries(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	made := func(id string, version int64) memory.Memory {
		return memory.Memory{
			ID: id, Tier: memory.Long, Namespace: "global", Title: id, Content: "text", Priority: 5, Confidence: 1, Source: "api",
			MemoryKind: "observation", ConfidenceSource: "caller_provided", CreatedAt: memory.InstantOf(time.Now()), Version: version,
		}
	}
	var dots []memory.Dot
	for _, op := range []memory.Op{
		&memory.Put{Memory: made("one", 1), Create: true}, &memory.Put{Memory: made("two", 1), Create: true}, &memory.Put{Memory: made("three", 1), Create: true},
		&memory.Put{Memory: made("one", 2)}, &memory.Put{Memory: made("one", 3)}, &memory.Archive{ID: "three"},
		&memory.Link{Source: "one", Target: "two", Relation: "related_to", CreatedAt: 1},
	} {
		out, err := s.Submit(ctx, &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: op}}})
		if err != nil {
			t.Fatal(err)
		}
		dots = append(dots, out.Entries[0].Dot)
	}
	join := &memory.Consolidate{Into: made("all", 1), Sources: []memory.SourceVersion{{ID: "two", Dot: dots[1]}, {ID: "three", Dot: dots[2]}}}
	if _, err := s.Submit(ctx, &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: join}}}); err != nil {
		t.Fatal(err)
	}
	err = s.do(ctx, queueMember, 1, func(ctx context.Context, t2 *tx) error {
		x, o := scrubber{t2}, t2.origins[dots[0].Origin]
		right := func(when string) error {
			wrong, err := x.scrub(ctx)
			if wrong {
				t.Errorf("%s: the sums are wrong", when)
			}
			return err
		}
		var all [][2]int64
		var back []arrival
		for seq := range int64(len(dots) + 1) {
			row, _, err := x.counted(ctx, o.id, seq+1)
			if err != nil {
				return err
			}
			e, err := t2.decode(row.sealed)
			if e == nil || err != nil {
				return errors.Join(errors.New("not whole before"), err)
			}
			all, back = append(all, [2]int64{o.id, seq + 1}), append(back, arrival{incoming: incoming{Entry: e, raw: row.raw}})
		}
		return errors.Join(
			right("before"), t2.exec(ctx, `UPDATE log SET raw = x'00'`),
			x.mark(ctx, all), right("damaged"),
			mender{merger{t2}}.restore(ctx, back, &memory.Accepted{}), right("healed"),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}
