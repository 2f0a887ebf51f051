package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// furnished is a node with a row in each of the tables that keep what is no part of the
// state, and another one that has written half of it.
type furnished struct {
	t        *testing.T
	pair     pair
	n, other *storetest.Node
	write    *memory.Write // that may be repeated
	wrote    memory.Dot
	mark     memory.Mark
	signed   memory.Statement
	vector   []float32
	late     memory.Shipment // of a revision that is named, and has not come
	root     memory.Digest   // with that
}

const foreseen, embedded = "a memory that was edited", "a memory with a vector"

func furnish(t *testing.T) furnished {
	t.Helper()
	f := furnished{t: t, other: suite().Open(t, "b", t.TempDir()), n: suite().Open(t, "a", t.TempDir()), vector: []float32{0.6, 0.8}}
	ctx := t.Context()
	f.write = &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: storetest.Create("repeated", "text")}}, Idempotency: &memory.Idempotency{Key: "k", Hash: memory.Digest{1}}}
	f.wrote = f.n.Write(f.write).Entries[0].Dot
	vector := memory.Embedding{Model: "m", Vector: f.vector}
	f.n.Write(&memory.Write{Ops: []memory.NewOp{{Op: storetest.Create(embedded, "text"), Embedding: &vector}}})
	for i := range 3 {
		f.n.Put(storetest.Create(fmt.Sprint("ours ", i), "text"))
	}
	f.other.Feed(f.n)
	first := f.other.Put(storetest.Create(foreseen, "first"))[0]
	m := storetest.Memo(foreseen, "second")
	m.Version = 2
	f.other.Write(&memory.Write{Ops: []memory.NewOp{{Op: &memory.Put{Memory: m}, Prev: []memory.Dot{first.Dot}}}})
	ops, _, err := f.other.Range(ctx, memory.Range{Origin: f.other.Origin(), From: 1, To: 9}, 9, 1<<20)
	if err != nil || len(ops) != 2 {
		t.Fatal(len(ops), err)
	}
	f.late, f.root = ops[0], f.other.View().Root
	in, _ := memory.Open(suite().Codec.Decode, ops[1:])
	now := memory.InstantOf(time.Now())
	f.mark = memory.Mark{Signer: "key", Nonce: "nonce", Created: now, Expires: now + memory.Instant(time.Hour)}
	in[0].Mark = f.mark
	if _, err := f.n.Store.Take(ctx, in, false); err != nil {
		t.Fatal(err)
	}
	f.signed = memory.Statement{
		Member: "b", Epoch: 1, At: 10, Run: memory.Range{Origin: f.n.Origin(), From: 1, To: 4},
		Signed: []byte("bytes"), Signature: []byte("signature"), Credential: "credential", Chain: "chain",
	}
	if err := f.n.KeepStatements(ctx, []memory.Statement{f.signed}); err != nil {
		t.Fatal(err)
	}
	f.n.Touch([]string{storetest.Memo(embedded, "").ID}, now)
	f.pair = stopped(f.n, f.other) // which counts what was read
	return f
}

// copied is a node of the same kind for a test, with a pass behind it.
func (f furnished) copied(t *testing.T) *furnished {
	t.Helper()
	f.t, f.pair = t, f.pair.copied(t)
	f.other = suite().Open(t, "b", f.pair.other)
	f.open()
	return &f
}

func (f *furnished) open() {
	f.t.Helper()
	f.n = suite().Open(f.t, "a", f.pair.n)
	// Tables that may be as long as there are memories are looked at by a pass.
	if _, err := f.n.Scrub(f.t.Context(), 0, time.Minute); err != nil {
		f.t.Fatal(err)
	}
}

// soon asks until it is not told to try again.
func soon(read func() error) error {
	var err error
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		if err = read(); !errors.Is(err, memory.ErrBroken) && !errors.Is(err, memory.ErrDamaged) {
			break
		}
	}
	return err
}

// serves checks that nothing that is read fails.
func (f *furnished) serves() {
	f.t.Helper()
	ctx, n := f.t.Context(), f.n
	id := storetest.Memo(embedded, "").ID
	for what, read := range map[string]func() error{
		"marks": func() error {
			for _, err := range n.Marks(ctx, 0) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"statements": func() error {
			_, err := n.Statements(ctx, memory.Dot{Origin: n.Origin(), Seq: 2}) // whose signatures say whether they are whole
			return err
		},
		"a record": func() error {
			rec, err := n.Record(ctx, id)
			if err == nil && (rec.AccessCount < 0 || rec.AccessCount > 9 || rec.AccessedAt.Time().After(time.Now())) {
				f.t.Errorf("it was read %d times, at %s", rec.AccessCount, rec.AccessedAt)
			}
			return err
		},
		"a list": func() error {
			list, _, err := n.List(ctx, memory.Filter{All: true, Now: memory.InstantOf(time.Now())}, memory.ByPriority, 99, 0, "")
			if err == nil && len(list) < 5 {
				err = fmt.Errorf("%d of 5: %w", len(list), memory.ErrDamaged)
			}
			return err
		},
		"what is damaged": func() error { _, err := n.Damage(ctx, 9); return err },
		"a comparison":    func() error { _, _, err := n.BucketSums(ctx); return err },
		"a snapshot": func() error {
			_, err := n.Snapshot(ctx, func(ops []memory.Shipment) error {
				for _, op := range ops {
					if op.Embedding != nil && (op.Embedding.Model != "m" && op.Embedding.Model != "x" || !slices.Equal(op.Embedding.Vector, f.vector)) {
						f.t.Errorf("a vector is %+v", op.Embedding)
					}
				}
				return nil
			})
			return err
		},
		"a compaction": func() error { _, err := n.Compact(ctx, 1, 9, nil); return err },
		"a write that may be repeated": func() error {
			_, err := n.Submit(ctx, &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: storetest.Create("once", "text")}}, Idempotency: &memory.Idempotency{Key: "l", Hash: memory.Digest{2}}})
			return err
		},
		"reads": func() error {
			n.Touch([]string{id}, 1)
			return n.KeepStatements(ctx, []memory.Statement{{Member: "b", Run: memory.Range{Origin: "b.1", From: 1, To: 1}, Signed: []byte{1}, Signature: []byte{1}, Credential: "c", Chain: "d"}})
		},
		"statements that are old": func() error { return n.DropStatements(ctx, 1, 99) },
	} {
		if err := soon(read); err != nil {
			f.t.Errorf("%s: %v", what, err)
		}
	}
}

// heals checks that a pass finds nothing that is left, and that it becomes what the other is.
func (f *furnished) heals() {
	f.t.Helper()
	n := f.n
	if out, err := n.Scrub(f.t.Context(), 0, time.Hour); err != nil || !out.Done || out.Damaged > 0 {
		f.t.Errorf("%+v, %v", out, err)
	}
	n.Take(f.late)
	rec, err := n.Record(f.t.Context(), storetest.Memo(foreseen, "").ID)
	if err != nil || rec.Conflicts != 0 {
		f.t.Errorf("what names it was here before: %d in conflict, %v", rec.Conflicts, err)
	}
	n.CheckState(nil)
	f.other.Feed(n)
	if n.View().Root != f.other.View().Root {
		f.t.Errorf("the state is %s, want %s", n.View().Root, f.other.View().Root)
	}
}

// again repeats what was written, and reports whether it was carried out once more.
func (f *furnished) again() bool {
	f.t.Helper()
	out, err := f.n.Submit(f.t.Context(), f.write)
	if err != nil {
		if !errors.Is(err, memory.ErrDamaged) && !errors.Is(err, memory.ErrKeyReused) {
			f.t.Errorf("repeated: %v", err)
		}
		return false
	}
	if out.Replayed && out.Entries[0].Dot != f.wrote {
		f.t.Errorf("repeated: %s, want %s", out.Entries[0].Dot, f.wrote)
	}
	return !out.Replayed
}

func (f *furnished) marked() bool {
	for m, err := range f.n.Marks(f.t.Context(), memory.InstantOf(time.Now())) {
		if err != nil {
			f.t.Fatal(err)
		}
		if m.Signer == f.mark.Signer && m.Nonce == f.mark.Nonce {
			return true
		}
	}
	return false
}

// Rows of tables that hold no part of the state have no other copy. What cannot be read of
// one is said, or done without, and the rest goes on.
func TestRowsBesideTheStateAreSetRight(t *testing.T) {
	t.Parallel()
	made := furnish(t)
	any := []string{`NULL`, `x'00ff'`, `'x'`, `1.5`, `-1`, `9223372036854775807`}
	for table, columns := range map[string][]string{
		"marks":       {"signer", "nonce", "created", "expires"},
		"idempotency": {"actor", "key", "hash", "origin", "seq", "count", "at"},
		"statements":  {"origin", "first", "last", "member", "epoch", "at", "credential", "signed", "signature"},
		"credentials": {"header", "chain"},
		"foreseen":    {"record", "dot"},
		"access":      {"count", "at"},
		"embeddings":  {"lsn", "model", "vector"},
		"damaged":     {"origin", "seq", "since"},
		"scrub":       {"done"},
		"sum_changes": {"round", "raw"},
	} {
		for i, column := range columns {
			for j, value := range any {
				if (i+j)%2 == 1 { // of neighbours each gets the half
					continue
				}
				if value == `NULL` && slices.Contains([]string{"signer", "nonce", "record", "dot"}, column) || value == `NULL` && table == "damaged" {
					continue // of the key that the rows lie by: there is none
				}
				for when, runs := range map[string]bool{"stopped": false, "running": true} {
					if runs && value != `'x'` {
						continue
					}
					t.Run(fmt.Sprintf("%s.%s=%s/%s", table, column, value, when), func(t *testing.T) {
						t.Parallel()
						f := made.copied(t)
						if !runs {
							f.n.Stop()
						}
						if table == "damaged" {
							execute(t, f.n.Dir(), `INSERT INTO damaged (origin, seq, since) SELECT origin, 2, 1 FROM node`)
						}
						garble(t, f.n.Dir(), table, column+" = "+value, "1 = 1")
						if !runs {
							f.open()
						}
						f.serves()
						if f.again() && !slices.Contains([]string{"actor", "key"}, column) {
							t.Error("what was written with a key is written again")
						}
						if !f.marked() && !slices.Contains([]string{"signer", "nonce"}, column) {
							t.Error("a request is no longer known")
						}
						f.heals()
						f.n.Stop()
						f.open()
						if f.n.View().Root != f.other.View().Root {
							t.Error("after another start the state is another one")
						}
					})
				}
			}
		}
	}
}

// The row of the node says what it is called, and which numbers are given out. What cannot
// be read of it follows from the others.
func TestTheRowOfTheNodeIsSetRight(t *testing.T) {
	t.Parallel()
	made := furnish(t)
	for _, column := range []string{"name", "origin", "clock", "lsn", "rid", "purge", "round", "changes"} {
		for _, value := range []string{`NULL`, `x'00ff'`, `'x'`, `1.5`, `-1`, `9223372036854775807`, `4611686018427387904`, `99`} {
			if column == "name" && slices.Contains([]string{`'x'`, `99`}, value) {
				continue // that is one
			}
			for when, runs := range map[string]bool{"stopped": false, "running": true} {
				if runs && value != `NULL` {
					continue
				}
				t.Run(fmt.Sprintf("%s=%s/%s", column, value, when), func(t *testing.T) {
					t.Parallel()
					f := made.copied(t)
					before := f.n.View()
					origin := f.n.Origin()
					if !runs {
						f.n.Stop()
					}
					garble(t, f.n.Dir(), "node", column+" = "+value, "1 = 1")
					if !runs {
						f.open()
					}
					e := f.n.Put(storetest.Create("next", "text"))[0]
					if e.Dot != (memory.Dot{Origin: origin, Seq: before.Heads[origin].Seq + 1}) && (column != "origin" || e.Dot.Seq != 1 || e.Dot.Origin.Node() != "a") {
						t.Errorf("the next number is %s", e.Dot)
					}
					if e.Stamp.Time().After(time.Now().Add(time.Minute)) {
						t.Errorf("the next time is %s", e.Stamp.Time())
					}
					if lsn := f.n.View().LSN; lsn <= before.LSN || lsn > 100 {
						t.Errorf("the log has come to %d, and before to %d", lsn, before.LSN)
					}
					var rid int64
					g := garbling(t, f.n.Dir())
					rid = g.rows(`SELECT max(rid) FROM memories`)[0][0].(int64)
					g.close()
					if rid > 100 {
						t.Errorf("a memory has number %d", rid)
					}
					f.serves()
					if f.again() {
						t.Error("what was written with a key is written again")
					}
					f.heals()
					f.n.Stop()
					f.open()
					if f.n.View().Root != f.other.View().Root {
						t.Error("after another start the state is another one")
					}
				})
			}
		}
	}
}

// Without its row nobody can tell whose a database is.
func TestADatabaseThatSaysNotWhoseItIs(t *testing.T) {
	made := furnish(t)
	for name, damage := range map[string]string{
		"no row":             `DELETE FROM node`,
		"two things of one":  `UPDATE node SET name = 'b'`,
		"nothing to go by":   `UPDATE node SET name = x'00', origin = 99`,
		"the name of nobody": `UPDATE node SET name = '', origin = (SELECT id FROM origins WHERE name LIKE 'b.%')`,
	} {
		dir := made.pair.copied(t).n
		execute(t, dir, damage)
		err := opens(t.Context(), dir)
		if !errors.Is(err, memory.ErrDamaged) || !bytes.Contains(fmt.Append(nil, err), []byte("put a backup in its place")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// opens opens a database of node a, and closes it.
func opens(ctx context.Context, dir string) error {
	s, err := store.Open(ctx, store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: suite().Codec, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return s.Close()
}

// Under numbers of which nobody knows who gave them out this node gives out none.
func TestANodeWithoutNumbersOfItsOwnTakesNewOnes(t *testing.T) {
	for name, origin := range map[string]string{"none": `99`, "another's": `(SELECT max(id) FROM origins)`} {
		dir := t.TempDir()
		n := suite().Open(t, "a", dir)
		before := n.Put(storetest.Create("one", "text"))[0].Dot
		n.Stop()
		execute(t, dir, `INSERT INTO origins (id, name, head) VALUES (7, 'b.1', 0); UPDATE node SET origin = `+origin)
		n = suite().Open(t, "a", dir)
		e := n.Put(storetest.Create("two", "text"))[0]
		if e.Dot.Seq != 1 || e.Dot.Origin.Node() != "a" || e.Dot.Origin == before.Origin || !n.View().Heads.Holds(before) {
			t.Errorf("%s: it numbers %s after %s", name, e.Dot, before)
		}
	}
}

// Between the opening of a database and the start of its writer, too.
func TestARowThatIsGarbledBeforeTheWriterRunsIsSetRight(t *testing.T) {
	dir := t.TempDir()
	suite().Open(t, "a", dir).Stop()
	s, err := store.Open(t.Context(), store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: suite().Codec, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	garble(t, dir, "node", "lsn = NULL", "1 = 1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	_, wrote := s.Submit(t.Context(), &memory.Write{Actor: "ai:x", Ops: []memory.NewOp{{Op: storetest.Create("one", "text")}}})
	cancel()
	if err := errors.Join(wrote, <-ended, s.Close()); err != nil {
		t.Error(err)
	}
}
