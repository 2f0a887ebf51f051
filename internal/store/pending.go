package store

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Pending returns a proposal with its votes and its verdict, or memory.ErrNotFound.
func (s *tables) Pending(ctx context.Context, id string) (*memory.Pending, error) {
	entries, err := s.holders(ctx, `WHERE r.family = ? AND r.a = ?`, memory.FamProposal, id)
	var list []memory.Pending
	for _, e := range entries {
		if op, ok := e.Op.(*memory.Propose); ok && err == nil {
			list = append(list, memory.Pending{Propose: *op, Home: e.Dot.Origin.Node()})
			err = s.complete(ctx, &list[0])
		}
	}
	return one(list, err, "pending action "+id)
}

// Pendings returns proposals, the oldest first: all, or the open ones, of one
// namespace or of any; at most limit.
func (s *tables) Pendings(ctx context.Context, open bool, namespace string, limit int) ([]memory.Pending, error) {
	q := sqlHolders + `WHERE r.family = ?`
	args := []any{memory.FamProposal}
	if open {
		q += ` AND NOT EXISTS (SELECT 1 FROM registers o WHERE o.family = ? AND o.a = r.a)`
		args = append(args, memory.FamVerdict)
	}
	var entries []*memory.Entry
	err := s.read.each(ctx, q+` ORDER BY r.stamp, r.a`, args, func(r rowScanner) error {
		if len(entries) >= limit {
			return errStop
		}
		e, err := s.scanEntry(r)
		if err != nil {
			return omitted(ctx, err)
		}
		if op, ok := e.Op.(*memory.Propose); ok && (namespace == "" || op.Namespace == namespace) {
			entries = append(entries, e)
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	var out []memory.Pending
	for _, e := range entries {
		op, ok := e.Op.(*memory.Propose)
		if !ok || err != nil {
			continue
		}
		p := memory.Pending{Propose: *op, Home: e.Dot.Origin.Node()}
		if bad := s.complete(ctx, &p); bad == nil {
			out = append(out, p)
		} else {
			err = omitted(ctx, bad)
		}
	}
	return out, err
}

// complete adds the votes and the outcome of a proposal. It is memory.ErrDamaged if
// one of them is: without it the proposal would look as if it could be decided.
func (s *tables) complete(ctx context.Context, p *memory.Pending) error {
	more, err := s.holders(ctx, `WHERE r.family IN (?, ?) AND r.a = ? ORDER BY r.family, r.b`, memory.FamVote, memory.FamVerdict, p.ID)
	if err != nil {
		return err
	}
	for _, m := range more {
		if d, ok := m.Op.(*memory.Decide); ok {
			p.Votes = append(p.Votes, memory.Vote{Voter: d.Voter, Approve: d.Approve, At: m.Stamp.Instant()})
		}
		if d, ok := m.Op.(*memory.Resolve); ok {
			p.Verdict, p.Detail, p.By, p.At = d.Verdict, d.Detail, m.Actor, m.Stamp.Instant()
		}
	}
	return nil
}
