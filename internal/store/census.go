package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
)

// census knows of each memory what counts and lists go by, so that these take as long
// however many there are. It is read at the start, beside the writer, and follows each
// commit before anybody is told of that. Until it is complete, counts of all namespaces
// wait for it, and all else is asked of the rows.
type census struct {
	mu      sync.Mutex
	ready   bool
	loaded  chan struct{}      // closed when it has been read, or cannot be
	late    map[int64]standing // what was written before it was ready; nil: it will never be
	rows    []place            // by memories.rid
	classes []class
	byKey   map[classKey]int32
	space   map[string]int32 // numbers of namespaces
	ends    order            // of the rows that expire: by when
	shown   order            // of all rows: by priority and last edit, both descending
	local   order            // of all rows: by namespace, and then as shown
	latest  order            // of all rows: by last edit, descending
	now     clock
	soon    clock // an hour later
	teams   int64 // memories for teams
}

// standing is what the census knows of a memory.
type standing struct {
	rid      int64
	absent   bool // it has no content (yet)
	class    classKey
	priority int32
	edited   int64          // stamp of its content
	end      memory.Instant // when it expires, touches included; 0 is never
}

// classKey is what memories are counted by.
type classKey struct {
	namespace     string
	owner, target memory.AgentID
	life          memory.Life
	tier          int8
	secrecy       int8 // as the column private has it
	disputed      bool // with versions in conflict
}

// class is how many memories have the same key.
type class struct {
	classKey

	space int32
	count int64
}

// place is a row of the census.
type place struct {
	edited   int64
	end      memory.Instant
	class    int32 // or noClass
	priority int32
}

const noClass = -1

// clock counts by class what has expired at an instant.
type clock struct {
	at      memory.Instant
	expired []int64
}

func newCensus() *census {
	c := &census{loaded: make(chan struct{}), late: map[int64]standing{}, byKey: map[classKey]int32{}, space: map[string]int32{}}
	c.ends.cmp = func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.rows[a].end, c.rows[b].end), cmp.Compare(a, b))
	}
	c.shown.cmp = func(a, b uint32) int {
		return cmp.Or(urgent(&c.rows[a], &c.rows[b]), cmp.Compare(a, b))
	}
	c.latest.cmp = func(a, b uint32) int {
		return cmp.Or(latest(&c.rows[a], &c.rows[b]), cmp.Compare(a, b))
	}
	c.local.cmp = func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.spaceOf(a), c.spaceOf(b)), c.shown.cmp(a, b))
	}
	return c
}

// latest compares places in the order of [memory.ByNewest], as far as it goes by them.
func latest(a, b *place) int { return cmp.Compare(b.edited, a.edited) }

// urgent compares places in the order of [memory.ByPriority].
func urgent(a, b *place) int { return cmp.Or(cmp.Compare(b.priority, a.priority), latest(a, b)) }

func (c *census) spaceOf(row uint32) int32 { return c.classes[c.rows[row].class].space }

// committed takes over what a transaction changed.
func (c *census) committed(changes []standing) {
	if len(changes) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range changes {
		switch {
		case c.ready:
			c.set(&changes[i])
		case c.late != nil:
			c.late[changes[i].rid] = changes[i]
		}
	}
}

// set puts a memory where it belongs now.
func (c *census) set(s *standing) {
	if s.rid <= 0 || s.rid > math.MaxUint32 {
		return
	}
	row := uint32(s.rid)
	c.reach(row)
	if old := c.rows[row]; old.class != noClass {
		c.shown.remove(row)
		c.local.remove(row)
		c.latest.remove(row)
		if old.end != 0 {
			c.ends.remove(row)
		}
		c.count(old, -1)
	}
	c.place(row, s)
	if s.absent {
		return
	}
	c.shown.add(row)
	c.local.add(row)
	c.latest.add(row)
	if s.end != 0 {
		c.ends.add(row)
	}
}

// reach makes room for a row.
func (c *census) reach(row uint32) {
	for len(c.rows) <= int(row) {
		c.rows = append(c.rows, place{class: noClass})
	}
}

// place writes down where a memory belongs, and counts it.
func (c *census) place(row uint32, s *standing) {
	if s.absent {
		c.rows[row] = place{class: noClass}
		return
	}
	c.rows[row] = place{edited: s.edited, end: s.end, class: c.classOf(&s.class), priority: s.priority}
	c.count(c.rows[row], 1)
}

func (c *census) classOf(k *classKey) int32 {
	if i, ok := c.byKey[*k]; ok {
		return i
	}
	i := int32(len(c.classes))
	c.byKey[*k] = i
	space, known := c.space[k.namespace]
	if !known {
		space = int32(len(c.space))
		c.space[k.namespace] = space
	}
	c.classes = append(c.classes, class{classKey: *k, space: space})
	c.now.expired, c.soon.expired = append(c.now.expired, 0), append(c.soon.expired, 0)
	return i
}

// count adds n to what is counted of a place.
func (c *census) count(p place, n int64) {
	c.classes[p.class].count += n
	if c.classes[p.class].secrecy == forTeams {
		c.teams += n
	}
	for _, at := range []*clock{&c.now, &c.soon} {
		if p.end != 0 && p.end <= at.at {
			at.expired[p.class] += n
		}
	}
}

// turn moves a clock to an instant, ahead or back.
func (c *census) turn(k *clock, to memory.Instant) {
	first, last, n := k.at, to, int64(1)
	if to < k.at {
		first, last, n = to, k.at, -1
	}
	c.ends.from(func(row uint32) bool { return c.rows[row].end <= first }, func(row uint32) bool {
		if c.rows[row].end > last {
			return false
		}
		k.expired[c.rows[row].class] += n
		return true
	})
	k.at = to
}

// await waits until it has been read: to count the rows meanwhile takes longer, and holds it
// up. A store of which nobody calls Run never is.
func (c *census) await(ctx context.Context) error {
	select {
	case <-c.loaded:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("memories are still being counted after the start: %w", ctx.Err())
	}
}

// load reads what there was when tx began, and what the filter of what is absent wants
// to know besides. It is called once.
func (c *census) load(ctx context.Context, tx *readTx, absent *absence) error {
	defer close(c.loaded)
	shown, ends, err := c.read(ctx, tx, absent)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.late, c.rows = nil, nil
		return err
	}
	c.shown.fill(shown)
	c.local.fill(shown)
	c.latest.fill(shown)
	c.ends.fill(ends)
	absent.complete()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.late {
		c.set(&s)
	}
	c.late, c.ready = nil, true
	return nil
}

// read counts the rows that there were when tx began, and returns those that are shown,
// and those that expire.
func (c *census) read(ctx context.Context, tx *readTx, absent *absence) (shown, ends []uint32, err error) {
	touched, err := loadTouches(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	err = tx.each(ctx, `SELECT a, b FROM registers WHERE family = ?`, []any{memory.FamLink}, func(r rowScanner) error {
		var source, target string
		err := r.Scan(&source, &target)
		absent.name(source)
		absent.name(target)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = tx.each(ctx, sqlStanding, nil, func(r rowScanner) error {
		var x standingRow
		if err := r.Scan(x.dest()...); err != nil {
			return err
		}
		absent.add(x.id, x.class.namespace, x.title)
		x.close(touched[x.id])
		if x.absent || x.rid <= 0 || x.rid > math.MaxUint32 {
			return nil
		}
		row := uint32(x.rid)
		c.reach(row)
		c.place(row, &x.standing)
		shown = append(shown, row)
		if x.end != 0 {
			ends = append(ends, row)
		}
		return nil
	})
	return shown, ends, err
}

// forTeams is what the column private has of a memory for who is in a team with its owner.
const forTeams = 2

// sqlStanding selects what a standingRow takes, and sqlStandingTouched the touches, too.
const (
	sqlStandingColumns = `SELECT m.rid, m.id, m.title, m.namespace, m.owner, m.target, m.l_state, m.tier, m.private, m.conflicts > 0,
	m.priority, m.c_lsn = 0, m.c_stamp, m.l_stamp, m.expires`
	sqlStanding        = sqlStandingColumns + ` FROM memories m`
	sqlStandingTouched = sqlStandingColumns + `, ` + sqlTouches + ` FROM memories m`
)

// standingRow is a row of memories, as far as it says where the memory stands.
type standingRow struct {
	standing

	id, title string
	life      memory.Stamp
	expires   memory.Instant
}

func (x *standingRow) dest() []any {
	return []any{
		&x.rid, &x.id, &x.title, &x.class.namespace, &x.class.owner, &x.class.target, &x.class.life, &x.class.tier, &x.class.secrecy,
		&x.class.disputed, &x.priority, &x.absent, &x.edited, &x.life, &x.expires,
	}
}

// close works out when the memory expires: see sqlExpired.
func (x *standingRow) close(touched memory.Touches) {
	tiers := tierNames()
	m := memory.Memory{ExpiresAt: x.expires, Tier: memory.Long}
	if t := int(x.class.tier); t >= 0 && t < len(tiers) {
		m.Tier = tiers[t]
	}
	x.end = touched.Prolong(&m, memory.Stamp(x.edited), x.life)
}

// loadTouches reads when memories were touched.
func loadTouches(ctx context.Context, tx *readTx) (map[string]memory.Touches, error) {
	out := map[string]memory.Touches{}
	err := tx.each(ctx, `SELECT a, b, stamp FROM registers WHERE family = ?`, []any{memory.FamTouch}, func(r rowScanner) error {
		var id, which string
		var at memory.Stamp
		if err := r.Scan(&id, &which, &at); err != nil {
			return err
		}
		t := out[id]
		if which == "" {
			t.Last = at
		} else {
			t.Kept = at
		}
		out[id] = t
		return nil
	})
	return out, err
}

// tierNames are the tiers by rank.
func tierNames() []memory.Tier { return []memory.Tier{memory.Short, memory.Mid, memory.Long} }
