package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/backup"
	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
	"github.com/tallystick/tallystick/internal/wire"
)

// node is a log that can be dumped, in the order in which it grew.
type node struct {
	rng    *rand.Rand
	origin memory.Origin
	log    []*memory.Entry
	raw    [][]byte
	heads  memory.Heads
	state  *memory.State
}

func newNode(seed uint64) *node {
	return &node{rng: rand.New(rand.NewPCG(seed, 1)), origin: "a.1", heads: memory.Heads{}, state: memory.NewState()}
}

// write logs n ops, of this node or another one.
func (n *node) write(tb testing.TB, count int) {
	tb.Helper()
	for range count {
		o := n.origin
		if n.rng.IntN(3) == 0 {
			o = "b.1"
		}
		kinds := memory.Kinds()
		e := &memory.Entry{
			Dot: memory.Dot{Origin: o, Seq: n.heads[o].Seq + 1}, Stamp: memory.Stamp(len(n.log)+1) << 16, Actor: "agent",
			Op: memorytest.RandomOp(n.rng, kinds[n.rng.IntN(len(kinds))]),
		}
		raw, err := wire.Codec{}.Encode(e)
		if err != nil {
			tb.Fatal(err)
		}
		if e, err = wire.DecodeEntry(raw); err != nil {
			tb.Fatal(err)
		}
		h := n.heads[o]
		n.heads[o] = memory.Head{Seq: h.Seq + 1, Chain: h.Chain.Next(e.Digest)}
		n.log, n.raw = append(n.log, e), append(n.raw, raw)
		n.state.Apply(e)
	}
}

// set goes back to its first count entries.
func (n *node) set(tb testing.TB, count int) {
	tb.Helper()
	log, raw := n.log[:count:count], n.raw[:count:count]
	n.log, n.raw, n.heads, n.state = nil, nil, memory.Heads{}, memory.NewState()
	for i, e := range log {
		h := n.heads[e.Dot.Origin]
		n.heads[e.Dot.Origin] = memory.Head{Seq: h.Seq + 1, Chain: h.Chain.Next(e.Digest)}
		n.log, n.raw = append(n.log, e), append(n.raw, raw[i])
		n.state.Apply(e)
	}
}

func (n *node) dump(_ context.Context, after uint64, to io.Writer) error {
	var failed error
	w := dump.NewWriter(func(line string) {
		_, err := io.WriteString(to, line)
		failed = errors.Join(failed, err)
	})
	from := min(after, uint64(len(n.log)))
	err := w.Manifest(dump.Manifest{
		Node: "a", Origin: n.origin, ExportedAt: 1_790_000_000_000_000_000, Entries: len(n.log) - int(from), Heads: n.heads, Digest: n.state.Root().Digest(), LSN: uint64(len(n.log)), After: after,
	})
	for i := from; i < uint64(len(n.log)); i++ {
		err = errors.Join(err, w.Entry(n.raw[i], n.log[i], nil))
	}
	return errors.Join(err, w.End(), failed)
}

func take(tb testing.TB, dir string, n *node) backup.Taken {
	tb.Helper()
	out, err := backup.Add(tb.Context(), dir, n.dump, false)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func verify(tb testing.TB, dir string) (backup.Verified, error) {
	tb.Helper()
	return backup.Verify(tb.Context(), dir, wire.DecodeEntry)
}

// TestIncrementsAddUpToTheNode backs a node up between writes, at random.
func TestIncrementsAddUpToTheNode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := filepath.Join(t.TempDir(), "b")
		n := newNode(rapid.Uint64().Draw(rt, "seed"))
		n.write(t, 1)
		for i := range rapid.IntRange(1, 6).Draw(rt, "backups") {
			fresh := rapid.IntRange(0, 5).Draw(rt, "writes")
			n.write(t, fresh)
			if out := take(t, dir, n); out.Base != (i == 0) || out.Nothing != (i > 0 && fresh == 0) {
				rt.Fatalf("after %d writes: %+v", fresh, out)
			}
		}
		v, err := verify(t, dir)
		if err != nil || v.Digest != n.state.Root().Digest() || v.Entries != len(n.log) {
			rt.Fatalf("%+v, %v; the node has %d entries and state %s", v, err, len(n.log), n.state.Root().Digest())
		}
		x, err := backup.Open(dir)
		if err != nil {
			rt.Fatal(err)
		}
		count, batches := x.Entries(dir)
		state, read := memory.NewState(), 0
		for ops, err := range batches {
			if err != nil {
				rt.Fatal(err)
			}
			for _, op := range ops {
				e, err := wire.DecodeEntry(op.Raw)
				if err != nil {
					rt.Fatal(err)
				}
				state.Apply(e)
				read++
			}
		}
		if read != count || state.Root() != n.state.Root() {
			rt.Fatalf("%d of %d entries lead to another state", read, count)
		}
	})
}

func TestANodeThatWasSetBackGetsANewBase(t *testing.T) {
	for name, after := range map[string]struct{ back, then int }{
		"and has less":            {5, 0},
		"and has as much":         {5, 5},
		"and has more than there": {5, 9},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			n := newNode(1)
			n.write(t, 10)
			take(t, dir, n)
			n.set(t, after.back)
			n.write(t, after.then)
			out := take(t, dir, n)
			if !out.Base || out.Why == "" {
				t.Errorf("%+v", out)
			}
			n.write(t, 3)
			if out := take(t, dir, n); out.Base {
				t.Errorf("the next one: %+v", out)
			}
			if v, err := verify(t, dir); err != nil || v.Digest != n.state.Root().Digest() || v.Files != 3 {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

// TestEveryDamageIsFound changes a byte, cuts off, and takes away, in each file.
func TestEveryDamageIsFound(t *testing.T) {
	dir := t.TempDir()
	n := newNode(2)
	for range 3 {
		n.write(t, 8)
		take(t, dir, n)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json*"))
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		whole, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		damaged := map[string][]byte{"cut off": whole[:len(whole)/2], "empty": {}, "longer": append(bytes.Clone(whole), "x\n"...)}
		for i := 0; i < len(whole); i += 97 {
			b := bytes.Clone(whole)
			b[i] ^= 4
			damaged[fmt.Sprint("bit at ", i)] = b
		}
		for what, b := range damaged {
			if err := os.WriteFile(f, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := verify(t, dir); err == nil {
				t.Errorf("%s, %s: not found", filepath.Base(f), what)
			}
		}
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, dir); err == nil {
			t.Errorf("%s is gone: not found", filepath.Base(f))
		}
		if err := os.WriteFile(f, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := verify(t, dir); err != nil {
		t.Errorf("mended: %v", err)
	}
}

// TestAnIndexVouchesForItself changes each byte of an index to one that JSON may have
// there, too: a letter of a name, a digit of a number. Whose backup it is, and of when,
// follows from nothing else.
func TestAnIndexVouchesForItself(t *testing.T) {
	dir := t.TempDir()
	n := newNode(4)
	for range 2 {
		n.write(t, 4)
		take(t, dir, n)
	}
	name := filepath.Join(dir, backup.IndexFile)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range whole {
		for _, bit := range []byte{1, 32} {
			b := bytes.Clone(whole)
			b[i] ^= bit
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := backup.Open(dir); err == nil {
				t.Errorf("%q for %q at %d: not found, and it is %+v", b[i], c, i, got)
			}
		}
	}
}

// TestAnIndexWithoutASumIsOfTheNodeOfItsFiles: earlier programs wrote such ones.
func TestAnIndexWithoutASumIsOfTheNodeOfItsFiles(t *testing.T) {
	dir := t.TempDir()
	n := newNode(5)
	n.write(t, 4)
	take(t, dir, n)
	name := filepath.Join(dir, backup.IndexFile)
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	old := regexp.MustCompile(`,\s*"sum": "[0-9a-f]*"`).ReplaceAll(raw, nil)
	if bytes.Equal(old, raw) {
		t.Fatalf("no sum in %s", raw)
	}
	if err := os.WriteFile(name, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, dir); err != nil {
		t.Errorf("as it was written: %v", err)
	}
	for _, change := range [][2]string{{`"node": "a"`, `"node": "i"`}, {`"origin": "a.1"`, `"origin": "a.3"`}, {`"taken_at": "2`, `"taken_at": "3`}} {
		other := strings.Replace(string(old), change[0], change[1], 1)
		if other == string(old) {
			t.Fatalf("no %s in %s", change[0], old)
		}
		if err := os.WriteFile(name, []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, dir); err == nil {
			t.Errorf("%s: not found", change[1])
		}
	}
	if err := os.WriteFile(name, old, 0o600); err != nil {
		t.Fatal(err)
	}
	n.write(t, 4)
	take(t, dir, n)
	if raw, err = os.ReadFile(name); err != nil || !bytes.Contains(raw, []byte(`"sum": "`)) {
		t.Errorf("after the next one it has no sum: %v, %s", err, raw)
	}
}

func TestABackupThatFailsLeavesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	n := newNode(3)
	n.write(t, 5)
	take(t, dir, n)
	n.write(t, 5)
	broken := func(ctx context.Context, after uint64, to io.Writer) error {
		var all bytes.Buffer
		if err := n.dump(ctx, after, &all); err != nil {
			return err
		}
		_, err := to.Write(all.Bytes()[:all.Len()/2])
		return err
	}
	if _, err := backup.Add(t.Context(), dir, broken, false); err == nil {
		t.Error("half a dump is taken")
	}
	if v, err := verify(t, dir); err != nil || v.Files != 1 || v.Entries != 5 {
		t.Errorf("%+v, %v", v, err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 2 {
		t.Errorf("left behind: %v", list)
	}
}

// A crash leaves files that were being written, and a first base without an index.
func TestABackupGoesOnAfterACrash(t *testing.T) {
	dir := t.TempDir()
	n := newNode(5)
	n.write(t, 3)
	take(t, dir, n)
	if err := os.Remove(filepath.Join(dir, backup.IndexFile)); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	for name, changed := range map[string]time.Time{".backup-1": old, ".index-1": old, ".backup-2": time.Now()} {
		f := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(f, []byte("half"), 0o600), os.Chtimes(f, changed, changed)); err != nil {
			t.Fatal(err)
		}
	}
	n.write(t, 2)
	if out := take(t, dir, n); !out.Base || out.Entries != 5 {
		t.Errorf("%+v", out)
	}
	if v, err := verify(t, dir); err != nil || v.Entries != 5 {
		t.Errorf("%+v, %v", v, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != ".backup-2" {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestFoldersOfSomethingElseStayAsTheyAre(t *testing.T) {
	n := newNode(4)
	n.write(t, 2)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Add(t.Context(), dir, n.dump, false); err == nil {
		t.Error("a folder with something else is taken")
	}
	other := t.TempDir()
	take(t, other, n)
	renamed := func(_ context.Context, after uint64, to io.Writer) error {
		var all bytes.Buffer
		w := dump.NewWriter(func(line string) { all.WriteString(line) })
		err := errors.Join(w.Manifest(dump.Manifest{Node: "z", Origin: "z.1", Heads: memory.Heads{}, After: after}), w.End())
		_, writeErr := to.Write(all.Bytes())
		return errors.Join(err, writeErr)
	}
	if _, err := backup.Add(t.Context(), other, renamed, false); err == nil || !strings.Contains(err.Error(), "backup of node a") {
		t.Errorf("another node's: %v", err)
	}
}
