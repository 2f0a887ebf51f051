package index

import (
	"hash/maphash"
	"math/bits"
)

// dict numbers byte strings from 0, in the order in which they came. It costs
// about ten bytes beside each string, a third of a map's.
type dict struct {
	arena []byte
	n     int
	width int      // of all strings while they are of one length: there are no ends then
	ends  []uint32 // in arena
	slots []uint32 // number + 1; 0 is free
	tags  []uint8  // by slot: a part of the hash, so that few strings are compared in vain
	seed  maphash.Seed
}

func newDict(seed maphash.Seed) dict {
	return dict{seed: seed, slots: make([]uint32, 16), tags: make([]uint8, 16)}
}

func (d *dict) len() int { return d.n }

// at returns string i. It must not be changed.
func (d *dict) at(i uint32) []byte {
	if d.ends == nil {
		start, end := int(i)*d.width, (int(i)+1)*d.width
		return d.arena[start:end:end]
	}
	start := uint32(0)
	if i > 0 {
		start = d.ends[i-1]
	}
	return d.arena[start:d.ends[i]:d.ends[i]]
}

// find returns the number of key.
func (d *dict) find(key []byte) (uint32, bool) { return d.look(key, d.hash(key)) }

func (d *dict) hash(key []byte) uint64 { return maphash.Bytes(d.seed, key) }

// look is find by the hash of key.
func (d *dict) look(key []byte, hash uint64) (uint32, bool) {
	for h := d.slot(hash); ; h = d.next(h) {
		n := d.slots[h]
		if n == 0 {
			return 0, false
		}
		if d.tags[h] == uint8(hash) && string(d.at(n-1)) == string(key) {
			return n - 1, true
		}
	}
}

// guess returns a number that is probably that of the string with a hash, and None if
// there is none. It is for many at a time: the processor fetches what it reads for all of
// them at once.
func (d *dict) guess(hash uint64) uint32 {
	h := d.slot(hash)
	for d.tags[h] != uint8(hash) && d.slots[h] != 0 {
		h = d.next(h)
	}
	return d.slots[h] - 1
}

// add returns the number of key, a new one if it is new.
func (d *dict) add(key []byte) (n uint32, isNew bool) { return d.put(key, d.hash(key)) }

// put is add by the hash of key.
func (d *dict) put(key []byte, hash uint64) (n uint32, isNew bool) {
	if n, ok := d.look(key, hash); ok {
		return n, false
	}
	if (d.n+1)*5 > len(d.slots)*4 {
		d.grow()
	}
	if d.n == 0 {
		d.width = len(key)
	}
	if d.ends == nil && len(key) != d.width {
		d.ends = make([]uint32, d.n, d.n+d.n/8+8)
		for i := range d.ends {
			d.ends[i] = uint32((i + 1) * d.width)
		}
	}
	d.arena = append(d.arena, key...)
	if d.ends != nil {
		d.ends = append(room(d.ends), uint32(len(d.arena)))
	}
	n = uint32(d.n)
	d.n++
	d.place(n, hash)
	return n, true
}

// slot is where a string with a hash is, or one of the next.
func (d *dict) slot(hash uint64) int {
	hi, _ := bits.Mul64(hash, uint64(len(d.slots)))
	return int(hi)
}

func (d *dict) next(slot int) int {
	if slot++; slot == len(d.slots) {
		return 0
	}
	return slot
}

func (d *dict) place(n uint32, hash uint64) {
	h := d.slot(hash)
	for d.slots[h] != 0 {
		h = d.next(h)
	}
	d.slots[h], d.tags[h] = n+1, uint8(hash)
}

// grow makes room. Were there twice as many slots each time, half of them would be free
// at worst.
func (d *dict) grow() {
	size := len(d.slots) + len(d.slots)/4
	d.slots, d.tags = make([]uint32, size), make([]uint8, size)
	for i := range d.n {
		d.place(uint32(i), d.hash(d.at(uint32(i))))
	}
}

// room returns s with room for one more. It grows by an eighth: what grows by more
// is empty for a tenth of the index on average.
func room[T any](s []T) []T {
	if len(s) < cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)+len(s)/8+8), s...)
}
