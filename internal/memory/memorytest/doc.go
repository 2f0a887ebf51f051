// Package memorytest makes random, valid values of the vocabulary: memories, ops
// of every kind, and whole histories of a federation in which nodes write
// concurrently. Each comes in two forms from one description: as generators for
// rapid, which shrink, and from a seeded source, for simulators and benchmarks.
//
// Values collide on purpose: the pools of ids, namespaces and agents are small.
package memorytest

import (
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
)

// Memory generates valid memories, with every optional field at times.
func Memory() *rapid.Generator[memory.Memory] {
	return rapid.Custom(func(t *rapid.T) memory.Memory { return anyMemory(drawn(t)) })
}

// Op generates valid ops of kind k. It panics on a kind it does not know, so
// that a new kind cannot be forgotten here.
func Op(k memory.Kind) *rapid.Generator[memory.Op] {
	return rapid.Custom(func(t *rapid.T) memory.Op { return opOf(drawn(t), k) })
}

// AnyOp generates valid ops of all kinds.
func AnyOp() *rapid.Generator[memory.Op] {
	return rapid.Custom(func(t *rapid.T) memory.Op {
		d := drawn(t)
		return opOf(d, pick(d, memory.Kinds()))
	})
}

// Entry generates valid entries of all kinds that have nothing to do with each
// other. Their digest is [Digest].
func Entry() *rapid.Generator[*memory.Entry] {
	return rapid.Custom(func(t *rapid.T) *memory.Entry { return anyEntry(drawn(t)) })
}

// Entries generates the history of a federation, as [History] does: at most 4
// origins and 40 entries.
func Entries() *rapid.Generator[[]*memory.Entry] {
	return rapid.Custom(func(t *rapid.T) []*memory.Entry {
		d := drawn(t)
		return newFederation(d, 1+d(4), Digest).run(1 + d(40))
	})
}

// RandomMemory returns a valid memory, as [Memory] generates it.
func RandomMemory(rng *rand.Rand) memory.Memory { return anyMemory(rng.IntN) }

// RandomOp returns a valid op of kind k, as [Op] generates it.
func RandomOp(rng *rand.Rand, k memory.Kind) memory.Op { return opOf(rng.IntN, k) }

// History returns n entries of a federation of that many origins, in an order
// in which they could have been issued. Every node writes by what it has heard
// so far: sequences have no holes, stamps grow on each node and lie above what
// it had heard, Prev names what it had seen. Nodes hear late and unevenly, so
// that edits, archives, deletions, erasures, links and votes are concurrent.
//
// digest fills [memory.Entry.Digest]; nil is [Digest]. Equal seeds give equal
// histories.
func History(rng *rand.Rand, origins, n int, digest func(*memory.Entry) memory.Digest) []*memory.Entry {
	if digest == nil {
		digest = Digest
	}
	return newFederation(rng.IntN, origins, digest).run(n)
}

// drawn rolls dice that rapid records, and shrinks towards 0.
func drawn(t *rapid.T) dice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "") }
}
