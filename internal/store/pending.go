package store

import (
	"context"
	"errors"

	"github.com/tallystick/tallystick/internal/memory"
)

// Pending returns a proposal with its votes and its outcome, or memory.ErrNotFound.
func (s *tables) Pending(ctx context.Context, id string) (*memory.Pending, error) {
	entries, err := s.holders(ctx, `WHERE r.family = ? AND r.a = ?`, memory.FamProposal, id)
	list, err := s.pendings(ctx, entries, err)
	return one(list, err, "pending action "+id)
}

// Pendings returns proposals, the oldest first: all, or the open ones, of one
// namespace or of any; at most limit.
func (s *tables) Pendings(ctx context.Context, open bool, namespace string, limit int) ([]memory.Pending, error) {
	q := sqlHolders + `WHERE r.family = ?`
	args := []any{memory.FamProposal}
	if open {
		q += ` AND NOT EXISTS (SELECT 1 FROM registers o WHERE o.family = ? AND o.a = r.a)`
		args = append(args, memory.FamOutcome)
	}
	var entries []*memory.Entry
	err := s.read.each(ctx, q+` ORDER BY r.stamp, r.a`, args, func(r rowScanner) error {
		if len(entries) >= limit {
			return errStop
		}
		var raw []byte
		if err := r.Scan(&raw); err != nil {
			return err
		}
		e, err := s.cfg.Codec.Decode(raw)
		if err != nil {
			return err
		}
		if op, ok := e.Op.(*memory.Propose); ok && (namespace == "" || op.Namespace == namespace) {
			entries = append(entries, e)
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return s.pendings(ctx, entries, err)
}

func (s *tables) pendings(ctx context.Context, entries []*memory.Entry, err error) ([]memory.Pending, error) {
	if err != nil {
		return nil, err
	}
	var out []memory.Pending
	for _, e := range entries {
		op, ok := e.Op.(*memory.Propose)
		if !ok {
			continue
		}
		p := memory.Pending{Propose: *op, Home: e.Dot.Origin.Node()}
		more, err := s.holders(ctx, `WHERE r.family IN (?, ?) AND r.a = ? ORDER BY r.family, r.b`, memory.FamVote, memory.FamOutcome, op.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range more {
			if d, ok := m.Op.(*memory.Decide); ok {
				p.Votes = append(p.Votes, memory.Vote{Voter: d.Voter, Approve: d.Approve, At: m.Stamp.Instant()})
			}
			if d, ok := m.Op.(*memory.Resolve); ok {
				p.Outcome, p.Detail, p.By, p.At = d.Outcome, d.Detail, m.Actor, m.Stamp.Instant()
			}
		}
		out = append(out, p)
	}
	return out, nil
}
