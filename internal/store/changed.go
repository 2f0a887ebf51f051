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
	out, missing, epoch := s.cache.get(ids)
	for part := range slices.Chunk(missing, manyIDs) {
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		list, err := s.linkedRecords(ctx, ` WHERE m.id IN (?`+strings.Repeat(",?", len(args)-1)+`)`, args...)
		if err != nil {
			return nil, err
		}
		for i := range list {
			out = append(out, list[i].rec)
		}
		s.cache.put(list, epoch)
	}
	return out, nil
}

// linkedRecords returns records with whether there are links that name them. Damaged
// ones are left out.
func (s *tables) linkedRecords(ctx context.Context, where string, args ...any) ([]cached, error) {
	var out []cached
	err := s.read.each(ctx, sqlLinkedRecord+where, args, func(r rowScanner) error {
		var x cached
		var err error
		if x.rec, err = s.scanRecord(r, &x.linked); err == nil {
			out = append(out, x)
		}
		return omitted(ctx, err)
	})
	return out, err
}
