package store

import (
	"context"
	"database/sql"
	"io"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// dialect is what is particular to one database engine. The statements of the
// store are written in the SQL that engines have in common, with ? for parameters;
// what they do not have in common is a field here, so a second engine is a second
// value of this type, in a file of its own.
type dialect struct {
	// lock keeps other processes off the database until it is closed; ErrLocked if
	// one has it.
	lock func(cfg *Config) (io.Closer, error)
	// open returns the database for the writer, brought up to this program's
	// schema, or ErrNewer. Where that can be told, written is called while a transaction
	// commits, when it is beyond the end of this process, and before it is durable.
	open func(ctx context.Context, cfg *Config, written func()) (opened, error)
	// openReader returns the database for reads, with at most conns connections.
	openReader func(cfg *Config, conns int) (*sql.DB, error)
	// files are those that a node has open for as long as it runs.
	files func(cfg *Config) []string
	// size returns the bytes that the database takes on disk.
	size func(cfg *Config) int64

	// classify gives errors of the engine the sentinels that callers branch on.
	classify func(err error) error
	// isDatabase reports whether err came from the engine, and not from a job.
	isDatabase func(err error) bool
	// mayEnd reports whether the engine may have rolled back a transaction by itself because
	// of err.
	mayEnd func(err error) bool

	// rebind writes the parameters of a statement as the engine has them.
	rebind func(query string) string
	begin  string // starts the writer's transaction
	// tagged is the condition that memories m has all of the tags.
	tagged func(tags []string) (cond string, args []any)
	// matches is the condition that a pattern has the namespace of memories m.
	matches func(g memory.Glob) (cond string, args []any)
	// teams selects from rows of owner.value and mate.value: agents that are in a team of
	// each other. More conditions may follow.
	teams string
	// among is the condition that column has one of the values, a slice of numbers
	// or of strings that are UTF-8 without NUL.
	among func(column string, values any) (cond string, args []any)

	// isBroken reports whether err says that the database contradicts itself, isTwin that there
	// is a row of the key of which another one was to be written.
	isBroken, isTwin func(err error) bool
	// reindex makes the indexes of the table anew that is named behind it, and tables
	// selects the names of all tables.
	reindex, tables string
	// astray has rows be deleted of which an index has none, and no more.
	astray struct{ on, off string }
	// strays select a row if an index does not lead to a row that is there: of the log
	// and of registers from behind one number up to another, of memories by its number.
	strays struct{ log, memories, registers string }
	// garbled select rows with a value of the wrong type: of memories from behind one number
	// up to another, of the log and of registers those among so many behind a number.
	garbled struct{ memories, log, registers string }
	// loose are those of tables that nothing points to.
	loose loose
	// dotOf selects nothing of a record, and the dot that the index of dots has for a row of the log.
	dotOf string
	// twins are statements about two rows of one key, by the name of the table. Keyed select
	// those that the index of the key leads to, and those that are not the first; loose, of
	// tables that nothing points to, delete those that the index leads to.
	twins struct {
		keyed map[string][2]string
		loose map[string]string
		// first are loose for where that index is no help: they leave one row of each key.
		first map[string]string
	}

	// settle moves what the engine has written aside to where it belongs, as far as
	// readers let it: the next start is quick then.
	settle func(ctx context.Context, c *conn) error
	// shrink gives back memory that a connection needs only while much is written.
	shrink func(ctx context.Context, c *conn) error
	// discard makes what was overwritten or deleted unreadable in the files, too,
	// and reports whether no reader kept it from that. It waits for none.
	discard func(ctx context.Context, c *conn) (done bool, err error)
}

// opened is the database for the writer, who takes one connection of it.
type opened struct {
	db *sql.DB
	// over is called when a transaction was rolled back, done when the database was closed.
	over, done func()
}

// loose are the statements for rows of tables that nothing points to: see rectify.go.
type loose struct {
	// garbled counts the rows that are not as they must be, for a node, at an instant that
	// lies ahead of all that has been. First counts those of the tables that a node goes by,
	// which are small.
	garbled, firstGarbled string
	// wide are the other tables: which row is so many behind one, and how many are garbled
	// from behind one up to another, for the same node and instant.
	wide []struct{ next, garbled string }
	// tables are those that have such rows.
	tables []string
	// first and mends set values right, or drop rows: before and behind what is done about
	// names and heads. Dated ones go by the instant.
	first, mends, dated []string
	// names selects the origins, with what of the name can be read, of which that cannot;
	// heads those whose head cannot, or lies below what follows it, and from where it is to be
	// counted.
	names, heads string
	// refused drops refusals of which nobody can tell what was refused.
	refused string
}

// isGarbled reports whether err is that of a value of another type than its column has.
func isGarbled(err error) bool {
	return err != nil && strings.Contains(err.Error(), "sql: Scan error on column")
}
