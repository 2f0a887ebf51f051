package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// record is a row of memories while an entry is merged.
type record struct {
	rid            int64
	id             string
	fresh          bool // not yet in the table
	first          bool // no entry was about it before
	dirty          bool // changed by the entry at hand
	projected      bool // the projection of the content changed by that, too
	owed, projects bool // to be written; the projection, too
	content        ref
	lifeRef        ref
	life           memory.Life
	reason         string
	newest         int64
	conflicts      int
	namespace      string
	title          string
	tier, priority int
	kind           string
	access         memory.Access
	created        memory.Instant
	expires        memory.Instant
	tags           string
	sourceURI      string
}

// sqlRegisters selects what registers takes.
const sqlRegisters = `SELECT id, rid, c_lsn, c_stamp, c_origin, c_seq, l_state, l_lsn, l_stamp, l_origin, l_seq, reason, newest, conflicts FROM memories `

func (m *record) registers() []any {
	return []any{
		&m.id, &m.rid, &m.content.lsn, &m.content.stamp, &m.content.origin, &m.content.seq,
		&m.life, &m.lifeRef.lsn, &m.lifeRef.stamp, &m.lifeRef.origin, &m.lifeRef.seq, &m.reason, &m.newest, &m.conflicts,
	}
}

// records are those that one entry is about: one or two, or the sources of a consolidation.
type records []*record

func (rs *records) load(ctx context.Context, t *tx, id string) (*record, error) {
	for _, m := range *rs {
		if m.id == id {
			return m, nil
		}
	}
	m, err := t.lookup(ctx, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		t.rid++
		m = &record{id: id, rid: t.rid, fresh: true, first: true, tags: "[]"}
	}
	*rs = append(*rs, m)
	return m, nil
}

// project takes over the columns that queries need from the content that e writes.
func (m *record) project(e *memory.Entry) {
	m.dirty, m.projected = true, true
	c, ok := e.Content()
	if !ok {
		m.namespace, m.title, m.kind, m.sourceURI, m.tags = "", "", "", "", "[]"
		m.tier, m.priority, m.created, m.expires, m.access = 0, 0, 0, 0, memory.Access{}
		return
	}
	m.namespace, m.title, m.kind, m.sourceURI = c.Namespace, c.Title, c.MemoryKind, c.SourceURI
	m.tier, m.priority, m.created, m.expires = c.Tier.Rank(), int(c.Priority), c.CreatedAt, c.ExpiresAt
	m.access = c.Access()
	m.tags = "[]"
	if len(c.Tags) > 0 {
		if b, err := json.Marshal(c.Tags); err == nil {
			m.tags = string(b)
		}
	}
}

// secrecy is how the column private says who may see a memory: 0 everybody, 1 its
// owner and its recipient, 2 also who is in a team with its owner.
func secrecy(a memory.Access) int {
	switch {
	case a.Private && a.Team:
		return 2
	case a.Private:
		return 1
	}
	return 0
}

// projection is the columns that project sets.
func (m *record) projection() []any {
	return []any{
		m.namespace, m.title, m.tier, m.priority, m.kind, string(m.access.Owner), string(m.access.Target), secrecy(m.access),
		int64(m.created), int64(m.expires), m.tags, m.sourceURI,
	}
}

// fate is the columns that change without the content, too.
func (m *record) fate() []any {
	return slices.Concat([]any{m.life}, m.lifeRef.columns(), []any{m.reason, m.newest, m.conflicts})
}

const sqlInsertMemory = `INSERT INTO memories (rid, id, namespace, title, tier, priority, kind, owner, target, private, created, expires, tags, source_uri,
	c_lsn, c_stamp, c_origin, c_seq, l_state, l_lsn, l_stamp, l_origin, l_seq, reason, newest, conflicts) VALUES `

// inserted returns the values of sqlInsertMemory, and notes that the row is there.
func (m *record) inserted() []any {
	m.fresh, m.projects = false, false
	return slices.Concat([]any{m.rid, m.id}, m.projection(), m.content.columns(), m.fate())
}

// update writes what changed of a row that is there.
func (m *record) update(ctx context.Context, c *conn) error {
	if m.projects {
		m.projects = false
		if err := c.exec(ctx, `UPDATE memories SET namespace = ?, title = ?, tier = ?, priority = ?, kind = ?, owner = ?, target = ?, private = ?,
			created = ?, expires = ?, tags = ?, source_uri = ?, c_lsn = ?, c_stamp = ?, c_origin = ?, c_seq = ? WHERE rid = ?`,
			append(slices.Concat(m.projection(), m.content.columns()), m.rid)...); err != nil {
			return err
		}
	}
	return c.exec(ctx, `UPDATE memories SET l_state = ?, l_lsn = ?, l_stamp = ?, l_origin = ?, l_seq = ?, reason = ?, newest = ?, conflicts = ? WHERE rid = ?`,
		append(m.fate(), m.rid)...)
}

// standing is where the memory of a row stands that this transaction writes. It reports
// false if other rows say when it expires.
func (m *record) standing() (standing, bool) {
	return standing{
		rid: m.rid, absent: m.content.lsn == 0, priority: int32(m.priority), edited: m.content.stamp,
		class: classKey{
			namespace: m.namespace, owner: m.access.Owner, target: m.access.Target, life: m.life,
			tier: int8(m.tier), secrecy: int8(secrecy(m.access)), disputed: m.conflicts > 0,
		},
	}, m.expires == 0
}
