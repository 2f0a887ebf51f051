package store

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// cache has records as the database has them, so that what is found again and again is
// read and decoded once, and of many more where they are. What a transaction changes is
// not in it from before the COMMIT on; who has read a record while that was going on does
// not put it in.
type cache struct {
	mu    sync.Mutex
	seed  maphash.Seed
	by    map[string]*cached
	size  int // bytes
	room  int
	stubs stubs

	epoch   uint64
	changed [cacheParts]uint64 // by a hash of the id: the epoch in which one was changed last
}

// cached is a record.
type cached struct {
	rec    memory.Record
	linked bool // there are links that name it
	used   bool // it was asked for since room was last made
}

// fetched is a record that was read, with whether links name it, and with its stub if it
// is plain.
type fetched struct {
	*cached // by itself: what is kept of a list keeps no more of it

	stub stub
}

const (
	// cacheBytes bounds what all records take, nearly, without the stubs.
	cacheBytes = 12 << 20
	// cacheParts is among how many ids one that changes keeps the others out, for those
	// who have begun to read. Reads of some hundred are counted at a time.
	cacheParts = 4096
	// changing is the epoch of what is being changed: nobody has begun behind it.
	changing = math.MaxUint64
)

func newCache() *cache {
	return &cache{seed: maphash.MakeSeed(), by: map[string]*cached{}, room: cacheBytes}
}

// get returns those of some records that are there, where others are, and the ids of the
// rest. With the epoch these may be put in, once they are read.
func (c *cache) get(ids []string) (out []memory.Record, known []located, missing []string, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out = make([]memory.Record, 0, len(ids))
	for _, id := range ids {
		if x := c.by[id]; x != nil {
			x.used = true
			out = append(out, x.rec)
			continue
		}
		if s := c.stubs.find(c.hash(id)); s != nil {
			known = append(known, located{id, *s})
			continue
		}
		missing = append(missing, id)
	}
	return out, known, missing, c.epoch
}

// open returns a record if it is there and for everybody to see.
func (c *cache) open(id string) (rec *memory.Record, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.by[id]; x != nil && !x.rec.Access().Private {
		x.used = true
		rec = new(x.rec)
	}
	return rec, c.epoch
}

// linked returns those of some ids that links may name.
func (c *cache) linked(ids []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, id := range ids {
		x := c.by[id]
		if x != nil && x.linked || x == nil && c.stubs.find(c.hash(id)) == nil {
			out = append(out, id)
		}
	}
	return out
}

// put takes in records that somebody has read who began in an epoch. They are its own
// then.
func (c *cache) put(list []fetched, epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range list {
		id := list[i].rec.ID
		if c.changed[c.part(id)] > epoch {
			continue
		}
		c.stubs.put(c.hash(id), &list[i].stub)
		if c.by[id] != nil {
			continue
		}
		x := list[i].cached
		c.by[id] = x
		c.size += x.bytes()
	}
	for c.size > c.room {
		c.shrink()
	}
}

// shrink makes room: what was not asked for lately goes.
func (c *cache) shrink() {
	for id, x := range c.by {
		if c.size <= c.room*3/4 {
			return
		}
		if x.used {
			x.used = false
			continue
		}
		c.drop(id)
	}
}

func (c *cache) drop(id string) {
	if x := c.by[id]; x != nil {
		c.size -= x.bytes()
		delete(c.by, id)
	}
}

func (x *cached) bytes() int { return 640 + memoryBytes(&x.rec.Memory) }

func (c *cache) hash(id string) uint64 { return maphash.String(c.seed, id) }

func (c *cache) part(id string) int { return int(c.hash(id) % cacheParts) }

// recordChanges are what a transaction does to records.
type recordChanges struct {
	ids   []string           // those that are read otherwise afterwards
	reads map[string]touched // what it adds to the counts of these
	all   bool               // any may be another one
}

// change takes out what is about to be changed. Until done is called none of it comes
// in, and afterwards nobody's who has begun before that.
func (c *cache) change(x recordChanges) (done func(committed bool)) {
	if len(x.ids) == 0 && len(x.reads) == 0 && !x.all {
		return func(bool) {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range x.ids {
		c.drop(id)
		c.stubs.drop(c.hash(id))
	}
	if x.all {
		clear(c.by)
		c.size = 0
		c.stubs.clear()
	}
	c.mark(&x, changing)
	return func(committed bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if committed {
			c.read(x.reads)
		}
		c.epoch++
		c.mark(&x, c.epoch)
	}
}

// made takes in where the plain records are that a transaction has made, once it is
// committed: who reads one for the first time has to find it in no other table.
func (c *cache) made(list []located, x *recordChanges) {
	if len(list) == 0 || x.all {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range list {
		if len(x.ids) > 0 && c.changed[c.part(list[i].id)] == c.epoch {
			continue // perhaps a link of the same transaction names it
		}
		c.stubs.put(c.hash(list[i].id), &list[i].stub)
	}
}

// mark notes when records were changed.
func (c *cache) mark(x *recordChanges, epoch uint64) {
	if x.all {
		for i := range c.changed {
			c.changed[i] = epoch
		}
		return
	}
	for _, id := range x.ids {
		c.changed[c.part(id)] = epoch
	}
	for id := range x.reads {
		c.changed[c.part(id)] = epoch
	}
}

// read adds reads to the counts of what is there, as they were added in the database.
func (c *cache) read(by map[string]touched) {
	for id, n := range by {
		if x := c.by[id]; x != nil {
			n.addTo(&x.rec.AccessCount, &x.rec.AccessedAt)
		}
		if s := c.stubs.find(c.hash(id)); s != nil {
			count := int64(s.count)
			n.addTo(&count, &s.at)
			s.count = int32(count)
		}
	}
}

// touches gathers reads, which are counted later and never waited for.
type touches struct {
	mu   sync.Mutex
	by   map[string]touched
	next time.Time // when they are folded in again; of the writer
	// took is how long it took since there was a rest; of the writer.
	took time.Duration
}

type touched struct {
	n  int64
	at memory.Instant
}

// addTo adds these reads to what was counted before.
func (n touched) addTo(count *int64, at *memory.Instant) {
	*count = min(*count+min(n.n, maxCount), maxCount)
	*at = max(*at, n.at)
}

// maxTouches bounds the memories whose reads wait to be folded in; others are not counted.
const maxTouches = 20_000

func (t *touches) add(ids []string, at memory.Instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]touched{}
	}
	for _, id := range ids {
		if n, ok := t.by[id]; ok || len(t.by) < maxTouches {
			t.by[id] = touched{n: n.n + 1, at: max(n.at, at)}
		}
	}
}

// take returns so many of them, and forgets these.
func (t *touches) take(most int) map[string]touched {
	t.mu.Lock()
	defer t.mu.Unlock()
	by := t.by
	if len(by) <= most {
		t.by = nil
		return by
	}
	by = make(map[string]touched, most)
	for id, n := range t.by {
		if len(by) == most {
			break
		}
		by[id] = n
		delete(t.by, id)
	}
	return by
}

const (
	// foldSlice is how many memories' reads are folded in at a time: writes wait for that.
	foldSlice = 200
	// foldShare is how much longer the writer does other things meanwhile. A memory that
	// is read all the time costs less the rarer its reads are folded in.
	foldShare = 10
	// foldRest is the longest rest. Slices follow one another until that is what they are
	// worth: each empties what those who read have of the database in memory.
	foldRest = time.Second
)

// due is take, if it is time for that.
func (t *touches) due(now time.Time) map[string]touched {
	if now.Before(t.next) {
		return nil
	}
	return t.take(foldSlice)
}

// rest says how long it took to fold so many in. Behind a slice that was not full there is
// nothing but what has come meanwhile.
func (t *touches) rest(n int, took time.Duration) {
	t.took += took
	if n == foldSlice && t.took < foldRest/foldShare && t.waiting() {
		return
	}
	t.next, t.took = time.Now().Add(min(foldShare*t.took, foldRest)), 0
}

// waiting reports whether there are any.
func (t *touches) waiting() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.by) > 0
}

// idle is how long until it is time for that, if there are any.
func (t *touches) idle() time.Duration {
	if !t.waiting() {
		return time.Second
	}
	return time.Until(t.next)
}

// maxCount is where the count of reads of a memory ends.
const maxCount = 1_000_000

func memoryBytes(m *memory.Memory) int {
	n := len(m.Title) + len(m.Content) + len(m.Metadata) + len(m.SourceURI)
	for _, t := range m.Tags {
		n += len(t)
	}
	for i := range m.Citations {
		n += len(m.Citations[i].URI)
	}
	return n
}

// stub is what the rows say of a plain record beside its content: where that is in the
// log, and the rest. Such a record costs one look into the database instead of five.
// Plain is one that is live and in no conflict, that no link names, and whose expiry is
// that of its content.
type stub struct {
	hash      uint64 // of the id: the content says whose it is
	lsn       int64  // of the entry that holds the content; 0: this is no stub
	lifeStamp int64
	lifeSeq   int64
	at        memory.Instant // of the last read
	lifeFrom  int32          // origins.id
	count     int32          // of reads
}

// located is a record that is not in memory, and where it is.
type located struct {
	id string
	stub
}

// stubs are as many stubs as there is room for, in sets of few: what comes into a full
// one takes the place of another. The table grows with what is put in. Its zero value is
// ready.
type stubs struct {
	slots []stub // sets of stubsInSet
	n     int
}

const (
	stubsInSet = 16
	// The table begins with minStubs and ends with maxStubs, which are 6 MiB.
	minStubs = 1 << 10
	maxStubs = 1 << 17
)

// set is where the stub of an id is, if it is there.
func (t *stubs) set(hash uint64) []stub {
	first := hash % uint64(len(t.slots)/stubsInSet) * stubsInSet
	return t.slots[first : first+stubsInSet]
}

// find returns the stub of an id, or nil. It may be changed in place.
func (t *stubs) find(hash uint64) *stub {
	if len(t.slots) == 0 {
		return nil
	}
	set := t.set(hash)
	for i := range set {
		if set[i].lsn != 0 && set[i].hash == hash {
			return &set[i]
		}
	}
	return nil
}

// put takes in a stub, in place of the one that there was. One that is none only drops
// that.
func (t *stubs) put(hash uint64, s *stub) {
	if s.lsn == 0 {
		t.drop(hash)
		return
	}
	at := t.find(hash)
	if at == nil {
		at = t.room(hash)
	}
	*at = *s
	at.hash = hash
}

// room returns a slot for a stub that is not there.
func (t *stubs) room(hash uint64) *stub {
	if t.n >= len(t.slots)*3/4 && len(t.slots) < maxStubs {
		t.grow()
	}
	set := t.set(hash)
	for i := range set {
		if set[i].lsn == 0 {
			t.n++
			return &set[i]
		}
	}
	return &set[hash>>32%stubsInSet]
}

// grow doubles the table. What does not find room any more is gone.
func (t *stubs) grow() {
	old := t.slots
	t.slots, t.n = make([]stub, max(minStubs, 2*len(old))), 0
	for i := range old {
		if old[i].lsn != 0 {
			*t.room(old[i].hash) = old[i]
		}
	}
}

func (t *stubs) drop(hash uint64) {
	if s := t.find(hash); s != nil {
		*s = stub{}
		t.n--
	}
}

func (t *stubs) clear() {
	clear(t.slots)
	t.n = 0
}
