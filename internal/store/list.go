package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/memory"
)

// List returns the records that fit f, at most limit, from after the cursor, or
// from offset on. next is "" after the last one.
func (s *tables) List(ctx context.Context, f memory.Filter, order memory.Order, limit, offset int, cursor string) (recs []memory.Record, next string, err error) {
	p := page{tables: s, filter: f, order: order, limit: limit, offset: offset}
	if cursor != "" {
		if p.from, err = readPosition(order, cursor); err != nil {
			return nil, "", err
		}
	}
	var mates []memory.AgentID
	known := (order == memory.ByPriority || order == memory.ByNewest) && limit > 0
	if known {
		mates, known = s.asked(ctx, &f)
	}
	// Where the rows have to say more than the census knows, more of them are looked at.
	for n := limit + offset; known && n <= manyRows; n *= manyTimes {
		rows, more := s.census.first(&f, mates, order, p.from, n)
		found, moved, err := p.among(ctx, rows)
		if err != nil || !moved && (p.full(found) || !more) {
			return found.recs, found.next(&p), err
		}
		known = !moved
	}
	found, err := p.read(ctx, p.where())
	return found.recs, found.next(&p), err
}

// manyRows bounds the rows that a list looks up by their numbers, and manyTimes is how
// many more it tries the next time.
const (
	manyRows  = 8192
	manyTimes = 16
)

// page is what a list is asked for.
type page struct {
	*tables

	filter        memory.Filter
	order         memory.Order
	limit, offset int
	from          *cursorPosition // or nil
}

// found is what a page has.
type found struct {
	recs []memory.Record // without those that are damaged
	n    int             // with them
	last memory.Record
}

func (p *page) full(f found) bool { return f.n == p.limit }

// next is the cursor behind a page.
func (f *found) next(p *page) string {
	if !p.full(*f) || p.limit <= 0 {
		return ""
	}
	return position(p.order, &f.last)
}

// where is the condition on all rows.
func (p *page) where() where {
	w := p.tables.filter(p.filter)
	if p.from != nil {
		w.after(p.order, p.from)
	}
	return w
}

// among reads the page of rows that the census has named. The database is not asked in
// which namespaces they are, or it would use the index of these: it is looked at
// afterwards whether one has moved to another one meanwhile.
func (p *page) among(ctx context.Context, rows []int64) (f found, moved bool, err error) {
	if len(rows) == 0 {
		return f, false, nil
	}
	narrow := *p
	narrow.filter.Namespace, narrow.filter.Within = "", nil
	w := narrow.where()
	among, args := p.dialect.among("m.rid", rows)
	w.and(among, args...)
	f, err = p.read(ctx, w)
	return f, slices.ContainsFunc(f.recs, func(r memory.Record) bool { return !p.lies(r.Namespace) }), err
}

// lies reports whether what is asked for may lie in a namespace.
func (p *page) lies(namespace string) bool {
	k := classKey{namespace: namespace}
	return k.fits(&memory.Filter{Namespace: p.filter.Namespace, Subtree: p.filter.Subtree, Within: p.filter.Within}, nil)
}

// read reads a page of the rows that w selects.
func (p *page) read(ctx context.Context, w where) (f found, err error) {
	by := map[memory.Order]string{
		memory.ByPriority: `m.priority DESC, m.c_stamp DESC, m.id`, memory.ByID: `m.id`, memory.ByEdit: `m.c_stamp, m.id`,
		memory.ByNewest: `m.c_stamp DESC, m.id`,
	}[p.order]
	// The keys are sorted first, the bodies of the page fetched after.
	q := fmt.Sprintf(`WITH page AS (SELECT m.rid FROM memories m WHERE %s ORDER BY %s LIMIT ? OFFSET ?) %s WHERE m.rid IN (SELECT rid FROM page) ORDER BY %s`,
		w.String(), by, sqlRecord, by)
	err = p.tables.read.each(ctx, q, append(w.args, p.limit, p.offset), func(r rowScanner) (err error) {
		f.n++
		if f.last, err = p.scanRecord(r); err == nil {
			f.recs = append(f.recs, f.last)
		}
		return omitted(ctx, err)
	})
	return f, err
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

// readPosition reads a cursor.
func readPosition(order memory.Order, cursor string) (*cursorPosition, error) {
	p := &cursorPosition{}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(b, p)
	}
	if err != nil || p.Order != order {
		return nil, fmt.Errorf("cursor %.40q: want one that a list in the same order returned: %w", cursor, memory.ErrInvalid)
	}
	return p, nil
}

// after leaves out what does not come behind a position.
func (w *where) after(order memory.Order, p *cursorPosition) {
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
	if !countsOf(&f) {
		return s.spacesOfRows(ctx, f)
	}
	if f.Namespace == "" {
		if err := s.census.await(ctx); err != nil {
			return nil, err
		}
	}
	if mates, ok := s.asked(ctx, &f); ok {
		return s.census.spaces(&f, mates), nil
	}
	return s.spacesOfRows(ctx, f)
}

// spacesOfRows is Spaces from the database.
func (s *tables) spacesOfRows(ctx context.Context, f memory.Filter) (map[string]int64, error) {
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
