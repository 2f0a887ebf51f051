package store

import (
	"context"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Changed returns memories as they are now whose content or lifecycle comes from
// an entry behind the local sequence number after, in the order of these entries,
// at most limit; last is the number up to which there are no others. What it
// returns is durable. It is for projections, which ask again from last: a memory
// may come twice, and the content of a damaged one is left out.
func (s *log) Changed(ctx context.Context, after uint64, limit int) (recs []memory.Record, last uint64, err error) {
	if recs, last, is := s.births.changed(after, limit); is {
		return recs, last, nil
	}
	return s.changedRows(ctx, after, limit)
}

// changedRows is Changed from the database.
func (s *log) changedRows(ctx context.Context, after uint64, limit int) (recs []memory.Record, last uint64, err error) {
	top := s.View().LSN
	t := tables{base: s.base, read: s.read}
	n := 0
	last = after
	q := `WITH changed AS (SELECT l.lsn, m.rid FROM log l JOIN memories m ON m.rid = l.record
		WHERE l.lsn > ? AND (m.c_lsn = l.lsn OR m.l_lsn = l.lsn OR l.kind = 14) ORDER BY l.lsn LIMIT ?) ` +
		strings.Replace(sqlRecord, "c.raw", "c.raw, n.lsn", 1) + ` JOIN changed n ON n.rid = m.rid ORDER BY n.lsn`
	err = s.read.each(ctx, q, []any{int64(min(after, 1<<62)), limit}, func(r rowScanner) error {
		n++
		var lsn int64
		m, err := t.scanRecord(r, &lsn)
		if lsn != 0 {
			last = uint64(lsn)
		}
		recs = append(recs, m) // one without its content, if it is damaged
		return omitted(ctx, err)
	})
	if err == nil && n < limit {
		last = max(last, top)
	}
	return recs, last, err
}

// manyIDs is how many records one statement looks up.
const manyIDs = 500

// Many returns those of the memories that there are, in any life and in no order.
func (s *tables) Many(ctx context.Context, ids []string) ([]memory.Record, error) {
	out, known, missing, epoch := s.cache.get(ids)
	take := func(list []fetched, err error) error {
		for i := range list {
			out = append(out, list[i].rec)
		}
		s.cache.put(list, epoch)
		return err
	}
	for part := range slices.Chunk(known, manyIDs) {
		list, moved, err := s.locatedRecords(ctx, part)
		if err := take(list, err); err != nil {
			return nil, err
		}
		missing = append(missing, moved...)
	}
	for part := range slices.Chunk(missing, manyIDs) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		if err := take(s.linkedRecords(ctx, ` WHERE m.id IN (?`+strings.Repeat(",?", len(args)-1)+`)`, args...)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// locatedRecords returns records of which it is known where they are, and the ids of
// those that are not there any more, or not whole: their rows say why.
func (s *tables) locatedRecords(ctx context.Context, where []located) (out []fetched, moved []string, err error) {
	args := make([]any, len(where))
	at := make(map[int64]*located, len(where))
	for i := range where {
		args[i], at[where[i].lsn] = where[i].lsn, &where[i]
	}
	out = make([]fetched, 0, len(where))
	// A list in IN would be sorted into a table of its own first.
	q := `SELECT l.lsn, ` + sqlSealedL + ` FROM (VALUES (?)` + strings.Repeat(",(?)", len(args)-1) + `) v JOIN log l ON l.lsn = v.column1`
	err = s.read.glance(ctx, q, args, func(r rowScanner) error {
		var lsn int64
		var x sealed
		if err := r.Scan(append([]any{&lsn}, x.glance()...)...); isGarbled(err) {
			return nil // its row is asked
		} else if err != nil {
			return err
		}
		l := at[lsn]
		e, _ := s.decode(x)
		if l == nil || e == nil || x.state != stateApplied {
			return nil
		}
		if rec, is := s.recordOf(l, e); is {
			out = append(out, fetched{&cached{rec: rec}, l.stub})
			delete(at, lsn)
		}
		return nil
	})
	for _, l := range at {
		moved = append(moved, l.id)
	}
	return out, moved, err
}

// recordOf is what the row of a stub says, with the content of its entry. It is false if
// that is another one's.
func (s *base) recordOf(x *located, e *memory.Entry) (memory.Record, bool) {
	m, has := e.Content()
	return memory.Record{
		Memory: m, Content: e.Version(), Life: memory.Live,
		LifeAt:      memory.Version{Stamp: memory.Stamp(x.lifeStamp), Dot: s.dot(int64(x.lifeFrom), x.lifeSeq)},
		AccessCount: int64(x.count), AccessedAt: x.at,
	}, has && m.ID == x.id
}

// linkedRecords returns records with whether there are links that name them. Damaged
// ones are left out.
func (s *tables) linkedRecords(ctx context.Context, where string, args ...any) ([]fetched, error) {
	out := make([]fetched, 0, len(args))
	err := s.read.glance(ctx, sqlLinkedRecord+where, args, func(r rowScanner) error {
		f, err := s.scanFetched(r)
		if err == nil {
			out = append(out, f)
		}
		return omitted(ctx, err)
	})
	return out, err
}
