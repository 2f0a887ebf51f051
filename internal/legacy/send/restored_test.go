package send

import (
	"net/http"
	"testing"

	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// told logs entries of a history that several nodes hear of, each with the stamp that
// is its place in time.
func told(origin memory.Origin, at uint64, op memory.Op, prev ...memory.Dot) *memory.Entry {
	return &memory.Entry{
		Dot: memory.Dot{Origin: origin, Seq: at}, Stamp: memory.MakeStamp(memory.Instant(1_700_000_000e9).Time()) + memory.Stamp(at)<<16,
		Actor: "alice", Op: op, Prev: prev,
	}
}

func textOf(content string) memory.Op {
	return &memory.Put{Create: true, Memory: memory.Memory{
		ID: "a", Tier: memory.Long, Namespace: "ns", Title: "t", Content: content, Priority: 5, Confidence: 1, Source: "api",
		CreatedAt: 1_690_000_000e9, MemoryKind: "observation", ConfidenceSource: "default", Version: 1,
	}}
}

// A peer may have an old text in its archive and the new one beside it: a deletion and a
// restore leave the old one, which it takes for changed just now.
func TestARestoreDoesNotBringBackAnOldText(t *testing.T) {
	peer := newRealNode(t)
	one, two := newOurs(t, peer), newOurs(t, peer)
	first, second := told("a.1", 10, textOf("first")), told("b.1", 15, textOf("second"))
	deleted, archived, restored := told("b.1", 18, &memory.Delete{ID: "a"}), told("a.1", 20, &memory.Archive{ID: "a", Reason: "archive"}), told("a.1", 30, &memory.Restore{ID: "a"})
	takes := func(o *ours, list ...*memory.Entry) {
		for _, e := range list {
			o.take(e)
		}
		o.deliver(t)
	}
	takes(one, first, archived)
	takes(one, second, restored)
	if peer.rows["a"].Content != "second" || peer.archive["a"].Content != "first" {
		t.Fatalf("live %q, archived %q: this is about another state", peer.rows["a"].Content, peer.archive["a"].Content)
	}
	takes(two, first, second, deleted)
	takes(one, deleted)
	takes(two, archived, restored)
	if got := peer.rows["a"].Content; got != "second" {
		t.Errorf("there it is %q", got)
	}
}

// The node dies after a peer has restored a memory, and before the text has gone there.
func TestANodeThatDiesWithinARestoreWritesTheTextAfterwards(t *testing.T) {
	peer := newRealNode(t)
	o := newOurs(t, peer)
	first := told("a.1", 10, textOf("first"))
	o.take(first)
	o.deliver(t)
	old := peer.rows["a"]
	o.take(told("a.1", 15, textOf("second"), first.Dot))
	o.take(told("a.1", 20, &memory.Archive{ID: "a", Reason: "archive"}))
	o.deliver(t)
	peer.archive["a"] = old // what another node of ours was late with
	o.take(told("a.1", 30, &memory.Restore{ID: "a"}))
	peer.refuse = func(p *wire.Push) (int, string) {
		if len(p.Restores) == 0 {
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	}
	if _, err := o.lanes.lanes[0].work(t.Context(), false); err == nil || peer.rows["a"].Content != "first" {
		t.Fatalf("%v, %q: this is about another state", err, peer.rows["a"].Content)
	}
	peer.refuse = nil
	again := newOurs(t, peer)
	again.model, again.notebook = o.model, o.notebook
	l := again.lanes.lanes[0]
	l.render.state, l.source, l.ledger = again, again, again
	l.change(func(st *Status) { st.LSN = o.cursors[l.peer.member()] })
	again.deliver(t)
	if got := peer.rows["a"].Content; got != "second" {
		t.Errorf("there it is %q", got)
	}
}
