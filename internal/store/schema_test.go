package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/store/storetest"
)

// A start compares the schema by a digest that is written down.
func TestTheDigestOfTheSchemaIsThatOfANewDatabase(t *testing.T) {
	dir := t.TempDir()
	suite().Open(t, "a", dir).Stop()
	got, want, err := store.SchemaDigest(t.Context(), filepath.Join(dir, store.FileName))
	if err != nil || got != want {
		t.Errorf("the schema has the digest %s, and %s is written down (%v)", got, want, err)
	}
}

// What the schema says is damaged, with the node stopped. Then it starts with all that it had,
// or says what to do.
func TestADamagedSchema(t *testing.T) {
	t.Parallel()
	made := t.TempDir()
	n := suite().Open(t, "a", made)
	n.Put(storetest.Create("one", "text"), storetest.Create("two", "text"))
	root := n.View().Root
	n.Stop()
	const whatToDo = "put a backup in its place"
	schema := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			execute(t, dir, "PRAGMA writable_schema = ON; "+statement+"; PRAGMA writable_schema = RESET")
		}
	}
	raw := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			name := filepath.Join(dir, store.FileName)
			b, err := os.ReadFile(name)
			if err == nil {
				err = os.WriteFile(name, change(b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		damage func(*testing.T, string)
		want   string // "": it starts
	}{
		"the version is higher":            {schema(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`), "use the newer program"},
		"the version is lower":             {schema(`DELETE FROM goose_db_version WHERE version_id > 3`), ""},
		"the version is zero":              {schema(`DELETE FROM goose_db_version`), ""},
		"the version is below zero":        {schema(`UPDATE goose_db_version SET version_id = -version_id`), ""},
		"the version is a text":            {schema(`UPDATE goose_db_version SET version_id = 'x'`), ""},
		"nothing has the version":          {schema(`DROP TABLE goose_db_version`), ""},
		"no version, and a table missing":  {schema(`DELETE FROM goose_db_version; DROP TABLE marks`), whatToDo},
		"a lower one, and a table missing": {schema(`DELETE FROM goose_db_version WHERE version_id > 6; DROP TABLE marks`), whatToDo},
		"user_version":                     {schema(`PRAGMA user_version = 5`), ""},
		"an index is dropped":              {schema(`DROP INDEX registers_lsn`), ""},
		"a unique index is dropped":        {schema(`DROP INDEX log_dot`), ""},
		"an index of other columns":        {schema(`DROP INDEX log_dot; CREATE INDEX log_dot ON log (seq)`), ""},
		"an index that its table forgot":   {schema(`DELETE FROM sqlite_schema WHERE name = 'memories_title'`), ""},
		"the log is dropped":               {schema(`DROP TABLE log`), whatToDo},
		"the node is dropped":              {schema(`DROP TABLE node`), whatToDo},
		"the memories are dropped":         {schema(`DROP TABLE memories`), whatToDo},
		"a table of no state is dropped":   {schema(`DROP TABLE webhooks`), whatToDo},
		"a table that the schema forgot":   {schema(`DELETE FROM sqlite_schema WHERE name = 'log'`), whatToDo},
		"a column is missing":              {schema(`ALTER TABLE memories DROP COLUMN conflicts`), whatToDo},
		"a column of another name":         {schema(`ALTER TABLE log RENAME COLUMN raw TO row`), whatToDo},
		"a text that is no statement":      {schema(`UPDATE sqlite_schema SET sql = 'CREATE TABLE' WHERE name = 'log'`), whatToDo},
		"a column of another type":         {schema(`UPDATE sqlite_schema SET sql = replace(sql, 'BLOB', 'TEXT') WHERE name = 'log'`), whatToDo},
		"a root of no page":                {schema(`UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'log'`), whatToDo},
		"all tables are dropped":           {schema(`DELETE FROM sqlite_schema`), whatToDo},
		"an empty file":                    {raw(func([]byte) []byte { return nil }), whatToDo},
		"a file of zeros":                  {raw(func(b []byte) []byte { return make([]byte, len(b)) }), whatToDo},
		"the first page is zero":           {raw(func(b []byte) []byte { clear(b[:4096]); return b }), whatToDo},
		"a later version of its writer":    {raw(func(b []byte) []byte { b[18] = 9; return b }), whatToDo},
		"half a page":                      {raw(func(b []byte) []byte { return b[:2048] }), whatToDo},
		"one page":                         {raw(func(b []byte) []byte { return b[:4096] }), whatToDo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			copyDir(t, made, dir)
			tc.damage(t, dir)
			s, err := openStore(t, dir, "a")
			if tc.want != "" {
				if err == nil {
					t.Errorf("it opens, and has %d entries", s.View().LSN)
					_ = s.Close()
				} else if !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), dir) && tc.want == whatToDo {
					t.Errorf("%v: want the file, and %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			n := suite().Open(t, "a", dir)
			n.CheckState(nil)
			if got := n.View().Root; got != root {
				t.Errorf("the state is %s, want %s", got, root)
			}
			n.Put(storetest.Create("three", "text"))
			n.Stop()
			suite().Open(t, "a", dir).CheckState(nil)
		})
	}
}

// A log without its database has what was written last: it is not deleted.
func TestALogWithoutItsDatabaseIsNotDropped(t *testing.T) {
	dir := t.TempDir()
	n := suite().Open(t, "a", dir)
	n.Put(storetest.Create("one", "text"))
	left := t.TempDir()
	copyDir(t, dir, left)
	n.Stop()
	name := filepath.Join(left, store.FileName)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if s, err := openStore(t, left, "a"); !errors.Is(err, memory.ErrDamaged) || !strings.Contains(err.Error(), name+"-wal") {
		t.Errorf("%v, want that it names the log", err)
		_ = s
	}
	if info, err := os.Stat(name + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the log: %v, %v", info, err)
	}
}
