package send

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// notebook is the log of a node and what it notes of peers, in memory.
type notebook struct {
	mu      sync.Mutex
	events  []memory.Event
	changed chan struct{}
	cursors map[memory.Node]uint64
	parked  map[memory.Dot]memory.Parked
}

func newNotebook() *notebook {
	return &notebook{changed: make(chan struct{}), cursors: map[memory.Node]uint64{}, parked: map[memory.Dot]memory.Parked{}}
}

func (b *notebook) append(e *memory.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, memory.Event{LSN: uint64(len(b.events)) + 1, Entry: e})
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *notebook) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

func (b *notebook) Events(_ context.Context, after uint64, limit int) ([]memory.Event, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := b.events[min(after, uint64(len(b.events))):]
	return slices.Clone(rest[:min(len(rest), limit)]), nil
}

func (b *notebook) Cursors(context.Context, memory.Origin) (map[memory.Node]uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.cursors), nil
}

func (b *notebook) SaveCursor(_ context.Context, member memory.Node, _ memory.Origin, seq uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cursors[member] = seq
	return nil
}

func (b *notebook) Parked(context.Context) ([]memory.Parked, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.parked)), nil
}

func (b *notebook) Park(_ context.Context, p memory.Parked) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parked[p.Dot] = p
	return nil
}

func (b *notebook) Unpark(_ context.Context, _ memory.Node, dots []memory.Dot) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range dots {
		delete(b.parked, d)
	}
	return nil
}

// ours is a node of ours with a lane to one peer.
type ours struct {
	*model
	*notebook

	lanes *Lanes
}

func newOurs(tb testing.TB, peer http.Handler) *ours {
	tb.Helper()
	server := httptest.NewServer(peer)
	tb.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	o := &ours{model: newModel(), notebook: newNotebook()}
	o.lanes = New(Config{Peers: []Peer{{Name: "real", URL: base, Sender: "ours"}}, Log: slog.New(slog.DiscardHandler)}, o, o, o)
	tb.Cleanup(o.lanes.lanes[0].post.close)
	return o
}

// begin forgets everything.
func (o *ours) begin() {
	o.model, o.notebook = newModel(), newNotebook()
	l := o.lanes.lanes[0]
	l.render.state, l.source, l.ledger = o, o, o
	l.sure, l.waiting, l.forgets = false, false, false
	clear(l.restored)
	l.change(func(s *Status) { s.LSN = 0 })
}

// take applies an entry, as the log of a node has it.
func (o *ours) take(e *memory.Entry) {
	o.apply(e)
	o.append(e)
}

// deliver sends all that is owed.
func (o *ours) deliver(t interface {
	Context() context.Context
	Fatal(args ...any)
},
) {
	for {
		worked, err := o.lanes.lanes[0].work(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// ownTitles makes every memory of an op have a title of its own: two under one title
// are one at such a peer.
func ownTitles(op memory.Op) {
	own := func(m *memory.Memory) { m.Title, m.Namespace = string([]rune(m.Title)[:1])+" of "+m.ID, "ns" }
	switch op := op.(type) {
	case *memory.Put:
		own(&op.Memory)
	case *memory.Consolidate:
		own(&op.Into)
	case *memory.Propose:
		ownTitles(op.Action)
	case *memory.Delete, *memory.Erase, *memory.Archive, *memory.Restore, *memory.Link, *memory.Unlink, *memory.Decide, *memory.Resolve,
		*memory.SetStandard, *memory.ClearStandard, *memory.Touch:
	}
}

// proposedOnce leaves out further proposals under an id: who proposes makes it up, and a
// peer would decide about the one that it was told of first.
func proposedOnce(history []*memory.Entry) []*memory.Entry {
	seen := map[string]bool{}
	return slices.DeleteFunc(history, func(e *memory.Entry) bool {
		p, ok := e.Op.(*memory.Propose)
		again := ok && seen[p.ID]
		if ok {
			seen[p.ID] = true
		}
		return again
	})
}

// Whatever happens at two nodes of ours, in whatever order each hears of it, and
// whenever it is delivered: in the end a peer has what they have.
func TestAPeerEndsWithWhatWeHave(t *testing.T) {
	peers := newRealNode(t)
	nodes := []*ours{newOurs(t, peers), newOurs(t, peers)}
	rapid.Check(t, func(t *rapid.T) {
		peers.reset()
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		history := memorytest.History(rng, 3, rapid.IntRange(1, 60).Draw(t, "entries"), nil)
		for _, e := range history {
			ownTitles(e.Op)
		}
		history = proposedOnce(history)
		for _, n := range nodes {
			n.begin()
			rng.Shuffle(len(history), func(i, j int) { history[i], history[j] = history[j], history[i] })
			for _, e := range history {
				n.take(e)
				if rng.IntN(5) == 0 {
					n.deliver(t)
				}
			}
		}
		for _, n := range nodes {
			n.deliver(t)
		}
		checkPeer(t, peers, nodes[0].model)
	})
}

func checkPeer(t *rapid.T, peer *realNode, s *model) {
	ids := map[string]bool{}
	for k := range s.Keys {
		if k.Family == memory.FamContent || k.Family == memory.FamLife {
			ids[k.A] = true
		}
	}
	for id := range ids {
		rec, err := s.Record(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		row, live := peer.rows[id]
		if want := s.readable(id); live != want {
			t.Fatalf("%s is %s here; there it is live: %v", id, rec.Life, live)
		}
		if !live {
			continue
		}
		if row.Title != rec.Title || row.Content != rec.Memory.Content || row.Priority != rec.Priority || float64(row.Confidence) != rec.Confidence || !slices.Equal(row.Tags, list(rec.Tags)) {
			t.Fatalf("%s:\nhere %+v\nthere %+v", id, rec.Memory, row)
		}
	}
	for id := range peer.rows {
		if !ids[id] {
			t.Fatalf("%s is not here", id)
		}
	}
	want := map[[3]string]memory.Instant{}
	for _, l := range s.links(func(l *memory.Link) bool { return s.readable(l.Source) && s.readable(l.Target) }) {
		want[[3]string{l.Source, l.Target, l.Relation}] = l.ValidUntil
	}
	got := map[[3]string]memory.Instant{}
	for k, l := range peer.links {
		var until memory.Instant
		if err := until.UnmarshalText([]byte(l.ValidUntil)); err != nil {
			t.Fatal(err)
		}
		if want[k] == 0 { // one that ended and was made again stays ended there
			until = 0
		}
		got[k] = until
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("links:\n%s", diff)
	}
	standards, err := s.Standards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, std := range standards {
		if got := peer.standards[std.Namespace]; s.readable(std.StandardID) && got.StandardID != std.StandardID {
			t.Fatalf("the standard of %s is %s here, and %q there", std.Namespace, std.StandardID, got.StandardID)
		}
	}
}

func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
