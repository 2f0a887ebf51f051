package storetest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
)

// tangled gives a and b the same archived memory with a conflict, and returns its id.
func (s Suite) tangled(t *testing.T, a, b *Node) string {
	t.Helper()
	created := a.Put(Create("one", "a xylophone"))[0]
	id := Memo("one", "").ID
	for i, text := range []string{"a lost xylophone", "the xylophone"} {
		m := Memo("one", text)
		m.Version = int64(i + 2)
		a.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{created.Dot}}}})
	}
	a.Put(&memory.Archive{ID: id, Reason: "archive"}, &memory.Restore{ID: id}, &memory.Archive{ID: id, Reason: "again"}, Create("two", "x"))
	b.Feed(a)
	return id
}

// repair does what replication does about a difference: it merges again the
// entries that hold registers at a.
func (n *Node) repair(a *Node) {
	n.t.Helper()
	if _, err := n.Scrub(n.t.Context(), 0, time.Hour); err != nil {
		n.t.Fatal(err)
	}
	all := make([]uint16, memory.Buckets)
	for i := range all {
		all[i] = uint16(i)
	}
	_, there, err := a.BucketRegisters(n.t.Context(), all)
	if err != nil {
		n.t.Fatal(err)
	}
	_, here, err := n.BucketRegisters(n.t.Context(), all)
	if err != nil {
		n.t.Fatal(err)
	}
	var dots []memory.Dot
	for _, r := range there {
		if !slices.Contains(here, r) {
			dots = append(dots, r.Version.Dot)
		}
	}
	ops, err := a.ByDot(n.t.Context(), dots)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := n.Reapply(n.t.Context(), ops); err != nil {
		n.t.Fatal(err)
	}
}

type account struct {
	Record  *memory.Record
	History []memory.Revision
}

func (n *Node) account(id string) account {
	n.t.Helper()
	r, err := n.Record(n.t.Context(), id)
	if err != nil {
		n.t.Fatal(err)
	}
	revs, err := n.History(n.t.Context(), id)
	if err != nil {
		n.t.Fatal(err)
	}
	for i := range revs {
		revs[i].LSN = 0 // what is mended may come to stand elsewhere
	}
	return account{r, revs}
}

// repairs checks that whatever row is damaged, the node goes on, and is as
// before once a member has helped.
func (s Suite) repairs(t *testing.T) {
	const ofOne = ` FROM memories WHERE title = 'one'`
	for name, damage := range map[string]string{
		"a lost record":              `DELETE FROM memories WHERE title = 'one'`,
		"lost records":               `DELETE FROM memories`,
		"a lost entry":               `DELETE FROM log WHERE lsn = (SELECT c_lsn` + ofOne + `)`,
		"a lost lifecycle":           `DELETE FROM log WHERE lsn = (SELECT l_lsn` + ofOne + `)`,
		"a lost record and entry":    `DELETE FROM log WHERE lsn = (SELECT c_lsn` + ofOne + `); DELETE FROM memories WHERE title = 'one'`,
		"damaged bytes of an entry":  `UPDATE log SET raw = substr(raw, 1, 40) || x'00' || substr(raw, 42) WHERE lsn = (SELECT c_lsn` + ofOne + `)`,
		"a damaged digest":           `UPDATE log SET digest = zeroblob(32) WHERE lsn = (SELECT c_lsn` + ofOne + `)`,
		"a record that points wrong": `UPDATE memories SET c_lsn = l_lsn WHERE title = 'one'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := s.Open(t, "a", t.TempDir()), s.Open(t, "b", t.TempDir())
			id := s.tangled(t, a, b)
			want := b.account(id)
			if want.Record.Conflicts != 1 || len(want.History) != 3 {
				t.Fatalf("%+v", want)
			}
			spoil(t, s, b, damage)
			b.repair(a)
			b.CheckState(nil)
			if b.View().Root != a.View().Root {
				t.Error("the nodes still differ")
			}
			if diff := cmp.Diff(want, b.account(id)); diff != "" {
				t.Errorf("after the repair:\n%s", diff)
			}
			s.livesOn(t, b, id, a.all())
		})
	}
}

// livesOn checks that nothing of a damage comes back later.
func (s Suite) livesOn(t *testing.T, n *Node, id string, stable map[memory.Origin]uint64) {
	t.Helper()
	n.compact(ahead(), 1, stable)
	m := Memo("one", "edited")
	m.Version = 3
	n.Put(&memory.Put{Memory: m}, &memory.Restore{ID: id})
	n.CheckState(nil)
	n.Put(&memory.Erase{ID: id})
	n.CheckState(nil)
	n.Stop()
	raw, err := os.ReadFile(filepath.Join(n.Dir(), store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("a lost xylophone")) {
		t.Error("a version that was lost sight of survives the erasure")
	}
}

// survivesDamage checks that a node with damaged rows takes writes.
func (s Suite) survivesDamage(t *testing.T) {
	a := s.Open(t, "a", t.TempDir())
	b := s.Open(t, "b", t.TempDir())
	id := s.tangled(t, a, b)
	spoil(t, s, b, `DELETE FROM log`)
	m := Memo("one", "edited")
	m.Version = 3
	b.Put(&memory.Put{Memory: m}, &memory.Restore{ID: id}, Create("two", "again"))
	if r, err := b.Record(t.Context(), id); err != nil || r.Life != memory.Live || r.Memory.Content != "edited" {
		t.Errorf("%+v (%v)", r, err)
	}
	if _, err := b.Scrub(t.Context(), 0, time.Hour); err != nil {
		t.Error(err)
	}
	b.CheckState(nil)
	if h := b.View().Heads[b.Origin()]; h.Seq != 3 {
		t.Errorf("head %+v", h)
	}
	// A poisoned row does not keep projections from the rest.
	spoil(t, s, b, `UPDATE log SET raw = x'00' WHERE lsn = (SELECT c_lsn FROM memories WHERE title = 'two')`)
	b.Put(Create("three", "a xylophone"))
	b.Put(&memory.SetStandard{Namespace: "ruled", StandardID: id})
	spoil(t, s, b, `UPDATE log SET raw = x'00' WHERE lsn = (SELECT max(lsn) FROM log)`)
	if _, err := b.Standard(t.Context(), "ruled"); !errors.Is(err, memory.ErrDamaged) {
		t.Errorf("a damaged standard: %v, want %v", err, memory.ErrDamaged)
	}
	recs, last, err := b.Changed(t.Context(), 0, 100)
	if err != nil || last != b.View().LSN {
		t.Fatalf("up to %d (%v), want %d", last, err, b.View().LSN)
	}
	if !slices.ContainsFunc(recs, func(r memory.Record) bool { return r.Memory.Content == "a xylophone" }) {
		t.Errorf("%+v: what is whole is missing", recs)
	}
}
