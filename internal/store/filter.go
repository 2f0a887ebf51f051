package store

import (
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// where is a condition under construction.
type where struct {
	parts []string
	args  []any
}

func (w *where) and(cond string, args ...any) {
	w.parts = append(w.parts, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string { return strings.Join(w.parts, " AND ") }

// sqlStays is that the expiry of a record means nothing any more: it was restored after it.
const sqlStays = `((m.l_stamp >> 16) * 1000000 + (m.l_stamp & 65535) >= m.expires AND m.c_stamp < m.l_stamp)`

// sqlExpired is that a live record has expired, touches included: bind the instant now, twice.
const sqlExpired = `(m.expires <> 0 AND m.expires <= ? AND NOT ` + sqlStays + `
	AND NOT EXISTS (SELECT 1 FROM registers k WHERE k.family = 8 AND k.a = m.id AND k.stamp > m.c_stamp
	AND (k.b <> '' OR (k.stamp >> 16) * 1000000 + (k.stamp & 65535) + CASE m.tier WHEN 0 THEN 3600000000000 WHEN 1 THEN 86400000000000 ELSE 0 END > ?)))`

// sqlEnds is that a record has an expiry that holds: a touch that keeps it takes it away.
const sqlEnds = `(m.expires <> 0 AND NOT ` + sqlStays + `
	AND NOT EXISTS (SELECT 1 FROM registers k WHERE k.family = 8 AND k.a = m.id AND k.b <> '' AND k.stamp > m.c_stamp))`

// sqlTouches are the stamps of the last touch of a memory that is to expire, and of the one that keeps it.
const sqlTouches = `CASE WHEN m.expires = 0 THEN 0 ELSE coalesce((SELECT k.stamp FROM registers k WHERE k.family = 8 AND k.a = m.id AND k.b = '' AND k.c = ''), 0) END,
	CASE WHEN m.expires = 0 THEN 0 ELSE coalesce((SELECT k.stamp FROM registers k WHERE k.family = 8 AND k.a = m.id AND k.b = 'kept' AND k.c = ''), 0) END`

// filter renders a filter as a condition on memories m.
func (b *base) filter(f memory.Filter) where {
	var w where
	now := int64(f.Now)
	switch f.Life {
	case memory.Archived:
		w.and(`(m.l_state = 2 OR m.l_state = 1 AND `+sqlExpired+`)`, now, now)
	case memory.Deleted, memory.Erased:
		w.and(`m.l_state = ?`, f.Life)
	case memory.Unborn, memory.Live:
		w.and(`m.l_state = 1 AND NOT `+sqlExpired, now, now)
	}
	w.and(`m.c_lsn <> 0`)
	b.seen(&w, f)
	b.within(&w, f.Within)
	switch {
	case f.Namespace != "" && f.Subtree:
		w.and(`(m.namespace = ? OR m.namespace >= ? AND m.namespace < ?)`, f.Namespace, f.Namespace+"/", f.Namespace+"0")
	case f.Namespace != "":
		w.and(`m.namespace = ?`, f.Namespace)
	}
	if f.Tier != "" {
		w.and(`m.tier = ?`, f.Tier.Rank())
	}
	if len(f.Tags) > 0 {
		cond, args := b.dialect.tagged(f.Tags)
		w.and(cond, args...)
	}
	if len(f.Kinds) > 0 {
		args := make([]any, len(f.Kinds))
		for i, k := range f.Kinds {
			args[i] = k
		}
		w.and(`m.kind IN (?`+strings.Repeat(",?", len(args)-1)+`)`, args...)
	}
	if f.Owner != "" {
		w.and(`m.owner = ?`, string(f.Owner))
	}
	if f.MinPriority > 0 {
		w.and(`m.priority >= ?`, f.MinPriority)
	}
	if f.Since != 0 {
		w.and(`m.created >= ?`, int64(f.Since))
	}
	if f.Until != 0 {
		w.and(`m.created <= ?`, int64(f.Until))
	}
	w.stands(f)
	for _, p := range f.Presence {
		b.held(&w, p)
	}
	if f.Title != "" {
		w.and(`m.title = ?`, f.Title)
	}
	if f.SourceURI != "" {
		w.and(`substr(m.source_uri, 1, ?) = ?`, len([]rune(f.SourceURI)), f.SourceURI)
	}
	return w
}

// stands leaves out what was edited before, is not in conflict, or ends otherwise.
func (w *where) stands(f memory.Filter) {
	if f.EditedAfter != 0 {
		w.and(`m.c_stamp > ?`, int64(f.EditedAfter))
	}
	if f.Conflicting {
		w.and(`m.conflicts > 0`)
	}
	switch f.Expiry {
	case memory.WillExpire:
		w.and(sqlEnds)
	case memory.NeverExpires:
		w.and(`NOT ` + sqlEnds)
	case memory.AnyExpiry:
	}
}

// held leaves out what somebody is not known to hold, or what it is. Origins of which
// nothing is known are left to the ELSE. However many there are, the expression is no
// deeper: databases bound that.
func (b *base) held(w *where, p memory.Presence) {
	not := ""
	if p.Missing {
		not = "NOT "
	}
	if p.All {
		w.and(not + `1`)
		return
	}
	var both []string
	var args []any
	for _, register := range []string{"m.c_", "m.l_"} {
		cases := ""
		b.names.Range(func(id, name any) bool {
			h := p.Heads[name.(memory.Origin)]
			if h.Seq == 0 {
				return true
			}
			cases += ` WHEN ? THEN ` + register + `seq <= ?`
			args = append(args, id, int64(h.Seq))
			if len(h.Gaps) > 0 {
				cond, gaps := b.dialect.among(register+`seq`, h.Gaps)
				cases += ` AND NOT ` + cond
				args = append(args, gaps...)
			}
			return true
		})
		held := register + `seq = 0`
		if cases != "" {
			held = `CASE ` + register + `origin` + cases + ` ELSE ` + held + ` END`
		}
		both = append(both, held)
	}
	w.and(not+`(`+strings.Join(both, " AND ")+`)`, args...)
}

// seen leaves out what the viewer of f may not see.
func (b *base) seen(w *where, f memory.Filter) {
	switch {
	case f.All:
	case f.Viewer == "":
		w.and(`m.private = 0`)
	default:
		w.and(`(m.private = 0 OR m.owner = ? OR m.target = ? OR m.private = 2 AND EXISTS (SELECT 1 `+b.dialect.teams+` AND owner.value = m.owner AND mate.value = ?))`,
			string(f.Viewer), string(f.Viewer), string(f.Viewer))
	}
}

// within leaves out what lies in other namespaces. Trees are ranges of the index; what
// else a pattern may mean only its own code knows.
func (b *base) within(w *where, in memory.Within) {
	if in == nil {
		return
	}
	parts, args := []string{"0"}, []any{}
	for _, g := range in {
		root, below, tree := g.Tree()
		switch {
		case tree && root == "":
			return
		case tree && below:
			parts = append(parts, `m.namespace = ? OR m.namespace >= ? AND m.namespace < ?`)
			args = append(args, root, root+"/", root+"0")
		case tree:
			parts = append(parts, `m.namespace = ?`)
			args = append(args, root)
		default:
			cond, more := b.dialect.matches(g)
			parts, args = append(parts, cond), append(args, more...)
		}
	}
	w.and(`(`+strings.Join(parts, " OR ")+`)`, args...)
}
