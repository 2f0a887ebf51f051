package store_test

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// FuzzGarbledPages damages the files of a database as a disk does. Whatever is left of them,
// the node says at its start what to do, or runs, serves what it should or says that it is
// damaged, and goes on.
func FuzzGarbledPages(f *testing.F) {
	for kind := storetest.PageZeroed; kind <= storetest.LogGone; kind++ {
		f.Add(1000 * uint64(kind))
	}
	f.Add(uint64(2001))
	f.Add(uint64(2435))
	f.Add(uint64(2472))
	f.Add(uint64(3025))
	f.Add(uint64(5412))
	stopped := &original{dir: f.TempDir(), fill: func(t *testing.T, dir string) {
		t.Helper()
		fill(t, dir)
		goOn(t, dir)
	}}
	killed := &original{dir: f.TempDir(), fill: func(t *testing.T, dir string) {
		t.Helper()
		at := t.TempDir()
		fill(t, at)
		n := suite().Open(t, "a", at)
		for i := range 30 {
			n.Put(storetest.Create(fmt.Sprint("since ", i), strings.Repeat("text ", 100)))
		}
		copyDir(t, at, dir)
		n.Stop()
	}}
	f.Fuzz(func(t *testing.T, seed uint64) {
		made := stopped
		kind := storetest.FileDamage(seed / 1000) // the kind of a seed is its thousands
		if kind < storetest.PageZeroed || kind > storetest.LogGone {
			t.Skip("no kind of damage") // the fuzzer tries any number
		}
		if kind.OfLog() {
			made = killed
		}
		p := &pages{garbled: made.copies(t, seed)}
		p.did, p.lost = []string{kind.Do(t, p.rng, filesOf(p.dir))}, kind.OfLog()
		p.run()
	})
}

// pages are files of a database that are damaged.
type pages struct {
	*garbled
}

func (p *pages) run() {
	t := p.t
	s, err := store.Open(t.Context(), store.Config{
		Dir: p.dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: suite().Codec, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		if !strings.Contains(err.Error(), "put a backup in its place") && !strings.Contains(err.Error(), "put it back, or a backup") && !strings.Contains(err.Error(), "belongs to node") {
			p.fail("it does not open, and does not say what to do: %v", err)
		}
		return
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.n = suite().Open(t, "a", p.dir)
	if p.pass() && !p.n.Broken() {
		p.fail("a pass cannot read the database, and nothing says so")
	}
	want, got := p.want, answers(t, p.n, p.ids, briefly)
	told := p.lost || p.n.Damaged() > 0 || p.n.Broken() // that there is less
	for _, what := range slices.Sorted(maps.Keys(want)) {
		if a := got[what]; !a.damaged && a.text != want[what].text && !told {
			p.fail("%s (-want +got):\n%s", what, cmp.Diff(want[what].text, a.text))
		}
	}
	if t.Failed() {
		return
	}
	broken := p.mend()
	if broken { // the first to meet it may have had it mended
		broken = p.mend()
	}
	if !broken && !p.n.Broken() {
		if n, twin := p.n.View().Root, p.twin.View().Root; n != twin {
			p.fail("the state is %s, want %s", n, twin)
		}
		p.n.CheckState(nil)
	}
	before := p.twin.View().Heads[p.twin.Origin()].Seq
	out, err := p.n.Submit(t.Context(), &memory.Write{Actor: memory.Anonymous, Ops: []memory.NewOp{{Op: storetest.Create("the next", "text")}}})
	switch {
	case err != nil && !errors.Is(err, memory.ErrBroken):
		p.fail("a write: %v", err)
	case err == nil && !p.lost:
		if d := out.Entries[0].Dot; d.Origin == p.twin.Origin() && d.Seq <= before {
			p.fail("the next is %s, after %d", d, before)
		}
	}
}

// briefly is how long a test tries again what may never be mended.
const briefly = 200 * time.Millisecond

// pass makes a pass over all, and reports whether something cannot be read.
func (p *pages) pass() (broken bool) {
	for range 2 {
		err := again(briefly, func() error { _, err := p.n.Scrub(p.t.Context(), 0, time.Hour); return err })
		broken = errors.Is(err, memory.ErrBroken)
		if err != nil && !broken {
			p.fail("a pass: %v", err)
		}
	}
	return broken
}

// mend has the twin send all that it has, as a member does.
func (p *pages) mend() (broken bool) {
	ctx := p.t.Context()
	try := func(what string, do func() error) {
		err := again(briefly, do)
		broken = broken || errors.Is(err, memory.ErrBroken)
		if err != nil && !errors.Is(err, memory.ErrBroken) {
			p.fail("%s: %v", what, err)
		}
	}
	for range 2 {
		try("healing", p.healListed)
	}
	try("a snapshot", func() error {
		view, err := p.twin.Snapshot(ctx, func(ops []memory.Shipment) error { return p.take(ops, false) }) //nolint:contextcheck // that of the test
		if err != nil {
			return err
		}
		return p.n.AdoptHeads(ctx, view.Heads)
	})
	if !broken && p.n.View().Root != p.twin.View().Root {
		p.compare()
	}
	return p.pass() || broken
}

// filesOf are those of the database in a directory.
func filesOf(dir string) storetest.Files {
	name := filepath.Join(dir, store.FileName)
	return storetest.Files{Database: name, Log: name + "-wal", Index: name + "-shm"}
}
