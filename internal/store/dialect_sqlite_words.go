package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

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
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
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
	sqlMemoryTwins = `SELECT DISTINCT k.rid FROM (SELECT id FROM memories NOT INDEXED GROUP BY id HAVING count(*) > 1) d
		JOIN memories k INDEXED BY sqlite_autoindex_memories_1 ON k.id = d.id`
	sqlRegisterTwins = `SELECT DISTINCT k.rid FROM (SELECT family, a, b, c FROM registers NOT INDEXED GROUP BY family, a, b, c HAVING count(*) > 1) d
		JOIN registers k INDEXED BY registers_key ON k.family = d.family AND k.a = d.a AND k.b = d.b AND k.c = d.c`
)

// sqlGarbled selects memories of which a column has a value of another type than any
// row has: a length that is damaged makes something else of all that follows.
const sqlGarbled = `SELECT m.rid FROM memories m WHERE NOT (typeof(m.id) = 'text' AND typeof(m.namespace) = 'text' AND typeof(m.title) = 'text'
	AND typeof(m.kind) = 'text' AND typeof(m.owner) = 'text' AND typeof(m.target) = 'text' AND typeof(m.tags) = 'text' AND typeof(m.source_uri) = 'text'
	AND typeof(m.reason) = 'text' AND typeof(m.tier) = 'integer' AND typeof(m.priority) = 'integer' AND typeof(m.private) = 'integer'
	AND typeof(m.created) = 'integer' AND typeof(m.expires) = 'integer' AND typeof(m.c_lsn) = 'integer' AND typeof(m.c_stamp) = 'integer'
	AND typeof(m.c_origin) = 'integer' AND typeof(m.c_seq) = 'integer' AND typeof(m.l_state) = 'integer' AND typeof(m.l_lsn) = 'integer'
	AND typeof(m.l_stamp) = 'integer' AND typeof(m.l_origin) = 'integer' AND typeof(m.l_seq) = 'integer' AND typeof(m.newest) = 'integer'
	AND typeof(m.conflicts) = 'integer') LIMIT 1000`

// The same of the log and of registers, among the rows that are read in one go. Of a
// column of which only the type is asked SQLite reads no more than the head of the row.
const (
	sqlGarbledLog = `SELECT l.lsn FROM log l WHERE l.lsn > ?1 AND l.lsn <= coalesce((SELECT k.lsn FROM log k WHERE k.lsn > ?1 ORDER BY k.lsn
		LIMIT 1 OFFSET ?2 - 1), 9223372036854775807) AND NOT (typeof(l.origin) = 'integer'
		AND typeof(l.seq) = 'integer' AND typeof(l.kind) = 'integer' AND typeof(l.state) = 'integer' AND typeof(l.seen) = 'integer'
		AND typeof(l.record) = 'integer' AND typeof(l.older) = 'integer' AND typeof(l.digest) = 'blob' AND typeof(l.raw) = 'blob')`
	sqlGarbledRegisters = `SELECT r.rid FROM (SELECT * FROM registers WHERE rid > ? ORDER BY rid LIMIT ?) r WHERE NOT (typeof(r.family) = 'integer'
		AND typeof(r.a) = 'text' AND typeof(r.b) = 'text' AND typeof(r.c) = 'text' AND typeof(r.kind) = 'integer' AND typeof(r.lsn) = 'integer'
		AND typeof(r.stamp) = 'integer' AND typeof(r.origin) = 'integer' AND typeof(r.seq) = 'integer')`
)

// looseRows: a value of another type than its column is no value. The condition that a row
// has one is the first of each pair.
func looseRows() loose {
	const (
		chain   = `(typeof(chain) <> 'blob' OR length(chain) NOT IN (0, 16))`
		name    = `typeof(name) <> 'text'`
		head    = `(typeof(head) <> 'integer' OR head < 0)`
		refused = `(typeof(member) <> 'text' OR typeof(origin) <> 'text' OR typeof(seq) <> 'integer' OR member = ?1 AND origin NOT IN (SELECT name FROM origins))`
		why     = `(typeof(code) <> 'text' OR typeof(text) <> 'text' OR typeof(since) <> 'integer' OR typeof(retry) <> 'integer')`
		cursor  = `(typeof(member) <> 'text' OR typeof(origin) <> 'text' OR typeof(seq) <> 'integer' OR seq < 0)`
		place   = `(typeof(id) <> 'text' OR typeof(born) <> 'integer' OR typeof(lsn) <> 'integer')`
		counted = `(typeof(attempts) <> 'integer' OR typeof(next) <> 'integer' OR typeof(delivered) <> 'integer' OR typeof(failed) <> 'integer'
			OR typeof(last_at) <> 'integer' OR typeof(last_error) <> 'text' OR typeof(redelivery) <> 'text')`
		nobodys = `typeof(subscription) <> 'text'`
		letter  = `(typeof(lsn) <> 'integer' OR typeof(event) <> 'text' OR typeof(correlation) <> 'text' OR typeof(attempts) <> 'integer' OR typeof(error) <> 'text'
			OR typeof(first_at) <> 'integer' OR typeof(last_at) <> 'integer' OR typeof(queued) <> 'integer' OR typeof(body) <> 'blob')`
	)
	each := func(set string, columns []string) string {
		var out strings.Builder
		for _, c := range columns {
			out.WriteString(`, ` + c + ` = ` + strings.ReplaceAll(set, "x", c))
		}
		return out.String()
	}
	number := func(columns ...string) string {
		return each(`CASE WHEN typeof(x) = 'integer' THEN x ELSE 0 END`, columns)
	}
	text := func(columns ...string) string { return each(`coalesce(CAST(x AS TEXT), '')`, columns) }
	return loose{
		garbled: `SELECT (SELECT count(*) FROM origins WHERE ` + chain + ` OR ` + name + ` OR ` + head + `)
			+ (SELECT count(*) FROM parked WHERE ` + refused + ` OR ` + why + `) + (SELECT count(*) FROM cursors WHERE ` + cursor + `)
			+ (SELECT count(*) FROM webhooks WHERE ` + place + ` OR ` + counted + `) + (SELECT count(*) FROM webhook_dead WHERE ` + nobodys + ` OR ` + letter + `)`,
		tables: []string{"origins", "parked", "cursors", "webhooks", "webhook_dead"},
		mends: []string{
			`UPDATE origins SET chain = x'' WHERE ` + chain,
			`UPDATE parked SET code = CASE typeof(code) WHEN 'text' THEN code ELSE '` + memory.CodeForbidden + `' END` + text("text") + number("since") + `,
				retry = CASE WHEN typeof(retry) = 'integer' THEN retry ELSE typeof(code) = 'text' AND code <> '` + memory.CodeForbidden + `' END WHERE ` + why,
			`DELETE FROM cursors WHERE ` + cursor,
			`DELETE FROM webhooks WHERE ` + place,
			`UPDATE webhooks SET id = id` + text("last_error", "redelivery") + number("attempts", "next", "delivered", "failed", "last_at") + ` WHERE ` + counted,
			`DELETE FROM webhook_dead WHERE ` + nobodys,
			`UPDATE OR REPLACE webhook_dead SET body = coalesce(CAST(body AS BLOB), x'')` + text("event", "correlation", "error") +
				number("lsn", "attempts", "first_at", "last_at", "queued") + ` WHERE ` + letter,
		},
		names:   `SELECT id, CAST(name AS BLOB) FROM origins WHERE ` + name,
		heads:   `SELECT id FROM origins WHERE ` + head,
		refused: `DELETE FROM parked WHERE ` + refused,
	}
}

// sqlDotOf goes through all of the index, which has the dot where the row has not.
const sqlDotOf = `SELECT 0, l.origin, l.seq FROM log l INDEXED BY log_dot WHERE +l.lsn = ?`
