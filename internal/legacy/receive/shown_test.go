package receive_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/legacy/receive"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// An archive and a restore of one peer come in any order, and what a peer shows says
// which of them was the last.
func TestWhatAPeerShowsSaysWhetherItWasRestored(t *testing.T) {
	old, other := newSigner(t, "old"), newSigner(t, "other")
	at := captured()
	before, after := rowAt("m1", "t", "c", at, at.Add(20*time.Second)), rowAt("m1", "t", "c", at, at.Add(90*time.Second))
	archive, restore := &wire.Push{Archives: []string{"m1"}}, &wire.Push{Restores: []string{"m1"}}
	for name, tt := range map[string]struct {
		from  *signer // of the archive
		first *wire.Push
		shown wire.Memory
		late  time.Duration // of the question, after the archive has come
		life  memory.Life
		stale int
	}{
		"the restore came first":          {old, restore, before, time.Minute, memory.Live, 0},
		"the restore is lost":             {old, nil, before, time.Minute, memory.Live, 0},
		"another's archive, restored":     {other, nil, after, 2 * time.Minute, memory.Live, 0},
		"another's archive, edited first": {other, nil, before, time.Minute, memory.Archived, 1},
		"it came back by catching up":     {old, nil, rowAt("m1", "t", "c", at, at), time.Minute, memory.Archived, 1},
		"it was asked before":             {old, nil, before, -time.Minute, memory.Archived, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := open(t, "a", t.TempDir(), old.peer(), other.peer())
			n.setClock(at.Add(30 * time.Second))
			n.says(old.signed(rows(rowAt("m1", "t", "c", at, at))), 200, "")
			asks := 0
			if tt.first != nil {
				n.says(old.signed(tt.first), 200, "")
				asks = 1
			}
			n.says(tt.from.signed(archive), 200, "")
			if n.asks != asks || n.life() != memory.Archived {
				t.Errorf("asked %d times, it is %s", n.asks, n.life())
			}
			asked := n.cfg.Now().Add(tt.late)
			n.ahead.Add(int64(3 * time.Minute))
			peer := old.peer()
			if err := n.Shown(t.Context(), &peer, asked, []wire.Memory{tt.shown}); err != nil {
				t.Fatal(err)
			}
			if got := n.life(); got != tt.life || len(n.stale) != tt.stale {
				t.Errorf("it is %s, told again %v", got, n.stale)
			}
		})
	}
	n := open(t, "a", t.TempDir(), old.peer())
	n.setClock(at.Add(30 * time.Second))
	for _, p := range []*wire.Push{rows(rowAt("m1", "t", "c", at, at)), archive, rows(before)} {
		n.says(old.signed(p), 200, "")
	}
	if got := n.life(); got != memory.Archived {
		t.Errorf("an edit that was sent before the archive has made it %s", got)
	}
}

// Peers keep the highest of two numbers: who may have done so is told anew.
func TestWhoKeepsAHighNumberIsToldAnew(t *testing.T) {
	s := newSigner(t, "old")
	at := captured()
	high, low := rowAt("m1", "t", "c", at, at), rowAt("m1", "t", "c", at, at.Add(20*time.Second))
	high.Priority, low.Priority, low.Version = 9, 1, 2
	raised := low
	raised.Priority = 9
	others, it := receive.Stale{ID: "m1", Anew: true, Peer: "old", Others: true}, receive.Stale{ID: "m1", Anew: true, Peer: "old"}
	for name, tt := range map[string]struct {
		pushes []*wire.Push
		shown  []wire.Memory
		stale  []receive.Stale
	}{
		"in order":                 {[]*wire.Push{rows(high), rows(low)}, nil, nil},
		"the old one again":        {[]*wire.Push{rows(high), rows(low), rows(high)}, nil, []receive.Stale{others}},
		"the old one last":         {[]*wire.Push{rows(low), rows(high)}, nil, []receive.Stale{others}},
		"the peer shows it raised": {[]*wire.Push{rows(high), rows(low)}, []wire.Memory{raised}, []receive.Stale{it}},
		"the peer shows both":      {[]*wire.Push{rows(high), rows(low)}, []wire.Memory{low, high}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := open(t, "a", t.TempDir(), s.peer())
			n.setClock(at.Add(30 * time.Second))
			for _, p := range tt.pushes {
				n.says(s.signed(p), 200, "")
			}
			n.ahead.Add(int64(time.Minute))
			peer := s.peer()
			if err := n.Shown(t.Context(), &peer, n.cfg.Now(), tt.shown); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(n.stale, tt.stale) {
				t.Errorf("told again %+v", n.stale)
			}
			rec, err := n.store.Record(t.Context(), "m1")
			if err != nil || rec.Priority != 1 {
				t.Errorf("%+v, %v", rec, err)
			}
		})
	}
	if !others.Of("another") || others.Of("old") || !it.Of("old") || it.Of("another") || !(receive.Stale{}).Of("old") {
		t.Error("who is told")
	}
}
