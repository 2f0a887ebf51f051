package store

import "strings"

// looseTable is a table that nothing points to, and what is done about its rows.
type looseTable struct {
	name string
	// garbled is the condition of rows that are not as they must be. ?1 is the name of the
	// node, ?2 an instant that lies ahead of all that has been.
	garbled string
	// wide says that there may be as many rows as there are memories.
	wide bool
	// first and mends set their values right, or drop them: before and behind what is done
	// about heads, by which others go. Dated ones go by the instant, as ?1.
	first, mends, dated []string
}

// The conditions that a value is none of its column: of another type, or one that cannot be.
const (
	sqlNoChain   = `(typeof(chain) <> 'blob' OR length(chain) NOT IN (0, 16))`
	sqlNoName    = `typeof(name) <> 'text'`
	sqlNoHead    = `(typeof(head) <> 'integer' OR head < 0 OR head > 4611686018427387904)`
	sqlLowHead   = `EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id AND l.seq = origins.head + 1)` // what follows it was counted
	sqlAtHead    = `EXISTS (SELECT 1 FROM log l WHERE l.origin = origins.id AND l.seq = origins.head)`
	sqlNoRefusal = `(typeof(member) <> 'text' OR typeof(origin) <> 'text' OR typeof(seq) <> 'integer' OR seq < 1 OR member = ?1 AND origin NOT IN (SELECT name FROM origins))`
	sqlNoPlace   = `(typeof(id) <> 'text' OR typeof(born) <> 'integer' OR typeof(lsn) <> 'integer' OR born < 0 OR lsn < 0 OR lsn > (SELECT lsn FROM node WHERE typeof(lsn) = 'integer'))`
	sqlNoRequest = `(typeof(hash) <> 'blob' OR length(hash) <> 32 OR typeof(origin) <> 'integer' OR typeof(seq) <> 'integer' OR typeof(count) <> 'integer'
		OR origin <> 0 AND (seq < 1 OR count < 1 OR count > 4611686018427387904
		OR NOT EXISTS (SELECT 1 FROM origins o WHERE o.id = idempotency.origin AND seq <= o.head AND count <= o.head - seq + 1)))`
)

// none is the condition that one of the columns has a value of another type.
func none(kind string, columns ...string) string {
	return `typeof(` + strings.Join(columns, `) <> '`+kind+`' OR typeof(`) + `) <> '` + kind + `'`
}

// outside is the condition that one of the columns has no number, or one beyond bounds.
func outside(low, high string, columns ...string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = `typeof(` + c + `) <> 'integer' OR ` + c + ` NOT BETWEEN ` + low + ` AND ` + high
	}
	return strings.Join(out, ` OR `)
}

// number sets columns to what they are or, where that is no number from zero to a bound, to
// another.
func number(high, otherwise string, columns ...string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c + ` = CASE WHEN typeof(` + c + `) = 'integer' AND ` + c + ` BETWEEN 0 AND ` + high + ` THEN ` + c + ` ELSE ` + otherwise + ` END`
	}
	return strings.Join(out, `, `)
}

// text sets columns to what they are as a text: a wrong bit makes a text and bytes of each other.
func text(columns ...string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c + ` = coalesce(CAST(` + c + ` AS TEXT), '')`
	}
	return strings.Join(out, `, `)
}

// sqlMost is the highest number that a column of counts may have.
const sqlMost = `1000000000000`

// looseTables are the tables that nothing points to, in the order in which they are mended:
// the origins first, which others are compared with.
func looseTables() []looseTable {
	return append([]looseTable{
		{
			name: "origins", garbled: sqlNoChain + ` OR ` + sqlNoName + ` OR ` + sqlNoHead + ` OR ` + sqlLowHead,
			first: []string{`UPDATE origins SET chain = x'' WHERE ` + sqlNoChain},
		},
		{
			name: "parked", garbled: sqlNoRefusal + ` OR ` + none("text", "code", "text") + ` OR ` + none("integer", "since", "retry"),
			mends: []string{`UPDATE parked SET code = CASE typeof(code) WHEN 'text' THEN code ELSE 'forbidden' END, ` + text("text") + `, ` + number("9223372036854775807", "0", "since") + `,
				retry = CASE WHEN typeof(retry) = 'integer' THEN retry ELSE typeof(code) = 'text' AND code <> 'forbidden' END
				WHERE ` + none("text", "code", "text") + ` OR ` + none("integer", "since", "retry")},
		},
		{
			name: "cursors", garbled: none("text", "member", "origin") + ` OR ` + outside("0", "4611686018427387904", "seq"),
			first: []string{`DELETE FROM cursors WHERE ` + none("text", "member", "origin") + ` OR ` + outside("0", "4611686018427387904", "seq")},
		},
	}, append(looseDeliveries(), append(looseEvidence(), looseDerived()...)...)...)
}

// looseDeliveries are what is owed to endpoints.
func looseDeliveries() []looseTable {
	counted := outside("0", sqlMost, "attempts", "delivered", "failed") + ` OR ` + none("text", "last_error", "redelivery")
	letter := none("text", "event", "correlation", "error") + ` OR ` + none("blob", "body") + ` OR ` + outside("0", "9223372036854775807", "lsn", "first_at", "last_at") +
		` OR ` + outside("0", sqlMost, "attempts") + ` OR ` + outside("0", "1", "queued")
	return []looseTable{
		{
			name: "webhooks", garbled: sqlNoPlace + ` OR ` + counted + ` OR ` + outside("0", "?2", "next", "last_at"),
			mends: []string{
				`DELETE FROM webhooks WHERE ` + sqlNoPlace,
				`UPDATE webhooks SET ` + text("last_error", "redelivery") + `, ` + number(sqlMost, "0", "attempts", "delivered", "failed") + ` WHERE ` + counted,
			},
			dated: []string{`UPDATE webhooks SET ` + number("?1", "0", "next", "last_at") + ` WHERE ` + outside("0", "?1", "next", "last_at")},
		},
		{
			name: "webhook_dead", garbled: none("text", "subscription") + ` OR ` + letter,
			mends: []string{
				`DELETE FROM webhook_dead WHERE ` + none("text", "subscription"),
				`UPDATE OR REPLACE webhook_dead SET body = coalesce(CAST(body AS BLOB), x''), ` + text("event", "correlation", "error") + `, ` +
					number("9223372036854775807", "0", "lsn", "first_at", "last_at") + `, ` + number(sqlMost, "0", "attempts") + `, ` +
					number("1", "0", "queued") + ` WHERE ` + letter,
			},
		},
	}
}

// looseEvidence are what was asked for before, and what members have signed.
func looseEvidence() []looseTable {
	statement := none("text", "origin", "member") + ` OR ` + none("blob", "signed", "signature") + ` OR ` + outside("1", "4611686018427387904", "first", "last") +
		` OR last < first OR ` + outside("0", "9223372036854775807", "epoch", "at", "credential")
	return []looseTable{
		{
			// A mark that cannot be read is kept for as long as one may be. What the request had
			// asked for does no harm if it is done again.
			name: "marks", garbled: none("text", "signer", "nonce") + ` OR ` + outside("0", "?2", "created", "expires"),
			mends: []string{`UPDATE OR REPLACE marks SET ` + text("signer", "nonce") + ` WHERE ` + none("text", "signer", "nonce")},
			dated: []string{`UPDATE marks SET ` + number("?1", "0", "created") + `, ` + number("?1", "?1", "expires") + ` WHERE ` + outside("0", "?1", "created", "expires")},
		},
		{
			// A request of which nobody can tell what it wrote is not carried out again: it has
			// written no entries, and is damaged.
			name: "idempotency", garbled: none("text", "actor", "key") + ` OR ` + sqlNoRequest + ` OR ` + outside("0", "?2", "at"),
			mends: []string{
				`DELETE FROM idempotency WHERE actor IS NULL OR key IS NULL`,
				`UPDATE OR REPLACE idempotency SET ` + text("actor", "key") + ` WHERE ` + none("text", "actor", "key"),
				`UPDATE idempotency SET hash = zeroblob(32), origin = 0, seq = 0, count = 0 WHERE ` + sqlNoRequest,
			},
			dated: []string{`UPDATE idempotency SET ` + number("?1", "?1", "at") + ` WHERE ` + outside("0", "?1", "at")},
		},
		{
			name: "credentials", garbled: none("text", "header", "chain"),
			mends: []string{
				`DELETE FROM credentials WHERE typeof(header) NOT IN ('text', 'blob') OR typeof(chain) NOT IN ('text', 'blob')`,
				`UPDATE OR IGNORE credentials SET ` + text("header", "chain") + ` WHERE ` + none("text", "header", "chain"),
				`DELETE FROM credentials WHERE ` + none("text", "header", "chain"),
			},
		},
		{name: "statements", wide: true, garbled: statement, mends: []string{`DELETE FROM statements WHERE ` + statement}},
	}
}

// looseDerived are what follows from something else, or does without.
func looseDerived() []looseTable {
	const (
		foreseen = `(typeof(record) <> 'integer' OR typeof(dot) <> 'text' OR record NOT IN (SELECT rid FROM memories))`
		vector   = `(typeof(lsn) <> 'integer' OR typeof(model) <> 'text' OR model = '' OR typeof(vector) <> 'blob' OR length(vector) % 4 <> 0 OR length(vector) = 0)`
		listed   = `(typeof(origin) <> 'integer' OR typeof(seq) <> 'integer' OR NOT EXISTS (SELECT 1 FROM origins o WHERE o.id = damaged.origin
			AND seq >= 1 AND (seq <= o.head OR EXISTS (SELECT 1 FROM log l WHERE l.origin = o.id AND l.seq = damaged.seq))))`
	)
	return []looseTable{
		{name: "foreseen", garbled: foreseen, mends: []string{`DELETE FROM foreseen WHERE ` + foreseen}},
		{
			name: "access", wide: true, garbled: outside("0", "1000000", "count") + ` OR ` + outside("0", "?2", "at"),
			mends: []string{`UPDATE access SET ` + number("1000000", "0", "count") + ` WHERE ` + outside("0", "1000000", "count")},
			dated: []string{`UPDATE access SET ` + number("?1", "0", "at") + ` WHERE ` + outside("0", "?1", "at")},
		},
		{name: "embeddings", wide: true, garbled: vector, mends: []string{`DELETE FROM embeddings WHERE ` + vector}},
		{
			name: "damaged", garbled: listed + ` OR ` + outside("0", "?2", "since"),
			mends: []string{`DELETE FROM damaged WHERE ` + listed},
			dated: []string{`UPDATE damaged SET ` + number("?1", "?1", "since") + ` WHERE ` + outside("0", "?1", "since")},
		},
		{
			name: "scrub", garbled: outside("0", "?2", "done"),
			mends: []string{`INSERT OR IGNORE INTO scrub (one, done) VALUES (1, 0)`},
			dated: []string{`UPDATE scrub SET ` + number("?1", "0", "done") + ` WHERE ` + outside("0", "?1", "done")},
		},
		{
			name: "sum_changes", garbled: none("integer", "round") + ` OR ` + none("blob", "raw") + ` OR round > (SELECT round FROM node WHERE typeof(round) = 'integer')`,
			mends: []string{
				`UPDATE sum_changes SET round = -1, raw = x'' WHERE ` + none("integer", "round") + ` OR ` + none("blob", "raw"),
				`UPDATE sum_changes SET round = -1 WHERE round > (SELECT round FROM node WHERE typeof(round) = 'integer')`,
			},
		},
	}
}

// looseRows are the statements about them.
func looseRows() loose {
	out := loose{
		names: `SELECT id, CAST(name AS BLOB) FROM origins WHERE ` + sqlNoName, heads: `SELECT id, CAST(name AS BLOB), CASE WHEN ` + sqlNoHead + ` OR NOT ` + sqlAtHead + ` THEN 0 ELSE head END FROM origins WHERE ` + sqlNoHead + ` OR ` + sqlLowHead,
		refused: `DELETE FROM parked WHERE ` + sqlNoRefusal,
	}
	var counts, first []string
	for _, t := range looseTables() {
		count := `(SELECT count(*) FROM ` + t.name + ` WHERE ` + t.garbled + `)`
		counts = append(counts, count)
		if t.wide {
			out.wide = append(out.wide, struct{ next, garbled string }{
				`SELECT coalesce(max(r), 0) FROM (SELECT rowid r FROM ` + t.name + ` WHERE rowid > ? ORDER BY rowid LIMIT ?)`,
				`SELECT count(*) FROM ` + t.name + ` WHERE rowid > ?3 AND rowid <= ?4 AND (` + t.garbled + `) AND ?1 <> '' AND ?2 > 0`,
			})
		} else {
			first = append(first, count)
		}
		out.tables = append(out.tables, t.name)
		out.first = append(out.first, t.first...)
		out.mends = append(out.mends, t.mends...)
		out.dated = append(out.dated, t.dated...)
	}
	out.garbled, out.firstGarbled = `SELECT `+strings.Join(counts, ` + `), `SELECT `+strings.Join(first, ` + `)
	return out
}

// looseTwins delete of two rows of one key those that the index of the key leads to, and those
// that are not the first one.
func looseTwins() (led, others map[string]string) {
	led, others = map[string]string{}, map[string]string{}
	for table, key := range map[string][]string{
		"origins": {"name"}, "parked": {"member", "origin", "seq"}, "cursors": {"member", "origin"}, "webhooks": {"id"},
		"idempotency": {"actor", "key"}, "webhook_dead": {"subscription", "correlation"}, "credentials": {"header", "chain"},
	} {
		index := "sqlite_autoindex_" + table + "_1"
		switch table {
		case "webhook_dead", "credentials":
			index = table + "_one"
		}
		same := make([]string, len(key))
		for i, c := range key {
			same[i] = "k." + c + " = d." + c
		}
		columns := strings.Join(key, ", ")
		what := `DELETE FROM ` + table
		if table == "origins" { // its entries say what it is called
			what = `UPDATE origins SET name = CAST('?' || id AS BLOB)`
		}
		others[table] = what + ` WHERE rowid NOT IN (SELECT min(rowid) FROM ` + table + ` NOT INDEXED GROUP BY ` + columns + `)`
		led[table] = what + ` WHERE rowid IN (SELECT k.rowid FROM (SELECT ` + columns + ` FROM ` + table + ` NOT INDEXED GROUP BY ` + columns +
			` HAVING count(*) > 1) d JOIN ` + table + ` k INDEXED BY ` + index + ` ON ` + strings.Join(same, " AND ") + `)`
	}
	return led, others
}
