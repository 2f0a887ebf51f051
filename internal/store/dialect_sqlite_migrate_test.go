package store_test

import (
	"compress/gzip"
	"database/sql"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/wire"
)

const schemaDir = "schema/sqlite"

// sources are the versions of the schema that there are.
func sources(t *testing.T) []int64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(schemaDir, "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var out []int64
	for _, f := range files {
		n, _, _ := strings.Cut(filepath.Base(f), "_")
		v, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func openStore(t *testing.T, dir string, node memory.Node) (*store.Store, error) {
	t.Helper()
	return store.Open(t.Context(), store.Config{
		Dir: dir, Node: node, Clock: memory.NewClock(time.Now, time.Minute), Codec: wire.Codec{}, Log: slog.New(slog.DiscardHandler),
	})
}

// TestADatabaseOfEverySchemaIsOpened opens what earlier versions have written: in
// testdata there is a file for each schema that a program wrote, the newest included. To make one
// for a new schema: run a node, write something of each kind, stop it, VACUUM INTO a
// file, and gzip that.
func TestADatabaseOfEverySchemaIsOpened(t *testing.T) {
	const first = 2 // no program wrote the first schema as it is now
	const root = "4cf7f50bb447d34eeacddfed03b582323a0cd1b89ae52c5c09564c98e18d7429"
	roots := map[int64]string{
		2: "eaff4b21b081c2a5e547d8024bc1a68a38ea4a27d121aea0d02b5184484417b7",
		3: "e44155e317edef8c08a032cf7aee3614ffb1b099aad7ce64d3e8a4c30052b62e",
		4: "85e8b89be0e7c4526983fab06560de812c3d6921737c13e5efcbb2f00f0fba3a",
		5: root, 6: root,
		7: "f1450062ed92609b8803c60fa40b4ff4465c8b84413275508b24e1225f968fbe",
	}
	for _, v := range sources(t) {
		if v < first {
			continue
		}
		t.Run(strconv.FormatInt(v, 10), func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, filepath.Join("testdata", "schema", strconv.FormatInt(100000+v, 10)[1:]+".db.gz"), filepath.Join(dir, store.FileName))
			s, err := openStore(t, dir, "north")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if got := s.View().Root.String(); got != roots[v] {
				t.Errorf("state %s, written as %s", got, roots[v])
			}
			counts := map[memory.Life]int{}
			var inventory memory.Inventory
			err = s.Dump(t.Context(), 0, func(i memory.Inventory) error { inventory = i; return nil }, func([]memory.Shipment) error { return nil })
			if err != nil || inventory.View.Root != s.View().Root || inventory.Damaged > 0 {
				t.Errorf("what is stored adds up to %s: %v", inventory.View.Root, err)
			}
			for _, life := range []memory.Life{memory.Live, memory.Archived, memory.Deleted, memory.Erased} {
				recs, _, err := s.List(t.Context(), memory.Filter{Life: life, All: true, Now: memory.InstantOf(time.Now())}, memory.ByID, 100, 0, "")
				if err != nil {
					t.Error(err)
				}
				counts[life] = len(recs)
			}
			if d := cmp.Diff(map[memory.Life]int{memory.Live: 2, memory.Archived: 1, memory.Deleted: 1, memory.Erased: 1}, counts); d != "" {
				t.Errorf("memories: want -, got +\n%s", d)
			}
		})
	}
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatalf("there is no file of this schema: %v", err)
	}
	defer func() { _ = in.Close() }()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// atVersion makes a database of an older schema.
func atVersion(t *testing.T, dir string, version int64, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, store.FileName)+"?_pragma=journal_mode(WAL)&_pragma=page_size(4096)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS(schemaDir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, q := range statements {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOlderSchemasAreMigrated(t *testing.T) {
	all := sources(t)
	for _, v := range all[:len(all)-1] {
		dir := t.TempDir()
		atVersion(t, dir, v)
		s, err := openStore(t, dir, "a")
		if err != nil {
			t.Errorf("version %d: %v", v, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if list, err := filepath.Glob(filepath.Join(dir, "*migrating*")); err != nil || len(list) > 0 {
			t.Errorf("left behind: %v, %v", list, err)
		}
	}
}

// TestAMigrationThatFailsChangesNothing has files of programs between two versions:
// some statement of a migration fails, or the result is not what a new database is.
func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	for name, statement := range map[string]string{
		"a table is gone":               "DROP TABLE webhooks",
		"a column is there already":     "ALTER TABLE origins ADD COLUMN chain BLOB",
		"a column that nobody knows":    "ALTER TABLE memories ADD COLUMN stray TEXT",
		"an index that nobody knows of": "CREATE INDEX stray ON memories (id)",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			atVersion(t, dir, 2, statement)
			file := filepath.Join(dir, store.FileName)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := openStore(t, dir, "a")
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), "is as it was") {
				t.Errorf("%v", err)
			}
			after, err := os.ReadFile(file)
			if err != nil || string(after) != string(before) {
				t.Errorf("the file has changed: %v", err)
			}
			if list, err := filepath.Glob(file + ".*"); err != nil || len(list) > 0 {
				t.Errorf("left behind: %v, %v", list, err)
			}
		})
	}
}
