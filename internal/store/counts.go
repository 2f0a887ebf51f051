package store

import (
	"context"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// Counts sums up the records that the viewer of f may see, or all of them, in the
// namespaces that it is within, with expiry judged at its time. The other fields of f do not count.
func (s *tables) Counts(ctx context.Context, f memory.Filter) (memory.Counts, error) {
	f = memory.Filter{Viewer: f.Viewer, All: f.All, Within: f.Within, Now: f.Now}
	var c memory.Counts
	err := s.census.await(ctx)
	if err != nil {
		return c, err
	}
	if mates, ok := s.asked(ctx, &f); ok {
		c = s.census.counts(&f, mates)
	} else if c, err = s.countsOfRows(ctx, f); err != nil {
		return c, err
	}
	c.Links, err = s.countLinks(ctx, f)
	c.Bytes = s.dialect.size(&s.cfg)
	return c, err
}

// Counted waits until memories are counted, as they are anew after each start, which
// takes a while where there are many. The only error is that ctx is done.
func (s *tables) Counted(ctx context.Context) error { return s.census.await(ctx) }

// visible is the condition that the viewer of f may see memories m.
func visible(s *tables, f memory.Filter) where {
	var w where
	s.seen(&w, f)
	s.within(&w, f.Within)
	w.and(`m.c_lsn <> 0`)
	return w
}

// countsOfRows is Counts from the database, but for what memories do not say.
func (s *tables) countsOfRows(ctx context.Context, f memory.Filter) (memory.Counts, error) {
	w := visible(s, f)
	now, soonest := f.Now, int64(f.Now)+int64(time.Hour)
	c := memory.Counts{ByTier: map[memory.Tier]int64{}, ByNamespace: map[string]int64{}}
	tiers := tierNames()
	q := `SELECT m.l_state, m.l_state = 1 AND ` + sqlExpired + ` AS gone, m.tier, m.namespace, count(*), total(` + sqlExpired + `),
		total(CASE WHEN m.conflicts > 0 THEN 1 ELSE 0 END)
		FROM memories m WHERE ` + w.String() + ` GROUP BY 1, 2, 3, 4`
	err := s.read.each(ctx, q, append([]any{int64(now), int64(now), soonest, soonest}, w.args...), func(r rowScanner) error {
		var life memory.Life
		var gone bool
		var tier int
		var ns string
		var n int64
		var soon, disputed float64
		if err := r.Scan(&life, &gone, &tier, &ns, &n, &soon, &disputed); err != nil {
			return err
		}
		switch {
		case gone || life == memory.Archived:
			c.Archived += n
		case life == memory.Live:
			c.Live += n
			c.ExpiringSoon += int64(soon)
			c.Conflicts += int64(disputed)
			c.ByNamespace[ns] += n
			if tier >= 0 && tier < len(tiers) {
				c.ByTier[tiers[tier]] += n
			}
		case life == memory.Deleted:
			c.Deleted += n
		case life == memory.Erased:
			c.Erased += n
		}
		return nil
	})
	return c, err
}

// countLinks counts the links between memories that the viewer of f may see.
func (s *tables) countLinks(ctx context.Context, f memory.Filter) (n int64, err error) {
	w := visible(s, f)
	both := []any{memory.FamLink, memory.KindLink}
	q := `SELECT count(*) FROM registers r WHERE r.family = ? AND r.kind = ?`
	if !f.All || f.Within != nil {
		q += ` AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.a AND ` + w.String() + `)
			AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.b AND ` + w.String() + `)`
		both = append(append(both, w.args...), w.args...)
	}
	_, err = s.read.row(ctx, q, both, &n)
	return n, err
}
