package journal_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
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
