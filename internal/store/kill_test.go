package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
	"github.com/tallystick/tallystick/internal/wire"
)

// victim names the data directory of a process that is to be killed.
const victim = "TALLY_STORE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes from several goroutines, reports each write that was
// acknowledged, and compacts, erases and indexes meanwhile.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	cfg := store.Config{
		Dir: dir, Node: "a", Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	}
	store.FewSumSlots(2)(&cfg) // so that sums are written often
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Run(ctx) }()
	var mu sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	say := func(format string, args ...any) error {
		mu.Lock()
		defer mu.Unlock()
		_, err := fmt.Fprintf(out, format, args...)
		return errors.Join(err, out.Flush())
	}
	for w := range 6 {
		go func() {
			for i := 0; ; i++ {
				if err := writeOnce(ctx, s, w, i, say); err != nil {
					failed <- err
				}
			}
		}()
	}
	go func() {
		for {
			_, err := s.Compact(ctx, memory.InstantOf(time.Now()), 2, map[memory.Origin]uint64{s.Origin(): s.View().Heads[s.Origin()].Seq})
			if err != nil {
				failed <- err
			}
		}
	}()
	return <-failed
}

func writeOnce(ctx context.Context, s *store.Store, worker, i int, say func(string, ...any) error) error {
	title := fmt.Sprintf("%s %d %d", time.Now().Format(time.RFC3339Nano), worker, i)
	op := storetest.Create(title, "text of "+title)
	ops := []memory.NewOp{{Op: op}}
	if i%7 == 3 {
		ops = append(ops, memory.NewOp{Op: &memory.Erase{ID: op.Memory.ID}})
	}
	out, err := s.Submit(ctx, &memory.Write{Actor: "ai:x", Ops: ops})
	if err != nil {
		return err
	}
	e := &memory.Entry{
		Dot:   memory.Dot{Origin: memory.Origin(fmt.Sprintf("w%d.%d", worker, i%3)), Seq: uint64(time.Now().UnixNano() >> 10)}, // many holes
		Stamp: memory.MakeStamp(time.Now()), Actor: "ai:y", Op: &memory.Put{Memory: op.Memory},
	}
	raw, err := wire.EncodeEntry(e)
	if err != nil {
		return err
	}
	in, _ := memory.Open(wire.DecodeEntry, []memory.Shipment{{Raw: raw}})
	if _, err := s.Take(ctx, in, false); err != nil {
		return err
	}
	return say("%s %d %s %s\n", out.Entries[0].Dot.Origin, out.Entries[0].Dot.Seq, op.Memory.ID, e.Dot)
}

// kill runs a victim until some time after its first write, and returns what it
// had acknowledged by then.
func kill(t *testing.T, dir string, after time.Duration) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if acked = append(acked, lines.Text()); len(acked) == 1 {
			timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
	}
	if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
		t.Fatalf("it ended by itself: %v %s", err, stderr.String())
	}
	return acked
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	total := 0
	for round := 0; round < 20 || total < 100; round++ { // on a slow machine a round may see one write
		acked := kill(t, dir, time.Duration(rng.IntN(150))*time.Millisecond)
		n := suite().Open(t, "a", dir)
		n.CheckState(nil)
		for _, line := range acked {
			checkAcked(t, n, line)
		}
		own := n.Origin()
		before := n.View().Heads[own].Seq
		if e := n.Put(storetest.Create("after "+strconv.Itoa(round), "x"))[0]; e.Dot != (memory.Dot{Origin: own, Seq: before + 1}) {
			t.Errorf("round %d: the next op is %s, want %d", round, e.Dot, before+1)
		}
		n.Stop()
		if total += len(acked); t.Failed() {
			return
		}
	}
}

// checkAcked looks for what a line says was acknowledged: the record, live or
// erased, and both entries.
func checkAcked(t *testing.T, n *storetest.Node, line string) {
	t.Helper()
	f := strings.Fields(line)
	seq, err := strconv.ParseUint(f[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := memory.ParseDot(f[3])
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Record(t.Context(), f[2])
	if err != nil || r.Life != memory.Live && r.Life != memory.Erased {
		t.Errorf("%s: %v (%v)", line, r, err)
	}
	for _, d := range []memory.Dot{{Origin: memory.Origin(f[0]), Seq: seq}, theirs} {
		if r != nil && r.Life == memory.Erased {
			break // what was erased may have left the log as well
		}
		if _, err := n.Entry(t.Context(), d); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if !n.View().Heads.Holds(memory.Dot{Origin: memory.Origin(f[0]), Seq: seq}) {
		t.Errorf("%s is not held", line)
	}
}
