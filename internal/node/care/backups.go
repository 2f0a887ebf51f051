package care

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/backup"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/dump"
)

// What is done with a backup.
const (
	backUp = "back_up"
	verify = "verify"
)

// job is something long that is done with the backup.
type job struct {
	what     string
	base     bool
	begun    bool // what is logged from here on may not be in it
	since    client.Time
	done, of atomic.Int64
}

// BackUp has the backup go on, with a new base if that is wanted. It does not wait.
func (k *Keeper) BackUp(base bool) { k.ask(&job{what: backUp, base: base}) }

// VerifyBackup has all of the backup read. It does not wait.
func (k *Keeper) VerifyBackup() { k.ask(&job{what: verify}) }

// ask puts a job behind those that run, unless one like it has yet to begin.
func (k *Keeper) ask(j *job) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.ContainsFunc(k.todo, func(x *job) bool { return x.what == j.what && x.base == j.base && !x.begun }) {
		return
	}
	j.since = k.at()
	k.todo = append(k.todo, j)
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// do does a job, and takes note of how it ends.
func (k *Keeper) do(ctx context.Context, j *job) {
	start := time.Now()
	var out client.BackupOutcome
	var err error
	if j.what == verify {
		out, err = k.read(ctx, j)
	} else {
		out, err = k.add(ctx, j)
	}
	out.At, out.TookMS, out.OK = k.at(), time.Since(start).Milliseconds(), err == nil
	if err != nil {
		out.Error = err.Error()
		k.cfg.Log.WarnContext(ctx, "the backup", "what", j.what, "dir", k.cfg.BackupDir, "err", err)
	} else {
		k.cfg.Log.InfoContext(ctx, "the backup", "what", j.what, "dir", k.cfg.BackupDir, "added", out.Added, "entries", out.Entries)
	}
	if j.what == verify && ctx.Err() == nil {
		k.keep(func(x *kept) { x.Dir, x.Verified, x.Whole = k.cfg.BackupDir, &out, k.whole(err) })
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.todo = k.todo[1:] // how it ended is known before nothing runs any more
	if j.what == backUp {
		k.taken = &out
	}
}

// whole are the files that were read and as they were written.
func (k *Keeper) whole(err error) []string {
	x, opened := backup.Open(k.cfg.BackupDir)
	if err != nil || opened != nil {
		return nil
	}
	out := make([]string, len(x.Files))
	for i := range x.Files {
		out[i] = x.Files[i].SHA256
	}
	return out
}

func (k *Keeper) read(ctx context.Context, j *job) (client.BackupOutcome, error) {
	v, err := backup.VerifyFiles(ctx, k.cfg.BackupDir, func(done, of int) {
		j.done.Store(int64(done))
		j.of.Store(int64(of))
	})
	return client.BackupOutcome{Files: v.Files, Entries: v.Entries}, err
}

func (k *Keeper) add(ctx context.Context, j *job) (client.BackupOutcome, error) {
	t, err := backup.Add(ctx, k.cfg.BackupDir, func(ctx context.Context, after uint64, to io.Writer) error { return k.dump(ctx, j, after, to) }, j.base)
	if err != nil {
		return client.BackupOutcome{}, err
	}
	out := client.BackupOutcome{Added: "increment", File: t.Name, Entries: t.Entries, Why: t.Why}
	switch {
	case t.Nothing:
		out.Added = "nothing"
	case t.Base:
		out.Added = "base"
	}
	return out, nil
}

// errCrowded: what is written so far is removed, and the node goes on.
var errCrowded = errors.New("the disk of the data directory is nearly full: name a folder on another disk as backup_dir, or make room")

// dump writes what the node has logged behind an LSN.
func (k *Keeper) dump(ctx context.Context, j *job, after uint64, to io.Writer) error {
	j.done.Store(0)
	var failed error
	w := dump.NewWriter(func(line string) {
		if failed == nil {
			_, failed = io.WriteString(to, line)
		}
	})
	err := k.cfg.Dump(ctx, after, func(m upkeep.Manifest) error {
		j.of.Store(int64(m.Entries))
		line := dump.ManifestOf(m.Inventory, after)
		line.Tool, line.Node, line.Origin, line.ExportedAt = "tallystick "+m.Version, m.Node, m.Origin, m.At
		return w.Manifest(line)
	}, func(list []upkeep.Logged) error {
		for i := range list {
			if err := w.Entry(list[i].Raw, list[i].Entry, list[i].Embedding); err != nil {
				return err
			}
		}
		j.done.Add(int64(len(list)))
		if k.crowded() {
			return errCrowded
		}
		return failed
	})
	if err == nil {
		err = w.End()
	}
	if err == nil {
		err = failed
	}
	return err
}

// Backups says what is in the folder of the backup, and what is done with it.
func (k *Keeper) Backups() client.Backups {
	v := client.Backups{Dir: k.cfg.BackupDir, Files: []client.BackupFile{}}
	if v.Dir == "" {
		return v
	}
	if abs, err := filepath.Abs(v.Dir); err == nil {
		v.Dir = abs
	}
	k.mu.Lock()
	whole := k.kept.Whole
	v.Taken, v.Verified = k.taken, k.kept.Verified
	if len(k.todo) > 0 {
		j := k.todo[0]
		v.Running = &client.BackupJob{What: j.what, Since: j.since, Entries: int(j.done.Load()), Of: int(j.of.Load())}
	}
	k.mu.Unlock()
	if _, err := os.Stat(filepath.Join(v.Dir, backup.IndexFile)); errors.Is(err, fs.ErrNotExist) {
		return v // none yet
	}
	v.SameDisk = doctor.SameDisk(v.Dir, k.cfg.Data)
	x, err := backup.Open(v.Dir)
	if err != nil {
		v.Fault = err.Error()
		return v
	}
	for i := range x.Files {
		f := &x.Files[i]
		v.Files = append(v.Files, client.BackupFile{
			File: f.Name, Base: f.Base, TakenAt: client.TimeOf(f.TakenAt.Time()), Entries: f.Entries, Bytes: f.Bytes, SHA256: f.SHA256, Digest: f.Digest.String(),
			LSN: f.LSN, Verified: slices.Contains(whole, f.SHA256),
		})
		v.Bytes += f.Bytes
	}
	v.Count = len(v.Files)
	return v
}
