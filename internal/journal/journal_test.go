package journal_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/journal"
)

func open(t *testing.T, path string, limit int64) (*journal.Journal, *bytes.Buffer) {
	t.Helper()
	var logs bytes.Buffer
	j, err := journal.Open(path, limit, slog.New(slog.NewTextHandler(&logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j, &logs
}

func tokens(t *testing.T, j *journal.Journal, agent string, limit int) []int {
	t.Helper()
	list, err := j.Shown(agent, limit)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, s := range list {
		out = append(out, s.Tokens)
	}
	return out
}

func TestWhatWasShownIsListedNewestFirstAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shown")
	j, _ := open(t, path, 0)
	for n, agent := range []string{"ann", "bob", "ann"} {
		j.Note(t.Context(), client.Shown{AgentID: agent, Tokens: n, Items: []client.BriefingItem{{ID: "x", Version: 2, Why: "pinned"}}})
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	// A crash in the middle of a line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"agent_id":"ann","tok`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	j, _ = open(t, path, 0)
	j.Note(t.Context(), client.Shown{AgentID: "ann", Tokens: 3})
	for _, tt := range []struct {
		agent string
		limit int
		want  []int
	}{{"ann", 9, []int{3, 2, 0}}, {"", 9, []int{3, 2, 1, 0}}, {"ann", 2, []int{3, 2}}, {"zoe", 9, nil}} {
		got := tokens(t, j, tt.agent, tt.limit)
		if len(got) != len(tt.want) {
			t.Errorf("%+v: %v", tt, got)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%+v: %v", tt, got)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAJournalIsBounded(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, filepath.Join(dir, "shown"), 2000)
	for n := range 100 {
		j.Note(t.Context(), client.Shown{AgentID: "ann", Namespace: strings.Repeat("n", 100), Tokens: n})
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Size() > 2000 {
			t.Errorf("%s: %d bytes, %v", f.Name(), info.Size(), err)
		}
	}
	if got := tokens(t, j, "ann", 5); len(got) != 5 || got[0] != 99 || got[4] != 95 {
		t.Errorf("%v", got)
	}
}

func TestWhatCannotBeKeptIsInTheLog(t *testing.T) {
	j, logs := open(t, filepath.Join(t.TempDir(), "shown"), 0)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j.Note(t.Context(), client.Shown{AgentID: "ann"})
	if !strings.Contains(logs.String(), "cannot be kept") {
		t.Errorf("%s", logs)
	}
	if _, err := journal.Open(filepath.Join(t.TempDir(), "no", "folder"), 0, slog.Default()); err == nil {
		t.Error("it opened where there is no folder")
	}
}
