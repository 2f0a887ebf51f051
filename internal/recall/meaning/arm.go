package meaning

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/tallystick/tallystick/internal/model/vectors"
	"github.com/tallystick/tallystick/internal/recall/rank"
)

// Arm finds by meaning, in the first of its spaces that is full and answers in
// time; while none is full, in what the first that has something has. It is a
// [rank.Arm].
type Arm struct {
	spaces  []*Space
	weights rank.Weights
	spare   sync.Pool // of *scratch
	all     int       // up to how many vectors in sight each is compared in full; of more, the signs first
	first   int       // about how many are compared in full after a look at the signs of all
}

var errNothing = errors.New("no vectors yet")

// NewArm returns an arm over spaces, the best first. What was said around a memory
// counts as w says.
func NewArm(w rank.Weights, spaces ...*Space) *Arm {
	return &Arm{spaces: spaces, weights: w, all: 20_000, first: 4096, spare: sync.Pool{New: func() any { return new(scratch) }}}
}

// Name implements [rank.Arm].
func (*Arm) Name() string { return "meaning" }

// Search implements [rank.Arm].
func (a *Arm) Search(q *rank.Question) (rank.Search, string) {
	if len(a.spaces) == 0 {
		return nil, "no model"
	}
	if strings.TrimSpace(q.Plain) == "" {
		return nil, "the question says nothing"
	}
	return &search{arm: a, q: q}, ""
}

// Prepare implements [rank.Preparer]: it makes the vector of the question.
func (s *search) Prepare(ctx context.Context) error {
	err := errNothing
	for _, space := range s.arm.candidates() {
		var v []float32
		if v, err = embed(ctx, space, s.q.Plain); err == nil {
			s.space, s.asked = space, vectors.Ask(v)
			return nil
		}
	}
	return err
}

// candidates are the spaces to try: the best full one, and one that is fast if that
// one is not; if none is full, the best that has something.
func (a *Arm) candidates() []*Space {
	var out []*Space
	for _, s := range a.spaces {
		if s.full.Load() && (len(out) == 0 || !out[0].cfg.Fast && s.cfg.Fast) {
			out = append(out, s)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, s := range a.spaces {
		if s.Status().Vectors > 0 {
			return []*Space{s}
		}
	}
	return nil
}

// embed makes the vector of a question in a space, within the space's patience.
func embed(ctx context.Context, s *Space, text string) ([]float32, error) {
	if s.cfg.Fast {
		return s.cfg.Embedder.Query(context.WithoutCancel(ctx), text)
	}
	if s.cfg.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Patience)
		defer cancel()
	}
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.cfg.Embedder.Query(ctx, text)
}
