package index

import "hash/maphash"

// dict numbers byte strings from 0, in the order in which they came. It costs
// about ten bytes beside each string, a third of a map's.
type dict struct {
	arena []byte
	ends  []uint32
	slots []uint32 // number + 1; 0 is free
	tags  []uint8  // by slot: a part of the hash, so that few strings are compared in vain
	seed  maphash.Seed
}

func newDict() dict {
	return dict{seed: maphash.MakeSeed(), slots: make([]uint32, 16), tags: make([]uint8, 16)}
}

func (d *dict) len() int { return len(d.ends) }

// at returns string i. It must not be changed.
func (d *dict) at(i uint32) []byte {
	start := uint32(0)
	if i > 0 {
		start = d.ends[i-1]
	}
	return d.arena[start:d.ends[i]:d.ends[i]]
}

// find returns the number of key.
func (d *dict) find(key []byte) (uint32, bool) {
	mask := uint64(len(d.slots) - 1)
	hash := maphash.Bytes(d.seed, key)
	for h := hash & mask; ; h = (h + 1) & mask {
		n := d.slots[h]
		if n == 0 {
			return 0, false
		}
		if d.tags[h] == uint8(hash>>56) && string(d.at(n-1)) == string(key) {
			return n - 1, true
		}
	}
}

// add returns the number of key, a new one if it is new.
func (d *dict) add(key []byte) (n uint32, isNew bool) {
	if n, ok := d.find(key); ok {
		return n, false
	}
	if (len(d.ends)+1)*4 > len(d.slots)*3 {
		d.grow()
	}
	d.arena = append(d.arena, key...)
	d.ends = append(d.ends, uint32(len(d.arena)))
	n = uint32(len(d.ends) - 1)
	d.place(n)
	return n, true
}

func (d *dict) place(n uint32) {
	mask := uint64(len(d.slots) - 1)
	hash := maphash.Bytes(d.seed, d.at(n))
	h := hash & mask
	for d.slots[h] != 0 {
		h = (h + 1) & mask
	}
	d.slots[h], d.tags[h] = n+1, uint8(hash>>56)
}

// grow makes room, and also makes the slots of strings that were loaded.
func (d *dict) grow() {
	size := len(d.slots)
	for size*3 < (len(d.ends)+1)*4*3/2 {
		size *= 2
	}
	d.slots, d.tags = make([]uint32, size), make([]uint8, size)
	for i := range d.ends {
		d.place(uint32(i))
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
