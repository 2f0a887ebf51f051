package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tallystick/tallystick/internal/memory"
)

// What is particular to SQLite is in this file: how it is opened, which errors
// mean what, and how text is searched.

//go:embed schema/*.sql
var schema embed.FS

// minSQLite is the first release whose WAL reset cannot lose a commit.
const minSQLite = "3.51.3"

const pageSize = 4096

func openWriter(ctx context.Context, path string, maxBytes int64) (*sql.DB, error) {
	pragmas := []string{
		fmt.Sprintf("page_size(%d)", pageSize), "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(0)",
		"cache_size(-16384)", "temp_store(MEMORY)", "busy_timeout(5000)", "secure_delete(ON)",
	}
	if maxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count(%d)", max(maxBytes/pageSize, 1)))
	}
	// SQLite would make it as the umask has it, and its other files like it.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path, "rwc", pragmas...))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func dsn(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

func migrate(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if olderVersion(version, minSQLite) {
		return fmt.Errorf("this build has SQLite %s; at least %s is needed", version, minSQLite)
	}
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("database version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; have > newest {
		return fmt.Errorf("%w: it has version %d, this program knows up to %d; use the newer program", ErrNewer, have, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	return nil
}

// olderVersion compares dotted numbers.
func olderVersion(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}

// classify gives database errors the sentinels that callers branch on.
func classify(err error) error {
	var e *sqlite.Error
	switch {
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, driver.ErrBadConn):
		return fmt.Errorf("%w: %w", ErrFatal, err)
	case !errors.As(err, &e):
		return err
	case e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE: // the index of the write-ahead log cannot grow
		return fmt.Errorf("%w: %w", memory.ErrFull, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", memory.ErrFull, err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: %w", ErrFatal, err)
	}
	return err
}

// isDatabase reports whether err came from the database, and not from the job.
func isDatabase(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) || errors.Is(err, ErrFatal)
}

// mergeIndex rewrites a part of the text index, from its beginning if first is
// set, so that what was deleted from it is gone. It reports whether nothing is left to do.
func (t *tx) mergeIndex(ctx context.Context, first bool) (done bool, err error) {
	const pages = 64
	n := pages
	if first {
		n = -pages
	}
	var before, after int64
	if _, err := t.w.queryRow(ctx, `SELECT total_changes()`, nil, &before); err != nil {
		return false, err
	}
	if err := t.exec(ctx, `INSERT INTO fts (fts, rank) VALUES ('merge', ?)`, n); err != nil {
		return false, err
	}
	_, err = t.w.queryRow(ctx, `SELECT total_changes()`, nil, &after)
	return after-before < 2, err
}

// truncateLog moves the write-ahead log into the database file and empties it,
// and reports whether no reader kept it from that. It waits for none.
func (w *writer) truncateLog(ctx context.Context) (bool, error) {
	var busy, pages, moved, ignored int
	if _, err := w.queryRow(ctx, `PRAGMA busy_timeout = 0`, nil, &ignored); err != nil {
		return false, err
	}
	_, err := w.queryRow(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`, nil, &busy, &pages, &moved)
	if _, again := w.queryRow(ctx, `PRAGMA busy_timeout = 5000`, nil, &ignored); again != nil {
		return false, again
	}
	w.walRows = 0
	return err == nil && busy == 0, fatalOnly(err)
}

// ftsMatch renders a text query. Each term is quoted, so that nothing in it is
// syntax; a term without a letter or a digit would be an empty phrase, which is
// an error. "" is a query that matches nothing.
func ftsMatch(q memory.TextQuery) string {
	var terms []string
	for _, t := range q.Terms {
		t = strings.ToValidUTF8(strings.ReplaceAll(t, "\x00", " "), " ")
		if strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			terms = append(terms, `"`+strings.ReplaceAll(t, `"`, `""`)+`"`)
		}
	}
	op := " OR "
	if q.All {
		op = " AND "
	}
	return strings.Join(terms, op)
}

const (
	sqlFTSDelete = `DELETE FROM fts WHERE rowid = ?`
	sqlFTSInsert = `INSERT INTO fts (rowid, title, content, tags) VALUES (?, ?, ?, ?)`

	// sqlFTSMatch selects rid and score of the records that match; the filter goes
	// where %s stands, so that it applies before the limit.
	sqlFTSMatch = `SELECT m.rid, -bm25(fts) AS score FROM fts CROSS JOIN memories m ON m.rid = fts.rowid
		WHERE fts MATCH ? AND %s ORDER BY score DESC, m.id LIMIT ?`
)
