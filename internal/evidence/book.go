package evidence

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
)

// Store is the node's own store, by what evidence does with it.
type Store interface {
	View() memory.View
	Log
	// KeepStatements keeps what members have signed.
	KeepStatements(ctx context.Context, list []memory.Statement) error
	// DropStatements forgets what was signed before an instant, and all but the newest most.
	DropStatements(ctx context.Context, before memory.Instant, most int) error
	// Statements returns what members have signed about the entry of d, the newest last.
	Statements(ctx context.Context, d memory.Dot) ([]memory.Statement, error)
	// ByDot returns the entries of those names that are here.
	ByDot(ctx context.Context, dots []memory.Dot) ([]memory.Shipment, error)
}

// Log is the ops of a node, by their digests.
type Log interface {
	// Digests returns those of the entries of r; [memory.ErrTruncated] if one is not there.
	Digests(ctx context.Context, r memory.Range) ([]memory.Digest, error)
	// Barrier returns when all that was being committed when it was called is in the log.
	Barrier(ctx context.Context) error
}

// Roster says who is a member now, and whose key is whose.
type Roster interface {
	// Admit returns the member that a name and a key belong to.
	Admit(name identity.Name, key identity.PublicKey) (memory.Node, error)
	// Now returns the epoch of the membership and those of its members that count.
	Now() (epoch uint64, members []memory.Node)
}

// Signer is a node's own identity.
type Signer interface {
	Key() identity.Key
	// Credential returns what ties the key to the root, as headers have it.
	Credential() (credential, chain string)
}

// Config says whose evidence it is. All fields but Proofs, Twice, Wrong, Keep,
// Most and Now are required.
type Config struct {
	Self   memory.Node
	Name   identity.Name
	Roots  cred.Roots
	Roster Roster
	Signer Signer
	// Origin is that under which this node numbers its ops now.
	Origin func() memory.Origin
	// Holds reports whether a member, as far as is known, has on disk what it has numbered
	// as d itself: it signs for its ops when it sends them, which may be before.
	Holds func(member memory.Node, d memory.Dot) bool
	// Ask asks a member for its statement that it holds an op.
	Ask func(ctx context.Context, member memory.Node, d memory.Dot) (receipt.Signed, error)
	// AskWords asks a member for what the node of an op has signed about it.
	AskWords func(ctx context.Context, member memory.Node, d memory.Dot) ([]receipt.Word, error)
	// Proofs is the file of the proofs that members have signed two ops under one number;
	// "" keeps them in memory alone.
	Proofs string
	// Twice, if not nil, is told of a new proof, and does not block.
	Twice func(node memory.Node, d memory.Dot, digests [2]memory.Digest)
	// Wrong, if not nil, is told of statements that are not right, and does not block.
	Wrong func(from memory.Node, err error)
	Log   *slog.Logger

	Keep time.Duration    // how long statements are kept; 0 is 30 days
	Most int              // and how many runs of ops they are about; 0 is a million
	Now  func() time.Time // the wall clock; nil is time.Now
}

// Book has the evidence of a node. It is safe for concurrent use.
type Book struct {
	cfg   Config
	store Store
	inbox chan letter
	lost  warned
	own   own // of Run alone
	known vouched
	twice proofs
}

// letter is what a member has signed; or, with seen, a mark that is closed when all
// before it was dealt with.
type letter struct {
	from   memory.Node
	signed receipt.Signed
	sent   bool // with a push of its own ops, not in answer to one
	seen   chan struct{}
}

// waiting bounds the statements that nobody has looked at yet.
const waiting = 1024

// New returns a book over a store. Run must run.
func New(cfg Config, store Store) (*Book, error) {
	cfg.Keep = cmp.Or(cfg.Keep, 30*24*time.Hour)
	cfg.Most = cmp.Or(cfg.Most, 1_000_000)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b := &Book{cfg: cfg, store: store, inbox: make(chan letter, waiting)}
	b.twice.list.Path = cfg.Proofs
	return b, b.twice.load(b)
}

// State signs that this node holds runs of ops; of a run it leaves out all if it does
// not hold one. It is [memory.ErrNotFound] if nothing is left.
func (b *Book) State(ctx context.Context, runs []memory.Range) (receipt.Signed, error) {
	epoch, members := b.cfg.Roster.Now()
	if !slices.Contains(members, b.cfg.Self) {
		return receipt.Signed{}, fmt.Errorf("state what is held: this node does not count: %w", memory.ErrNotFound)
	}
	var held []receipt.Run
	heads := b.store.View().Heads
	for _, r := range runs {
		if r.Origin.Node() == b.cfg.Self && r.Origin != b.cfg.Origin() {
			// What is under an old number of its own somebody else may have brought, after this
			// node had lost it: with what it signed then that would seem to be a second op.
			continue
		}
		// What was sent may be something else than what is here: the log says what is.
		digests, err := b.store.Digests(ctx, r)
		if err != nil || !holdsAll(heads, r) {
			continue
		}
		held = append(held, receipt.Run{Origin: r.Origin, First: r.From, Last: r.To, Root: receipt.RootOf(digests)})
	}
	if len(held) == 0 {
		return receipt.Signed{}, fmt.Errorf("state what is held: %w", memory.ErrNotFound)
	}
	return b.sign(held, epoch, len(members))
}

// sign signs that this node holds runs of ops, as a member of so many.
func (b *Book) sign(held []receipt.Run, epoch uint64, members int) (receipt.Signed, error) {
	s := receipt.Statement{
		Domain: b.cfg.Roots.Domain, Member: b.cfg.Name, Epoch: epoch, Members: members, At: b.cfg.Now(), Held: held,
	}
	data, err := s.Encode()
	if err != nil {
		return receipt.Signed{}, err
	}
	out := receipt.Signed{Statement: data, Signature: receipt.Sign(b.cfg.Signer.Key(), data)}
	out.Credential, out.Chain = b.cfg.Signer.Credential()
	return out, nil
}

func holdsAll(heads memory.Heads, r memory.Range) bool {
	for seq := r.From; seq <= r.To; seq++ {
		if !heads.Holds(memory.Dot{Origin: r.Origin, Seq: seq}) {
			return false
		}
	}
	return true
}

// Prove signs that this node holds an op.
func (b *Book) Prove(ctx context.Context, d memory.Dot) (receipt.Signed, error) {
	return b.State(ctx, []memory.Range{{Origin: d.Origin, From: d.Seq, To: d.Seq}})
}

// Heard takes what a member has signed in answer to a push. It does not block: if too
// much is waiting, it is lost, and the member asked when somebody wants a receipt.
func (b *Book) Heard(from memory.Node, s receipt.Signed) {
	b.hand(letter{from: from, signed: s})
}
