package recall_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/recall"
)

// journal is a log in memory.
type journal struct {
	mu     sync.Mutex
	recs   []memory.Record // by LSN - 1
	asked  []uint64
	origin memory.Origin
	broken error
}

func (j *journal) write(recs ...memory.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.recs = append(j.recs, recs...)
}

func (j *journal) Changed(_ context.Context, after uint64, limit int) ([]memory.Record, uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked = append(j.asked, after)
	if j.broken != nil {
		return nil, after, j.broken
	}
	recs := j.recs[after:min(len(j.recs), int(after)+limit)]
	return recs, after + uint64(len(recs)), nil
}

func (j *journal) View() memory.View {
	j.mu.Lock()
	defer j.mu.Unlock()
	return memory.View{LSN: uint64(len(j.recs))}
}

func (j *journal) Origin() memory.Origin { return j.origin }

func record(id, content string) memory.Record {
	return memory.Record{Life: memory.Live, Memory: memory.Memory{ID: id, Namespace: "n", Title: "title of " + id, Content: content, Priority: 5}}
}

// follow runs a finder over j until the returned func is called.
func follow(t *testing.T, j *journal, file string) (*recall.Finder, func()) {
	t.Helper()
	f := recall.NewFinder(recall.Config{File: file, Log: slog.New(slog.DiscardHandler)}, j)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func find(t *testing.T, f *recall.Finder, q string) string {
	t.Helper()
	if err := f.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := f.Recall(t.Context(), recall.Query{Text: q, Filter: memory.Filter{Now: 1}, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range got.Hits {
		ids = append(ids, h.ID)
	}
	found, err := f.Search(t.Context(), q, memory.Filter{Now: 1}, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range found {
		if !strings.Contains(strings.Join(ids, " "), h.ID) {
			t.Errorf("%q: search finds %s, recall does not", q, h.ID)
		}
	}
	return strings.Join(ids, " ")
}

func TestWhatIsCommittedIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1"}
		j.write(record("a", "heron"))
		f, stop := follow(t, j, "")
		defer stop()
		if got := find(t, f, "heron"); got != "a" {
			t.Errorf("found %q", got)
		}
		gone := record("a", "heron")
		gone.Life = memory.Archived
		j.write(record("b", "a frog"), gone)
		f.Committed()
		if got := find(t, f, "heron frog"); got != "b" {
			t.Errorf("found %q", got)
		}
		if f.Lag() != 0 {
			t.Errorf("lag %d", f.Lag())
		}
	})
}

func TestTheIndexIsKeptBetweenRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "index")
	j := &journal{origin: "a.1"}
	j.write(record("a", "heron"), record("b", "frog"))
	f, stop := follow(t, j, file)
	find(t, f, "heron")
	stop()
	again := func(want uint64, why string) {
		t.Helper()
		j.asked = nil
		j.write(record("c", "heron"))
		f, stop := follow(t, j, file)
		if got := find(t, f, "heron"); got != "a c" {
			t.Errorf("%s: found %q", why, got)
		}
		stop()
		if j.asked[0] != want {
			t.Errorf("%s: the log was read from %d, want %d", why, j.asked[0], want)
		}
	}
	again(2, "whole")
	j.origin = "a.2"
	again(0, "of another log")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	again(0, "damaged")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v", info.Mode(), err)
	}
	j.recs = j.recs[:3]
	again(0, "of a log that was longer")
}

func TestErasedWordsLeaveTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "index")
	j := &journal{origin: "a.1"}
	j.write(record("a", "heron"), record("b", "xyzzysecret"))
	f, stop := follow(t, j, file)
	find(t, f, "heron")
	stop()
	if raw, err := os.ReadFile(file); err != nil || !strings.Contains(string(raw), "xyzzysecret") {
		t.Fatalf("the word is not in the file at first: %v", err)
	}
	j.write(memory.Record{Life: memory.Erased, Memory: memory.Memory{ID: "b"}})
	f, stop = follow(t, j, file)
	if got := find(t, f, "xyzzysecret"); got != "" {
		t.Errorf("found %q", got)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	stop()
	if raw, err := os.ReadFile(file); err != nil || strings.Contains(string(raw), "xyzzysecret") {
		t.Errorf("the word is in the new file, or: %v", err)
	}
}

func TestALogThatFailsIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1", broken: errors.New("disk")}
		j.write(record("a", "heron"))
		f, stop := follow(t, j, "")
		defer stop()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := f.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) || f.Lag() != 1 {
			t.Errorf("got %v, lag %d", err, f.Lag())
		}
		j.mu.Lock()
		j.broken = nil
		j.mu.Unlock()
		if got := find(t, f, "heron"); got != "a" {
			t.Errorf("found %q", got)
		}
	})
}

func TestWhatMetadataSays(t *testing.T) {
	j := &journal{origin: "a.1"}
	said := func(id, content, meta string) memory.Record {
		r := record(id, content)
		r.Metadata = memory.Object(meta)
		return r
	}
	restored := record("restored", "a stork")
	restored.ExpiresAt, restored.LifeAt = 1, memory.Version{Stamp: memory.MakeStamp(time.Unix(1, 0))}
	expired := record("expired", "a stork")
	expired.ExpiresAt = 1
	private := said("private", "a stork", `{"agent_id":"ann","scope":"private"}`)
	j.write(
		said("a", "I sold it", `{"session":7,"speaker":"Ann","date":"2024-05-06"}`),
		said("b", "the guitar?", `{"session":7,"speaker":"Bob","date":"2024-05-06"}`),
		said("c", "I sold it", `{"session":null,"speaker":["Bob"],"date":"2024-05-06"}`),
		said("d", "well", `{"session":"7","speaker":"Ann"}`),
		restored, expired, private,
	)
	f, stop := follow(t, j, "")
	defer stop()
	if got := find(t, f, "guitar"); got != "d b a" { // the answer first
		t.Errorf("beside the guitar: %q", got)
	}
	if got := find(t, f, "what on 6 May 2024"); !strings.HasPrefix(got, "a ") && !strings.HasPrefix(got, "b ") {
		t.Errorf("on that day: %q", got)
	}
	if got := find(t, f, "stork"); got != "restored" {
		t.Errorf("storks: %q", got)
	}
	hits, ok, err := f.Named(t.Context(), `stork -tag:x`, memory.Filter{Now: 1}, 10)
	if len(hits) != 0 || !ok || err != nil {
		t.Errorf("a name with all that: %v, %v, %v", hits, ok, err)
	}
	if _, ok, _ := f.Named(t.Context(), "?!", memory.Filter{Now: 1}, 10); ok {
		t.Error("a name of nothing can be looked for")
	}
}

// A search waits for its turn, so a caller who has gone is not answered.
func TestASearchEndsWithItsCaller(t *testing.T) {
	j := &journal{origin: "a.1"}
	j.write(record("a", "heron"))
	f, stop := follow(t, j, "")
	defer stop()
	find(t, f, "heron")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if hits, err := f.Search(ctx, "heron", memory.Filter{Now: 1}, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, %v", hits, err)
	}
	if hits, _, err := f.Named(ctx, "heron", memory.Filter{Now: 1}, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, %v", hits, err)
	}
}

// What a repair mends is behind what was read of the log.
func TestTheIndexCanBeMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{origin: "a.1"}
		j.write(record("a", "heron"))
		f, stop := follow(t, j, "")
		defer stop()
		find(t, f, "heron")
		j.mu.Lock()
		j.recs[0] = record("a", "frog")
		j.mu.Unlock()
		f.Rebuild()
		synctest.Wait()
		time.Sleep(time.Second)
		if got := find(t, f, "frog"); got != "a" {
			t.Errorf("found %q", got)
		}
	})
}
