package care

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/memory"
)

// log is a node whose log holds nothing but has an end.
type log struct {
	lsn    uint64
	broken error
	during func() // while it is dumped
}

func (l *log) dump(_ context.Context, after uint64, start func(upkeep.Manifest) error, yield func([]upkeep.Logged) error) error {
	m := upkeep.Manifest{Node: "a", Origin: "a.1", At: memory.InstantOf(time.Now())}
	m.View.LSN, m.View.Heads = l.lsn, memory.Heads{}
	if l.lsn < after {
		m.View.LSN = after
	}
	err := errors.Join(start(m), yield(nil), l.broken)
	if l.during != nil {
		l.during()
	}
	return err
}

func keeperOf(t *testing.T, data, dir string, l *log) *Keeper {
	t.Helper()
	return New(Config{
		Data: data, BackupDir: dir, MaxSkew: time.Minute, Version: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler), Dump: l.dump,
		Own: func() []client.Finding { return nil },
	})
}

// work does what was asked for.
func work(t *testing.T, k *Keeper) client.Backups {
	t.Helper()
	for j := k.next(); j != nil; j = k.next() {
		k.do(t.Context(), j)
	}
	return k.Backups()
}

func TestABackupIsMadeReadAndRemembered(t *testing.T) {
	data, dir := t.TempDir(), filepath.Join(t.TempDir(), "b")
	l := &log{lsn: 7}
	k := keeperOf(t, data, dir, l)
	if v := k.Backups(); v.Dir != dir || v.Count != 0 || v.Running != nil || v.Verified != nil {
		t.Errorf("at first: %+v", v)
	}
	k.BackUp(false)
	k.BackUp(false)
	k.VerifyBackup()
	if v := k.Backups(); v.Running == nil || v.Running.What != backUp || len(k.todo) != 2 {
		t.Errorf("asked for: %+v, %d to do", v, len(k.todo))
	}
	v := work(t, k)
	if v.Count != 1 || !v.Files[0].Base || !v.Files[0].Verified || v.Files[0].LSN != 7 || v.Running != nil {
		t.Errorf("done: %+v", v)
	}
	if !v.Taken.OK || v.Taken.Added != "base" || v.Verified == nil || !v.Verified.OK || v.Verified.Files != 1 {
		t.Errorf("done: %+v, %+v", v.Taken, v.Verified)
	}
	k.BackUp(false)
	if v := work(t, k); v.Taken.Added != "nothing" || v.Count != 1 {
		t.Errorf("again: %+v", v)
	}
	l.lsn = 9
	k.BackUp(false)
	if v := work(t, k); v.Taken.Added != "increment" || v.Count != 2 || !v.Files[0].Verified || v.Files[1].Verified {
		t.Errorf("more: %+v", v)
	}
	if v := keeperOf(t, data, dir, l).Backups(); v.Verified == nil || !v.Verified.OK || !v.Files[0].Verified || v.Taken != nil {
		t.Errorf("after a restart: %+v", v)
	}
	if v := keeperOf(t, data, dir+"-other", l).Backups(); v.Verified != nil {
		t.Errorf("in another folder: %+v", v)
	}
}

// Who asks for a backup while one is made has written what that one does not hold.
func TestABackupHoldsWhatWasLoggedBeforeItWasAskedFor(t *testing.T) {
	l := &log{lsn: 7}
	k := keeperOf(t, t.TempDir(), filepath.Join(t.TempDir(), "b"), l)
	l.during = func() {
		l.during, l.lsn = nil, 9
		k.BackUp(false)
		k.BackUp(false)
	}
	k.BackUp(false)
	if v := work(t, k); v.Count != 2 || v.Files[v.Count-1].LSN != 9 {
		t.Errorf("%+v", v.Files)
	}
}

// A backup beside the data does not take the last room from the node.
func TestABackupStopsBeforeTheDiskIsFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "b")
	k := keeperOf(t, t.TempDir(), dir, &log{lsn: 7})
	k.crowded = func() bool { return true }
	k.BackUp(false)
	if v := work(t, k); v.Taken.OK || !strings.Contains(v.Taken.Error, "another disk") || v.Count != 0 {
		t.Errorf("%+v, %d files", v.Taken, v.Count)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("left: %v, %v", list, err)
	}
}

func TestDamageAndFailuresOfABackupAreSaid(t *testing.T) {
	data, dir := t.TempDir(), filepath.Join(t.TempDir(), "b")
	l := &log{lsn: 7}
	k := keeperOf(t, data, dir, l)
	s := &client.Status{W: 1, N: 1, LSN: 7}
	of := func() client.Finding {
		for _, f := range k.Check(s) {
			if f.Check == "backup" {
				return f
			}
		}
		return client.Finding{}
	}
	if f := of(); f.State != client.FindingWarn || f.Fix != client.FixBackUp {
		t.Errorf("none yet: %+v", f)
	}
	k.BackUp(false)
	v := work(t, k)
	if f := of(); f.State != client.FindingWarn || f.Fix != client.FixVerifyBackup {
		t.Errorf("not read: %+v", f)
	}
	if err := os.WriteFile(filepath.Join(dir, v.Files[0].File), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.VerifyBackup()
	if v := work(t, k); v.Verified.OK || !strings.Contains(v.Verified.Error, "damaged") || v.Files[0].Verified {
		t.Errorf("damaged: %+v", v.Verified)
	}
	if f := of(); f.State != client.FindingFail {
		t.Errorf("damaged: %+v", f)
	}
	other := keeperOf(t, data, filepath.Join(t.TempDir(), "b"), &log{broken: errors.New("disk full")})
	other.BackUp(true)
	if v := work(t, other); v.Taken.OK || !strings.Contains(v.Taken.Error, "disk full") || v.Count != 0 {
		t.Errorf("failed: %+v", v.Taken)
	}
}

// Who waits until nothing runs any more, and looks then, sees how it ended.
func TestHowAJobEndedIsKnownWhenNothingRuns(t *testing.T) {
	k := keeperOf(t, t.TempDir(), filepath.Join(t.TempDir(), "b"), &log{lsn: 7})
	k.BackUp(false)
	work(t, k)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	was := client.BackupOutcome{}
	for range 20 {
		k.VerifyBackup()
		running, ended := true, (*client.BackupOutcome)(nil)
		for running {
			k.mu.Lock()
			running, ended = len(k.todo) > 0, k.kept.Verified
			k.mu.Unlock()
		}
		if ended == nil || ended.At.Equal(was.At.Time) {
			t.Fatalf("nothing runs, and it is not known how it ended: %+v", ended)
		}
		was = *ended
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestANodeWithoutAFolderMakesNoBackups(t *testing.T) {
	k := keeperOf(t, t.TempDir(), "", &log{})
	if v := k.Backups(); v.Dir != "" || v.Files == nil {
		t.Errorf("%+v", v)
	}
}

// A folder that cannot be read is told of, and not taken for an empty one.
func TestAFolderThatCannotBeReadIsNotEmpty(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if v := keeperOf(t, t.TempDir(), file, &log{}).Backups(); v.Fault == "" {
		t.Errorf("%+v", v)
	}
	if v := keeperOf(t, t.TempDir(), file+"-new", &log{}).Backups(); v.Fault != "" {
		t.Errorf("before the first backup: %s", v.Fault)
	}
}

func TestAMeasurementThatCannotBeReadIsNone(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, File), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := keeperOf(t, data, "", &log{}).Measured(); v.Last != nil {
		t.Errorf("%+v", v)
	}
}

// A keeper that is told to stop ends, with what it was asked to do done or not.
func TestAKeeperStops(t *testing.T) {
	k := keeperOf(t, t.TempDir(), filepath.Join(t.TempDir(), "b"), &log{lsn: 1})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	k.BackUp(false)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
