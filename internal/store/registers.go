package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// sqlHolders selects the entries that hold registers. One that is missing is as damaged as one
// of which the bytes are.
const sqlHolders = `SELECT coalesce(g.origin, r.origin), coalesce(g.seq, r.seq), coalesce(g.state, 3), coalesce(g.digest, x''), coalesce(g.raw, x'')
	FROM registers r LEFT JOIN log g ON g.lsn = r.lsn `

// holders decodes the entries that a query selects. It is memory.ErrDamaged if one
// of them is.
func (s *tables) holders(ctx context.Context, q string, args ...any) ([]*memory.Entry, error) {
	var out []*memory.Entry
	err := s.read.each(ctx, sqlHolders+q, args, func(r rowScanner) error {
		e, err := s.scanEntry(r)
		if err == nil {
			out = append(out, e)
		}
		return err
	})
	return out, err
}

// wholeHolders is holders that leaves damaged ones out.
func (s *tables) wholeHolders(ctx context.Context, q string, args ...any) ([]*memory.Entry, error) {
	var out []*memory.Entry
	err := s.read.each(ctx, sqlHolders+q, args, func(r rowScanner) error {
		e, err := s.scanEntry(r)
		if err == nil {
			out = append(out, e)
		}
		return omitted(ctx, err)
	})
	return out, err
}

func (s *tables) scanEntry(r rowScanner) (*memory.Entry, error) {
	var x sealed
	if err := r.Scan(x.dest()...); err != nil {
		return nil, err
	}
	return s.open(x)
}

// Register returns the version of a register and the entry that holds it, or
// memory.ErrNotFound if it was never written.
func (s *tables) Register(ctx context.Context, k memory.Key) (memory.Version, *memory.Entry, error) {
	var q string
	var args []any
	switch {
	case !k.Family.OfMemory():
		q, args = sqlHolders+`WHERE r.family = ? AND r.a = ? AND r.b = ? AND r.c = ?`, []any{k.Family, k.A, k.B, k.C}
	case k.Family == memory.FamContent:
		q, args = `SELECT `+sqlSealedG+` FROM memories m JOIN log g ON g.lsn = m.c_lsn WHERE m.id = ?`, []any{k.A}
	default:
		q, args = `SELECT `+sqlSealedG+` FROM memories m JOIN log g ON g.lsn = m.l_lsn WHERE m.id = ?`, []any{k.A}
	}
	var x sealed
	found, err := s.read.row(ctx, q, args, x.dest()...)
	if err == nil && !found {
		err = fmt.Errorf("register of %s: %w", k.A, memory.ErrNotFound)
	}
	if err != nil {
		return memory.Version{}, nil, err
	}
	e, err := s.open(x)
	if err != nil {
		return memory.Version{}, nil, fmt.Errorf("register of %s: %w", k.A, err)
	}
	return e.Version(), e, nil
}

// sqlBothLive is the condition under which a link shows.
const sqlBothLive = ` AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.a AND m.l_state = 1 AND NOT ` + sqlExpired + `)
	AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.b AND m.l_state = 1 AND NOT ` + sqlExpired + `) `

// Links returns the links from and to a memory whose both ends are live.
func (s *tables) Links(ctx context.Context, id string) ([]memory.Link, error) {
	if len(s.cache.linked([]string{id})) == 0 {
		return []memory.Link{}, nil
	}
	now := int64(s.now())
	return s.links(ctx, sqlLinksOf, memory.KindLink, memory.FamLink, id, memory.FamLink, id, now, now, now, now)
}

// sqlLinksOf names the family at both ends, or no index would be used for either.
const sqlLinksOf = `WHERE r.kind = ? AND (r.family = ? AND r.a = ? OR r.family = ? AND r.b = ?)` + sqlBothLive + `ORDER BY r.a, r.b, r.c LIMIT 10000`

// LinkBetween returns the links from source to target, whatever becomes of these.
func (s *tables) LinkBetween(ctx context.Context, source, target string) ([]memory.Link, error) {
	return s.links(ctx, `WHERE r.family = ? AND r.kind = ? AND r.a = ? AND r.b = ? ORDER BY r.c`,
		memory.FamLink, memory.KindLink, source, target)
}

// AllLinks yields every link there is, in the order of its ends.
func (s *tables) AllLinks(ctx context.Context, after memory.Key, limit int) ([]memory.Link, error) {
	return s.links(ctx, `WHERE r.family = ? AND r.kind = ? AND (r.a, r.b, r.c) > (?, ?, ?) ORDER BY r.a, r.b, r.c LIMIT ?`,
		memory.FamLink, memory.KindLink, after.A, after.B, after.C, limit)
}

// links leaves damaged ones out, and does not note them: whose business they are is not
// for it to say; see [Store.LostLinks].
func (s *tables) links(ctx context.Context, q string, args ...any) ([]memory.Link, error) {
	out := []memory.Link{}
	err := s.read.each(ctx, sqlHolders+q, args, func(r rowScanner) error {
		e, err := s.scanEntry(r)
		if errors.Is(err, memory.ErrDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		if op, is := e.Op.(*memory.Link); is {
			out = append(out, *op)
		}
		return nil
	})
	return out, err
}

// Targets returns where the links of one relation from source lead.
func (s *tables) Targets(ctx context.Context, source, relation string) ([]string, error) {
	var out []string
	err := s.read.each(ctx, `SELECT b FROM registers WHERE family = ? AND kind = ? AND a = ? AND c = ? ORDER BY b`,
		[]any{memory.FamLink, memory.KindLink, source, relation}, func(r rowScanner) error {
			var id string
			err := r.Scan(&id)
			out = append(out, id)
			return err
		})
	return out, err
}

// Superseding returns, for those of the memories that there are any of, the sources of
// links that say that they supersede it, whatever became of these.
func (s *tables) Superseding(ctx context.Context, ids []string) (map[string][]string, error) {
	out := map[string][]string{}
	for part := range slices.Chunk(s.cache.linked(ids), manyIDs) {
		args := []any{memory.FamLink, memory.KindLink, memory.Supersedes}
		for _, id := range part {
			args = append(args, id)
		}
		err := s.read.each(ctx, `SELECT a, b FROM registers WHERE family = ? AND kind = ? AND c = ? AND b IN (?`+
			strings.Repeat(",?", len(part)-1)+`) ORDER BY a`, args, func(r rowScanner) error {
			var newer, older string
			err := r.Scan(&newer, &older)
			out[older] = append(out[older], newer)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Standard returns the standard set for exactly this namespace, or memory.ErrNotFound.
func (s *tables) Standard(ctx context.Context, ns string) (*memory.Standard, error) {
	entries, err := s.holders(ctx, `WHERE r.family = ? AND r.kind = ? AND r.a = ?`, memory.FamStandard, memory.KindSetStandard, ns)
	return one(standardsOf(entries), err, "standard of "+ns)
}

// Standards returns all standards, by namespace.
func (s *tables) Standards(ctx context.Context) ([]memory.Standard, error) {
	entries, err := s.wholeHolders(ctx, `WHERE r.family = ? AND r.kind = ? ORDER BY r.a`, memory.FamStandard, memory.KindSetStandard)
	return standardsOf(entries), err
}

func standardsOf(entries []*memory.Entry) []memory.Standard {
	var out []memory.Standard
	for _, e := range entries {
		if op, ok := e.Op.(*memory.SetStandard); ok {
			out = append(out, memory.Standard{SetStandard: *op, At: e.Stamp.Instant()})
		}
	}
	return out
}
