package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// state is everything that the writer keeps in memory, and that is only true
// between two commits. All of it belongs to the goroutine of Run.
type state struct {
	*base
	*conn
	origins    map[memory.Origin]*originState
	perNode    map[memory.Node]int // origins
	parkedSize map[memory.Node]int // bytes of what was refused here
	own        *originState
	taken      memory.Origin // by this run, if any: nobody else can know ops of it
	clock      memory.Stamp
	ahead      memory.Stamp // the highest that was taken in this run and not adopted
	lsn        uint64
	purge      bool  // an erase has left something in the files
	rid        int64 // highest memories.rid
	lastOrigin int64 // highest origins.id
	sums       [memory.Buckets]memory.Sum
	root       memory.Sum
	changes    sumChanges
	rectified  bool // see rectify.go
	doubt      bool // see scrub_weigh.go
}

// load reads what the writer keeps in memory from the database, at start and
// after a rollback. If an index leads to rows that are not there, all are made anew first.
func (w *state) load(ctx context.Context) error {
	err := w.loadAll(ctx)
	if w.dialect.isBroken(err) && !isGarbled(err) {
		switch done, failed := w.reindexFirst(ctx); {
		case failed != nil:
			return failed
		case done:
			err = w.loadAll(ctx)
		}
	}
	if w.dialect.isBroken(err) || w.dialect.isDatabase(err) && !errors.Is(err, memory.ErrFull) && !errors.Is(err, ErrFatal) {
		err = fmt.Errorf("%w: the database in %s: %s", err, w.cfg.Dir, whatToDo)
	}
	return err
}

func (w *state) loadAll(ctx context.Context) error {
	w.origins, w.perNode, w.lastOrigin = map[memory.Origin]*originState{}, map[memory.Node]int{}, 0
	w.parkedSize = map[memory.Node]int{}
	if err := w.rectifyFirst(ctx); err != nil {
		return fmt.Errorf("load database: %w", err)
	}
	w.sums, w.root, w.changes.spoiled = [memory.Buckets]memory.Sum{}, memory.Sum{}, false
	for _, step := range []func(context.Context) error{w.loadNode, w.loadOrigins, w.loadBuckets, w.loadSumChanges, w.loadDamage} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("load database: %w", err)
		}
	}
	if w.own == nil || w.own.name.Node() != w.cfg.Node {
		return fmt.Errorf("load database: it does not say which numbers are this node's own: %w: %s", memory.ErrDamaged, whatToDo)
	}
	w.cfg.Clock.Restore(w.clock)
	w.publishView(true)
	return nil
}

// loadNode reads the node row, and writes it on the first start.
func (w *state) loadNode(ctx context.Context) error {
	var clock, lsn int64
	// No number is given out twice, also if those of this row are damaged.
	found, err := w.queryRow(ctx, `SELECT clock, max(lsn, coalesce((SELECT max(lsn) FROM log), 0)),
		max(rid, coalesce((SELECT max(rid) FROM memories), 0)), purge FROM node`, nil,
		&clock, &lsn, &w.rid, &w.purge)
	if err != nil {
		return err
	}
	if !found {
		if err := w.initialise(ctx); err != nil {
			return err
		}
		return w.loadNode(ctx)
	}
	w.clock, w.lsn = memory.Stamp(clock), uint64(lsn)
	return nil
}

func (w *state) initialise(ctx context.Context) error {
	origin := memory.MakeOrigin(w.cfg.Node, newIncarnation(w.cfg.Clock.Wall()))
	w.taken = origin
	for _, st := range []struct {
		q    string
		args []any
	}{
		{w.dialect.begin, nil},
		{`INSERT INTO origins (id, name, head) VALUES (1, ?, 0)`, []any{string(origin)}},
		{`INSERT INTO node (one, name, origin, clock, lsn, rid, purge) VALUES (1, ?, 1, 0, 0, 0, 0)`, []any{string(w.cfg.Node)}},
		{sqlFloor, []any{string(w.cfg.Node), ownFloor + string(origin), floorOf(0)}},
		{"COMMIT", nil},
	} {
		if err := w.exec(ctx, st.q, st.args...); err != nil {
			return err
		}
	}
	return nil
}

func (w *state) loadOrigins(ctx context.Context) error {
	var ownID int64
	if _, err := w.queryRow(ctx, `SELECT origin FROM node`, nil, &ownID); err != nil {
		return err
	}
	byID := map[int64]*originState{}
	err := w.each(ctx, `SELECT id, name, head, chain FROM origins`, nil, func(r rowScanner) error {
		o := &originState{islands: map[uint64]memory.Digest{}}
		var chain []byte
		if err := r.Scan(&o.id, &o.name, &o.head, &chain); err != nil {
			return err
		}
		copy(o.chain[:], chain)
		byID[o.id], w.origins[o.name] = o, o
		w.perNode[o.name.Node()]++
		w.lastOrigin = max(w.lastOrigin, o.id)
		w.nameOrigin(o.id, o.name)
		return nil
	})
	if err != nil {
		return err
	}
	w.own = byID[ownID]
	if err := w.loadFloors(ctx); err != nil {
		return err
	}
	for _, o := range byID {
		err := w.each(ctx, `SELECT seq, digest FROM log WHERE origin = ? AND seq > ?`, []any{o.id, o.head}, func(r rowScanner) error {
			var seq uint64
			var digest []byte
			err := r.Scan(&seq, &digest)
			if !isGarbled(err) {
				o.islands[seq] = toDigest(digest)
				return err
			}
			w.damage.unsound.note() // no number of an entry, and looked after when the writer runs
			return nil
		})
		if err == nil && o.chain.IsZero() && o.head > 0 {
			o.chain, err = w.readChain(ctx, o)
		}
		if err != nil {
			return err
		}
	}
	if err := w.loadRefused(ctx); err != nil {
		return err
	}
	return w.each(ctx, `SELECT l.origin, sum(length(l.raw)) FROM parked p JOIN origins o ON o.name = p.origin
		JOIN log l ON l.origin = o.id AND l.seq = p.seq AND l.state = ? WHERE p.member = ? GROUP BY l.origin`, []any{stateParked, string(w.cfg.Node)}, func(r rowScanner) error {
		var id int64
		var size int
		err := r.Scan(&id, &size)
		if o := byID[id]; o != nil {
			w.parkedSize[o.name.Node()] += size
		}
		return err
	})
}

// loadRefused tells the origins what was refused of them.
func (w *state) loadRefused(ctx context.Context) error {
	refused, err := w.refused(ctx, `1 = 1`)
	for _, d := range refused {
		o := w.origins[d.Origin]
		if o == nil {
			return fmt.Errorf("%w: %s is refused, and of no known origin", ErrFatal, d)
		}
		o.gaps = append(o.gaps, d.Seq)
	}
	for _, o := range w.origins {
		slices.Sort(o.gaps)
	}
	return err
}

// readChain adds up the chain of what is in the log of o up to its head, for a
// file that does not have it yet. It is not known where rows were dropped.
func (w *state) readChain(ctx context.Context, o *originState) (memory.Chain, error) {
	var chain memory.Chain
	var seq uint64
	err := w.each(ctx, `SELECT digest FROM log WHERE origin = ? AND seq <= ? ORDER BY seq`, []any{o.id, int64(o.head)}, func(r rowScanner) error {
		var digest []byte
		err := r.Scan(&digest)
		chain = chain.Next(toDigest(digest))
		seq++
		return err
	})
	if seq != o.head {
		chain = memory.Chain{}
	}
	return chain, err
}

func (w *state) loadBuckets(ctx context.Context) error {
	return w.each(ctx, `SELECT part, sums FROM buckets`, nil, func(r rowScanner) error {
		var part int
		var raw []byte
		if err := r.Scan(&part, &raw); err != nil {
			return err
		}
		sums, ok := sumsOf(part, raw)
		if !ok {
			w.spoil() // zero until then
			return nil
		}
		copy(w.sums[part*partSums:], sums)
		for _, s := range sums {
			w.root.Add(s)
		}
		return nil
	})
}

// sumsOf reads a row of buckets. It reports false if that is none.
func sumsOf(part int, raw []byte) (sums []memory.Sum, ok bool) {
	if part < 0 || part >= memory.Buckets/partSums || len(raw) != partSums*len(memory.Digest{}) {
		return nil, false
	}
	for d := range slices.Chunk(raw, len(memory.Digest{})) {
		sums = append(sums, memory.SumOf(memory.Digest(d)))
	}
	return sums, true
}

// sqlDamaged counts the damaged entries that somebody misses: not those that were emptied
// when their memory was erased. Members may still have what is left of these.
const sqlDamaged = `SELECT count(*) FROM damaged d WHERE NOT EXISTS (SELECT 1 FROM log l JOIN memories m ON m.rid = l.record
	WHERE l.origin = d.origin AND l.seq = d.seq AND l.state = ? AND length(l.raw) = 0 AND m.l_state = ?)`

func (w *state) loadDamage(ctx context.Context) error {
	var n int64
	_, err := w.queryRow(ctx, sqlDamaged, []any{stateDamaged, memory.Erased}, &n)
	w.damage.marked.Store(n)
	return err
}

// refused lists the ops that this node refused and that fit a condition, as the rows have it and
// not an index of them.
func (w *state) refused(ctx context.Context, condition string, args ...any) ([]memory.Dot, error) {
	var out []memory.Dot
	err := w.each(ctx, `SELECT origin, seq FROM parked WHERE +member = ? AND `+condition,
		append([]any{string(w.cfg.Node)}, args...), func(r rowScanner) error {
			var d memory.Dot
			err := r.Scan(&d.Origin, &d.Seq)
			out = append(out, d)
			return err
		})
	return out, err
}

// publishView makes what was committed visible to readers of View.
func (w *state) publishView(changed bool) memory.View {
	if !changed {
		return *w.view.Load()
	}
	v := memory.View{Heads: make(memory.Heads, len(w.origins)), Root: w.root.Digest(), LSN: w.lsn}
	for name, o := range w.origins {
		if o.head > 0 || o == w.own {
			v.Heads[name] = o.reading()
		}
	}
	w.view.Store(&v)
	w.current.Store(&w.own.name)
	if w.fresh() {
		w.numbering.allow()
	}
	return v
}

// The digest of the state is a sum over 4,096 buckets, and each entry changes some that
// lie anywhere. So what a transaction adds is written behind what others have added
// before, and the sums themselves only now and then: a lone write dirties no page for it,
// a batch of 128 creates one or two, in the place of 32. The changes go with the row of
// node; when they would fill its page they move to a slot, which is a row with a page of
// its own; and when all slots are full, a new round begins. No row is ever deleted.
const (
	changeBytes = 2 + len(memory.Digest{})
	slotChanges = 110
)

// sumChanges is where the next change of a sum is written.
type sumChanges struct {
	slots int // in a round
	round int64
	full  int    // slots of this round
	raw   []byte // of the row of node
	dirty [memory.Buckets / partSums]bool
	// spoiled: what lies there is not what it was, so that all sums are written anew.
	spoiled bool
}

// loadSumChanges adds what was added since the sums were written.
func (w *state) loadSumChanges(ctx context.Context) error {
	c := &w.changes
	*c = sumChanges{slots: w.cfg.sumSlots, spoiled: c.spoiled}
	if _, err := w.queryRow(ctx, `SELECT round, changes FROM node`, nil, &c.round, &c.raw); err != nil {
		return err
	}
	if c.raw == nil {
		c.raw = []byte{} // nil is NULL
	}
	err := w.each(ctx, `SELECT slot, raw FROM sum_changes WHERE round = ? ORDER BY slot`, []any{c.round}, func(r rowScanner) error {
		var slot int
		var raw []byte
		if err := r.Scan(&slot, &raw); err != nil {
			return err
		}
		if slot != c.full {
			w.spoil()
		}
		c.full = max(slot, 0) + 1
		w.addChanges(raw)
		return nil
	})
	if err == nil && !w.addChanges(c.raw) {
		c.raw = []byte{}
	}
	return err
}

// spoil notes that the sums are not what they were, until the writer runs and adds the rows up.
func (w *state) spoil() {
	w.changes.spoiled = true
	w.damage.unsound.note()
}

// addChanges reports whether there were only changes in raw. Else there is nothing to be
// had from it, until the writer runs and adds the rows up.
func (w *state) addChanges(raw []byte) bool {
	changes, ok := changesIn(raw)
	if !ok {
		w.spoil()
		return false
	}
	for _, x := range changes {
		w.sums[x.bucket].Add(x.sum)
		w.root.Add(x.sum)
		w.changes.dirty[x.bucket/partSums] = true
	}
	return true
}

// whatToDo is said where a database cannot tell whose it is.
const whatToDo = "put a backup in its place; or move it away and start the node anew, and its members send it all that they have"

// sumChange is what was added to the sum of a bucket.
type sumChange struct {
	bucket int
	sum    memory.Sum
}

// changesIn reads what was added to sums. It reports false if there is anything else in raw.
func changesIn(raw []byte) (changes []sumChange, ok bool) {
	if len(raw)%changeBytes != 0 {
		return nil, false
	}
	for x := range slices.Chunk(raw, changeBytes) {
		b := int(binary.LittleEndian.Uint16(x))
		if b >= memory.Buckets {
			return nil, false
		}
		changes = append(changes, sumChange{b, memory.SumOf(memory.Digest(x[2:]))})
	}
	return changes, true
}
