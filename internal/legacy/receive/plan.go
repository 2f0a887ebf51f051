package receive

import (
	"context"
	"log/slog"
	"slices"

	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// State is what a push is held against. The errors are those of the store.
type State interface {
	Record(ctx context.Context, id string) (*memory.Record, error)
	History(ctx context.Context, id string) ([]memory.Revision, error)
	Register(ctx context.Context, k memory.Key) (memory.Version, *memory.Entry, error)
	Pending(ctx context.Context, id string) (*memory.Pending, error)
	List(ctx context.Context, f memory.Filter, o memory.Order, limit, offset int, cursor string) ([]memory.Record, string, error)
}

// Stale is a memory of which some peers have something else than this node.
type Stale struct {
	ID string
	// Anew is that they would not go over to what holds: it must be written anew.
	Anew bool
	// Peer is the one that has it, or, with Others, the one that does not; "" for all.
	Peer   string
	Others bool
}

// Of reports whether a peer is among those that have something else.
func (s Stale) Of(peer string) bool { return s.Peer == "" || (s.Peer == peer) != s.Others }

// plan makes ops of one lane of a push after the other. What comes later in a push
// sees what came before.
type plan struct {
	peer    *config.Peer
	state   State
	clock   clock
	log     *slog.Logger
	vectors map[string]*memory.Embedding
	reply   *wire.Reply
	newest  string // updated_at of the newest row
	quota   func(agent, namespace string) error
	shown   memory.Stamp // since when the peer has the rows, 0 for those of a push

	ops     []memory.NewOp
	items   []lane   // of each op: what it counts as
	stale   []Stale  // what peers have else than this node
	ahead   bool     // a restore came before what it undoes
	decided []string // proposals that were voted on
}

// lane says how an item is counted: by count, once all of its ops are taken.
type lane struct {
	count *int
	more  bool // a further op of an item that is counted already
}

// add plans the ops of one item.
func (p *plan) add(l lane, ops ...memory.NewOp) {
	for i, op := range ops {
		p.ops = append(p.ops, op)
		p.items = append(p.items, lane{count: l.count, more: i > 0})
	}
}

// settle counts what became of the ops.
func (p *plan) settle(refused []error) {
	for i, l := range p.items {
		switch {
		case l.more:
		case refused[i] != nil:
			p.reply.Skipped++
			p.ignore(p.ops[i].Op.Kind().String(), "", refused[i])
		default:
			*l.count++
		}
	}
	p.ops, p.items = nil, nil
}

func (p *plan) ignore(kind, id string, err error) {
	p.log.Info("an item of a legacy peer was skipped", "peer", p.peer.Name, "kind", kind, "id", id, "err", err)
}

// limited reports whether the peer may write in some namespaces only: then it may
// say nothing about a memory of which this node does not know where it is.
func (p *plan) limited() bool { return !slices.ContainsFunc(p.peer.Namespaces, everything) }

func everything(glob string) bool { return glob == "**" || glob == "*" }
