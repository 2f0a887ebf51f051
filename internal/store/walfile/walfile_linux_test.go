package walfile

import (
	"bytes"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"

	_ "modernc.org/sqlite"
)

// handle is a file that was opened by way of a VFS, as SQLite opens its log.
type handle struct {
	tls  *libc.TLS
	file uintptr
}

// openBy opens a file with the parameters of a connection, each a name and a value.
func openBy(t *rapid.T, vfs, path string, parameters ...string) *handle {
	tls := libc.NewTLS()
	name := cString(t, vfs)
	v := sqlite3.Xsqlite3_vfs_find(tls, name)
	libc.Xfree(tls, name)
	// SQLite's names of files end with parameters, and begin behind four zero bytes.
	full := strings.Join(append([]string{path}, parameters...), "\x00")
	raw := libc.Xcalloc(tls, 1, libc.Tsize_t(len(full)+16))
	copy(unsafe.Slice(at[byte](raw+4), len(full)), full)
	h := &handle{tls, libc.Xcalloc(tls, 1, libc.Tsize_t(at[vfsStruct](v).FszOsFile))}
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](at[vfsStruct](v).FxOpen)
	flags := int32(sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_WAL)
	if rc := open(tls, v, raw+4, h.file, flags, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("open %s by %q: %d", path, vfs, rc)
	}
	return h
}

func cString(t *rapid.T, s string) uintptr {
	if s == "" {
		return 0
	}
	p, err := libc.CString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *handle) methods() *methods { return at[methods](at[fileStruct](h.file).FpMethods) }

func (h *handle) write(b []byte, to int64) int32 {
	p := libc.Xmalloc(h.tls, libc.Tsize_t(len(b)))
	defer libc.Xfree(h.tls, p)
	copy(unsafe.Slice(at[byte](p), len(b)), b)
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](h.methods().FxWrite)(h.tls, h.file, p, int32(len(b)), to)
}

func (h *handle) read(n int, from int64) ([]byte, int32) {
	p := libc.Xmalloc(h.tls, libc.Tsize_t(n))
	defer libc.Xfree(h.tls, p)
	rc := function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](h.methods().FxRead)(h.tls, h.file, p, int32(n), from)
	return bytes.Clone(unsafe.Slice(at[byte](p), n)), rc
}

func (h *handle) truncate(n int64) int32 {
	return function[func(*libc.TLS, uintptr, int64) int32](h.methods().FxTruncate)(h.tls, h.file, n)
}

func (h *handle) sync() int32 {
	return function[func(*libc.TLS, uintptr, int32) int32](h.methods().FxSync)(h.tls, h.file, sqlite3.SQLITE_SYNC_NORMAL)
}

func (h *handle) close() int32 {
	return function[func(*libc.TLS, uintptr) int32](h.methods().FxClose)(h.tls, h.file)
}

// Whatever is written, read, cut off and synced, in whatever order: a log that goes by way
// of this package has what one has that does not, and zeros behind it.
func TestALogHasWhatWasWritten(t *testing.T) {
	if !install() {
		t.Fatal("the file system cannot be had")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		one, other := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
		_ = os.Remove(one)
		_ = os.Remove(other)
		ours, theirs := openBy(t, vfsName, one), openBy(t, "", other)
		end := int64(0)
		same := func(what string, a, b int32) {
			if a != b {
				t.Fatalf("%s: %d, and %d without this package", what, a, b)
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			default: // SQLite writes one behind the other, mostly
				to := end
				if rapid.IntRange(0, 5).Draw(t, "elsewhere") == 0 {
					to = rapid.Int64Range(0, end).Draw(t, "to")
				}
				n := rapid.SampledFrom([]int{frameHeader, logHeader, 1, 4096, 4096, 4096, 65_000, 70_000, 130_000}).Draw(t, "n")
				b := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(t, "byte"))}, n)
				same("write", ours.write(b, to), theirs.write(b, to))
				end = max(end, to+int64(n))
			case 7:
				if end > 0 {
					from := rapid.Int64Range(0, end-1).Draw(t, "from")
					n := int(min(end-from, 5000))
					a, rc := ours.read(n, from)
					b, rc2 := theirs.read(n, from)
					same("read", rc, rc2)
					if !bytes.Equal(a, b) {
						t.Fatalf("%d bytes at %d are others", n, from)
					}
				}
			case 8:
				same("sync", ours.sync(), theirs.sync())
				equalFiles(t, one, other)
			case 9:
				if rapid.Bool().Draw(t, "cut") {
					end = rapid.Int64Range(0, end).Draw(t, "length")
					same("truncate", ours.truncate(end), theirs.truncate(end))
				}
			}
		}
		same("close", ours.close(), theirs.close())
		equalFiles(t, one, other)
	})
}

func equalFiles(t *rapid.T, one, other string) {
	a, err := os.ReadFile(one)
	b, err2 := os.ReadFile(other)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if len(a) < len(b) || !bytes.Equal(a[:len(b)], b) || len(bytes.Trim(a[len(b):], "\x00")) > 0 {
		t.Fatalf("%d bytes, and %d without this package, are others", len(a), len(b))
	}
}

// What a process has committed is there when it is gone, at the latest when written was
// called: here, in a copy of its files that is made in that moment.
func TestWrittenComesWhenACommitIsBeyondTheProcess(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	called := 0
	written := func() {
		called++
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(copied+suffix, b, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(0)"}}
	_, done := Register(q, written)
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE x (n INTEGER, s TEXT)`); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 40; n++ {
		before := called
		if _, err := db.Exec(`INSERT INTO x SELECT ?, hex(randomblob(value)) FROM (SELECT 3000 AS value UNION ALL SELECT ?)`, n, n*2000); err != nil {
			t.Fatal(err)
		}
		if called != before+1 {
			t.Fatalf("called %d times for a commit", called-before)
		}
		if n%10 == 0 {
			if _, err := db.Exec(`PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
				t.Fatal(err)
			}
		}
		if got := most(t, copied); got != n {
			t.Fatalf("a process that ended in commit %d would have left %d", n, got)
		}
	}
	if before := called; before > 0 {
		if _, err := db.Exec(`BEGIN; INSERT INTO x VALUES (99, 'y'); ROLLBACK`); err != nil || called != before {
			t.Errorf("a rollback called %d times: %v", called-before, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	done()
	if got := most(t, path); got != 40 {
		t.Errorf("left: %d", got)
	}
}

// most returns the highest number in the database at a path, by way of SQLite's own means.
func most(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is read only
	var sound string
	if err := db.QueryRow(`SELECT max(n) FROM x`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Fatal(sound, err)
	}
	return n
}
