package importer

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	_ "modernc.org/sqlite" // the driver
)

// readDatabase reads the SQLite database of ai-memory. Tables and columns are taken
// as they are found: versions of ai-memory differ in them.
func readDatabase(c *carrier, s *Source) error {
	f := s.files[0]
	err := f.local(func(path string) error { return readTables(c, f.name, path) })
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

func readTables(c *carrier, name, path string) error {
	ctx := context.Background() // a local file, read row by row: whoever stops listening ends it
	db, err := openReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	t := &tables{c: aiMemoryReader{c}, db: db, name: name}
	if t.list, err = t.find(ctx); err != nil {
		return err
	}
	return t.carry(ctx)
}

// openReadOnly opens a database without writing beside it: a log that is still
// to be folded in is read, where there is one.
func openReadOnly(ctx context.Context, file string) (*sql.DB, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	options := "mode=ro&immutable=1"
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		options = "mode=ro"
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: options + "&_pragma=query_only(1)&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// tables is a database that is being read.
type tables struct {
	c    aiMemoryReader
	db   *sql.DB
	name string
	list map[string][]string // columns by table
}

var (
	errNoEnds = errors.New("a link without both ends")
	errEnough = errors.New("nobody listens any more")
)

func (t *tables) find(ctx context.Context) (map[string][]string, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		out[table] = append(out[table], column)
	}
	return out, rows.Err()
}

// has reports whether a table has all of these columns.
func (t *tables) has(table string, columns ...string) bool {
	for _, col := range columns {
		if !slices.Contains(t.list[table], col) {
			return false
		}
	}
	return t.list[table] != nil
}

// pick returns the first table of these names, or else of any, that has the columns.
func (t *tables) pick(names []string, columns ...string) string {
	for _, n := range names {
		if t.has(n, columns...) {
			return n
		}
	}
	return ""
}

func (t *tables) carry(ctx context.Context) error {
	memories := t.pick([]string{"memories"}, "id", "title", "content")
	if memories == "" {
		return errors.New("no table of memories: not a database of ai-memory")
	}
	known := map[string]bool{memories: true}
	err := t.each(ctx, memories, func(m fields) { t.c.record(m, memories, "") })
	if err != nil {
		return err
	}
	for _, part := range []struct {
		names   []string
		columns []string
		take    func(fields)
	}{
		{[]string{"archived_memories", "memories_archive", "archive"}, []string{"id", "title", "content"}, func(m fields) {
			t.c.record(m, "archive", cmp.Or(m.text("archive_reason"), "archive"))
		}},
		{[]string{"memory_links", "links"}, []string{"source_id", "target_id"}, func(l fields) { t.c.edge(l, "links") }},
		{[]string{"namespace_meta", "namespace_standards"}, []string{"namespace", "standard_id"}, t.standard},
		{[]string{"pending_actions", "pending"}, []string{"id", "status"}, t.pending},
	} {
		table := t.pick(part.names, part.columns...)
		if table == "" {
			continue
		}
		known[table] = true
		if err := t.each(ctx, table, part.take); err != nil {
			return err
		}
	}
	return t.rest(ctx, known)
}

func (t *tables) standard(m fields) {
	ns, id := m.text("namespace"), m.text("standard_id")
	if ns == "" || id == "" {
		return
	}
	if t.c.Namespace != "" {
		t.c.lose("standard of "+ns, "the standard of a namespace, because everything goes to another one", ns)
		return
	}
	id = t.c.id(id, 0)
	where := "standard of " + ns
	t.c.put(Item{
		Where: where, Owner: t.c.owners[id],
		Standard: &Standard{Namespace: t.c.space(where, ns), Ref: id, Parent: t.c.space(where, m.text("parent_namespace"))},
	}, nil)
}

func (t *tables) pending(p fields) {
	what := p.text("id") + " " + p.text("action_type") + " in " + p.text("namespace") + " by " + p.text("requested_by")
	if status := p.text("status"); status != "pending" {
		t.c.lose("pending_actions", "an action that was decided: what it did is there, the vote is not", what+": "+status)
		return
	}
	t.c.lose("pending_actions", "an action that waits for approval: decide it in ai-memory, or ask for it again", what)
}

// rest reports tables that hold something and are nothing that is known here.
func (t *tables) rest(ctx context.Context, known map[string]bool) error {
	for table := range t.list {
		if known[table] || internal(table) {
			continue
		}
		var n int
		if err := t.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+quoted(table)).Scan(&n); err != nil {
			continue // virtual tables of extensions that are not here
		}
		if n > 0 {
			t.c.lose("table "+table, "rows of other tables", fmt.Sprintf("%s: %d", table, n))
		}
	}
	return nil
}

// internal tables are made from others, or are the program's own affair.
func internal(table string) bool {
	for _, word := range []string{"fts", "hnsw", "embedding", "schema", "migration", "sync_state", "_meta_", "metrics"} {
		if strings.Contains(table, word) {
			return true
		}
	}
	return false
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// each calls take for every row, as fields; blobs, which are vectors, are left
// out, and so are values that are too long.
func (t *tables) each(ctx context.Context, table string, take func(fields)) error {
	columns := t.list[table]
	picked := make([]string, len(columns))
	for i, col := range columns {
		picked[i] = fmt.Sprintf("iif(octet_length(%[1]s) > %[2]d, NULL, %[1]s), octet_length(%[1]s) > %[2]d", quoted(col), maxValue)
	}
	rows, err := t.db.QueryContext(ctx, `SELECT `+strings.Join(picked, ", ")+` FROM `+quoted(table)) //nolint:gosec // names from the schema, quoted
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	values, long := make([]any, len(columns)), make([]*bool, len(columns))
	into := make([]any, 0, 2*len(columns))
	for i := range columns {
		into = append(into, &values[i], &long[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		f := t.row(columns, values, table)
		for i, is := range long {
			if is != nil && *is {
				t.c.bad(table+" "+f.text("id")+" "+columns[i], errTooLong)
			}
		}
		take(f)
		if t.c.ended {
			return errEnough
		}
	}
	return rows.Err()
}

func (t *tables) row(columns []string, values []any, table string) fields {
	f := fields{}
	for i, col := range columns {
		if _, blob := values[i].([]byte); blob || values[i] == nil {
			continue
		}
		if s, is := values[i].(string); is && !utf8.ValidString(s) {
			t.c.lose(table, "bytes that are not UTF-8: U+FFFD stands there", col+" "+s)
		}
		if raw, err := json.Marshal(values[i]); err == nil {
			f[col] = raw
		}
	}
	return f
}
