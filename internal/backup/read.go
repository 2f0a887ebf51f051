package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
)

// Verified says what a backup holds.
type Verified struct {
	Node    memory.Node    `json:"node"`
	Files   int            `json:"files"`   // all of them, older bases too
	Entries int            `json:"entries"` // from the last base on
	Bytes   int64          `json:"bytes"`
	TakenAt memory.Instant `json:"taken_at"`
	Digest  memory.Digest  `json:"digest"` // of the state that a restore leads to
}

// Verify reads every file of a backup: that it is there and as it was written, that
// each entry has the bytes of its digest and can be decoded, that each file continues
// the one before, and that the entries add up to the state that the node had. It
// writes nothing.
func Verify(ctx context.Context, dir string, decode func([]byte) (*memory.Entry, error)) (Verified, error) {
	var state *adding
	return readAll(ctx, dir, func(int, int) {}, func(name string, f *File, m *dump.Manifest) error {
		if f.Base {
			state = newAdding(decode)
		}
		return state.file(ctx, name, m)
	})
}

// VerifyFiles is the part of [Verify] that needs little memory, for a node that runs: that
// every file is there and as it was written, with each entry, and continues the one
// before. What the entries add up to it does not look at. It tells report, for each file,
// how many entries of how many are read.
func VerifyFiles(ctx context.Context, dir string, report func(done, of int)) (Verified, error) {
	return readAll(ctx, dir, report, func(string, *File, *dump.Manifest) error { return nil })
}

// readAll makes sure of the files of a backup one by one, and hands each to also.
func readAll(ctx context.Context, dir string, report func(done, of int), also func(name string, f *File, m *dump.Manifest) error) (Verified, error) {
	x, err := Open(dir)
	if err != nil {
		return Verified{}, err
	}
	out := Verified{Node: x.Node, Files: len(x.Files), TakenAt: x.Last().TakenAt, Digest: x.Last().Digest}
	all, done := 0, 0
	for i := range x.Files {
		all += x.Files[i].Entries
	}
	var last *File
	for i := range x.Files {
		f := &x.Files[i]
		if f.Base {
			last, out.Entries = nil, 0
		}
		report(done, all)
		name := filepath.Join(dir, f.Name)
		m, err := wholeFile(ctx, name, f, last)
		if err == nil && m.Node != x.Node {
			err = fmt.Errorf("it is of node %s, and %s says %s", m.Node, IndexFile, x.Node)
		}
		if err == nil {
			err = also(name, f, m)
		}
		if err != nil {
			return out, fmt.Errorf("%s: %w", f.Name, err)
		}
		done += f.Entries
		out.Entries += f.Entries
		out.Bytes += f.Bytes
		last = f
	}
	return out, nil
}

// wholeFile makes sure that a file is as it was written, and continues last.
func wholeFile(ctx context.Context, name string, f, last *File) (*dump.Manifest, error) {
	in, err := os.Open(name) //nolint:gosec // the operator named the folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	sum, size := sha256.New(), &counter{}
	_, err = io.Copy(io.MultiWriter(sum, size), until(ctx, in))
	switch {
	case err != nil:
		return nil, err
	case size.n != f.Bytes:
		return nil, fmt.Errorf("damaged: it has %d bytes, and %d were written", size.n, f.Bytes)
	case hex.EncodeToString(sum.Sum(nil)) != f.SHA256:
		return nil, fmt.Errorf("damaged: its SHA-256 is not that in %s", IndexFile)
	}
	is := *f
	m, err := readThrough(ctx, name, &is, last)
	if err != nil {
		return nil, err
	}
	if is.LSN != f.LSN || is.Digest != f.Digest || is.Entries != f.Entries || is.Origin != f.Origin || is.TakenAt != f.TakenAt {
		return nil, fmt.Errorf("it is another dump than %s says", IndexFile)
	}
	return m, nil
}

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }

// until reads from r, and no more once ctx is done: a file may be as long as a log, and
// who reads it is to stop.
func until(ctx context.Context, r io.Reader) io.Reader {
	return reader(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(b)
	})
}

// adding adds up the state that entries lead to.
type adding struct {
	decode func([]byte) (*memory.Entry, error)
	state  *memory.State
	parked map[memory.Dot]*memory.Entry
	sums   bool
}

func newAdding(decode func([]byte) (*memory.Entry, error)) *adding {
	return &adding{decode: decode, state: memory.NewState(), parked: map[memory.Dot]*memory.Entry{}, sums: true}
}

func (a *adding) file(ctx context.Context, name string, m *dump.Manifest) error {
	in, err := os.Open(name) //nolint:gosec // the operator named the folder
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	r := dump.NewReader(until(ctx, in))
	if _, err := r.ManifestOfAny(); err != nil {
		return err
	}
	refused := map[memory.Dot]bool{}
	for o, h := range m.Heads {
		for _, seq := range h.Gaps {
			refused[memory.Dot{Origin: o, Seq: seq}] = true
		}
	}
	for ops, err := range r.Batches(m.Entries) {
		if err != nil {
			return err
		}
		for _, op := range ops {
			if err := a.add(op, refused); err != nil {
				return err
			}
		}
	}
	for d, e := range a.parked {
		if !refused[d] { // it was taken after all
			a.state.Apply(e)
			delete(a.parked, d)
		}
	}
	if root := a.state.Root().Digest(); a.sums && root != m.Digest {
		return fmt.Errorf("the entries add up to the state %s, and the node had %s", root, m.Digest)
	}
	return nil
}

func (a *adding) add(op memory.Shipment, refused map[memory.Dot]bool) error {
	got, err := memory.OpenOne(a.decode, op)
	if err != nil {
		return err
	}
	e := got.Entry
	if slim, ok := e.Hollowed(e.Dot); ok {
		e = slim
	}
	switch {
	case got.Refused != nil && refused[e.Dot]:
	case got.Refused != nil: // of a newer program: what it does to the state is not known
		a.sums = false
	case refused[e.Dot]:
		a.parked[e.Dot] = e
	default:
		a.state.Apply(e)
	}
	return nil
}

// Entries yields the entries of the files of a backup that a restore reads, of which
// the last ends with an error if they are not whole, and how many there are.
func (x *Index) Entries(dir string) (int, iter.Seq2[[]memory.Shipment, error]) {
	files := x.Chain()
	n := 0
	for _, f := range files {
		n += f.Entries
	}
	return n, func(yield func([]memory.Shipment, error) bool) {
		for _, f := range files {
			if !yieldFile(filepath.Join(dir, f.Name), yield) {
				return
			}
		}
	}
}

func yieldFile(name string, yield func([]memory.Shipment, error) bool) bool {
	in, err := os.Open(name) //nolint:gosec // the operator named the folder
	if err != nil {
		yield(nil, err)
		return false
	}
	defer func() { _ = in.Close() }()
	r := dump.NewReader(in)
	m, err := r.ManifestOfAny()
	if err != nil {
		yield(nil, fmt.Errorf("%s: %w", filepath.Base(name), err))
		return false
	}
	for ops, err := range r.Batches(m.Entries) {
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
		if !yield(ops, err) || err != nil {
			return false
		}
	}
	return true
}
