package journal_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/journal"
)

// ticking is a clock that goes on with each look.
func ticking() func() time.Time {
	at := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

// keep runs r until what is new is kept.
func keep(t *testing.T, r *journal.Readers) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWhoHasReadAMemoryIsKnownAcrossARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readers.json")
	now := ticking()
	r := journal.OpenReaders(path, now, slog.New(slog.DiscardHandler))
	r.Read("alice", client.ReadByRecall, []string{"gate", "boiler"})
	r.Read("bob", client.ReadByID, []string{"gate"})
	r.Read("alice", client.ReadInBriefing, []string{"gate"})
	keep(t, r)
	for name, r := range map[string]*journal.Readers{"at once": r, "after a restart": journal.OpenReaders(path, now, slog.New(slog.DiscardHandler))} {
		got := r.Of("gate")
		if len(got) != 2 || got[0].AgentID != "alice" || got[0].Times != 2 || got[0].How != client.ReadInBriefing || got[1].AgentID != "bob" || got[1].Times != 1 {
			t.Errorf("%s: %+v", name, got)
		}
		all := r.All()
		if len(all) != 2 || all[0].AgentID != "alice" || all[0].Times != 3 || all[1].Times != 1 {
			t.Errorf("%s: all %+v", name, all)
		}
		by := r.By("alice", 10)
		if len(by) != 2 || by[0].ID != "gate" || by[0].Times != 2 || by[0].How != client.ReadInBriefing || by[1].ID != "boiler" || by[1].How != client.ReadByRecall {
			t.Errorf("%s: by alice %+v", name, by)
		}
		if one := r.By("alice", 1); len(one) != 1 || one[0].ID != "gate" {
			t.Errorf("%s: at most one by alice %+v", name, one)
		}
		if none := r.Of("nothing"); len(none) != 0 {
			t.Errorf("%s: %+v", name, none)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
}

func TestWhatIsKeptOfReadsIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readers.json")
	now := ticking()
	r := journal.OpenReaders(path, now, slog.New(slog.DiscardHandler))
	for i := range 5100 {
		r.Read("alice", client.ReadByRecall, []string{fmt.Sprint("m", i)})
	}
	for i := range 1100 {
		r.Read(fmt.Sprint("agent-", i), client.ReadByRecall, []string{"m5099"})
	}
	keep(t, r)
	r = journal.OpenReaders(path, now, slog.New(slog.DiscardHandler))
	if n := len(r.Of("m5099")); n != 16 {
		t.Errorf("%d readers of one memory", n)
	}
	if n := len(r.All()); n != 1000 {
		t.Errorf("%d agents", n)
	}
	if len(r.Of("m0")) != 0 || len(r.Of("m100")) != 1 {
		t.Error("not those that were read last are kept")
	}
}

func TestReadersThatCannotBeReadAreBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readers.json")
	for _, text := range []string{"{", "null", `{"read":[null,{"id":"a"},{"id":"a"}],"agents":null}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := journal.OpenReaders(path, ticking(), slog.New(slog.DiscardHandler))
		r.Read("alice", client.ReadByRecall, []string{"a"})
		if got := r.Of("a"); len(got) != 1 || len(r.All()) != 1 {
			t.Errorf("%s: %+v", text, got)
		}
		keep(t, r)
	}
}

func TestWhatCouldNotBeKeptIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "readers.json")
	now := ticking()
	r := journal.OpenReaders(path, now, slog.New(slog.DiscardHandler))
	r.Read("alice", client.ReadByRecall, []string{"gate"})
	keep(t, r) // there is no such directory
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	keep(t, r)
	if got := journal.OpenReaders(path, now, slog.New(slog.DiscardHandler)).Of("gate"); len(got) != 1 {
		t.Errorf("kept: %+v", got)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("the directory has %v, %v", files, err)
	}
}

func TestReadsGoOnWhileTheyAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "readers.json")
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	r := journal.OpenReaders(path, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	var all sync.WaitGroup
	for a := range 4 {
		all.Go(func() {
			for i := range 500 {
				r.Read(fmt.Sprint("agent-", a), client.ReadByRecall, []string{fmt.Sprint("m", i%7), "gate"})
			}
		})
	}
	all.Go(func() {
		for range 20 {
			r.Read("keeper", client.ReadByID, []string{"gate"})
			keep(t, r)
		}
	})
	all.Wait()
	keep(t, r)
	r = journal.OpenReaders(path, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	got := map[string]int64{}
	for _, x := range r.Of("gate") {
		got[x.AgentID] = x.Times
	}
	if want := map[string]int64{"agent-0": 500, "agent-1": 500, "agent-2": 500, "agent-3": 500, "keeper": 20}; !maps.Equal(got, want) {
		t.Errorf("reads of one memory: %v", got)
	}
}
