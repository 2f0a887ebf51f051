package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// tables are the reads of what there is now: memories, and all other registers.
type tables struct {
	*base
	read *reader
}

// sqlRecord selects what scanRecord reads.
const sqlRecord = sqlRecordColumns + sqlOfRecord

// sqlLinkedRecord also selects whether there are links that name the record.
const sqlLinkedRecord = sqlRecordColumns + `,
	EXISTS (SELECT 1 FROM registers k WHERE k.family = 3 AND k.a = m.id) OR EXISTS (SELECT 1 FROM registers k WHERE k.family = 3 AND k.b = m.id)` + sqlOfRecord

const (
	sqlRecordColumns = `SELECT m.id, m.c_lsn, m.c_stamp, m.c_origin, m.c_seq, m.l_state, m.l_lsn, m.l_stamp, m.l_origin, m.l_seq, m.reason, m.conflicts,
	coalesce(a.count, 0), coalesce(a.at, 0), m.priority, ` + sqlTouches + `, ` + sqlSealedC
	sqlOfRecord = `
	FROM memories m LEFT JOIN log c ON c.lsn = m.c_lsn LEFT JOIN access a ON a.record = m.rid`
)

// rowOfRecord is a row of sqlRecord.
type rowOfRecord struct {
	rec           memory.Record
	content, life ref
	touched       memory.Touches
	linked        bool // where that is selected
}

// scanRecord reads a row of sqlRecord, and what is selected besides. It is
// memory.ErrDamaged if the content cannot be read: then the rest is there.
func (s *base) scanRecord(r rowScanner, more ...any) (memory.Record, error) {
	var m rowOfRecord
	_, err := s.scanRow(r, &m, more...)
	return m.rec, err
}

// scanFetched reads a row of sqlLinkedRecord.
func (s *base) scanFetched(r rowScanner) (fetched, error) {
	var m rowOfRecord
	e, err := s.scanRow(r, &m, &m.linked)
	f := fetched{cached: &cached{rec: m.rec, linked: m.linked}}
	if err == nil && e != nil {
		f.stub = m.plain(e)
	}
	return f, err
}

// scanRow reads a row of sqlRecord into m, and returns the entry that holds the content,
// nil if there is none.
func (s *base) scanRow(r rowScanner, row *rowOfRecord, more ...any) (*memory.Entry, error) {
	m, c, l, touched := &row.rec, &row.content, &row.life, &row.touched
	var id string
	var x sealed
	dest := append([]any{
		&id, &c.lsn, &c.stamp, &c.origin, &c.seq, &m.Life, &l.lsn, &l.stamp, &l.origin, &l.seq, &m.Reason, &m.Conflicts,
		&m.AccessCount, &m.AccessedAt, &m.Priority, &touched.Last, &touched.Kept,
	}, x.glance()...)
	if err := r.Scan(append(dest, more...)...); err != nil {
		if isGarbled(err) {
			s.damage.unsound.note()
			err = &damagedError{name: id}
		}
		return nil, err
	}
	m.ID = id
	final := m.Life == memory.Erased
	m.Content, m.LifeAt = s.version(*c, final), s.version(*l, final)
	if c.lsn == 0 {
		return nil, nil //nolint:nilnil // as documented
	}
	x.origin, x.seq = c.origin, c.seq // also where the row is missing
	e, err := s.open(x)
	if err != nil {
		if errors.Is(err, memory.ErrDamaged) {
			err = &damagedError{name: id}
		}
		return nil, err
	}
	if m.Memory, _ = e.Content(); m.ID != id && m.ID != "" {
		s.damage.report(x.origin, x.seq)
		*m = memory.Record{}
		return nil, &damagedError{name: id} // the row names another's entry
	}
	m.ID = id
	m.ExpiresAt = touched.Prolong(&m.Memory, m.Content.Stamp, m.LifeAt.Stamp)
	return e, nil
}

// plain makes a stub of a row of which everything was read.
func (m *rowOfRecord) plain(e *memory.Entry) stub {
	rec := &m.rec
	if rec.Life != memory.Live || rec.Reason != "" || rec.Conflicts != 0 || m.touched != (memory.Touches{}) || m.linked ||
		rec.Content != e.Version() || m.life.lsn == 0 || m.life.origin > math.MaxInt32 || rec.AccessCount > maxCount {
		return stub{}
	}
	return stub{
		lsn: m.content.lsn, lifeStamp: m.life.stamp, lifeFrom: int32(m.life.origin), lifeSeq: m.life.seq,
		count: int32(rec.AccessCount), at: rec.AccessedAt,
	}
}

// record runs a query for one record, which is memory.ErrDamaged if it is.
func (s *tables) record(ctx context.Context, what, q string, args ...any) (*memory.Record, error) {
	var m memory.Record
	found := false
	err := s.read.each(ctx, q, args, func(r rowScanner) (err error) {
		found = true
		m, err = s.scanRecord(r)
		return err
	})
	if err == nil && !found {
		err = memory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &m, nil
}

// Record returns the memory id wherever its lifecycle stands, or memory.ErrNotFound.
func (s *tables) Record(ctx context.Context, id string) (*memory.Record, error) {
	if s.absent.id(id) {
		return nil, fmt.Errorf("memory %s: %w", id, memory.ErrNotFound)
	}
	return s.record(ctx, "memory "+id, sqlRecord+` WHERE m.id = ?`, id)
}

// RecordFor is Record for a viewer. Of a memory that is none of its business no byte
// is read: the answer neither takes longer nor says that there is damage.
func (s *tables) RecordFor(ctx context.Context, viewer memory.AgentID, id string) (*memory.Record, error) {
	rec, epoch := s.cache.open(id)
	if rec != nil {
		return rec, nil
	}
	w := &where{}
	w.and(`m.id = ?`, id)
	s.seen(w, memory.Filter{Viewer: viewer})
	var list []fetched
	err := s.read.glance(ctx, sqlLinkedRecord+` WHERE `+w.String(), w.args, func(r rowScanner) error {
		f, err := s.scanFetched(r)
		list = append(list, f)
		return err
	})
	if err == nil && list == nil {
		err = memory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("memory %s: %w", id, err)
	}
	rec = new(list[0].rec)
	s.cache.put(list, epoch)
	return rec, nil
}

// Resolve completes a prefix of an id, among the records that f selects:
// memory.ErrNotFound if none begins with it, memory.ErrAmbiguous if several do
// and none is it.
func (s *tables) Resolve(ctx context.Context, prefix string, f memory.Filter) (string, error) {
	if prefix == "" {
		return "", fmt.Errorf("empty id: %w", memory.ErrInvalid)
	}
	var ids []string
	w := s.filter(f)
	w.and(`m.id >= ? AND m.id < ?`, prefix, prefix+"\U0010ffff")
	err := s.read.each(ctx, `SELECT m.id FROM memories m WHERE `+w.String()+` ORDER BY m.id LIMIT 2`, w.args,
		func(r rowScanner) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("memory %s: %w", prefix, memory.ErrNotFound)
	case len(ids) > 1 && ids[0] != prefix:
		return "", fmt.Errorf("id prefix %q: %w: %s, %s …", prefix, memory.ErrAmbiguous, ids[0], ids[1])
	}
	return ids[0], nil
}

// ByTitle returns the live memory with this title in the namespace that viewer
// may see, or memory.ErrNotFound. If there are several, it is the viewer's own, or
// the one with the lowest id.
func (s *tables) ByTitle(ctx context.Context, viewer memory.AgentID, namespace, title string) (*memory.Record, error) {
	what := fmt.Sprintf("title %.80q in %s", title, namespace)
	if s.absent.title(namespace, title) {
		return nil, fmt.Errorf("%s: %w", what, memory.ErrNotFound)
	}
	w := s.filter(memory.Filter{Viewer: viewer, Now: s.now()})
	w.and(`m.namespace = ? AND m.title = ?`, namespace, title) // as they are: "" is no wildcard
	return s.record(ctx, what, sqlRecord+` WHERE `+w.String()+` ORDER BY m.owner <> '' AND m.owner = ? DESC, m.id LIMIT 1`,
		append(w.args, string(viewer))...)
}

// History returns the revisions of a memory's content, the highest version first.
func (s *tables) History(ctx context.Context, id string) ([]memory.Revision, error) {
	var out []memory.Revision
	found := false
	// Revisions lead to what came before, and are of this memory: what is damaged ends it.
	err := s.read.each(ctx, `WITH RECURSIVE rev (lsn) AS (
			SELECT newest FROM memories WHERE id = ?
			UNION ALL SELECT l.older FROM rev JOIN log l ON l.lsn = rev.lsn WHERE l.older <> 0 AND l.older < l.lsn)
		SELECT coalesce(l.lsn, 0), l.lsn IS NULL AND coalesce(rev.lsn, 0) <> 0 OR m.c_lsn <> 0 AND NOT EXISTS (SELECT 1 FROM log c WHERE c.lsn = m.c_lsn),
		coalesce(l.seen, 0), m.c_lsn = l.lsn, coalesce(l.origin, 0), coalesce(l.seq, 0), coalesce(l.state, 0), l.digest, l.raw FROM memories m LEFT JOIN rev ON 1 = 1 LEFT JOIN log l ON l.lsn = rev.lsn AND l.record = m.rid WHERE m.id = ?`,
		[]any{id, id}, func(r rowScanner) error {
			found = true
			var lsn int64
			var missing, seen bool // missing: this row of the log, or that of the content
			var winner *bool
			var x sealed
			if err := r.Scan(append([]any{&lsn, &missing, &seen, &winner}, x.dest()...)...); err != nil {
				return err
			}
			if missing {
				memory.Omit(ctx, id)
			}
			if lsn == 0 {
				return nil
			}
			e, err := s.open(x)
			if err != nil {
				return omitted(ctx, err)
			}
			out = append(out, memory.Revision{Entry: e, LSN: uint64(lsn), Winner: *winner, Conflict: !*winner && !seen && x.state == stateApplied})
			return nil
		})
	if err == nil && !found {
		err = fmt.Errorf("memory %s: %w", id, memory.ErrNotFound)
	}
	sortRevisions(out)
	return out, err
}

func sortRevisions(rs []memory.Revision) {
	slices.SortFunc(rs, func(a, b memory.Revision) int { return b.Entry.Version().Compare(a.Entry.Version()) })
}

// Mates returns who is in a team with an agent, in any order.
func (s *tables) Mates(ctx context.Context, agent memory.AgentID) ([]memory.AgentID, error) {
	var out []memory.AgentID
	q := `SELECT DISTINCT owner.value ` + s.dialect.teams + ` AND mate.value = ?`
	err := s.read.each(ctx, q, []any{string(agent)}, func(r rowScanner) error {
		var mate string
		err := r.Scan(&mate)
		out = append(out, memory.AgentID(mate))
		return err
	})
	return out, err
}
