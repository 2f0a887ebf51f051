package send

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/intake"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/receive"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
	ourwire "github.com/tallystick/tallystick/internal/wire"
)

// receiver is a node of ours that others push to as to one of ai-memory.
type receiver struct {
	*receive.Receiver
	store *store.Store
	stop  func() error
}

func newReceiver(ctx context.Context, dir string, now func() time.Time) (*receiver, error) {
	clock, log := memory.NewClock(now, memory.DefaultMaxSkew), slog.New(slog.DiscardHandler)
	st, err := store.Open(ctx, store.Config{Dir: dir, Node: "r", Clock: clock, Codec: ourwire.Codec{}, Log: log})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	door := intake.New(intake.Config{
		Node: "r", Members: []memory.Node{"r"}, Decode: ourwire.DecodeEntry, Clock: clock, Log: log, Heard: func(memory.Node, memory.View, time.Time) {},
	}, st)
	peers := []config.Peer{{Name: "ours", Direction: config.In, Unsigned: true, Namespaces: []string{"**"}}}
	r, err := receive.New(receive.Config{
		Node: "r", Peers: func() []config.Peer { return peers }, Now: now, Lead: 15 * time.Second, Told: func([]*memory.Entry) {},
		Voted: func(context.Context, string) {}, Stale: func(receive.Stale) {}, Ahead: func() {},
	}, door, st, log)
	return &receiver{Receiver: r, store: st, stop: func() error {
		cancel()
		return errors.Join(<-done, st.Close(), r.Close())
	}}, err
}

// handler is what answers a peer at the moment.
type handler struct{ atomic.Pointer[receiver] }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.Load().ServeHTTP(w, r) }

// apart is how long after each other things happen: a receiver takes the time at which it
// hears of a deletion for that of the deletion.
const apart = 10 * time.Millisecond

// timely makes a history one that is heard of in the order of its times, whose memories
// were made when they say, and without what a node would refuse, such as the restore of
// what is not archived. What was consolidated is not restored: it is deleted at such a
// peer, for good at one of ours.
func timely(history []*memory.Entry) []*memory.Entry {
	slices.SortFunc(history, func(a, b *memory.Entry) int { return a.Version().Compare(b.Version()) })
	for i, e := range history {
		e.Stamp = memory.MakeStamp(history[0].Stamp.Time().Add(time.Duration(i) * apart))
	}
	state, made, merged := memory.NewState(), map[string]memory.Instant{}, map[string]bool{}
	var out []*memory.Entry
	for _, e := range history {
		switch op := e.Op.(type) {
		case *memory.Archive:
			if lifeIn(state, op.ID) != memory.Live {
				continue
			}
		case *memory.Restore:
			if lifeIn(state, op.ID) != memory.Archived || merged[op.ID] {
				continue
			}
		case *memory.Put:
			made[op.Memory.ID] = date(&op.Memory, op.Create, e.Stamp, made)
		case *memory.Consolidate:
			made[op.Into.ID] = date(&op.Into, true, e.Stamp, made)
			for _, s := range op.Sources {
				merged[s.ID] = true
			}
		case *memory.Delete, *memory.Erase, *memory.Link, *memory.Unlink, *memory.SetStandard, *memory.ClearStandard, *memory.Propose, *memory.Decide,
			*memory.Resolve, *memory.Touch:
		}
		state.Apply(e)
		out = append(out, e)
	}
	return out
}

func lifeIn(s *memory.State, id string) memory.Life {
	l := s.Winner(memory.LifeKey(id))
	if l == nil {
		return memory.Unborn
	}
	life, _ := memory.LifeOf(l.Op, id)
	return life
}

func date(m *memory.Memory, born bool, at memory.Stamp, made map[string]memory.Instant) memory.Instant {
	m.CreatedAt = made[m.ID]
	if born || m.CreatedAt == 0 {
		m.CreatedAt = at.Instant()
	}
	return m.CreatedAt
}

// Whatever happens at a node of ours: another one that is told of it as if it were one
// of ai-memory ends as the rules of ai-memory say, and with what the first one has.
func TestANodeOfOursEndsAsOneOfTheOthersDoes(t *testing.T) {
	rules, here := newRealNode(t), &handler{}
	nodes := []*ours{newOurs(t, rules), newOurs(t, here)}
	dirs := t
	rapid.Check(t, func(t *rapid.T) {
		rules.reset()
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		history := memorytest.History(rng, 3, rapid.IntRange(1, 60).Draw(t, "entries"), nil)
		for _, e := range history {
			ownTitles(e.Op)
		}
		history = timely(proposedOnce(history))
		var at atomic.Int64
		at.Store(1) // until something happens
		r, err := newReceiver(t.Context(), dirs.TempDir(), func() time.Time { return memory.Instant(at.Load()).Time() })
		if err != nil {
			t.Fatal(err)
		}
		here.Store(r)
		for _, n := range nodes {
			n.begin()
		}
		for _, e := range history {
			at.Store(max(at.Load(), int64(e.Stamp.Instant())))
			for _, n := range nodes {
				n.take(e)
			}
			if rng.IntN(3) == 0 {
				nodes[rng.IntN(len(nodes))].deliver(t)
			}
		}
		for _, n := range nodes {
			n.deliver(t)
		}
		compare(t, nodes[1].model, rules, r.store)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// compare holds a receiver against what was sent to it, and what the rules make of that.
func compare(t *rapid.T, sent *model, rules *realNode, got *store.Store) {
	for k := range sent.Keys {
		if k.Family != memory.FamContent && k.Family != memory.FamLife {
			continue
		}
		rec, err := got.Record(t.Context(), k.A)
		if errors.Is(err, memory.ErrNotFound) {
			rec, err = &memory.Record{}, nil
		}
		if err != nil {
			t.Fatal(err)
		}
		row, live := rules.rows[k.A]
		if here := rec.Life == memory.Live && !rec.Content.IsZero(); here != live {
			t.Fatalf("%s is %s here, and by the rules it is live: %v", k.A, rec.Life, live)
		}
		if !live {
			continue
		}
		if row.Title != rec.Title || row.Content != rec.Memory.Content {
			t.Fatalf("%s: by the rules it says %q, here %q", k.A, row.Content, rec.Memory.Content)
		}
		want, err := sent.Record(t.Context(), k.A)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shown(t, want), shown(t, rec)); diff != "" {
			t.Fatalf("%s:\n%s", k.A, diff)
		}
	}
	for k := range rules.links {
		links, err := got.LinkBetween(t.Context(), k[0], k[1])
		if err != nil || len(links) == 0 {
			t.Fatalf("link %v: %v, %v", k, links, err)
		}
	}
	for ns, s := range rules.standards {
		if std, err := got.Standard(t.Context(), ns); err != nil || std.StandardID != s.StandardID {
			t.Fatalf("the standard of %s is %+v, %v; by the rules it is %s", ns, std, err, s.StandardID)
		}
	}
	for id := range rules.pendings {
		open, err := sent.Pending(t.Context(), id)
		if err == nil && open.Verdict == "" { // of one that is decided only who has heard of it before is told
			_, err = got.Pending(t.Context(), id)
		}
		if err != nil {
			t.Fatalf("proposal %s: %v", id, err)
		}
	}
}

// shown is a record as the object of its row, without what a receiver has of its own:
// the owner of a memory stays who he was.
func shown(t *rapid.T, rec *memory.Record) map[string]any {
	row := wire.OfValue(&rec.Memory, 1)
	text, err := row.MarshalJSON()
	var out map[string]any
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	if meta, ok := out["metadata"].(map[string]any); ok {
		delete(meta, memory.MetaAgent)
	}
	return out
}
