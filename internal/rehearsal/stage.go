package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
)

// Bounds of a rehearsal.
const (
	Lasts    = 10 * time.Minute // then it ends by itself
	MaxWrite = 200              // memories that are written at once
	maxNotes = 200
	starting = 50 * time.Second
)

// Config says what a rehearsal is made of.
type Config struct {
	Program string        // whose `serve` is a node; "": there are no rehearsals
	Dir     string        // that a rehearsal makes for its nodes, and removes
	Lasts   time.Duration // [Lasts]
	Log     *slog.Logger
}

// Stage is where rehearsals are, one at a time. It is safe for concurrent use.
type Stage struct {
	cfg Config

	mu   sync.Mutex // held while one begins or ends
	play *play      // nil: there is none
	over bool       // there will be none any more
}

// New returns a stage without a rehearsal. What one has left behind whose node was
// killed is removed.
func New(cfg Config) (*Stage, error) {
	if cfg.Lasts <= 0 {
		cfg.Lasts = Lasts
	}
	if err := os.RemoveAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("what is left of a rehearsal: %w", err)
	}
	return &Stage{cfg: cfg}, nil
}

// Run waits until ctx is done, and ends the rehearsal that runs then.
func (s *Stage) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	return s.end()
}

// Begin starts a rehearsal, if none runs. It returns when its nodes are equal.
func (s *Stage) Begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cfg.Program == "":
		return fmt.Errorf("this node was started in a way that has no rehearsals: %w", memory.ErrNotFound)
	case s.over:
		return memory.ErrClosed
	case s.play != nil && !s.play.ended():
		return nil
	}
	if err := s.end(); err != nil {
		return err
	}
	if err := os.Mkdir(s.cfg.Dir, 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, starting)
	defer cancel()
	p, err := begin(ctx, s.cfg)
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.cfg.Dir))
	}
	s.play = p
	s.cfg.Log.InfoContext(ctx, "a rehearsal has begun", "dir", s.cfg.Dir, "until", p.until)
	return nil
}

// End ends the rehearsal that runs, if one does.
func (s *Stage) End(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end()
}

func (s *Stage) end() error {
	p := s.play
	if p == nil {
		return nil
	}
	p.stop()
	<-p.gone
	s.play = nil
	s.cfg.Log.Info("a rehearsal has ended", "dir", s.cfg.Dir)
	return p.failed
}

// Show says how the rehearsal stands.
func (s *Stage) Show(context.Context) client.Rehearsal {
	p := s.running()
	if p == nil {
		return client.Rehearsal{State: "none", Offered: s.cfg.Program != "", Nodes: []client.RehearsalNode{}, Notes: []client.RehearsalNote{}}
	}
	return p.show()
}

// running is the play that has not ended, or nil.
func (s *Stage) running() *play {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.play == nil || s.play.ended() {
		return nil
	}
	return s.play
}

func (s *Stage) on(f func(*play) error) error {
	p := s.running()
	if p == nil {
		return fmt.Errorf("no rehearsal runs: %w", memory.ErrNotFound)
	}
	return f(p)
}

// Cut cuts all connections between a node and the others. There is one cut at a time;
// "" heals it.
func (s *Stage) Cut(_ context.Context, node string) error {
	return s.on(func(p *play) error { return p.cutOff(node) })
}

// Write writes so many memories to a node, which holds them for itself at first.
func (s *Stage) Write(ctx context.Context, node string, count int) error {
	return s.on(func(p *play) error { return p.write(ctx, node, count) })
}

// Edit edits one memory at a node on each side of the cut, as each of them knows it.
func (s *Stage) Edit(ctx context.Context) error {
	return s.on(func(p *play) error { return p.edit(ctx) })
}
