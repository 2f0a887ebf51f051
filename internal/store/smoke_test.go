package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

func open(t testing.TB, node memory.Node) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), Node: node, Clock: memory.NewClock(time.Now, memory.DefaultMaxSkew), Codec: wire.Codec{},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func note(i int) memory.Memory {
	title := fmt.Sprintf("note %d", i)
	return memory.Memory{
		ID: memory.DerivedID("global", title), Tier: memory.Long, Namespace: "global", Title: title,
		Content: strings.Repeat(fmt.Sprintf("word%d some text about things ", i%1000), 36), Priority: 5, Confidence: 1, Source: "api",
		MemoryKind: "observation", ConfidenceSource: "caller_provided", CreatedAt: memory.InstantOf(time.Now()), Version: 1,
	}
}

func TestSmoke(t *testing.T) {
	s := open(t, "a")
	ctx := t.Context()
	w, err := s.Submit(ctx, &memory.Write{Actor: "anonymous", Ops: []memory.NewOp{{Op: &memory.Put{Memory: note(1), Create: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Record(ctx, note(1).ID)
	if err != nil || r.Title != "note 1" || r.Life != memory.Live {
		t.Fatal(r, err)
	}
	if err := s.SyncIndex(ctx); err != nil {
		t.Fatal(err)
	}
	hits, err := s.Search(ctx, "things", memory.Filter{Now: memory.InstantOf(time.Now())}, 10)
	if err != nil || len(hits) != 1 {
		t.Fatal(hits, err)
	}
	v, sums, err := s.BucketSums(ctx)
	if err != nil || v.Root != s.View().Root || len(sums) != memory.Buckets {
		t.Fatal(v.Root, s.View().Root, err)
	}
	h, err := s.History(ctx, note(1).ID)
	if err != nil || len(h) != 1 || !h[0].Winner {
		t.Fatal(h, err)
	}
	t.Log(w.Entries[0].Dot)
}

func BenchmarkSubmit(b *testing.B) {
	s := open(b, "a")
	b.SetParallelism(64)
	i := make(chan int)
	go func() {
		for n := 0; ; n++ {
			i <- n
		}
	}()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Submit(b.Context(), &memory.Write{Actor: "anonymous", Ops: []memory.NewOp{{Op: &memory.Put{Memory: note(<-i), Create: true}}}}); err != nil {
				b.Error(err)
			}
		}
	})
	b.StopTimer()
	t := time.Now()
	lag := s.IndexLag()
	_ = s.SyncIndex(b.Context())
	if lag > 0 {
		b.ReportMetric(float64(time.Since(t).Microseconds())/float64(lag), "µs/index")
	}
}
