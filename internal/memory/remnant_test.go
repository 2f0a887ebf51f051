package memory_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// What is left of a hollow entry takes its place in each register that it holds, says
// the same there, and touches no other.
func TestRemnantsTakeThePlaceOfAHollowEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := memory.NewState()
		var hollow []*memory.Entry
		for _, e := range memorytest.Entries().Draw(t, "history") {
			s.Apply(e)
			if h, ok := e.Hollowed(memory.Dot{Origin: "node-a.1", Seq: 1}); ok {
				hollow = append(hollow, h)
			}
		}
		if len(hollow) == 0 {
			return
		}
		e := rapid.SampledFrom(hollow).Draw(t, "hollow")
		before := map[memory.Key]memory.Version{}
		for k, w := range s.Keys {
			before[k] = w.Version()
		}
		holds := func(k memory.Key) bool { return before[k] == e.Version() }
		for i, left := range e.Remnants(holds) {
			again := left.Reissued(memory.Dot{Origin: "node-z.9", Seq: uint64(i + 1)})
			again.Digest = memorytest.Digest(again)
			if err := again.Validate(); err != nil {
				t.Fatal(err)
			}
			s.Apply(again)
		}
		for k, w := range s.Keys {
			if !holds(k) {
				if w.Version() != before[k] {
					t.Fatalf("%s went from %+v to %+v", k.Name(), before[k], w.Version())
				}
				continue
			}
			want, wantReason := memory.LifeOf(e.Op, k.A)
			life, reason := memory.LifeOf(w.Op, k.A)
			switch {
			case w.Stamp != e.Stamp+1:
				t.Fatalf("%s is not written again, but held by %+v", k.Name(), w)
			case k.Family == memory.FamLife && (life != want || reason != wantReason):
				t.Fatalf("%s is %s (%s), was %s (%s)", k.Name(), life, reason, want, wantReason)
			case k.Family != memory.FamLife && w.Hollow != e.Hollow:
				t.Fatalf("%s is no longer hollow: %+v", k.Name(), w)
			}
		}
	})
}
