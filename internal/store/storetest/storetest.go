// Package storetest is the conformance suite of the store: what every SQL
// dialect must do, against package memory's State as the reference.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/store"
)

// Suite runs the conformance tests.
type Suite struct {
	Codec store.Codec
	// Configure completes a configuration for the dialect under test. May be nil.
	Configure func(t *testing.T, cfg *store.Config)
	// Damage runs a statement on the node's database behind the store's back.
	Damage func(t *testing.T, n *Node, statement string)
}

// Node is a store with its writer running.
type Node struct {
	*store.Store
	t    *testing.T
	cfg  store.Config
	stop func()
	// spoiled: somebody has changed its file, and it can only count as it was.
	spoiled bool
}

// Open starts a store of the given node in dir. It is stopped with the test, or by Stop.
func (s Suite) Open(t *testing.T, node memory.Node, dir string, change ...func(*store.Config)) *Node {
	t.Helper()
	n := s.closed(t, node, dir, change...)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	n.stop = func() {
		cancel()
		if err := errors.Join(<-done, n.Close()); err != nil {
			t.Errorf("close store: %v", err)
		}
	}
	return n
}

// Stop drains and closes the store.
func (n *Node) Stop() {
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
}

// Dir returns the data directory.
func (n *Node) Dir() string { return n.cfg.Dir }

// Put logs ops under the node's origin and returns their entries.
func (n *Node) Put(ops ...memory.Op) []*memory.Entry {
	n.t.Helper()
	w := &memory.Write{Actor: memory.Anonymous}
	for _, op := range ops {
		w.Ops = append(w.Ops, memory.NewOp{Op: op})
	}
	return n.Write(w).Entries
}

// Write submits w, which must succeed.
func (n *Node) Write(w *memory.Write) *memory.Written {
	n.t.Helper()
	if w.Actor == "" {
		w.Actor = memory.Anonymous
	}
	out, err := n.Submit(context.WithoutCancel(n.t.Context()), w)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// Accept opens shipments and has them taken in, as the door of a node does.
func (n *Node) Accept(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return n.open(ctx, ops, false)
}

// Reapply is Accept that also merges again what is held.
func (n *Node) Reapply(ctx context.Context, ops []memory.Shipment) (memory.Accepted, error) {
	return n.open(ctx, ops, true)
}

// Settle opens shipments and has them settled.
func (n *Node) Settle(ctx context.Context, r memory.Range, ops []memory.Shipment) (disputed int, err error) {
	in, _ := memory.Open(n.cfg.Codec.Decode, ops)
	return n.Store.Settle(ctx, r, in)
}

func (n *Node) open(ctx context.Context, ops []memory.Shipment, again bool) (memory.Accepted, error) {
	in, unreadable := memory.Open(n.cfg.Codec.Decode, ops)
	out, err := n.Store.Take(ctx, in, again)
	out.Unreadable = unreadable
	return out, err
}

// Take accepts shipments, which must not be an error.
func (n *Node) Take(ops ...memory.Shipment) memory.Accepted {
	n.t.Helper()
	out, err := n.Accept(context.WithoutCancel(n.t.Context()), ops)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// Feed copies everything that from has of its current origin.
func (n *Node) Feed(from *Node) memory.Accepted {
	n.t.Helper()
	var acc memory.Accepted
	for seq := uint64(1); ; {
		ops, last, err := from.Range(n.t.Context(), memory.Range{Origin: from.Origin(), From: seq, To: 1 << 62}, 64, 1<<20)
		if err != nil {
			n.t.Fatal(err)
		}
		if len(ops) == 0 {
			return acc
		}
		got := n.Take(ops...)
		acc.Applied += got.Applied
		acc.Deferred += got.Deferred
		acc.Refused = append(acc.Refused, got.Refused...)
		acc.View = got.View
		seq = last + 1
	}
}

// Memo returns a valid memory of the given title in namespace "global".
func Memo(title, content string) memory.Memory {
	return memory.Memory{
		ID: memory.DerivedID("global", title), Tier: memory.Long, Namespace: "global", Title: title, Content: content,
		Priority: 5, Confidence: 1, Source: "api", MemoryKind: "observation", ConfidenceSource: "caller_provided",
		CreatedAt: memory.InstantOf(time.Now()), Version: 1,
	}
}

// Create is the op that creates Memo.
func Create(title, content string) *memory.Put {
	return &memory.Put{Memory: Memo(title, content), Create: true}
}

// Ship encodes entries as they travel and sets their digests.
func (s Suite) Ship(t *testing.T, entries []*memory.Entry) []memory.Shipment {
	t.Helper()
	out := make([]memory.Shipment, len(entries))
	for i, e := range entries {
		raw, err := s.Codec.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		e.Digest = sha256.Sum256(raw)
		out[i] = memory.Shipment{Raw: raw}
	}
	return out
}

// History returns a random federation history and its merge.
func (s Suite) History(t *testing.T, seed uint64, origins, n int) ([]*memory.Entry, []memory.Shipment, *memory.State) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	entries := memorytest.History(rng, origins, n, func(e *memory.Entry) memory.Digest {
		raw, err := s.Codec.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(raw)
	})
	ships := s.Ship(t, entries)
	want := memory.NewState()
	for _, e := range entries {
		want.Apply(e)
	}
	return entries, ships, want
}

// spoil changes the file of a node that has it open.
func spoil(t *testing.T, s Suite, n *Node, statement string) {
	t.Helper()
	n.spoiled = true
	s.Damage(t, n, statement)
}

// checkCounts fails unless what is counted as it is written is what the rows come to.
func (n *Node) checkCounts() {
	n.t.Helper()
	if n.spoiled {
		return
	}
	now := memory.InstantOf(time.Now())
	for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted, memory.Erased} {
		for _, f := range []memory.Filter{
			{All: true},
			{},
			{Viewer: "ai:owner"},
			{All: true, Conflicting: true},
			{All: true, Now: memory.Instant(math.MaxInt64 / 2)},
		} {
			f.Life, f.Now = life, max(f.Now, now)
			rows, err := n.Count(n.t.Context(), f)
			if err != nil {
				n.t.Fatal(err)
			}
			spaces, err := n.Spaces(n.t.Context(), f)
			if err != nil {
				n.t.Fatal(err)
			}
			counted := int64(0)
			for _, k := range spaces {
				counted += k
			}
			if counted != int64(rows) {
				n.t.Errorf("%d memories are %s of those that %+v selects, %d rows", counted, life, f, rows)
			}
		}
	}
}

// CheckState fails unless the store's registers are those of the reference, and
// its digests follow from its rows.
func (n *Node) CheckState(want *memory.State) {
	n.t.Helper()
	n.checkCounts()
	view, sums, err := n.BucketSums(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	if kept := n.View().Root; view.Root != kept {
		n.t.Errorf("digest from the rows is %s, the one kept along %s", view.Root, kept)
	}
	var total memory.Sum
	for _, d := range sums {
		total.Add(memory.SumOf(d))
	}
	if total.Digest() != view.Root {
		n.t.Errorf("the buckets add up to %s, not to %s", total.Digest(), view.Root)
	}
	if want == nil {
		return
	}
	if got := memory.SumOf(view.Root); got != want.Root() {
		n.t.Errorf("root %s, want %s", view.Root, want.Root().Digest())
	}
	for k, e := range want.Keys {
		v, got, err := n.Register(n.t.Context(), k)
		if err != nil || v != e.Version() || got.Dot != e.Dot {
			n.t.Errorf("register %q is held by %v (%v), want %v", k, v, err, e.Version())
		}
		if k.Family == memory.FamContent {
			n.checkFound(k.A)
		}
	}
}

// checkFound asks for a memory by its id, and, if it is live and somebody
// may see it, by its title.
func (n *Node) checkFound(id string) {
	n.t.Helper()
	r, err := n.Record(n.t.Context(), id)
	if err != nil {
		n.t.Errorf("memory %s: %v", id, err)
		return
	}
	if life, _ := r.Stands(memory.InstantOf(time.Now())); life != memory.Live || !r.Access().VisibleTo(r.Access().Owner) {
		return
	}
	if _, err := n.ByTitle(n.t.Context(), r.Access().Owner, r.Namespace, r.Title); err != nil {
		n.t.Errorf("memory %s: by its title: %v", id, err)
	}
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"converges in any order":       s.converges,
		"survives a restart":           s.restarts,
		"writes all or nothing":        s.allOrNothing,
		"remembers idempotency keys":   s.idempotency,
		"keeps concurrent edits":       s.conflicts,
		"stops under load":             s.stopsUnderLoad,
		"lets go of who waits":         s.closes,
		"bounds what is queued":        s.boundsMemory,
		"rolls back one job of many":   s.rollsBack,
		"changes its origin":           s.changesOrigin,
		"numbers what is its own":      s.numbering,
		"takes one incarnation a run":  s.oneIncarnation,
		"bounds origins":               s.origins,
		"settles disputes":             s.settles,
		"goes by the chain of most":    func(t *testing.T) { outvoted(t, s) },
		"moves whole requests":         func(t *testing.T) { movesRequests(s, t) },
		"concedes what was dropped":    func(t *testing.T) { concedes(s, t) },
		"repairs what is disputed":     func(t *testing.T) { repairsDisputed(s, t); repairsHollow(s, t) },
		"keeps its own time":           s.wrongClock,
		"moves what makes room":        s.makesRoom,
		"reports entries only":         s.quietHook,
		"retains versions":             s.retains,
		"ships tombstones":             s.shipsTombstones,
		"bounds ranges":                s.boundsRanges,
		"replays requests later":       s.replaysLater,
		"drops only orphans":           s.dropsOnlyOrphans,
		"serves ranges at the head":    s.rangesAtTheHead,
		"repairs any damage":           s.repairs,
		"serves no damaged text":       s.rots,
		"mends each entry":             s.rotsAnywhere,
		"mends what follows":           func(t *testing.T) { rotsBesides(t, s) },
		"finds damage unasked":         s.rotsUnseen,
		"refuses one of many":          s.refusesOne,
		"goes on with damaged rows":    s.survivesDamage,
		"is right after any history":   s.anyHistory,
		"judges expiry":                s.expires,
		"judges touches":               s.prolongs,
		"ships vectors of length one":  s.vectors,
		"ends at any moment":           s.endsWhenever,
		"counts conflicts":             s.counts,
		"names gaps below the head":    s.gapsBelowHead,
		"takes more after an upgrade":  s.upgrades,
		"parks hollow entries":         s.refusedHollow,
		"fills holes":                  s.islands,
		"waits for its time":           s.skewed,
		"keeps the first of a dot":     s.impostors,
		"erases for good":              s.erases,
		"never resurrects":             s.noResurrection,
		"parks what it cannot take":    s.parks,
		"refuses a dot used twice":     s.dotConflict,
		"takes a new incarnation":      s.incarnation,
		"serves ranges":                s.ranges,
		"compacts and ships snapshots": s.compacts,
		"lists, filters and pages":     s.lists,
		"lists what one of many holds": func(t *testing.T) { heldOfMany(t, s) },
		"finds text":                   s.projects,
		"links when both ends live":    s.links,
		"keeps proposals and votes":    s.pendings,
		"mends damaged rows":           s.mends,
		"counts reads":                 s.touches,
		"commits in order":             s.hook,
		"stops when the disk is full":  s.full,
		"owes events to endpoints":     s.webhooks,
		"finds a place by its time":    s.before,
		"keeps what members sign":      s.evidence,
		"remembers requests":           s.marks,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func title(i int) string { return fmt.Sprintf("title %03d", i) }
