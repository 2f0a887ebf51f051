package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// FuzzGarbledRows garbles values anywhere in a database that has something of everything.
// Whatever they are, the node opens or says why not, serves what it should or says that it is
// damaged, and becomes what it was once somebody has sent it what that was.
func FuzzGarbledRows(f *testing.F) {
	const seeds = 36
	for seed := range uint64(seeds) {
		f.Add(seed)
	}
	for _, seed := range []uint64{53, 60, 61, 83, 88, 105, 132, 138, 162, 185, 199} { // of several rows that belong together
		f.Add(severe + seed)
	}
	made := &original{dir: f.TempDir(), fill: fill}
	f.Fuzz(func(t *testing.T, seed uint64) { made.garbled(t, seed, (*garbled).values) })
}

// original is a database that is made once, and garbled in copies.
type original struct {
	dir  string
	fill func(t *testing.T, dir string)
	ids  []string          // of all memories
	want map[string]answer // of a copy that nobody has garbled
}

// garbled has values or rows of a copy garbled, and checks what becomes of it.
func (o *original) garbled(t *testing.T, seed uint64, harm func(*garbled, *garbler)) {
	t.Helper()
	g := o.copies(t, seed)
	b := garbling(t, g.dir)
	harm(g, b)
	b.close()
	g.run()
}

// copies are one that is to be garbled, and one that is not.
func (o *original) copies(t *testing.T, seed uint64) *garbled {
	t.Helper()
	if o.want == nil {
		o.fill(t, o.dir)
		whole := t.TempDir()
		copyDir(t, o.dir, whole)
		n := suite().Open(t, "a", whole)
		o.ids = idsOf(t, n)
		o.want = answers(t, n, o.ids, patience)
		n.Stop()
	}
	g := &garbled{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), ids: o.ids, want: o.want}
	twin := t.TempDir()
	copyDir(t, o.dir, g.dir)
	copyDir(t, o.dir, twin)
	g.twin = suite().Open(t, "a", twin)
	return g
}

// fill makes a database with rows in every table.
func fill(t *testing.T, dir string) {
	t.Helper()
	ctx := t.Context()
	n, other := suite().Open(t, "a", dir), suite().Open(t, "b", t.TempDir())
	_, ships, _ := suite().History(t, 3, 3, 60)
	n.Take(ships...)
	id := func(name string) string { return storetest.Memo(name, "").ID }
	var last *memory.Entry
	for i := range 3 {
		op := storetest.Create("edited", fmt.Sprint("revision ", i))
		w := memory.NewOp{Op: op}
		if last != nil {
			m := op.Memory
			m.Version = int64(i + 1)
			w = memory.NewOp{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{last.Dot}}
		}
		last = n.Write(&memory.Write{Ops: []memory.NewOp{w}}).Entries[0]
	}
	first := n.Put(storetest.Create("disputed", "one"))[0]
	for i := range 2 {
		m := storetest.Memo("disputed", fmt.Sprint("of two ", i))
		m.Version = 2
		n.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{first.Dot}}}})
	}
	vector := memory.Embedding{Model: "m", Vector: []float32{0.6, 0.8}}
	n.Write(&memory.Write{Ops: []memory.NewOp{{Op: storetest.Create(embedded, "text"), Embedding: &vector}}})
	sub := storetest.Memo("s", `{"events":"*"}`)
	sub.Namespace = memory.SubscriptionNamespace
	touch := storetest.Memo("short", "for a while")
	touch.ExpiresAt = memory.InstantOf(time.Now().Add(time.Hour))
	n.Put(storetest.Create("archived", "x"), storetest.Create("deleted", "x"), storetest.Create("erased", "x"), &memory.Put{Memory: sub, Create: true},
		&memory.Put{Memory: touch, Create: true}, &memory.Archive{ID: id("archived"), Reason: "old"}, &memory.Delete{ID: id("deleted")},
		&memory.Erase{ID: id("erased")}, &memory.Link{Source: id("edited"), Target: id("disputed"), Relation: memory.Supersedes, CreatedAt: 1},
		&memory.Link{Source: id("edited"), Target: id("archived"), Relation: "related_to", CreatedAt: 1},
		&memory.SetStandard{Namespace: "global", StandardID: id("edited")},
		&memory.Propose{ID: "p", Namespace: "global", Requester: "ai:x", RequestedAt: 1, Action: storetest.Create("never", "x")},
		&memory.Decide{ID: "p", Voter: "ai:y", Approve: true})
	n.Write(&memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: storetest.Create("repeated", "text")}}, Idempotency: &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}})
	beside(t, n, other)
	n.Touch([]string{id(embedded), id("edited")}, memory.InstantOf(time.Now()))
	if out, err := n.Scrub(ctx, 0, time.Hour); err != nil || out.Wrong || out.Damaged > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	n.CheckState(nil)
	n.Stop()
	other.Stop()
}

// beside puts something into the tables that are no part of the state.
func beside(t *testing.T, n, other *storetest.Node) {
	t.Helper()
	ctx := t.Context()
	one := other.Put(storetest.Create(foreseen, "first"))[0]
	m := storetest.Memo(foreseen, "second")
	m.Version = 2
	other.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{one.Dot}}}})
	other.Put(storetest.Create("refused", "text"), storetest.Create("theirs", "text"))
	ops, _, err := other.Range(ctx, memory.Range{Origin: other.Origin(), From: 1, To: 9}, 9, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	in, _ := memory.Open(suite().Codec.Decode, ops[1:])
	in[0].Mark = memory.Mark{Signer: "key", Nonce: "nonce", Created: 1, Expires: memory.InstantOf(time.Now().Add(time.Hour))}
	in[1].Refused = fmt.Errorf("not here: %w", memory.ErrForbidden)
	_, took := n.Store.Take(ctx, in, false)
	d := memory.Delivery{ID: "sub", Born: 1, LSN: 3}
	l := memory.DeadLetter{Subscription: "sub", LSN: 2, Event: "created", CorrelationID: "c", Body: []byte("{}")}
	own := memory.Parked{Refusal: memory.Refusal{Dot: memory.Dot{Origin: n.Origin(), Seq: 2}, Code: memory.CodeInvalid, Text: "no"}, Member: "b", Since: 1}
	signed := memory.Statement{
		Member: "b", Epoch: 1, At: 10, Run: memory.Range{Origin: n.Origin(), From: 1, To: 4},
		Signed: []byte("bytes"), Signature: []byte("signature"), Credential: "credential", Chain: "chain",
	}
	_, gaveUp := n.GiveUp(ctx, l, d, 9)
	for _, member := range []memory.Node{"b", "c"} {
		took = errors.Join(took, n.SaveCursor(ctx, member, n.Origin(), 4))
	}
	if err := errors.Join(took, gaveUp, n.Park(ctx, own), n.KeepStatements(ctx, []memory.Statement{signed})); err != nil {
		t.Fatal(err)
	}
}

// garbled is a database of which values are garbled, and a twin of which none are.
type garbled struct {
	t       *testing.T
	seed    uint64
	rng     *rand.Rand
	dir     string
	n, twin *storetest.Node
	ids     []string          // of all memories
	want    map[string]answer // of a twin, who is asked once: nothing becomes of it
	did     []string
	lost    bool // what there was may be told by nothing that is left
	holed   bool // so may a revision that was replaced
}

func (g *garbled) fail(format string, args ...any) {
	g.t.Helper()
	g.t.Errorf("after %s:\n"+format, append([]any{strings.Join(g.did, "; ")}, args...)...)
}

// severe is from which seed on five values are garbled, and not one or two.
const severe = 5000

// values garbles some values.
func (g *garbled) values(b *garbler) {
	values := 5
	if g.seed < severe {
		values = 1 + g.rng.IntN(3)/2
	}
	for range values {
		table := pickOne(g.rng, append(b.tables(), "log", "log", "log", "log", "log", "log", "memories", "memories", "memories", "memories", "registers", "registers", "origins", "node"))
		var columns []column
		for _, c := range b.columns(table) {
			if !c.key || b.byKey(table) || !b.isNumber(table, c.name) { // the numbers of rows are their order
				columns = append(columns, c)
			}
		}
		c := pickOne(g.rng, columns)
		rows := b.rows(fmt.Sprintf(`SELECT %s FROM %s NOT INDEXED`, c.name, table))
		if len(rows) == 0 {
			continue
		}
		at := g.rng.IntN(len(rows))
		was := rows[at][0]
		to := g.other(was)
		if to == nil && c.key && b.byKey(table) {
			continue
		}
		// A row is told by its place: what it is called may be what is garbled.
		where := fmt.Sprintf(`rowid = (SELECT rowid FROM %s NOT INDEXED LIMIT 1 OFFSET %d)`, table, at)
		if b.byKey(table) {
			where = c.name + ` IS ?2`
		}
		reindex := g.rng.IntN(2) == 0
		g.did = append(g.did, fmt.Sprintf("%s.%s of row %d: %T %.60q for %.60q (indexes too: %v)", table, c.name, at, to, fmt.Sprint(to), fmt.Sprint(was), reindex))
		args := []any{to}
		if b.byKey(table) {
			args = append(args, was)
		}
		b.change(table, reindex, fmt.Sprintf(`UPDATE %s SET %s = ?1 WHERE %s`, table, c.name, where), args...)
	}
}

func pickOne[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// other is what a value may become.
func (g *garbled) other(was any) any {
	switch g.rng.IntN(9) {
	case 0:
		return nil
	case 1:
		return pickOne(g.rng, []any{int64(-1), int64(0), int64(1) << 62, int64(math.MinInt64), int64(math.MaxInt64), int64(1) << 32, int64(7)})
	case 2:
		return pickOne(g.rng, []any{1.5, "x", "", "\xff\xfe", []byte{}, []byte{0, 255}, []byte("text")})
	}
	bit := func(b []byte) []byte {
		if len(b) == 0 {
			return []byte{1}
		}
		b = slices.Clone(b)
		b[g.rng.IntN(len(b))] ^= 1 << g.rng.IntN(8)
		return b
	}
	switch v := was.(type) {
	case int64:
		if g.rng.IntN(4) == 0 {
			return -v
		}
		return v ^ 1<<g.rng.IntN(pickOne(g.rng, []int{4, 12, 64}))
	case string:
		switch g.rng.IntN(4) {
		case 0:
			return v[:g.rng.IntN(len(v)+1)]
		case 1:
			return []byte(v)
		}
		return string(bit([]byte(v)))
	case []byte:
		switch g.rng.IntN(4) {
		case 0:
			return v[:g.rng.IntN(len(v)+1)]
		case 1:
			return string(v)
		}
		return bit(v)
	}
	return "x"
}

func (g *garbled) run() {
	t := g.t
	s, err := store.Open(t.Context(), store.Config{
		Dir: g.dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: suite().Codec, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		if !strings.Contains(err.Error(), "put a backup in its place") && !strings.Contains(err.Error(), "belongs to node") {
			g.fail("it does not open, and does not say what to do: %v", err)
		}
		return
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	g.n = suite().Open(t, "a", g.dir)
	g.scrub()
	want, got := g.want, answers(t, g.n, g.ids, patience)
	for _, what := range slices.Sorted(maps.Keys(want)) {
		if a := got[what]; !a.damaged && !g.lost && g.counted(a.text) != g.counted(want[what].text) && (!g.holed || !strings.HasPrefix(what, "history")) {
			g.fail("%s (-want +got):\n%s", what, cmp.Diff(want[what].text, a.text))
		}
	}
	if t.Failed() {
		return
	}
	g.heal()
	for when := range 2 {
		if n, twin := g.n.View().Root, g.twin.View().Root; n != twin {
			g.fail("time %d: the state is %s, want %s", when, n, twin)
		}
		g.heads()
		g.n.CheckState(nil)
		got = answers(t, g.n, g.ids, patience)
		for _, what := range slices.Sorted(maps.Keys(want)) {
			if got[what] != want[what] {
				g.fail("time %d: healed, %s (-want +got):\n%s", when, what, cmp.Diff(want[what].text, got[what].text))
			}
		}
		if n := g.n.Damaged(); n > 0 {
			left, _ := g.n.Damage(t.Context(), 9)
			g.fail("time %d: %d entries are damaged still: %v", when, n, left.Dots)
		}
		if t.Failed() {
			return
		}
		g.n.Stop()
		g.n = suite().Open(t, "a", g.dir)
	}
	before := g.twin.View().Heads[g.twin.Origin()].Seq
	e := g.n.Put(storetest.Create("the next", "text"))[0]
	if e.Dot.Origin == g.twin.Origin() && e.Dot.Seq <= before || e.Dot.Seq > before+1 || e.Stamp.Time().After(time.Now().Add(time.Minute)) {
		g.fail("the next is %s of %s, after %d", e.Dot, e.Stamp.Time(), before)
	}
}

// counted is an answer without what revisions count that may be lost.
func (g *garbled) counted(text string) string {
	if g.holed {
		return regexp.MustCompile(`"Conflicts":\d+`).ReplaceAllString(text, "")
	}
	return text
}

// heads checks that of others' entries it says that it holds what the twin does.
func (g *garbled) heads() {
	want, got := g.twin.View().Heads, g.n.View().Heads
	for o, h := range want {
		if o != g.twin.Origin() && (got[o].Seq != h.Seq || !slices.Equal(got[o].Gaps, h.Gaps)) {
			g.fail("of %s it says that it holds %+v, want %+v", o, got[o], h)
		}
	}
}

func (g *garbled) scrub() {
	g.t.Helper()
	for range 2 { // what is found on the way may be of rows that were read before
		ctx, cancel := context.WithTimeout(g.t.Context(), 30*time.Second)
		err := again(patience, func() error { _, err := g.n.Scrub(ctx, 0, time.Hour); return err })
		cancel()
		if err != nil {
			g.fail("a pass: %v", err)
			g.t.FailNow()
		}
	}
}

// patience is how long a test tries again what it is told to.
const patience = 3 * time.Second

// again asks as long as it is told to try again.
func again(patience time.Duration, ask func() error) error {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err = ask(); !errors.Is(err, memory.ErrBroken) {
			return err
		}
	}
	return err
}

// heal sends what the twin has, as members do: what is listed, what differs, and all of it.
func (g *garbled) heal() {
	g.t.Helper()
	ctx := g.t.Context()
	for range 3 {
		if err := g.healListed(); err != nil {
			g.fail("healing: %v", err)
			return
		}
	}
	var view memory.View
	err := again(patience, func() (err error) {
		view, err = g.twin.Snapshot(ctx, func(ops []memory.Shipment) error { return g.take(ops, false) }) //nolint:contextcheck // that of the test
		return err
	})
	if err == nil {
		err = g.n.AdoptHeads(ctx, view.Heads)
	}
	if err != nil {
		g.fail("a snapshot: %v", err)
	}
	if g.n.View().Root != g.twin.View().Root {
		g.compare()
	}
	g.scrub()
}

// healListed sends what is listed, and what was refused here and not there.
func (g *garbled) healListed() error {
	ctx := g.t.Context()
	list, err := g.n.Damage(ctx, 999)
	if err != nil {
		return err
	}
	for o, h := range g.n.View().Heads { // what was refused comes by the door
		for _, seq := range h.Gaps {
			if d := (memory.Dot{Origin: o, Seq: seq}); g.twin.View().Heads.Holds(d) {
				list.Dots = append(list.Dots, d)
			}
		}
	}
	ops, err := g.twin.ByDot(ctx, list.Dots)
	if err != nil {
		return err
	}
	return g.take(ops, true)
}

// take has entries taken in by a door that refuses what the twin's has refused.
func (g *garbled) take(ops []memory.Shipment, again bool) error {
	list, err := g.twin.Parked(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	in, _ := memory.Open(suite().Codec.Decode, ops)
	for i := range in {
		if d := in[i].Entry.Dot; slices.ContainsFunc(list, func(p memory.Parked) bool { return p.Member == "a" && p.Dot == d }) {
			in[i].Refused = fmt.Errorf("not here: %w", memory.ErrForbidden)
		}
	}
	_, err = g.n.Store.Take(g.t.Context(), in, again)
	return err
}

// compare has what differs merged again.
func (g *garbled) compare() {
	g.t.Helper()
	ctx := g.t.Context()
	all := make([]uint16, memory.Buckets)
	for i := range all {
		all[i] = uint16(i)
	}
	_, there, err := g.twin.BucketRegisters(ctx, all)
	if err != nil {
		g.t.Fatal(err)
	}
	_, here, err := g.n.BucketRegisters(ctx, all)
	if err != nil {
		g.fail("a comparison: %v", err)
		return
	}
	var dots []memory.Dot
	for _, r := range there {
		if !slices.Contains(here, r) {
			dots = append(dots, r.Version.Dot)
		}
	}
	ops, err := g.twin.ByDot(ctx, dots)
	if err == nil {
		err = g.take(ops, true)
	}
	if err != nil {
		g.fail("a repair: %v", err)
	}
}
