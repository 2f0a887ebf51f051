package peer

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Witness ties each op to the word of the node that numbered it, so that one that says
// one thing here and another there can be shown.
type Witness interface {
	// Vouch signs for ops of this node that it is about to send.
	Vouch(ops []receipt.Op) (receipt.Signed, error)
	// Received checks that a member has signed for ops of its own that it has sent, and
	// returns what it has signed with their digests.
	Received(from memory.Node, s receipt.Signed, ops []receipt.Op) (receipt.Signed, error)
	// Taken keeps what was received. Of the ops in conflict there are others under the same
	// numbers here.
	Taken(ctx context.Context, from memory.Node, s receipt.Signed, conflict []receipt.Op)
	// Words are what the node of an op has signed about it; [memory.ErrNotFound] if that
	// is nothing.
	Words(ctx context.Context, d memory.Dot) ([]receipt.Word, error)
	// ProofSet is a digest of whose proofs there are; "" is of nobody.
	ProofSet() string
	// Proofs are of members that have signed two ops under one number.
	Proofs() []receipt.Twice
}

// headerProofs says whose proofs a node has, as a digest.
const headerProofs = "X-Peer-Proofs"

// Bounds of what is said about disputes.
const (
	maxWords  = 8 << 20  // bytes of the words about an op
	maxProofs = 64 << 20 // bytes of all proofs
)

// word is what a push of ops of this node says beside them: that it has numbered them.
func (c *Client) word(p *memory.Push) (http.Header, error) {
	if c.cfg.Trust == nil || c.cfg.Trust.Witness == nil {
		return nil, nil
	}
	ops := ownOps(p)
	if len(ops) == 0 {
		return nil, nil
	}
	s, err := c.cfg.Trust.Witness.Vouch(ops)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	putStatement(header, s) // the credential is in every request
	return header, nil
}

// ownOps returns the ops of a push that its sender has numbered.
func ownOps(p *memory.Push) []receipt.Op {
	var out []receipt.Op
	for _, op := range p.Ops {
		d, digest, err := wire.DigestOf(op.Raw)
		if err == nil && d.Origin.Node() == p.From {
			out = append(out, receipt.Op{Dot: d, Digest: digest, Body: op.Raw})
		}
	}
	return out
}

// witnessed is a push whose sender has signed for its own ops in it.
type witnessed struct {
	signed receipt.Signed
	ops    []receipt.Op
}

// witness checks the word of the sender of a push about its own ops. An op without it
// could be another one elsewhere, and nobody could show that.
func (h *handler) witness(r *http.Request, p *memory.Push) (witnessed, error) {
	if h.cfg.Trust == nil || h.cfg.Trust.Witness == nil {
		return witnessed{}, nil
	}
	w := witnessed{ops: ownOps(p)}
	if len(w.ops) == 0 {
		return w, nil
	}
	s, ok := statementIn(r.Header)
	if !ok {
		return w, identity.Refuse(identity.StatementMissing, "%d ops of %s, and no word that it has numbered them", len(w.ops), p.From)
	}
	var err error
	w.signed, err = h.cfg.Trust.Witness.Received(p.From, s, w.ops)
	return w, err
}

// push takes a push of a member in.
func (h *handler) push(w http.ResponseWriter, r *http.Request, from *caller) error {
	return answer(h, h.answering(from.Member, r.Header, w.Header()), func(ctx context.Context, source memory.Source, p *memory.Push) (*memory.PushReply, error) {
		word, err := h.witness(r, p)
		if err != nil {
			return nil, err
		}
		reply, err := h.acceptor.AcceptPush(ctx, source, p)
		if err == nil && len(word.ops) > 0 {
			h.cfg.Trust.Witness.Taken(ctx, p.From, word.signed, conflicting(word.ops, reply))
		}
		return reply, err
	}, h.vouch)(w, r, from)
}

// conflicting returns the ops for which a reply says that others are there.
func conflicting(ops []receipt.Op, r *memory.PushReply) []receipt.Op {
	var out []receipt.Op
	for _, no := range r.Refused {
		for _, op := range ops {
			if no.Code == memory.CodeDotConflict && no.Dot == op.Dot {
				out = append(out, op)
			}
		}
	}
	return out
}

// members answers with the list of the members, and says whose proofs are here.
func (h *handler) members(w http.ResponseWriter, r *http.Request, from *caller) error {
	t := h.cfg.Trust
	if t.Witness != nil {
		w.Header().Set(headerProofs, t.Witness.ProofSet())
	}
	return h.document(func(*caller) ([]byte, error) { return t.Membership(), nil })(w, r, from)
}

// proofs answers with all proofs that are here.
func (h *handler) proofs(w http.ResponseWriter, r *http.Request, from *caller) error {
	return h.document(func(*caller) ([]byte, error) { return json.Marshal(h.cfg.Trust.Witness.Proofs()) })(w, r, from)
}

// Words asks a member for what the node of an op has signed about it. Nothing of it
// was checked.
func (c *Client) Words(ctx context.Context, member memory.Node, d memory.Dot) ([]receipt.Word, error) {
	return askAbout[[]receipt.Word](ctx, c, "words", member, pathWords, d, maxWords)
}

// Proofs asks a member for its proofs. Nothing of them was checked.
func (c *Client) Proofs(ctx context.Context, member memory.Node) ([]receipt.Twice, error) {
	data, _, err := c.ask(ctx, "proofs", member, pathProofs, maxProofs)
	if err != nil {
		return nil, err
	}
	var list []receipt.Twice
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fault("proofs", member, err)
	}
	return list, nil
}
