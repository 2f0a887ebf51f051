package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// numbering is whether ops may be numbered under this node's origin. The file
// alone cannot say: it may be a copy that is older than what the node once sent.
type numbering struct {
	once sync.Once
	open chan struct{} // closed when they may
}

func (n *numbering) allow() { n.once.Do(func() { close(n.open) }) }

// Numbering reports whether [Store.Submit] numbers ops: because this run has
// taken the origin, or [Store.Confirm] was called, or Config.Held is not set.
func (s *base) Numbering() bool {
	select {
	case <-s.numbering.open:
		return true
	default:
		return false
	}
}

// Confirm lets [Store.Submit] number ops under the origin that this node has: no
// member holds ops of it that the file does not have. It does nothing where that is not
// what members can say ([Store.Outrun]).
func (s *base) Confirm() {
	if !s.Outrun() {
		s.numbering.allow()
	}
}

// Outrun reports whether entries may have been sent under numbers that the database does
// not have: the run before sent entries while they were made durable, and ended with the
// machine or with its disk. [Store.Confirm] does nothing then; it takes
// [Store.NewIncarnation] before anything is numbered.
func (s *base) Outrun() bool { return s.boot.outrun.Load() }

// mayNumber waits until ops may be numbered.
func (s *changes) mayNumber(ctx context.Context) error {
	select {
	case <-s.numbering.open:
		return nil
	default:
	}
	select {
	case <-s.numbering.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return memory.ErrClosed
	}
}

// NewIncarnation makes this node number its ops afresh, under a new origin, and
// lets it number. It is for a node that learns that its database is older than
// what others hold of it, or that cannot rule that out. Nothing happens if the
// node has old in its log, or numbers under another origin by now. An origin that
// this run has taken is kept: nobody else can have numbered under it.
func (s *changes) NewIncarnation(ctx context.Context, old memory.Dot) (memory.Origin, error) {
	err := s.do(ctx, queueMember, 0, func(ctx context.Context, t *tx) error {
		if own := t.own; own.name != old.Origin || old.Seq != 0 && old.Seq <= own.head {
			return nil
		}
		return t.newIncarnation(ctx)
	})
	if err != nil {
		return "", err
	}
	return s.Origin(), nil
}

// fresh reports whether this run has taken the origin that it numbers under.
func (w *state) fresh() bool { return w.own.name == w.taken }

// newIncarnation does nothing in a run that has taken its origin itself.
func (t *tx) newIncarnation(ctx context.Context) error {
	if t.fresh() {
		return nil
	}
	o, err := t.origin(ctx, memory.MakeOrigin(t.cfg.Node, newIncarnation(t.cfg.Clock.Wall())))
	if err != nil {
		return err
	}
	t.change()
	old := t.own
	t.own, t.taken = o, o.name
	return t.forget(ctx, old)
}

// forget drops an origin under which this node has logged nothing: it would be
// remembered for good, and sent with every message.
func (t *tx) forget(ctx context.Context, o *originState) error {
	if o.head > 0 || len(o.islands) > 0 {
		return nil
	}
	delete(t.origins, o.name)
	t.perNode[o.name.Node()]--
	if err := t.exec(ctx, `DELETE FROM cursors WHERE member = ? AND origin = ?`, string(t.cfg.Node), ownFloor+string(o.name)); err != nil {
		return err
	}
	return t.exec(ctx, `DELETE FROM origins WHERE id = ?`, o.id)
}

// yield takes a new incarnation if somebody has d, which this node has not logged
// under its own origin: its database is older than what it once sent.
func (t *tx) yield(ctx context.Context, d memory.Dot) error {
	if d.Origin != t.own.name || d.Seq <= t.own.head {
		return nil
	}
	return t.newIncarnation(ctx)
}

// forged reports whether d is of the origin that this run has taken, and was not
// logged by it: nobody can have such an op.
func (t *tx) forged(d memory.Dot) bool { return d.Origin == t.own.name && d.Seq > t.own.head }

// incarnationBits are those of an incarnation's number that are drawn by lot:
// clocks are set back, and a copy of a directory may start at the same instant.
const incarnationBits = 20

// newIncarnation returns a number that no incarnation of any node has had:
// milliseconds of the wall clock, which are there for people, and random bits.
func newIncarnation(t time.Time) uint64 {
	var lot [8]byte
	_, _ = rand.Read(lot[:]) // it never fails
	return uint64(max(t.UnixMilli(), 1))<<incarnationBits | binary.BigEndian.Uint64(lot[:])>>(64-incarnationBits)
}
