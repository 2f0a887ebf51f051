package store

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// BenchmarkScrubSlice is how long a pass over the log keeps the writer at a time, with
// bodies of several sizes. The file is in the memory of the machine.
func BenchmarkScrubSlice(b *testing.B) {
	for _, size := range []int{500, 64 << 10} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			s, err := Open(b.Context(), Config{
				Dir: b.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
			ended := make(chan error, 1)
			go func() { ended <- s.Run(ctx) }()
			text := make([]byte, size)
			for i := range text {
				text[i] = "some text "[i%10]
			}
			for i := range 600 {
				m := memory.Memory{
					ID: fmt.Sprint("m", i), Tier: memory.Long, Namespace: "global", Title: fmt.Sprint("title ", i), Content: string(text),
					Priority: 5, Confidence: 1, Source: "api", MemoryKind: "observation", ConfidenceSource: "caller_provided",
					CreatedAt: memory.InstantOf(time.Now()), Version: 1,
				}
				ops := []memory.NewOp{{Op: &memory.Put{Memory: m, Create: true}}, {Op: &memory.Link{Source: m.ID, Target: "m0", Relation: "related_to", CreatedAt: 1}}}
				if _, err := s.Submit(ctx, &memory.Write{Actor: "x", Ops: ops}); err != nil {
					b.Fatal(err)
				}
			}
			slices := 0
			for b.Loop() {
				for after, n := int64(0), 1; n > 0; slices++ {
					if err := s.do(ctx, queueMember, 1, func(ctx context.Context, t *tx) (err error) {
						after, n, err = (scrubber{t}).slice(ctx, after)
						return err
					}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(slices), "µs/slice")
			b.ReportMetric(float64(slices)/float64(b.N), "slices/pass")
			cancel()
			if err := <-ended; err != nil {
				b.Error(err)
			}
			_ = s.Close()
		})
	}
}
