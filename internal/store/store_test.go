package store_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

func suite() storetest.Suite {
	return storetest.Suite{
		Codec: wire.Codec{},
		Damage: func(t *testing.T, n *storetest.Node, statement string) {
			t.Helper()
			execute(t, n.Dir(), statement)
		},
	}
}

func execute(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.FileName)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestSQLite(t *testing.T) { suite().Run(t) }

func TestOpenRefuses(t *testing.T) {
	good := t.TempDir()
	suite().Open(t, "a", good).Stop()
	newer := t.TempDir()
	suite().Open(t, "a", newer).Stop()
	execute(t, newer, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	lost := t.TempDir()
	suite().Open(t, "a", lost).Stop()
	execute(t, lost, `DELETE FROM node`)
	locked := t.TempDir()
	suite().Open(t, "a", locked)
	file := filepath.Join(t.TempDir(), "file")
	execute(t, filepath.Dir(file), `SELECT 1`)

	for name, tc := range map[string]struct {
		dir  string
		node memory.Node
		want string
		is   error
	}{
		"a database of a newer version": {newer, "a", "use the newer program", store.ErrNewer},
		"nothing that says whose it is": {lost, "a", "put a backup in its place", memory.ErrDamaged},
		"a locked directory":            {locked, "a", "in use by another process", store.ErrLocked},
		"another node's directory":      {good, "b", `belongs to node "a"`, nil},
		"a bad node name":               {t.TempDir(), "a.b", "node name", memory.ErrInvalid},
		"a file for a directory":        {filepath.Join(good, store.FileName), "a", "data directory", nil},
	} {
		s, err := store.Open(t.Context(), store.Config{
			Dir: tc.dir, Node: tc.node, Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), tc.want) || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %q, want %q", name, err, tc.want)
		}
	}
}

// The row that says how far the log has come may be damaged; the log itself says it, too.
func TestNoNumberIsGivenOutTwiceAfterDamage(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	n.Put(storetest.Create("one", "x"), storetest.Create("two", "x"))
	n.Stop()
	execute(t, dir, `UPDATE node SET lsn = 1, rid = 1`)
	n = suite().Open(t, "a", dir)
	n.Put(storetest.Create("three", "x"))
	if v := n.View(); v.LSN != 3 {
		t.Errorf("the log has come to %d, want 3", v.LSN)
	}
}

func TestAFullQueueRefusesBeforeWriting(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{},
		Log: slog.New(slog.DiscardHandler), QueueLen: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	// The writer does not run yet, so what is queued stays.
	submit := func(title string) error {
		_, err := s.Submit(context.WithoutCancel(t.Context()), &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: storetest.Create(title, "x")}}})
		return err
	}
	results := make(chan error, 3)
	for _, title := range []string{"one", "two", "three"} {
		go func() { results <- submit(title) }()
	}
	if err := <-results; !errors.Is(err, memory.ErrBusy) {
		t.Fatalf("the third of two: %v, want ErrBusy", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("a queued write: %v", err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := submit("four"); !errors.Is(err, memory.ErrClosed) {
		t.Errorf("after the end: %v, want ErrClosed", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// opened returns a store whose writer runs until the benchmark or fuzz test ends.
func opened(tb testing.TB, node memory.Node) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), store.Config{
		Dir: tb.TempDir(), Node: node, Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			tb.Error(err)
		}
	})
	return s
}

const kilobyte = "some text about ordinary things "

// BenchmarkSubmit is 128 clients that each write memories of 1 KiB.
func BenchmarkSubmit(b *testing.B) {
	s := opened(b, "a")
	text := strings.Repeat(kilobyte, 32)
	var n atomic.Int64
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			op := storetest.Create(strconv.FormatInt(n.Add(1), 10), text)
			if _, err := s.Submit(b.Context(), &memory.Write{Actor: "x", Ops: []memory.NewOp{{Op: op}}}); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkTake is a member's pushes of 256 such memories.
func BenchmarkTake(b *testing.B) {
	s := opened(b, "a")
	text := strings.Repeat(kilobyte, 32)
	batch := make([]memory.Shipment, 0, 256)
	seq := uint64(0)
	for i := 0; i < b.N; i += cap(batch) {
		b.StopTimer()
		for batch = batch[:0]; len(batch) < cap(batch); {
			seq++
			batch = append(batch, ship(b, &memory.Entry{
				Dot: memory.Dot{Origin: "b.1", Seq: seq}, Stamp: memory.MakeStamp(time.Now()), Actor: "x",
				Op: storetest.Create(strconv.FormatUint(seq, 10), text),
			}))
		}
		b.StartTimer()
		in, _ := memory.Open(wire.DecodeEntry, batch)
		if _, err := s.Take(b.Context(), in, false); err != nil {
			b.Fatal(err)
		}
	}
}
