package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tallystick/tallystick/internal/dump"
	"github.com/tallystick/tallystick/internal/memory"
)

// Source writes a dump of what a node has logged behind an LSN, all of it behind 0.
type Source func(ctx context.Context, after uint64, to io.Writer) error

// Taken says what a backup has added.
type Taken struct {
	File
	// Why, if a base was made although an increment might have done.
	Why string
	// Nothing is new: no file was added.
	Nothing bool
}

// Add adds an increment to the backup in dir, or a base if there is none, one is
// asked for, or the node's log does not continue what is there. What is there stays
// as it is. The folder is made if it is absent.
func Add(ctx context.Context, dir string, from Source, base bool) (Taken, error) {
	x, err := prepare(dir)
	if err != nil {
		return Taken{}, err
	}
	sweep(dir)
	last := x.Last()
	if last != nil && !base {
		out, err := x.grow(ctx, dir, from, last)
		if err == nil || !errors.Is(err, errOther) {
			return out, err
		}
		out, again := x.grow(ctx, dir, from, nil)
		out.Why = err.Error()
		return out, again
	}
	return x.grow(ctx, dir, from, nil)
}

// errOther: the log of the node does not continue what is there.
var errOther = errors.New("it does not continue this backup, as after a restore")

// grow adds what comes behind last, or a base if that is nil.
func (x *Index) grow(ctx context.Context, dir string, from Source, last *File) (Taken, error) {
	tmp, err := os.CreateTemp(dir, tmpPrefix+"*")
	if err != nil {
		return Taken{}, err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // after the rename there is none
	after := uint64(0)
	if last != nil {
		after = last.LSN
	}
	sum := sha256.New()
	size := &counter{}
	err = from(ctx, after, io.MultiWriter(tmp, sum, size))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return Taken{}, err
	}
	f := File{Base: last == nil, After: after, Bytes: size.n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	m, err := readThrough(ctx, tmp.Name(), &f, last)
	if err != nil {
		return Taken{}, err
	}
	if err := x.validNode(m.Node); err != nil {
		return Taken{}, err
	}
	x.Node = m.Node
	if last != nil && f.Entries == 0 && f.Digest == last.Digest && f.LSN == last.LSN {
		return Taken{File: f, Nothing: true}, nil
	}
	kind := "increment"
	if f.Base {
		kind = "base"
	}
	f.Name = fmt.Sprintf("%06d-%s-%s.jsonl", len(x.Files)+1, kind, f.SHA256[:12])
	if err := os.Rename(tmp.Name(), filepath.Join(dir, f.Name)); err != nil {
		return Taken{}, err
	}
	x.Files = append(x.Files, f)
	return Taken{File: f}, x.save(dir)
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// readThrough checks that a file is a whole dump that continues last, and fills in
// what it says of itself.
func readThrough(ctx context.Context, name string, f *File, last *File) (*dump.Manifest, error) {
	in, err := os.Open(name) //nolint:gosec // ours
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	r := dump.NewReader(until(ctx, in))
	m, err := r.ManifestOfAny()
	if err != nil {
		return nil, err
	}
	if m.After != f.After {
		return nil, fmt.Errorf("the node has sent what is behind LSN %d, and not %d: it is of another version", m.After, f.After)
	}
	f.LSN, f.Origin, f.TakenAt, f.Entries, f.Digest, f.Heads = m.LSN, m.Origin, m.ExportedAt, m.Entries, m.Digest, m.Heads
	t := newTrail(last, m)
	for ops, err := range r.Lines(m.Entries) {
		if err != nil {
			return nil, err
		}
		for _, op := range ops {
			t.add(op.Dot, op.Digest)
		}
	}
	if last != nil && !t.reaches(m, last) {
		return nil, errOther
	}
	f.Ahead = t.ahead(m.Heads)
	return m, nil
}

// trail follows the chains of origins through the entries of dumps, in any order.
type trail struct {
	heads   memory.Heads
	waiting map[memory.Origin]map[uint64]memory.Digest // beyond the heads
}

// newTrail begins where last ends. Of a base, which m is of if last is nil, only what lies
// beyond its heads is of interest: what else it holds is as much as the log.
func newTrail(last *File, m *dump.Manifest) *trail {
	t := &trail{heads: memory.Heads{}, waiting: map[memory.Origin]map[uint64]memory.Digest{}}
	if last == nil {
		t.heads = m.Heads
		return t
	}
	for o, h := range last.Heads {
		t.heads[o] = memory.Head{Seq: h.Seq, Chain: h.Chain}
	}
	for o, list := range last.Ahead {
		for seq, d := range list {
			t.add(memory.Dot{Origin: o, Seq: seq}, d)
		}
	}
	return t
}

func (t *trail) add(d memory.Dot, digest memory.Digest) {
	if d.Seq <= t.heads[d.Origin].Seq {
		return
	}
	if t.waiting[d.Origin] == nil {
		t.waiting[d.Origin] = map[uint64]memory.Digest{}
	}
	t.waiting[d.Origin][d.Seq] = digest
}

// reaches reports whether the entries lead from last to what m says that its node
// holds.
func (t *trail) reaches(m *dump.Manifest, last *File) bool {
	if m.LSN < last.LSN {
		return false
	}
	for o, was := range last.Heads {
		if m.Heads[o].Seq < was.Seq {
			return false
		}
	}
	for o, is := range m.Heads {
		h := t.heads[o]
		for h.Seq < is.Seq {
			d, has := t.waiting[o][h.Seq+1]
			if !has {
				return false
			}
			if h.Seq == 0 || !h.Chain.IsZero() {
				h.Chain = h.Chain.Next(d)
			}
			h.Seq++
		}
		if h.Chain != is.Chain && !h.Chain.IsZero() && !is.Chain.IsZero() {
			return false
		}
	}
	return true
}

// ahead are the entries beyond the heads.
func (t *trail) ahead(heads memory.Heads) ahead {
	var out ahead
	for o, list := range t.waiting {
		for seq, d := range list {
			if seq <= heads[o].Seq {
				continue
			}
			if out == nil {
				out = ahead{}
			}
			if out[o] == nil {
				out[o] = map[uint64]memory.Digest{}
			}
			out[o][seq] = d
		}
	}
	return out
}
