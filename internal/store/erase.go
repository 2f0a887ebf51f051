package store

import (
	"context"

	"github.com/tallystick/tallystick/internal/memory"
)

// erase takes the payload out of everything that this node has of m. What is
// derived from it follows soon: see purgeFiles.
func (t merger) erase(ctx context.Context, m *record, by *memory.Entry) error {
	err := t.revisions(ctx, m.newest, func(lsn int64, e *memory.Entry) error {
		if e == nil { // nobody can tell what is left of the text
			t.listing = true
			return t.exec(ctx, `UPDATE log SET raw = ?, state = ? WHERE lsn = ?`, []byte{}, stateDamaged, lsn)
		}
		return t.hollowOut(ctx, lsn, e, by.Dot)
	})
	if err != nil {
		return err
	}
	n, err := t.affect(ctx, `UPDATE log SET raw = ? WHERE record = ? AND state = ? AND lsn IN
		(SELECT l.lsn FROM damaged d JOIN log l ON l.origin = d.origin AND l.seq = d.seq)`, []byte{}, m.rid, stateDamaged)
	if err != nil {
		return err
	}
	t.listing = t.listing || n > 0 // nobody misses them: see sqlDamaged
	if err := t.eraseRefused(ctx, m.id, by.Dot); err != nil {
		return err
	}
	if err := t.eraseProposals(ctx, m.id, by.Dot); err != nil {
		return err
	}
	for _, q := range []string{`DELETE FROM embeddings WHERE record = ?`, `DELETE FROM foreseen WHERE record = ?`} {
		if err := t.exec(ctx, q, m.rid); err != nil {
			return err
		}
	}
	m.newest, m.conflicts, m.dirty = 0, 0, true
	t.erased = true
	if !m.first {
		t.purge = true
	}
	return nil
}

// eraseRefused takes the payload out of the entries of a record that were
// refused here.
func (t merger) eraseRefused(ctx context.Context, id string, by memory.Dot) error {
	rows := map[int64][]byte{}
	err := t.each(ctx, `SELECT l.lsn, l.raw FROM parked p JOIN origins o ON o.name = p.origin
		JOIN log l ON l.origin = o.id AND l.seq = p.seq AND l.state = 1 WHERE p.member = ?`, []any{string(t.cfg.Node)}, func(r rowScanner) error {
		var lsn int64
		var raw []byte
		err := r.Scan(&lsn, &raw)
		rows[lsn] = raw
		return err
	})
	if err != nil {
		return err
	}
	for lsn, old := range rows {
		if raw := t.shed(old, id, by); raw != nil {
			if err := t.exec(ctx, `UPDATE log SET raw = ? WHERE lsn = ?`, raw, lsn); err != nil {
				return err
			}
		}
	}
	return nil
}

// sqlSettled selects proposals that are closed, and whose action still has content.
const sqlSettled = `SELECT g.lsn, ` + sqlSealedG + ` FROM registers r JOIN log g ON g.lsn = r.lsn WHERE r.family = ? AND g.state = 0
	AND EXISTS (SELECT 1 FROM registers o WHERE o.family = ? AND o.a = r.a)`

// eraseProposals takes the payload out of the closed proposals about a memory.
// Open ones keep it: it is what is to be decided on.
func (t merger) eraseProposals(ctx context.Context, id string, by memory.Dot) error {
	return t.emptyProposals(ctx, sqlSettled, []any{memory.FamProposal, memory.FamVerdict}, func(about string) (memory.Dot, error) {
		if about != id {
			return memory.Dot{}, nil
		}
		return by, nil
	})
}

// settle is eraseProposals for one proposal, which came or was closed after the erase.
func (t merger) settle(ctx context.Context, proposal string) error {
	return t.emptyProposals(ctx, sqlSettled+` AND r.a = ?`, []any{memory.FamProposal, memory.FamVerdict, proposal},
		func(about string) (memory.Dot, error) { return t.erasedBy(ctx, about) })
}

func (t merger) emptyProposals(ctx context.Context, q string, args []any, erasedBy func(id string) (memory.Dot, error)) error {
	found := map[int64]*memory.Entry{}
	err := t.each(ctx, q, args, func(r rowScanner) error {
		var lsn int64
		var x sealed
		if err := r.Scan(append([]any{&lsn}, x.dest()...)...); err != nil {
			return err
		}
		if e, err := t.open(x); err == nil && e.Payload() != "" {
			found[lsn] = e
		}
		return nil
	})
	if err != nil {
		return err
	}
	for lsn, e := range found {
		by, err := erasedBy(e.Payload())
		if err != nil {
			return err
		}
		if by.IsZero() {
			continue
		}
		if err := t.hollowOut(ctx, lsn, e, by); err != nil {
			return err
		}
		t.erased = true
		t.purge = true
	}
	return nil
}

// erasedBy returns the entry that erased a memory, zero if none did.
func (t merger) erasedBy(ctx context.Context, id string) (memory.Dot, error) {
	var origin, seq int64
	found, err := t.queryRow(ctx, `SELECT c_origin, c_seq FROM memories WHERE id = ? AND l_state = ?`, []any{id, memory.Erased}, &origin, &seq)
	if err != nil || !found {
		return memory.Dot{}, err
	}
	return t.dot(origin, seq), nil
}

// shed returns the hollow form of raw if that has content of the memory id, else nil.
func (t merger) shed(raw []byte, id string, by memory.Dot) []byte {
	e, err := t.cfg.Codec.Decode(raw)
	if err != nil {
		return nil
	}
	if e.Payload() != id {
		return nil
	}
	out, err := t.hollow(e, by)
	if err != nil {
		return nil
	}
	return out
}

// keep returns the bytes of a refused entry as they may be kept: without the
// content of a memory that was erased.
func (t merger) keep(ctx context.Context, a arrival) ([]byte, error) {
	if a.Op == nil {
		return a.raw, nil
	}
	id := a.Payload()
	if id == "" {
		return a.raw, nil
	}
	by, err := t.erasedBy(ctx, id)
	if err != nil || by.IsZero() {
		return a.raw, err
	}
	if raw := t.shed(a.raw, id, by); raw != nil {
		return raw, nil
	}
	return a.raw, nil
}
