package upkeep

import (
	"context"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// Parked lists the ops that this node or a member has not taken.
func (b *Book) Parked(ctx context.Context) ([]memory.Parked, error) { return b.store.Parked(ctx) }

// RetryParked tries again to take the ops that this node refused: those given,
// or all of them. It returns how many it took.
func (b *Book) RetryParked(ctx context.Context, dots []memory.Dot) (int, error) {
	if len(dots) == 0 {
		parked, err := b.store.Parked(ctx)
		if err != nil {
			return 0, err
		}
		dots = []memory.Dot{}
		for _, p := range parked {
			if p.Member == b.core.Node() {
				dots = append(dots, p.Dot)
			}
		}
	}
	return b.store.RetryParked(ctx, dots, b.core.Now().Time())
}

// Prospect is what [Book.RetryParked] would do with an op.
type Prospect string

// Prospects of an op that somebody has refused.
const (
	Taken     Prospect = "taken"     // nothing speaks against it any more
	Refused   Prospect = "refused"   // what spoke against it does so still
	Forbidden Prospect = "forbidden" // its sender has to be allowed it, and to offer it again
	Elsewhere Prospect = "elsewhere" // another member has refused it: it has to be asked there
)

// Trial is an op that somebody has refused, and what another try would come to.
type Trial struct {
	memory.Parked

	Would Prospect
	Entry *memory.Entry // nil if it cannot be read here
}

// TryParked says what RetryParked would do, and does nothing. Of ops that nobody has
// refused it says nothing.
func (b *Book) TryParked(ctx context.Context, dots []memory.Dot) ([]Trial, error) {
	parked, err := b.store.Parked(ctx)
	if err != nil {
		return nil, err
	}
	out := []Trial{}
	for _, p := range parked {
		if len(dots) > 0 && !slices.Contains(dots, p.Dot) {
			continue
		}
		out = append(out, b.prospect(ctx, p))
	}
	return out, nil
}

func (b *Book) prospect(ctx context.Context, p memory.Parked) Trial {
	t := Trial{Parked: p, Would: Taken}
	e, err := b.store.Entry(ctx, p.Dot)
	if err == nil {
		t.Entry = e
		err = e.Validate()
	}
	switch {
	case p.Member != b.core.Node():
		t.Would = Elsewhere
	case err != nil:
		t.Would, t.Code, t.Text = Refused, memory.RefusalCode(err), err.Error()
	case p.Code == memory.CodeForbidden:
		t.Would = Forbidden
	case !e.Hollow.IsZero():
		if !b.store.View().Heads.Holds(e.Hollow) {
			t.Would = Refused
		}
	case p.Retry > b.core.Now():
		t.Would = Refused
	}
	return t
}
