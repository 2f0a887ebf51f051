package store

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// tx is one transaction of the writer: what it has changed beyond the rows, and
// what must be written or published with them.
type tx struct {
	*state
	gathered
	began    uint64             // the LSN before it
	out      *report            // of the job that runs
	rows     int                // rows written
	steps    int                // changes of rows, and of what the writer keeps in memory
	moved    bool               // the view changes
	deltas   map[int]memory.Sum // by bucket
	tail     []tailEntry        // own entries, for the lanes
	heads    []*originState     // whose head moved
	moves    []memory.Move      // dots that belong to another entry now
	conceded []memory.Dot       // see [memory.Committed]
	mended   []memory.Key       // registers of which a damage was mended
	restored []memory.Dot       // entries whose bytes are right again
	listing  bool               // the list of damaged entries changes
	damaged  int64              // how long it is then
	healed   int                // damaged entries that are whole again
	erased   bool               // payload was taken out: no copy may stay in memory
	born     []birth            // memories that it makes
	plain    []located          // those of them that are plain, and where they are
	others   bool               // it changes other memories, or their rows by hand
	changed  recordChanges
	moving   map[int64]struct{} // rows of memories that stand elsewhere afterwards
	stands   []standing         // and where
	keyed    bool               // who repeats it must find it here, which its entries do not say
	written  bool               // the engine has handed all of it to the operating system
}

// report is what a job did that others are told of.
type report struct {
	own  []memory.OwnEntry
	news int // entries of other origins applied
}

func newTx(w *state) *tx {
	return &tx{state: w, began: w.lsn, gathered: gathered{known: map[string]*record{}}, deltas: map[int]memory.Sum{}, moving: map[int64]struct{}{}}
}

// finish writes what the jobs left to be written once.
func (t *tx) finish(ctx context.Context) error {
	if t.rows == 0 {
		return nil
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	if err := t.stand(ctx); err != nil {
		return err
	}
	if err := t.saveSums(ctx); err != nil {
		return err
	}
	for _, o := range t.heads {
		if err := t.conn.exec(ctx, `UPDATE origins SET head = ?, chain = ? WHERE id = ?`, int64(o.head), o.chain[:], o.id); err != nil {
			return err
		}
	}
	if t.listing {
		if _, err := t.queryRow(ctx, sqlDamaged, []any{stateDamaged, memory.Erased}, &t.damaged); err != nil {
			return err
		}
	}
	return t.conn.exec(ctx, `UPDATE node SET origin = ?, clock = ?, lsn = ?, rid = ?, purge = ?, round = ?, changes = ?`,
		t.own.id, int64(t.clock), int64(t.lsn), t.rid, t.purge, t.changes.round, t.changes.raw)
}

// digest moves the digest of the state from one holder of register k to the next.
func (t *tx) digest(k memory.Key, from memory.Version, fromDigest memory.Digest, to memory.Version, toDigest memory.Digest) {
	t.change()
	b := memory.Bucket(k)
	d := t.deltas[b]
	if !from.IsZero() {
		d.Sub(memory.ItemSum(k, from, fromDigest))
	}
	d.Add(memory.ItemSum(k, to, toDigest))
	t.deltas[b] = d
}

// change notes that the view will be another one.
func (t *tx) change() {
	t.steps++
	t.moved = true
}

func (t *tx) nextLSN() uint64 {
	t.change()
	t.lsn++
	return t.lsn
}

// origin returns the state of an origin, and makes it known if it is new.
func (t *tx) origin(ctx context.Context, name memory.Origin) (*originState, error) {
	if o, ok := t.origins[name]; ok {
		return o, nil
	}
	t.lastOrigin++
	o := &originState{id: t.lastOrigin, name: name, islands: map[uint64]memory.Digest{}}
	if err := t.aside(ctx, `INSERT INTO origins (id, name, head) VALUES (?, ?, 0)`, o.id, string(name)); err != nil {
		return nil, err
	}
	t.change()
	t.origins[name] = o
	t.perNode[name.Node()]++
	t.nameOrigin(o.id, name)
	return o, t.floor(ctx, o)
}

// Bounds of the origins that a node knows. A message has room for 4,096 of them,
// and one node that makes up incarnations must not use up what others need.
const (
	maxOrigins       = 3584
	maxOriginsOfNode = memory.MaxIncarnations
)

// crowded reports whether there is no room for an origin that is not known yet.
// This node's own incarnations have room that nobody else gets.
func (t *tx) crowded(name memory.Origin) bool {
	if t.origins[name] != nil {
		return false
	}
	node, own := name.Node(), t.perNode[t.cfg.Node]
	return t.perNode[node] >= maxOriginsOfNode || node != t.cfg.Node && len(t.origins)-own >= maxOrigins-maxOriginsOfNode
}

// hold notes that the entry seq of o is in the log, and moves the head over
// what has become contiguous.
func (t *tx) hold(o *originState, seq uint64, d memory.Digest) {
	if seq <= o.head {
		return
	}
	t.change()
	o.islands[seq] = d
	before := o.head
	o.advance()
	if o.head != before {
		t.headMoved(o)
	}
}

// headMoved has the head of o saved.
func (t *tx) headMoved(o *originState) {
	if !slices.Contains(t.heads, o) {
		t.heads = append(t.heads, o)
	}
}

func (t *tx) held(d memory.Dot) bool {
	o := t.origins[d.Origin]
	return o != nil && o.holds(d.Seq) && !o.isGap(d.Seq)
}

func (t *tx) ref(lsn int64, e *memory.Entry) ref {
	return ref{lsn: lsn, stamp: int64(e.Stamp), origin: t.origins[e.Dot.Origin].id, seq: int64(e.Dot.Seq)}
}

// saveSums writes what the transaction adds to the sums, as far as it does not go with
// the row of node.
func (t *tx) saveSums(ctx context.Context) error {
	c := &t.changes
	for b := range t.deltas {
		c.dirty[b/partSums] = true
	}
	if c.spoiled {
		for part := range c.dirty {
			c.dirty[part] = true
		}
	}
	if left := (c.slots-c.full+1)*slotChanges - len(c.raw)/changeBytes; c.spoiled || left <= len(t.deltas) {
		return t.foldSums(ctx)
	}
	for b, d := range t.deltas {
		digest := d.Digest()
		c.raw = append(binary.LittleEndian.AppendUint16(c.raw, uint16(b)), digest[:]...)
		if len(c.raw) < slotChanges*changeBytes {
			continue
		}
		if err := t.conn.exec(ctx, `INSERT INTO sum_changes (slot, round, raw) VALUES (?, ?, ?) ON CONFLICT (slot) DO UPDATE SET round = excluded.round, raw = excluded.raw`,
			c.full, c.round, c.raw); err != nil {
			return err
		}
		c.full, c.raw = c.full+1, c.raw[:0]
	}
	return nil
}

// foldSums writes the sums that were changed in this round, and begins the next one.
func (t *tx) foldSums(ctx context.Context) error {
	c := &t.changes
	for part, changed := range c.dirty {
		if !changed {
			continue
		}
		raw := make([]byte, 0, partSums*len(memory.Digest{}))
		for b := part * partSums; b < (part+1)*partSums; b++ {
			sum := t.sums[b]
			sum.Add(t.deltas[b])
			digest := sum.Digest()
			raw = append(raw, digest[:]...)
		}
		err := t.conn.exec(ctx, `INSERT INTO buckets (part, sums) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET sums = excluded.sums`, part, raw)
		if err != nil {
			return err
		}
	}
	*c = sumChanges{slots: c.slots, round: c.round + 1, raw: c.raw[:0]}
	return nil
}

// stand notes where the memories stand whose rows the transaction has changed.
func (t *tx) stand(ctx context.Context) error {
	if len(t.moving) == 0 {
		return nil
	}
	rids := make([]int64, 0, len(t.moving))
	for rid := range t.moving {
		rids = append(rids, rid)
	}
	clear(t.moving)
	among, args := t.dialect.among("m.rid", rids)
	return t.conn.each(ctx, sqlStandingTouched+` WHERE `+among, args, func(r rowScanner) error {
		var x standingRow
		var touched memory.Touches
		if err := r.Scan(append(x.dest(), &touched.Last, &touched.Kept)...); err != nil {
			return err
		}
		x.close(touched)
		t.stands = append(t.stands, x.standing)
		return nil
	})
}
