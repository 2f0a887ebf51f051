package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/store"
)

// column is a column of a table, as the schema has it.
type column struct {
	name string
	key  bool // of the primary key
}

// garbler writes to a database what no program of ours would: values of any type and
// NULL in any column, and rows that the indexes of their table do not know of.
type garbler struct {
	t  *testing.T
	db *sql.DB
}

func garbling(t *testing.T, dir string) *garbler {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, store.FileName)}).EscapedPath()+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return &garbler{t, db}
}

func (g *garbler) close() {
	if err := g.db.Close(); err != nil {
		g.t.Fatal(err)
	}
}

func (g *garbler) exec(statement string, args ...any) {
	g.t.Helper()
	if _, err := g.db.ExecContext(context.Background(), statement, args...); err != nil {
		g.t.Fatalf("%s: %v", statement, err)
	}
}

func (g *garbler) rows(q string, args ...any) [][]any {
	g.t.Helper()
	rows, err := g.db.QueryContext(context.Background(), q, args...)
	if err != nil {
		g.t.Fatalf("%s: %v", q, err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		g.t.Fatal(err)
	}
	var out [][]any
	for rows.Next() {
		row := make([]any, len(names))
		dest := make([]any, len(names))
		for i := range row {
			dest[i] = &row[i]
		}
		if err := rows.Scan(dest...); err != nil {
			g.t.Fatal(err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return out
}

// tables are those of the schema.
func (g *garbler) tables() []string {
	var out []string
	for _, row := range g.rows(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose%' ORDER BY name`) {
		out = append(out, row[0].(string))
	}
	return out
}

func (g *garbler) columns(table string) []column {
	var out []column
	for _, row := range g.rows(`SELECT name, pk FROM pragma_table_info(?)`, table) {
		out = append(out, column{row[0].(string), row[1].(int64) > 0})
	}
	return out
}

// byKey reports whether the rows of a table lie in the order of its key, and nowhere else.
func (g *garbler) byKey(table string) bool {
	q := g.rows(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`, table)[0][0].(string)
	return strings.Contains(q, "WITHOUT ROWID")
}

// change runs a statement on a table as if its columns had no types, and were never asked
// for anything. Its indexes stay as they are, unless it is told to make them anew.
func (g *garbler) change(table string, reindex bool, statement string, args ...any) {
	g.t.Helper()
	var loose []string
	var keys []string
	for _, c := range g.columns(table) {
		switch {
		case c.key:
			keys = append(keys, c.name)
			fallthrough
		default:
			loose = append(loose, c.name)
		}
	}
	var text string
	if g.byKey(table) {
		text = fmt.Sprintf(`CREATE TABLE %s (%s, PRIMARY KEY (%s)) WITHOUT ROWID`, table, strings.Join(loose, ", "), strings.Join(keys, ", "))
	} else {
		for i, c := range loose {
			if len(keys) == 1 && keys[0] == c && g.isNumber(table, c) {
				loose[i] += " INTEGER PRIMARY KEY"
			}
		}
		text = fmt.Sprintf(`CREATE TABLE %s (%s)`, table, strings.Join(loose, ", "))
	}
	schema := g.rows(`SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema WHERE tbl_name = ?`, table)
	g.exec(`PRAGMA writable_schema = ON`)
	g.exec(`DELETE FROM sqlite_schema WHERE tbl_name = ? AND type = 'index'`, table)
	g.exec(`UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?`, text, table)
	g.exec(`PRAGMA writable_schema = RESET`)
	_, failed := g.db.ExecContext(context.Background(), statement, args...)
	g.exec(`PRAGMA writable_schema = ON`)
	g.exec(`DELETE FROM sqlite_schema WHERE tbl_name = ?`, table)
	for _, row := range schema {
		g.exec(`INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)`, row...)
	}
	g.exec(`PRAGMA writable_schema = RESET`)
	if reindex {
		_, err := g.db.ExecContext(context.Background(), `REINDEX `+table)
		if err != nil && !strings.Contains(err.Error(), "constraint failed") { // two rows of one key
			g.t.Fatal(err)
		}
	}
	if failed != nil && !strings.Contains(failed.Error(), "constraint failed") {
		g.t.Fatalf("%s: %v", statement, failed)
	}
}

// isNumber reports whether a column is the number of the row.
func (g *garbler) isNumber(table, name string) bool {
	return len(g.rows(`SELECT 1 FROM pragma_table_info(?) WHERE name = ? AND type = 'INTEGER'`, table, name)) > 0
}

// garble changes a value of rows of a node's database. Whoever has it open finds that.
func garble(t *testing.T, dir, table, set, where string) {
	t.Helper()
	g := garbling(t, dir)
	defer g.close()
	g.change(table, false, fmt.Sprintf(`UPDATE %s SET %s WHERE %s`, table, set, where))
}
