package importer

import (
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

	_ "modernc.org/sqlite" // the driver
)

// database reads the SQLite database of ai-memory. Tables and columns are taken
// as they are found: versions of ai-memory differ in them.
func (c *carrier) database(file string) error {
	ctx := context.Background() // a local file, read row by row: whoever stops listening ends it
	db, err := openReadOnly(ctx, file)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	defer func() { _ = db.Close() }()
	t := &tables{c: c, db: db, name: filepath.Base(file)}
	if t.list, err = t.find(ctx); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	if err := t.carry(ctx); err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
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
	c    *carrier
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
	err := t.each(ctx, memories, func(m fields) { t.c.aiMemory(m, memories, "") })
	if err != nil {
		return err
	}
	for _, part := range []struct {
		names   []string
		columns []string
		take    func(fields)
	}{
		{[]string{"archived_memories", "memories_archive", "archive"}, []string{"id", "title", "content"}, func(m fields) {
			t.c.aiMemory(m, "archive", first(m.text("archive_reason"), "archive"))
		}},
		{[]string{"memory_links", "links"}, []string{"source_id", "target_id"}, func(l fields) { t.c.aiMemoryLink(l, "links") }},
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
	t.c.put(Item{
		Where: "standard of " + ns, Owner: t.c.owners[id],
		Standard: &Standard{Namespace: t.c.space(ns), Ref: id, Parent: t.c.space(m.text("parent_namespace"))},
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

// each calls take for every row, as fields; blobs, which are vectors, are left out.
func (t *tables) each(ctx context.Context, table string, take func(fields)) error {
	rows, err := t.db.QueryContext(ctx, `SELECT * FROM `+quoted(table)) //nolint:gosec // a name from the schema, quoted
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for rows.Next() {
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return err
		}
		take(rowOf(columns, values))
		if t.c.ended {
			return errEnough
		}
	}
	return rows.Err()
}

func rowOf(columns []string, values []any) fields {
	f := fields{}
	for i, col := range columns {
		v := *values[i].(*any) //nolint:forcetypeassert // made by each
		if _, blob := v.([]byte); blob || v == nil {
			continue
		}
		if raw, err := json.Marshal(v); err == nil {
			f[col] = raw
		}
	}
	return f
}
