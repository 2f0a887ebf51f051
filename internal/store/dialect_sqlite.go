package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/filelock"
	"github.com/tallystick/tallystick/internal/store/walfile"
)

// localFile is the dialect of SQLite, whose database is a file of the data directory.
func localFile() *dialect {
	d := &dialect{
		lock: lockDirectory, open: openWriter, openReader: openReadOnly, files: openFiles, size: fileSize,
		classify: classify, isDatabase: isDatabase, mayEnd: mayEnd,
		rebind: func(q string) string { return q }, begin: "BEGIN IMMEDIATE",
		tagged: taggedJSON, teams: teamsJSON, matches: matchesGlob, among: amongJSON,
		isBroken: isDamaged, isTwin: isTwin, reindex: "REINDEX ", tables: sqlTables, dotOf: sqlDotOf,
		settle: checkpoint, shrink: shrink, discard: truncateLog,
	}
	d.strays.log, d.strays.memories, d.strays.registers = sqlLogStray, sqlMemoryStray, sqlRegisterStray
	d.garbled.memories, d.garbled.log, d.garbled.registers = garbledMemories(), garbledLog(), garbledRegisters()
	d.loose = looseRows()
	// SQLite takes it for damage otherwise, which it is: here it is being mended.
	d.astray.on, d.astray.off = "PRAGMA writable_schema = ON", "PRAGMA writable_schema = OFF"
	d.twins.keyed = map[string][2]string{
		"log":       {sqlLogTwins, sqlLaterTwins("log", "lsn", "origin, seq")},
		"memories":  {sqlMemoryTwins, sqlLaterTwins("memories", "rid", "id")},
		"registers": {sqlRegisterTwins, sqlLaterTwins("registers", "rid", "family, a, b, c")},
	}
	d.twins.loose, d.twins.first = looseTwins()
	return d
}

//go:embed schema/sqlite/*.sql
var schema embed.FS

// minSQLite is the first release whose WAL reset cannot lose a commit.
const minSQLite = "3.51.3"

const pageSize = 4096

// walBytes is what the write-ahead log shrinks to when it begins anew: a reader that
// takes long may have let it grow.
const walBytes = 64 << 20

// readerRests is when the connection of a reader is closed that nobody needs, and with
// it what it has of the database in memory.
const readerRests = time.Minute

// FileName is the name of the database inside the data directory.
const FileName = "tally.db"

// lockName is the file beside it that is locked by whoever has the directory.
const lockName = "lock"

func databasePath(cfg *Config) string { return filepath.Join(cfg.Dir, FileName) }

func openFiles(cfg *Config) []string {
	db := databasePath(cfg)
	return []string{db, db + "-wal", filepath.Join(cfg.Dir, lockName)}
}

// oneFile makes sure that a database is all in its file, as when it was closed.
func oneFile(dir string) error {
	_, err := os.Stat(filepath.Join(dir, FileName+"-wal"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(errors.New("the database that was made is not closed"), err)
}

func lockDirectory(cfg *Config) (io.Closer, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(cfg.Dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := filelock.Try(lock); err != nil {
		err = fmt.Errorf("%s: %w; stop it, or give this one a directory of its own with --data", cfg.Dir, ErrLocked)
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func openWriter(ctx context.Context, cfg *Config, written func()) (opened, error) {
	path := databasePath(cfg)
	pragmas := []string{
		fmt.Sprintf("page_size(%d)", pageSize), "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(0)",
		"cache_size(-16384)", "temp_store(MEMORY)", "busy_timeout(5000)", "secure_delete(ON)", fmt.Sprintf("journal_size_limit(%d)", walBytes),
	}
	if cfg.MaxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count(%d)", max(cfg.MaxBytes/pageSize, 1)))
	}
	err := present(ctx, path, pragmas)
	if err != nil {
		return opened{}, err
	}
	if cfg.renewLog {
		err = renewLog(path + "-wal")
	}
	if err = errors.Join(err, makeDurable(path)); err != nil {
		return opened{}, fmt.Errorf("%w: open database: what is in it cannot be made durable: %w", ErrFatal, err)
	}
	q := parameters("rwc", pragmas...)
	over, done := walfile.Register(q, written)
	open := func() (*sql.DB, error) {
		db, err := sql.Open("sqlite", address(path, q))
		if err != nil {
			return nil, fmt.Errorf("open database: %w", err)
		}
		db.SetMaxOpenConns(1)
		db.SetMaxIdleConns(1)
		return db, checkEngine(ctx, db)
	}
	db, err := open()
	if err == nil {
		var replaced bool
		if replaced, err = migrate(ctx, db, path); replaced {
			db, err = open()
		}
	}
	if err == nil {
		err = mendSchema(ctx, cfg, db)
	}
	if err == nil {
		err = writable(ctx, db)
	}
	if db == nil {
		done()
		return opened{}, err
	}
	if err != nil {
		done()
		if isDamaged(err) || isMisfit(err) || isReadOnly(err) {
			err = fmt.Errorf("%s is no database, or a damaged one (%w): %s", path, err, whatToDo)
		}
		return opened{}, errors.Join(err, db.Close())
	}
	return opened{db, over, done}, nil
}

// writable has the engine begin to write, and changes nothing. Whose head says a later version of
// the format, for who writes it, is read as any other, and no transaction says that it is not
// written until something is: files that nobody may write are refused before.
func writable(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `DELETE FROM node WHERE 0`)
	return err
}

// makeDurable syncs what an earlier process has written. One that ended between a write
// and its sync has left a commit that SQLite finds in the log, and takes for durable. It must
// be called before SQLite opens the database: who closes a file gives up the locks that its
// process has on it.
func makeDurable(path string) error {
	for _, name := range []string{path, path + "-wal"} {
		f, err := os.OpenFile(name, os.O_RDWR, 0) //nolint:gosec // the operator names the directory
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return trySyncNames(filepath.Dir(path))
}

// renewLog has the write-ahead log be another file of the same bytes. Of one that could not
// be synced the system may take pages for written that are in its memory only, and say no
// more of it. A disk that is full has no room for that, and none was lost by it.
func renewLog(name string) error {
	raw, err := os.ReadFile(name) //nolint:gosec // as above
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := replaceFile(name, raw); !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return err
	}
	return nil
}

func openReadOnly(cfg *Config, conns int) (*sql.DB, error) {
	defineFunctions()
	db, err := sql.Open("sqlite", dsn(databasePath(cfg), "ro", "query_only(1)", "busy_timeout(5000)", "cache_size(-2048)", "temp_store(MEMORY)"))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(readerRests)
	return db, nil
}

func fileSize(cfg *Config) int64 {
	n := int64(0)
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(databasePath(cfg) + suffix); err == nil {
			n += info.Size()
		}
	}
	return n
}

func dsn(path, mode string, pragmas ...string) string {
	return address(path, parameters(mode, pragmas...))
}

func parameters(mode string, pragmas ...string) url.Values {
	q := url.Values{"mode": {mode}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return q
}

func address(path string, q url.Values) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

func checkEngine(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	if olderVersion(version, minSQLite) {
		return fmt.Errorf("this build has SQLite %s; at least %s is needed", version, minSQLite)
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
