package book_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tallystick/tallystick/internal/engine"
)

// BenchmarkCreate is what the engine and the store make of 64 writers, alone.
func BenchmarkCreate(b *testing.B) {
	n := alone(b)
	var i atomic.Int64
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			d := draft(fmt.Sprint("title ", i.Add(1)))
			if _, err := n.Create(b.Context(), engine.Caller{Agent: "alice"}, d); err != nil {
				b.Fatal(err)
			}
		}
	})
}
