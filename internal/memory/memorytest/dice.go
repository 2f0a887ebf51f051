package memorytest

import (
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// dice returns a number from 0 to n-1. Everything here is made of throws of it.
type dice func(n int) int

// chance is true once in n times.
func (d dice) chance(n int) bool { return d(n) == n-1 }

func pick[T any](d dice, from []T) T { return from[d(len(from))] }

func node(i int) memory.Node { return memory.Node("node-" + string(rune('a'+i))) }

func namespaces() []string {
	return []string{"global", "team", "team/build", "team/build/ci", "_inbox/ai:bob", "日本/記録"}
}

func titles() []string {
	return []string{"Release checklist", "Why the build is slow", "Who owns the pager", "Über die Brücke – № 5"}
}

func agents() []memory.AgentID {
	return []memory.AgentID{"ai:alice", "ai:bob", "human:carol@example.org", memory.Anonymous}
}

func pendings() []string { return []string{"pending-1", "pending-2", "pending-3"} }

// ids are those of the records that histories are about.
func ids() []string {
	ns, ts := namespaces(), titles()
	return []string{
		memory.DerivedID(ns[0], ts[0]), memory.DerivedID(ns[1], ts[1]), memory.DerivedID(ns[2], ts[2]),
		memory.DerivedID(ns[3], ts[3]), "01890a5d-ac96-774b-bcce-b302099a8057", "legacy:row@7.b_c-D",
	}
}

// otherThan picks an element that is not x.
func otherThan(d dice, from []string, x string) string {
	for i, s := range from {
		if s == x {
			from = append(from[:i:i], from[i+1:]...)
			break
		}
	}
	return pick(d, from)
}

func some[T any](d dice, atMost int, make func() T) []T {
	var out []T
	for range d(atMost + 1) {
		out = append(out, make())
	}
	return out
}

func words(d dice, atMost int) string {
	vocabulary := []string{
		"memory", "tally", "stick", "notch", "the", "a", "of", "quorum", "deploy", "on", "Friday", "never", "naïve",
		"Zürich", "東京", "🪵", "don't", `"quoted"`, "\\", "<b>", "100%", "NULL", "a\tb", "line\nbreak", "e\u0301", "'; --",
	}
	parts := []string{pick(d, vocabulary[:8])}
	for range d(atMost) {
		parts = append(parts, pick(d, vocabulary))
	}
	return strings.Join(parts, " ")
}

// epoch is the time at which histories begin.
func epoch() time.Time { return time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC) }

func instant(d dice) memory.Instant {
	return memory.InstantOf(epoch()) + memory.Instant(d(1<<30))*memory.Instant(time.Millisecond) + memory.Instant(d(1_000_000))
}

func optional[T any](d dice, make func() T) *T {
	if !d.chance(4) {
		return nil
	}
	v := make()
	return &v
}

func float(d dice) float64 {
	return pick(d, []float64{0, 0.5, 1.0 / 3, 0.7, 1, float64(d(1_000_001)) / 1_000_000})
}
