package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tallystick/tallystick/internal/memory"
)

// Lists are bound as one parameter, a JSON array: their length changes no statement.

// teamsJSON reads the members of teams out of their tags.
const teamsJSON = `FROM memories t, json_each(t.tags) owner, json_each(t.tags) mate
	WHERE t.namespace = '` + memory.FederationNamespace + `' AND t.title >= '` + memory.TeamTitle + `' AND t.title < 'team;' AND t.l_state = 1 AND t.c_lsn <> 0`

func taggedJSON(tags []string) (cond string, args []any) {
	list, err := json.Marshal(tags)
	if err != nil { // strings can be marshalled
		panic(err)
	}
	return `NOT EXISTS (SELECT 1 FROM json_each(?) w WHERE w.value NOT IN (SELECT value FROM json_each(m.tags)))`, []any{string(list)}
}

func amongJSON(column string, values any) (cond string, args []any) {
	list, err := json.Marshal(values)
	if err != nil { // numbers and strings can be marshalled
		panic(err)
	}
	return column + ` IN (SELECT value FROM json_each(?))`, []any{string(list)}
}

const sqlMatches = "tally_matches"

// defineFunctions gives connections that are opened from then on the functions of
// ours that statements call. Said again, it changes nothing.
func defineFunctions() {
	_ = sqlite.RegisterDeterministicScalarFunction(sqlMatches, 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		glob, _ := args[0].(string)
		namespace, _ := args[1].(string)
		return memory.Glob(glob).Match(namespace), nil
	})
}

func matchesGlob(g memory.Glob) (cond string, args []any) {
	return sqlMatches + `(?, m.namespace)`, []any{string(g)}
}

// classify gives database errors the sentinels that callers branch on.
func classify(err error) error {
	var e *sqlite.Error
	switch {
	case isGarbled(err):
		return fmt.Errorf("%w: %w", memory.ErrBroken, err)
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
	case sqlite3.SQLITE_CORRUPT: // of a page: others can be read, and written
		return fmt.Errorf("%w: %w", memory.ErrBroken, err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w: %w", ErrFatal, memory.ErrBroken, err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: %w", ErrFatal, err)
	}
	return err
}

// isDatabase reports whether err came from the database, and not from the job.
func isDatabase(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) || errors.Is(err, ErrFatal) || isGarbled(err)
}

// mayEnd: see https://sqlite.org/lang_transaction.html, on errors within a transaction.
func mayEnd(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// isDamaged reports whether the file is no database, or not a whole one.
func isDamaged(err error) bool {
	var e *sqlite.Error
	return errors.Is(err, memory.ErrBroken) || isGarbled(err) || errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_NOTADB || e.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}

// isTwin reports whether a statement would make two rows of one key.
func isTwin(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// isReadOnly reports whether the engine does not write a database.
func isReadOnly(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_READONLY
}

// isMisfit reports whether a statement does not fit the tables that there are.
func isMisfit(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_ERROR
}

// checkpoint moves the write-ahead log into the database file.
func checkpoint(ctx context.Context, c *conn) error {
	var busy, pages, moved int
	_, err := c.queryRow(ctx, `PRAGMA wal_checkpoint(PASSIVE)`, nil, &busy, &pages, &moved)
	return err
}

// shrink gives back the memory of what the connection has read.
func shrink(ctx context.Context, c *conn) error { return c.exec(ctx, `PRAGMA shrink_memory`) }

// truncateLog moves the write-ahead log into the database file and empties it,
// and reports whether no reader kept it from that. It waits for none.
func truncateLog(ctx context.Context, c *conn) (bool, error) {
	var busy, pages, moved, ignored int
	if _, err := c.queryRow(ctx, `PRAGMA busy_timeout = 0`, nil, &ignored); err != nil {
		return false, err
	}
	_, err := c.queryRow(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`, nil, &busy, &pages, &moved)
	if _, again := c.queryRow(ctx, `PRAGMA busy_timeout = 5000`, nil, &ignored); again != nil {
		return false, again
	}
	return err == nil && busy == 0, fatalOnly(err)
}

// The row of a table is found by each index of it. An index that is told by its name is
// looked at, and nothing else: that of a memory's id has none but that which SQLite gave it.
const (
	sqlLogStray = `SELECT 1 FROM log l WHERE l.lsn > ? AND l.lsn <= ? AND NOT EXISTS
		(SELECT 1 FROM log k INDEXED BY log_dot WHERE k.origin = l.origin AND k.seq = l.seq AND k.lsn = l.lsn) LIMIT 1`
	sqlMemoryStray = `SELECT 1 FROM memories m WHERE m.rid = ? AND NOT (EXISTS
		(SELECT 1 FROM memories k INDEXED BY sqlite_autoindex_memories_1 WHERE k.id = m.id AND k.rid = m.rid) AND EXISTS
		(SELECT 1 FROM memories k INDEXED BY memories_title WHERE k.namespace = m.namespace AND k.title = m.title AND k.rid = m.rid))`
	sqlRegisterStray = `SELECT 1 FROM registers r WHERE r.rid > ? AND r.rid <= ? AND NOT (EXISTS
		(SELECT 1 FROM registers k INDEXED BY registers_key WHERE k.family = r.family AND k.a = r.a AND k.b = r.b AND k.c = r.c AND k.rid = r.rid) AND EXISTS
		(SELECT 1 FROM registers k INDEXED BY registers_b WHERE k.family = r.family AND k.b = r.b AND k.rid = r.rid) AND EXISTS
		(SELECT 1 FROM registers k INDEXED BY registers_lsn WHERE k.lsn = r.lsn AND k.rid = r.rid)) LIMIT 1`
)

// sqlTables selects the names of all tables.
const sqlTables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`

// Two rows of a table that have the key which only one may have, as the rows themselves
// say it: the row that the index of the key leads to.
const (
	sqlLogTwins = `SELECT DISTINCT k.lsn FROM (SELECT origin, seq FROM log NOT INDEXED GROUP BY origin, seq HAVING count(*) > 1) d
		JOIN log k INDEXED BY log_dot ON k.origin = d.origin AND k.seq = d.seq`
	sqlMemoryTwins = `SELECT DISTINCT k.rid FROM (SELECT id FROM memories NOT INDEXED GROUP BY id HAVING count(*) > 1) d
		JOIN memories k INDEXED BY sqlite_autoindex_memories_1 ON k.id = d.id`
	sqlRegisterTwins = `SELECT DISTINCT k.rid FROM (SELECT family, a, b, c FROM registers NOT INDEXED GROUP BY family, a, b, c HAVING count(*) > 1) d
		JOIN registers k INDEXED BY registers_key ON k.family = d.family AND k.a = d.a AND k.b = d.b AND k.c = d.c`
)

func sqlLaterTwins(table, number, key string) string {
	return `SELECT ` + number + ` FROM ` + table + ` NOT INDEXED WHERE ` + number + ` NOT IN (SELECT min(` + number + `) FROM ` + table + ` NOT INDEXED GROUP BY ` + key + `)`
}

// The rows that have a value of another type than any row has, or a number that none has: a
// length that is damaged makes something else of all that follows. Of a column of which only
// the type is asked SQLite reads no more than the head of the row, and of a number little more.
// They are looked for among the rows that are read in one go: of the log and of registers so
// many behind a number, of memories those from behind one up to another.
func garbledMemories() string {
	return `SELECT m.rid FROM memories m WHERE m.rid > ?1 AND m.rid <= ?2 AND (` + none("text", "m.id", "m.namespace", "m.title", "m.kind", "m.owner", "m.target", "m.tags", "m.source_uri", "m.reason") +
		` OR ` + outside("-1", "9", "m.tier", "m.private") + ` OR ` + outside("-2147483648", "2147483647", "m.priority") +
		` OR ` + none("integer", "m.created", "m.expires") + ` OR ` + outside("0", "4", "m.l_state") +
		` OR ` + outside("0", "9223372036854775807", "m.c_lsn", "m.c_stamp", "m.c_origin", "m.c_seq", "m.l_lsn", "m.l_stamp", "m.l_origin", "m.l_seq", "m.newest", "m.conflicts") +
		`) LIMIT 1000`
}

func garbledLog() string {
	return `SELECT l.lsn FROM log l WHERE l.lsn > ?1 AND l.lsn <= coalesce((SELECT k.lsn FROM log k WHERE k.lsn > ?1 ORDER BY k.lsn
		LIMIT 1 OFFSET ?2 - 1), 9223372036854775807) AND (` + none("integer", "l.origin", "l.seq", "l.record", "l.older") +
		` OR ` + outside("0", "255", "l.kind") + ` OR ` + outside("0", "3", "l.state") + ` OR ` + outside("0", "1", "l.seen") +
		` OR ` + none("blob", "l.digest", "l.raw") + `)`
}

func garbledRegisters() string {
	return `SELECT r.rid FROM (SELECT * FROM registers WHERE rid > ? ORDER BY rid LIMIT ?) r WHERE ` + outside("0", "255", "r.family", "r.kind") +
		` OR ` + none("text", "r.a", "r.b", "r.c") + ` OR ` + outside("0", "9223372036854775807", "r.lsn", "r.stamp", "r.origin", "r.seq")
}

// sqlDotOf goes through all of the index, which has the dot where the row has not.
const sqlDotOf = `SELECT 0, l.origin, l.seq FROM log l INDEXED BY log_dot WHERE +l.lsn = ?`
