package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// tables are the reads of what there is now: memories, and all other registers.
type tables struct {
	*base
	read *reader
}

// sqlRecord selects what scanRecord reads.
const sqlRecord = `SELECT m.id, m.c_lsn, m.c_stamp, m.c_origin, m.c_seq, m.l_state, m.l_lsn, m.l_stamp, m.l_origin, m.l_seq, m.reason, m.conflicts,
	coalesce(a.count, 0), coalesce(a.at, 0), c.raw
	FROM memories m LEFT JOIN log c ON c.lsn = m.c_lsn LEFT JOIN access a ON a.record = m.rid`

func (s *tables) scanRecord(r rowScanner, more ...any) (memory.Record, error) {
	var m memory.Record
	var id string
	var c, l ref
	var raw []byte
	dest := []any{
		&id, &c.lsn, &c.stamp, &c.origin, &c.seq, &m.Life, &l.lsn, &l.stamp, &l.origin, &l.seq, &m.Reason, &m.Conflicts,
		&m.AccessCount, &m.AccessedAt, &raw,
	}
	if err := r.Scan(append(dest, more...)...); err != nil {
		return m, err
	}
	if raw != nil {
		e, err := s.cfg.Codec.Decode(raw)
		if err != nil {
			return memory.Record{Memory: memory.Memory{ID: id}}, fmt.Errorf("content of %s: %w", id, err)
		}
		m.Memory, _ = e.Content()
	}
	m.ID = id
	final := m.Life == memory.Erased
	m.Content, m.LifeAt = s.version(c, final), s.version(l, final)
	return m, nil
}

// records runs a query for whole records.
func (s *tables) records(ctx context.Context, q string, args ...any) ([]memory.Record, error) {
	var out []memory.Record
	err := s.read.each(ctx, q, args, func(r rowScanner) error {
		m, err := s.scanRecord(r)
		out = append(out, m)
		return err
	})
	return out, err
}

// Record returns the memory id wherever its lifecycle stands, or memory.ErrNotFound.
func (s *tables) Record(ctx context.Context, id string) (*memory.Record, error) {
	list, err := s.records(ctx, sqlRecord+` WHERE m.id = ?`, id)
	return one(list, err, "memory "+id)
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
	w := s.filter(memory.Filter{Viewer: viewer, Now: s.now()})
	w.and(`m.namespace = ? AND m.title = ?`, namespace, title) // as they are: "" is no wildcard
	list, err := s.records(ctx, sqlRecord+` WHERE `+w.String()+` ORDER BY m.owner <> '' AND m.owner = ? DESC, m.id LIMIT 1`,
		append(w.args, string(viewer))...)
	return one(list, err, fmt.Sprintf("title %.80q in %s", title, namespace))
}

// History returns the revisions of a memory's content, the highest version first.
func (s *tables) History(ctx context.Context, id string) ([]memory.Revision, error) {
	var out []memory.Revision
	found := false
	err := s.read.each(ctx, `WITH RECURSIVE rev (lsn) AS (
			SELECT newest FROM memories WHERE id = ?
			UNION ALL SELECT l.older FROM rev JOIN log l ON l.lsn = rev.lsn WHERE l.older <> 0)
		SELECT l.seen, l.state, l.raw, m.c_lsn = l.lsn FROM memories m LEFT JOIN rev ON 1 = 1 LEFT JOIN log l ON l.lsn = rev.lsn WHERE m.id = ?`,
		[]any{id, id}, func(r rowScanner) error {
			found = true
			var seen, winner *bool
			var state *int
			var raw []byte
			if err := r.Scan(&seen, &state, &raw, &winner); err != nil || raw == nil {
				return err
			}
			e, err := s.cfg.Codec.Decode(raw)
			if err != nil {
				return fmt.Errorf("history of %s: %w", id, err)
			}
			out = append(out, memory.Revision{Entry: e, Winner: *winner, Conflict: !*winner && !*seen && *state == stateApplied})
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
