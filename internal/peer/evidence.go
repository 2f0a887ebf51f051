package peer

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/identity/receipt"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Evidence makes a node's statements that it holds ops, and keeps those of others.
type Evidence interface {
	// State signs that this node holds those of runs of ops that it holds;
	// [memory.ErrNotFound] if that is none.
	State(ctx context.Context, runs []memory.Range) (receipt.Signed, error)
	// Prove signs that this node holds an op; [memory.ErrNotFound] if it does not.
	Prove(ctx context.Context, d memory.Dot) (receipt.Signed, error)
	// Heard is given what a member has signed in answer to a push. Nothing of it was
	// checked. It does not block.
	Heard(from memory.Node, s receipt.Signed)
}

// Headers of a statement. It is signed by itself, so the signature of the answer need
// not cover it. The credential is in the header that requests have it in.
const (
	headerHeld          = "X-Peer-Held"
	headerHeldSignature = "X-Peer-Held-Signature"
)

// putStatement puts a statement into a header, which has the credential already, or is
// to have it.
func putStatement(header http.Header, s receipt.Signed) {
	text := base64.StdEncoding.EncodeToString
	header.Set(headerHeld, text(s.Statement))
	header.Set(headerHeldSignature, text(s.Signature))
}

// statementIn returns the statement in a header; false if there is none.
func statementIn(h http.Header) (receipt.Signed, bool) {
	statement, err := base64.StdEncoding.DecodeString(h.Get(headerHeld))
	signature, err2 := base64.StdEncoding.DecodeString(h.Get(headerHeldSignature))
	return receipt.Signed{
		Statement: statement, Signature: signature, Credential: h.Get(cred.HeaderCredential), Chain: h.Get(cred.HeaderChain),
	}, errors.Join(err, err2) == nil && len(statement) > 0
}

// vouch adds to an answer the statement that this node holds what a push has brought.
func (h *handler) vouch(ctx context.Context, header http.Header, p *memory.Push, r *memory.PushReply) error {
	if h.cfg.Trust == nil || h.cfg.Trust.Evidence == nil || len(p.Ops) == 0 {
		return nil
	}
	s, err := h.cfg.Trust.Evidence.State(ctx, runsOf(p, r))
	if errors.Is(err, memory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	putStatement(header, s)
	header.Set(cred.HeaderCredential, s.Credential)
	if s.Chain != "" {
		header.Set(cred.HeaderChain, s.Chain)
	}
	return nil
}

// runsOf returns what is held of a push, in runs of consecutive numbers.
func runsOf(p *memory.Push, r *memory.PushReply) []memory.Range {
	refused := make(map[memory.Dot]bool, len(r.Refused))
	for _, no := range r.Refused {
		refused[no.Dot] = true
	}
	var runs []memory.Range
	for _, op := range p.Ops {
		d, err := wire.DotOf(op.Raw)
		if err != nil || refused[d] || !r.View.Heads.Holds(d) {
			continue
		}
		if n := len(runs) - 1; n >= 0 && runs[n].Origin == d.Origin && runs[n].To+1 == d.Seq && runs[n].To-runs[n].From+1 < receipt.MaxRun {
			runs[n].To = d.Seq
		} else if len(runs) < receipt.MaxRuns {
			runs = append(runs, memory.Range{Origin: d.Origin, From: d.Seq, To: d.Seq})
		}
	}
	return runs
}

// heard hands on the statement in the answer to a push. A member may have none.
func (c *Client) heard(from memory.Node, h http.Header, p *memory.Push) {
	if c.cfg.Trust == nil || c.cfg.Trust.Evidence == nil || len(p.Ops) == 0 {
		return
	}
	if s, ok := statementIn(h); ok {
		c.cfg.Trust.Evidence.Heard(from, s)
	}
}

// opNamed returns the op that the query of a request names.
func opNamed(r *http.Request) (memory.Dot, error) {
	q := r.URL.Query()
	seq, err := strconv.ParseUint(q.Get("seq"), 10, 64)
	d := memory.Dot{Origin: memory.Origin(q.Get("origin")), Seq: seq}
	if err != nil || d.Valid() != nil {
		return d, refuse(http.StatusBadRequest, "invalid", "want origin and seq of an op")
	}
	return d, nil
}

// aboutOp answers with what find says about the op that the query names.
func aboutOp[T any](h *handler, find func(context.Context, memory.Dot) (T, error)) memberEndpoint {
	return func(w http.ResponseWriter, r *http.Request, from *caller) error {
		if err := from.signed(r, nil); err != nil {
			return err
		}
		d, err := opNamed(r)
		if err != nil {
			return err
		}
		said, err := find(r.Context(), d)
		if errors.Is(err, memory.ErrNotFound) {
			return refuse(http.StatusNotFound, "not_found", "nothing is here about it")
		}
		if err != nil {
			return err
		}
		body, err := json.Marshal(said)
		if err != nil {
			return err
		}
		return h.sendDocument(w, from, body)
	}
}

// askAbout asks a member for what it says about an op. Nothing of it was checked.
func askAbout[T any](ctx context.Context, c *Client, what string, member memory.Node, path string, d memory.Dot, limit int64) (said T, err error) {
	query := url.Values{"origin": {string(d.Origin)}, "seq": {strconv.FormatUint(d.Seq, 10)}}
	data, _, err := c.ask(ctx, what, member, path+"?"+query.Encode(), limit)
	if err == nil {
		if err = json.Unmarshal(data, &said); err != nil {
			err = fault(what, member, err)
		}
	}
	return said, err
}

// Held asks a member for its statement that it holds an op. Nothing of what it signs
// was checked.
func (c *Client) Held(ctx context.Context, member memory.Node, d memory.Dot) (receipt.Signed, error) {
	return askAbout[receipt.Signed](ctx, c, "statement", member, pathHeld, d, maxDocument)
}
