package replay_test

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/replay"
)

func start() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

const lifetime = time.Minute

func mark(signer identity.KeyID, nonce string, created time.Time) identity.Mark {
	return identity.Mark{Signer: signer, Nonce: nonce, Created: created, Expires: created.Add(lifetime)}
}

// disk is what was committed; err ends it early.
type disk struct {
	marks []identity.Mark
	err   error
}

func (d disk) Marks(context.Context) iter.Seq2[identity.Mark, error] {
	return func(yield func(identity.Mark, error) bool) {
		for _, m := range d.marks {
			if !yield(m, nil) {
				return
			}
		}
		if d.err != nil {
			yield(identity.Mark{}, d.err)
		}
	}
}

func loaded(t *testing.T, cfg replay.Config, marks ...identity.Mark) *replay.Ledger {
	t.Helper()
	cfg.Start = start()
	l := replay.New(cfg)
	if err := l.Load(t.Context(), disk{marks: marks}); err != nil {
		t.Fatal(err)
	}
	return l
}

func wantTag(t *testing.T, what string, err error, want identity.Tag) {
	t.Helper()
	if got := identity.TagOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestARequestIsTakenOnce(t *testing.T) {
	l, m := loaded(t, replay.Config{}), mark("a", "1", start())
	wantTag(t, "first", l.Take(m, start()), "")
	wantTag(t, "again", l.Take(m, start().Add(time.Second)), identity.Replayed)
	wantTag(t, "another nonce", l.Take(mark("a", "2", start()), start()), "")
	wantTag(t, "another signer", l.Take(mark("b", "1", start()), start()), "")
	wantTag(t, "at the last moment", l.Take(m, start().Add(lifetime-1)), identity.Replayed)
	if n := l.Len(); n != 3 {
		t.Errorf("%d remembered", n)
	}
	wantTag(t, "when it is stale", l.Take(m, start().Add(lifetime)), identity.SignatureStale)
	if n := l.Len(); n != 0 {
		t.Errorf("%d remembered when all have expired", n)
	}
}

func TestAClockThatIsSetBackBringsNothingBack(t *testing.T) {
	l, m := loaded(t, replay.Config{}), mark("a", "1", start())
	wantTag(t, "first", l.Take(m, start()), "")
	wantTag(t, "later", l.Take(mark("a", "2", start().Add(lifetime)), start().Add(lifetime)), "")
	wantTag(t, "set back", l.Take(m, start()), identity.SignatureStale)
}

func TestAFloodForgetsNothing(t *testing.T) {
	l, m := loaded(t, replay.Config{Room: 1000}), mark("a", "first", start())
	wantTag(t, "first", l.Take(m, start()), "")
	var refused int
	for i := range 100_000 {
		now := start().Add(time.Duration(i) * time.Microsecond)
		if err := l.Take(mark("a", strconv.Itoa(i), now), now); err != nil {
			refused++
			r, _ := errors.AsType[*identity.Refusal](err)
			if r == nil || r.Tag != identity.LedgerFull || r.Tag.Status() != 429 || r.RetryAfter <= 0 {
				t.Fatalf("%v", err)
			}
		}
	}
	if refused != 100_000-999 || l.Len() != 1000 {
		t.Errorf("%d refused, %d remembered", refused, l.Len())
	}
	wantTag(t, "again", l.Take(m, start().Add(time.Second)), identity.Replayed)
	wantTag(t, "somebody else", l.Take(mark("b", "1", start()), start()), "")
	later := start().Add(lifetime + time.Second)
	wantTag(t, "when there is room again", l.Take(mark("a", "last", later), later), "")
}

func TestAfterARestart(t *testing.T) {
	before, after := mark("a", "1", start().Add(-time.Second)), mark("a", "2", start().Add(11*time.Second))
	ahead := mark("a", "3", start().Add(9*time.Second)) // created before the start, by a clock that is ahead
	cfg := replay.Config{Start: start(), Skew: 10 * time.Second}
	t.Run("not loaded", func(t *testing.T) {
		l := replay.New(cfg)
		err := l.Load(t.Context(), disk{err: errors.New("disk is broken")})
		if err == nil {
			t.Error("a broken disk was loaded")
		}
		err = l.Take(before, start())
		wantTag(t, "created before", err, identity.BeforeStart)
		if r, _ := errors.AsType[*identity.Refusal](err); r == nil || r.Tag.Status() != 503 || r.RetryAfter != 11*time.Second {
			t.Errorf("%v is not to be tried again in 11 s", err)
		}
		wantTag(t, "perhaps created before", l.Take(ahead, start()), identity.BeforeStart)
		wantTag(t, "created after", l.Take(after, start().Add(11*time.Second)), "")
	})
	t.Run("loaded", func(t *testing.T) {
		l := loaded(t, cfg, before)
		wantTag(t, "the same again", l.Take(before, start()), identity.Replayed)
		wantTag(t, "created before and not applied", l.Take(mark("a", "4", start().Add(-time.Second)), start()), "")
		wantTag(t, "created after", l.Take(after, start()), "")
	})
	t.Run("loaded late", func(t *testing.T) {
		l := replay.New(cfg)
		if err := l.Load(t.Context(), disk{marks: []identity.Mark{before}, err: errors.New("not now")}); err == nil {
			t.Error("a broken disk was loaded")
		}
		if err := l.Load(t.Context(), disk{marks: []identity.Mark{before}}); err != nil {
			t.Error(err)
		}
		wantTag(t, "the same again", l.Take(before, start()), identity.Replayed)
	})
}

// Whatever comes, with clocks that jump and restarts in between, nothing is taken
// twice while its signature is fresh.
func TestNothingIsTakenTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var committed []identity.Mark
		cfg := replay.Config{Room: rapid.IntRange(1, 20).Draw(rt, "room"), Start: start()}
		l, now := replay.New(cfg), start()
		if err := l.Load(rt.Context(), disk{}); err != nil {
			rt.Fatal(err)
		}
		taken := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-20, 40).Draw(rt, "passed")) * time.Second)
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0: // a restart, which loads everything that was committed
				cfg.Start = now
				l = replay.New(cfg)
				if err := l.Load(rt.Context(), disk{marks: committed}); err != nil {
					rt.Fatal(err)
				}
			default:
				nonce := strconv.Itoa(rapid.IntRange(0, 9).Draw(rt, "nonce"))
				created := start().Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "created")) * time.Minute)
				m := mark("a", nonce+"@"+created.String(), created)
				if now.Before(created.Add(-lifetime)) {
					continue
				}
				if l.Take(m, now) == nil {
					if taken[m.Nonce] && now.Before(m.Expires) {
						rt.Fatalf("taken twice: %+v", m)
					}
					taken[m.Nonce] = true
					committed = append(committed, m)
				}
			}
		}
	})
}

func BenchmarkTake(b *testing.B) {
	l := replay.New(replay.Config{Room: 1 << 30})
	_ = l.Load(b.Context(), disk{})
	for i := 0; b.Loop(); i++ {
		now := start().Add(time.Duration(i) * time.Millisecond)
		if err := l.Take(mark("a", strconv.Itoa(i), now), now); err != nil {
			b.Fatal(err)
		}
	}
}
