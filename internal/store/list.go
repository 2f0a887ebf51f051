package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// List returns the records that fit f, at most limit, from after the cursor, or
// from offset on. next is "" after the last one.
func (s *tables) List(ctx context.Context, f memory.Filter, order memory.Order, limit, offset int, cursor string) (recs []memory.Record, next string, err error) {
	w := s.filter(f)
	by := map[memory.Order]string{
		memory.ByPriority: `m.priority DESC, m.c_stamp DESC, m.id`, memory.ByID: `m.id`, memory.ByEdit: `m.c_stamp, m.id`,
		memory.ByNewest: `m.c_stamp DESC, m.id`,
	}[order]
	if cursor != "" {
		if err := w.after(order, cursor); err != nil {
			return nil, "", err
		}
	}
	// The keys are sorted first, the bodies of the page fetched after.
	q := fmt.Sprintf(`WITH page AS (SELECT m.rid FROM memories m WHERE %s ORDER BY %s LIMIT ? OFFSET ?) %s WHERE m.rid IN (SELECT rid FROM page) ORDER BY %s`,
		w.String(), by, sqlRecord, by)
	n := 0
	var last memory.Record
	err = s.read.each(ctx, q, append(w.args, limit, offset), func(r rowScanner) (err error) {
		n++
		if last, err = s.scanRecord(r); err == nil {
			recs = append(recs, last)
		}
		return omitted(ctx, err)
	})
	if err == nil && n == limit && limit > 0 {
		next = position(order, &last)
	}
	return recs, next, err
}

// cursorPosition is what a cursor holds: the sort key of the last row seen.
type cursorPosition struct {
	Order    memory.Order `json:"o"`
	Priority int32        `json:"p,omitempty"`
	Stamp    int64        `json:"s,omitempty"`
	ID       string       `json:"i"`
}

func position(order memory.Order, m *memory.Record) string {
	p := cursorPosition{Order: order, ID: m.ID}
	if order != memory.ByID {
		p.Priority, p.Stamp = m.Priority, int64(m.Content.Stamp)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func (w *where) after(order memory.Order, cursor string) error {
	var p cursorPosition
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || p.Order != order {
		return fmt.Errorf("cursor %.40q: want one that a list in the same order returned: %w", cursor, memory.ErrInvalid)
	}
	switch order {
	case memory.ByID:
		w.and(`m.id > ?`, p.ID)
	case memory.ByEdit:
		w.and(`(m.c_stamp > ? OR m.c_stamp = ? AND m.id > ?)`, p.Stamp, p.Stamp, p.ID)
	case memory.ByNewest:
		w.and(`(m.c_stamp < ? OR m.c_stamp = ? AND m.id > ?)`, p.Stamp, p.Stamp, p.ID)
	case memory.ByPriority:
		w.and(`(m.priority < ? OR m.priority = ? AND (m.c_stamp < ? OR m.c_stamp = ? AND m.id > ?))`,
			p.Priority, p.Priority, p.Stamp, p.Stamp, p.ID)
	}
	return nil
}

// Count returns how many records fit f.
func (s *tables) Count(ctx context.Context, f memory.Filter) (int, error) {
	w := s.filter(f)
	n := 0
	err := s.read.each(ctx, `SELECT count(*) FROM memories m WHERE `+w.String(), w.args, func(r rowScanner) error { return r.Scan(&n) })
	return n, err
}

// Spaces counts the records that fit f by namespace.
func (s *tables) Spaces(ctx context.Context, f memory.Filter) (map[string]int64, error) {
	w := s.filter(f)
	out := map[string]int64{}
	err := s.read.each(ctx, `SELECT m.namespace, count(*) FROM memories m WHERE `+w.String()+` GROUP BY 1`, w.args, func(r rowScanner) error {
		var ns string
		var n int64
		err := r.Scan(&ns, &n)
		out[ns] = n
		return err
	})
	return out, err
}

// Counts sums up the records that the viewer of f may see, or all of them, in the
// namespaces that it is within, with expiry judged at its time. The other fields of f do not count.
func (s *tables) Counts(ctx context.Context, f memory.Filter) (memory.Counts, error) {
	var w where
	s.seen(&w, f)
	s.within(&w, f.Within)
	w.and(`m.c_lsn <> 0`)
	now, soonest := f.Now, int64(f.Now)+int64(time.Hour)
	c := memory.Counts{ByTier: map[memory.Tier]int64{}, ByNamespace: map[string]int64{}}
	tiers := []memory.Tier{memory.Short, memory.Mid, memory.Long}
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
	if err != nil {
		return c, err
	}
	both := []any{memory.FamLink, memory.KindLink}
	q = `SELECT count(*) FROM registers r WHERE r.family = ? AND r.kind = ?`
	if !f.All || f.Within != nil {
		q += ` AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.a AND ` + w.String() + `)
			AND EXISTS (SELECT 1 FROM memories m WHERE m.id = r.b AND ` + w.String() + `)`
		both = append(append(both, w.args...), w.args...)
	}
	_, err = s.read.row(ctx, q, both, &c.Links)
	c.Bytes = s.dialect.size(&s.cfg)
	return c, err
}
