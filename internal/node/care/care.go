// Package care is what a running node does for itself: it looks for what is wrong, makes
// and reads its backup, and measures how fast it is.
package care

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/upkeep"
	"github.com/tallystick/tallystick/internal/doctor"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// File is where a node keeps, in its data directory, what it has found out about its
// backup and its speed.
const File = "care.json"

// Dump hands out the log of a node behind an LSN, as [upkeep.Book.Dump] does.
type Dump func(ctx context.Context, after uint64, start func(upkeep.Manifest) error, yield func([]upkeep.Logged) error) error

// Config says what is taken care of.
type Config struct {
	Data      string        // the data directory
	BackupDir string        // where backups are made; "" makes none
	MaxSkew   time.Duration // how far ahead the clock of a member may be
	Version   string        // of the program

	Dump Dump
	Book *query.Book // asked for measurements
	// Writes says how many single memories were written since the start, and within
	// how many milliseconds half and 95 % of them were answered.
	Writes func() (n uint64, p50, p95 float64)
	// Own is what the node alone knows of itself.
	Own func() []client.Finding

	Now func() time.Time
	Log *slog.Logger
}

// Keeper takes care of a node. It is safe for concurrent use.
type Keeper struct {
	cfg     Config
	wake    chan struct{}
	alone   chan struct{} // held by who measures
	crowded func() bool   // the node soon takes no writes if the backup grows

	mu    sync.Mutex // guards what follows
	todo  []*job     // the first runs
	taken *client.BackupOutcome
	kept  kept
}

// kept is what is known after a restart.
type kept struct {
	Dir      string                `json:"backup_dir,omitempty"` // that Verified is about
	Verified *client.BackupOutcome `json:"verified,omitempty"`
	Whole    []string              `json:"whole,omitempty"` // digests of the files that were read and as they were written
	Speed    client.Measurements   `json:"speed"`
}

// New returns a keeper. What an earlier one has found out is known; if it cannot be read
// that is as if nothing had been found out.
func New(cfg Config) *Keeper {
	k := &Keeper{cfg: cfg, wake: make(chan struct{}, 1), alone: make(chan struct{}, 1)}
	k.crowded = func() bool { return doctor.SameDisk(cfg.BackupDir, cfg.Data) && doctor.Crowded(cfg.Data) }
	raw, err := os.ReadFile(k.file())
	if err == nil {
		err = json.Unmarshal(raw, &k.kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		cfg.Log.Warn("what was found out about the backup and the speed of this node cannot be read", "err", err)
		k.kept = kept{}
	}
	if k.kept.Dir != cfg.BackupDir {
		k.kept.Verified, k.kept.Whole = nil, nil
	}
	return k
}

func (k *Keeper) file() string { return filepath.Join(k.cfg.Data, File) }

// keep changes what is known after a restart.
func (k *Keeper) keep(change func(*kept)) {
	k.mu.Lock()
	change(&k.kept)
	raw, err := json.Marshal(k.kept)
	k.mu.Unlock()
	if err == nil {
		err = identity.WritePrivate(k.file(), raw)
	}
	if err != nil {
		k.cfg.Log.Warn("what was found out about this node is not known after a restart", "err", err)
	}
}

// Check looks for what is wrong, given what the node says of itself.
func (k *Keeper) Check(s *client.Status) []client.Finding {
	out := doctor.Node(s, k.cfg.MaxSkew)
	files := doctor.DataDirectory(k.cfg.Data, "for this node")
	out = append(out, files.Findings...)
	out = append(out, k.cfg.Own()...)
	b := k.Backups()
	return append(out, doctor.Backup(&b, s.LSN, k.cfg.Now()))
}

func (k *Keeper) at() client.Time { return client.TimeOf(k.cfg.Now().UTC()) }

// Run makes and reads backups as it is asked to, until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		if j := k.next(); j != nil && ctx.Err() == nil {
			k.do(ctx, j)
			continue
		}
		select {
		case <-k.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// next begins the first job, if there is one.
func (k *Keeper) next() *job {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.todo) == 0 {
		return nil
	}
	k.todo[0].begun = true
	return k.todo[0]
}

// everything is the filter of who may see all that is live.
func everything(now time.Time) memory.Filter {
	return memory.Filter{All: true, Life: memory.Live, Now: memory.InstantOf(now)}
}
