package webhook

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

func TestTheFeedSaysWhatTheLogSays(t *testing.T) {
	st, err := store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, memory.DefaultMaxSkew), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- st.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, st.Close()); err != nil {
			t.Error(err)
		}
	})
	f := &feed{source: plain{Store: st}, store: st}
	number := 0
	grow := func(n, size int) {
		t.Helper()
		w := &memory.Write{Actor: memory.Anonymous}
		for range n {
			number++
			id := "m" + strconv.Itoa(number)
			w.Ops = append(w.Ops, memory.NewOp{Op: &memory.Put{Create: true, Memory: memory.Memory{
				ID: id, Namespace: "n", Title: id, Content: strings.Repeat("x", size), Tier: memory.Long, Priority: 5, Confidence: 1, Source: "api",
				MemoryKind: "observation", ConfidenceSource: "caller_provided", Version: 1, CreatedAt: 1,
			}}})
		}
		if _, err := st.Submit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if err := f.advance(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string) {
		t.Helper()
		head := st.View().LSN
		for lsn := uint64(0); lsn <= head; lsn += 1 + head/40 {
			got, err := f.after(t.Context(), lsn)
			if err != nil {
				t.Fatal(err)
			}
			want, err := st.Events(t.Context(), lsn, len(got)+1)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 && len(want) > 0 {
				t.Fatalf("%s: nothing after %d of %d", what, lsn, head)
			}
			for i := range got {
				if got[i].LSN != want[i].LSN {
					t.Fatalf("%s: after %d comes %d, want %d", what, lsn, got[i].LSN, want[i].LSN)
				}
			}
		}
		if f.bytes > feedBytes || len(f.events) > feedKept {
			t.Fatalf("%s: keeps %d events of about %d bytes", what, len(f.events), f.bytes)
		}
	}
	grow(3, 1)
	check("new")
	grow(300, 1)
	check("some")
	for range 6 {
		grow(250, 1)
	}
	check("more than are kept")
	grow(100, 60_000)
	check("large ones")
	f.forget()
	grow(10, 1)
	check("after nobody was there")
}
