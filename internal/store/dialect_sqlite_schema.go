package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// schemaDigest is the digest of the tables and indexes of a new database: each start compares
// it with those that there are. A test says what it has to be.
const schemaDigest = "284b2daff90625de"

// present sees to it that there is a database file. A new one takes its name when it is whole:
// so one that is empty was emptied, and there was something in it.
func present(ctx context.Context, path string, pragmas []string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() == 0:
		return fmt.Errorf("%s is empty, and was not: %w: %s", path, memory.ErrDamaged, whatToDo)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open database: %w", err)
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s is missing, and %s-wal is there, which has what was written last: %w: put it back, or a backup in the place of both; "+
			"or move that away, too, and start the node anew, and its members send it all that they have", path, path, memory.ErrDamaged)
	}
	fresh := path + ".new"
	if err := removeDatabase(fresh); err != nil { // of a start that was cut off
		return fmt.Errorf("make database: %w", err)
	}
	if err := create(ctx, fresh, pragmas); err != nil {
		return errors.Join(fmt.Errorf("make database: %w", err), removeDatabase(fresh))
	}
	if err := removeDatabase(path); err != nil { // what an earlier one has left beside it
		return fmt.Errorf("make database: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return trySyncNames(filepath.Dir(path))
}

// create makes a database with all tables.
func create(ctx context.Context, path string, pragmas []string) (err error) {
	// SQLite would make it as the umask has it, and its other files like it.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const unlogged = "journal_mode(MEMORY)" // it takes its name when it is durable
	pragmas = slices.DeleteFunc(slices.Clone(pragmas), func(p string) bool {
		return strings.HasPrefix(p, "journal_mode") || strings.HasPrefix(p, "synchronous")
	})
	db, err := sql.Open("sqlite", dsn(path, "rw", append(pragmas, unlogged, "synchronous(OFF)")...))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	p, _, _, err := migrator(ctx, db)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return file.Sync()
}

// isNewest reports whether the tables and indexes are those of a new database.
func isNewest(ctx context.Context, db *sql.DB) (bool, error) {
	got, err := schemaOf(ctx, db)
	return err == nil && digestOf(got) == schemaDigest, err
}

func digestOf(schema []string) string {
	slices.Sort(schema)
	sum := sha256.Sum256([]byte(strings.Join(schema, "\x00\x00")))
	return hex.EncodeToString(sum[:8])
}

// setVersion notes that a database has all versions up to one.
func setVersion(ctx context.Context, db *sql.DB, newest int64) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing is left to undo behind a commit
	if _, err := tx.ExecContext(ctx, `DELETE FROM goose_db_version`); err != nil {
		return err
	}
	for v := range newest + 1 {
		if _, err := tx.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)`, v); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// mendSchema makes indexes anew that are missing: they follow from the tables. If it is a table
// that is not what it should be, no statement can be relied on.
func mendSchema(ctx context.Context, cfg *Config, db *sql.DB) error {
	if is, err := isNewest(ctx, db); is || err != nil {
		return err
	}
	want, err := newSchema(ctx)
	if err != nil {
		return err
	}
	got, err := schemaOf(ctx, db)
	if err != nil {
		return err
	}
	for _, one := range want {
		if slices.Contains(got, one) {
			continue
		}
		what, text, _ := strings.Cut(one, "\x00")
		kind, name, _ := strings.Cut(what, " ")
		if kind != "index" {
			return fmt.Errorf("%s is not what it should be in %s: %w: %s", what, databasePath(cfg), memory.ErrDamaged, whatToDo)
		}
		cfg.Log.WarnContext(ctx, "an index is missing on this disk, and is made anew", "index", name)
		for _, q := range []string{`DROP INDEX IF EXISTS ` + name, text} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s cannot be made anew in %s: %w: %w: %s", what, databasePath(cfg), err, memory.ErrDamaged, whatToDo)
			}
		}
	}
	return nil
}

// newSchema is that of a new database.
func newSchema(ctx context.Context) ([]string, error) {
	fresh, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { _ = fresh.Close() }()
	fresh.SetMaxOpenConns(1)
	p, _, _, err := migrator(ctx, fresh)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return nil, err
	}
	return schemaOf(ctx, fresh)
}

// sameAsNew says in which table a schema is not that of a new database: then it was
// written by a program between two versions, and no statement can be relied on.
func sameAsNew(ctx context.Context, db *sql.DB) error {
	want, err := newSchema(ctx)
	if err != nil {
		return err
	}
	got, err := schemaOf(ctx, db)
	if err != nil {
		return err
	}
	for _, lists := range [][2][]string{{want, got}, {got, want}} {
		for _, one := range lists[0] {
			if !slices.Contains(lists[1], one) {
				name, _, _ := strings.Cut(one, "\x00")
				return fmt.Errorf("%s is not what it should be: the file is of a program between two versions", name)
			}
		}
	}
	return nil
}

func schemaOf(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'goose%' AND name NOT LIKE 'sqlite_%'")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		out = append(out, name+"\x00"+strings.Join(strings.Fields(text), " "))
	}
	return out, rows.Err()
}
