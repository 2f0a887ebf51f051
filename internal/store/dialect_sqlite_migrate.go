package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/tallystick/tallystick/internal/memory"
)

// migrator is what brings db up to this program's schema, and the versions of which
// it is and will be.
func migrator(ctx context.Context, db *sql.DB) (p *goose.Provider, have, newest int64, err error) {
	all, err := migrations()
	if err != nil {
		return nil, 0, 0, err
	}
	p, err = goose.NewProvider(goose.DialectSQLite3, db, nil, goose.WithGoMigrations(all...))
	if err != nil {
		return nil, 0, 0, fmt.Errorf("migrations: %w", err)
	}
	have, err = p.GetDBVersion(ctx)
	sources := p.ListSources()
	newest = sources[len(sources)-1].Version
	if err != nil {
		return nil, 0, newest, fmt.Errorf("database version: %w", err)
	}
	return p, have, newest, nil
}

// migrations are the files of the schema, as functions: what goose reads a file with
// takes 4 MiB for each line, and SQLite reads a script by itself.
func migrations() ([]*goose.Migration, error) {
	names, err := fs.Glob(schema, "schema/sqlite/*.sql")
	if err != nil {
		return nil, err
	}
	out := make([]*goose.Migration, len(names))
	for i, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		text, err := fs.ReadFile(schema, name)
		if err != nil {
			return nil, err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		out[i] = goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, up)
			return err
		}}, nil)
	}
	return out, nil
}

// migrate brings the database in path, which db has open, up to this program's
// schema, and reports whether it is another file now. An older one is migrated in a
// copy, which takes its place when all of it is done and right: whatever fails, the
// file is as it was, and the program that wrote it can read it.
func migrate(ctx context.Context, db *sql.DB, path string) (replaced bool, err error) {
	_, have, newest, err := migrator(ctx, db)
	if is, bad := isNewest(ctx, db); err != nil && is && bad == nil && setVersion(ctx, db, newest) == nil {
		_, have, newest, err = migrator(ctx, db)
	}
	switch {
	case err != nil:
		return false, err
	case have > newest:
		return false, fmt.Errorf("%w: it has version %d, this program knows up to %d; use the newer program", ErrNewer, have, newest)
	case have == newest:
		return false, nil
	}
	if is, err := isNewest(ctx, db); err != nil {
		return false, err
	} else if is { // what says which version it has is what is damaged
		return false, setVersion(ctx, db, newest)
	}
	if have <= 0 {
		return false, fmt.Errorf("%s does not say which version it has: %w: %s", path, memory.ErrDamaged, whatToDo)
	}
	copied := path + ".migrating"
	if err := os.Remove(copied); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	err = migrateCopy(ctx, db, copied)
	if err == nil {
		err = replaceBy(ctx, db, path, copied)
	}
	if err != nil {
		return false, errors.Join(fmt.Errorf("migrate database from version %d to %d: %w; %s is as it was", have, newest, err, path), removeDatabase(copied))
	}
	return true, nil
}

func migrateCopy(ctx context.Context, db *sql.DB, copied string) (err error) {
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", copied); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := os.Chmod(copied, 0o600); err != nil {
		return err
	}
	to, err := sql.Open("sqlite", dsn(copied, "rw", "synchronous(FULL)", "secure_delete(ON)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	to.SetMaxOpenConns(1)
	p, _, _, err := migrator(ctx, to)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	return sameAsNew(ctx, to)
}

// replaceBy closes db, and puts another file in the place of its own.
func replaceBy(ctx context.Context, db *sql.DB, path, by string) error {
	var busy, inLog, moved int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &moved); err != nil || busy != 0 {
		return errors.Join(errors.New("the log of the database is in use"), err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	// The log is empty, and would be taken for that of the other file.
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(by, path); err != nil {
		return err
	}
	return trySyncNames(filepath.Dir(path))
}

func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
