package store

import (
	"hash/maphash"
	"sync"
)

// absence knows of most ids and titles that no memory has them, without a look into the
// database: every create asks for both. It is a Bloom filter (Bloom 1970) of all that
// a row of memories ever had in this run, and of all ids that links name, so it may err
// in one way only. What a
// transaction writes is in it before the COMMIT. As it grows it gets layers, each twice
// as large as the one before.
type absence struct {
	mu     sync.RWMutex
	seed   maphash.Seed
	layers [][]uint64 // bits
	room   int        // keys for which the last layer has room
	ready  bool       // all that was in the database at the start is in it
}

// Of a full layer, 1 in 1,000 keys that are not in it seem to be: 16 bits for a key, of
// which six are set, at places that two hashes give (Kirsch and Mitzenmacher 2006).
const (
	firstLayer = 1 << 16 // keys
	bitsForKey = 16
	bitsSet    = 6
)

func newAbsence() *absence { return &absence{seed: maphash.MakeSeed()} }

// places calls fn for the bits of a key in a layer of so many words, a power of two,
// until it returns false.
func places(hash uint64, words int, fn func(word int, bit uint64) bool) {
	step := hash>>32 | 1
	for range bitsSet {
		if !fn(int(hash/64)&(words-1), 1<<(hash%64)) {
			return
		}
		hash += step
	}
}

func keyOfID(id string) []byte { return []byte("i" + id) }

func keyOfTitle(namespace, title string) []byte { return []byte("t" + namespace + "\x00" + title) }

// add notes what a row has.
func (a *absence) add(id, namespace, title string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(keyOfID(id))
	a.put(keyOfTitle(namespace, title))
}

// name notes an id that a link has, whether there is such a memory or not: of one that
// comes later it is known then that links may name it.
func (a *absence) name(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(keyOfID(id))
}

func (a *absence) put(key []byte) {
	if a.has(key) {
		return
	}
	if a.room == 0 {
		a.room = firstLayer << len(a.layers)
		a.layers = append(a.layers, make([]uint64, a.room*bitsForKey/64))
	}
	a.room--
	last := a.layers[len(a.layers)-1]
	places(maphash.Bytes(a.seed, key), len(last), func(word int, bit uint64) bool {
		last[word] |= bit
		return true
	})
}

// id reports whether surely no memory has an id, and no link names it.
func (a *absence) id(id string) bool { return a.of(keyOfID(id)) }

// title reports whether surely no memory has a title in a namespace.
func (a *absence) title(namespace, title string) bool { return a.of(keyOfTitle(namespace, title)) }

func (a *absence) of(key []byte) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.ready && !a.has(key)
}

// has reports whether a key seems to be in it.
func (a *absence) has(key []byte) bool {
	hash := maphash.Bytes(a.seed, key)
	for _, l := range a.layers {
		set := 0
		places(hash, len(l), func(word int, bit uint64) bool {
			if l[word]&bit == 0 {
				return false
			}
			set++
			return true
		})
		if set == bitsSet {
			return true
		}
	}
	return false
}

// complete says that all that was in the database at the start is in it. Rows that are
// written meanwhile come by add.
func (a *absence) complete() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready = true
}
