package walfile

import (
	"bytes"
	"encoding/binary"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"
)

// breakable is the descriptor of an open file, which can be made one that takes no writes.
type breakable struct{ fd, writes, reads int }

func breakableOf(t *rapid.T, path string) *breakable {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name()))
		if err != nil || to != path {
			continue
		}
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			t.Fatal(err)
		}
		reads, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		writes, err := syscall.Dup(n)
		if err != nil {
			t.Fatal(err)
		}
		return &breakable{n, writes, reads}
	}
	t.Fatalf("%s is not open", path)
	return nil
}

func (b *breakable) become(t *rapid.T, other int) {
	if err := syscall.Dup3(other, b.fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}

func (b *breakable) close() {
	_ = syscall.Close(b.writes)
	_ = syscall.Close(b.reads)
}

// logModel is what a log must have, as who writes it believes: what writes have said that
// they took, up to where it was written anew.
type logModel struct {
	*handle
	t      *rapid.T
	path   string
	bytes  []byte
	synced int  // up to where a transaction that is over goes
	commit int  // where the last frame of a commit is that was not synced; 0: none is
	bad    bool // a call of the transaction has failed
}

func (m *logModel) write(b []byte, to int) {
	if to < len(m.bytes) {
		m.bytes = m.bytes[:to]
	}
	if m.commit >= to {
		m.commit = 0
	}
	if m.handle.write(b, int64(to)) != sqlite3.SQLITE_OK {
		m.bad = true
		return
	}
	m.bytes = append(append(m.bytes, make([]byte, max(0, to-len(m.bytes)))...), b...)
	if len(b) == frameHeader && binary.BigEndian.Uint32(b[4:]) != 0 {
		m.commit = to
	}
}

// frame writes a header and a page, as SQLite does.
func (m *logModel) frame(to int, commit bool) {
	head := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(m.t, "head"))}, frameHeader)
	binary.BigEndian.PutUint32(head[4:], 0)
	if commit {
		binary.BigEndian.PutUint32(head[4:], 9)
	}
	m.write(head, to)
	m.write(bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(m.t, "page"))}, 4096), to+frameHeader)
}

// begin is where the next transaction goes: behind the last one, or the log begins anew.
func (m *logModel) begin() {
	m.bad = false
	if rapid.IntRange(0, 9).Draw(m.t, "restart") == 0 || m.synced == 0 {
		m.write(bytes.Repeat([]byte{7}, logHeader), 0)
		m.synced = 0
		return
	}
	m.frame(m.synced, rapid.Bool().Draw(m.t, "commit"))
}

func (m *logModel) read() {
	if len(m.bytes) == 0 {
		return
	}
	from := rapid.IntRange(0, len(m.bytes)-1).Draw(m.t, "from")
	n := min(len(m.bytes)-from, 5000)
	got, rc := m.handle.read(n, int64(from))
	if rc != sqlite3.SQLITE_OK {
		m.bad = true
	} else if !bytes.Equal(got, m.bytes[from:from+n]) {
		m.t.Fatalf("%d bytes at %d of %d are not what was written", n, from, len(m.bytes))
	}
}

// sync must be an error if anything of what was taken is not in the file, and says that
// there is a commit if there is one in it.
func (m *logModel) sync(called *int) {
	before, want := *called, 0
	if rc := m.handle.sync(); rc != sqlite3.SQLITE_OK {
		m.bad, m.commit = true, 0
		if *called != before {
			m.t.Fatal("it is said that a commit is written, and it is not")
		}
		return
	}
	raw, err := os.ReadFile(m.path)
	if err != nil {
		m.t.Fatal(err)
	}
	if len(raw) < len(m.bytes) || !bytes.Equal(raw[:len(m.bytes)], m.bytes) {
		m.t.Fatalf("a sync has succeeded, and the %d bytes that were written are not in the file", len(m.bytes))
	}
	if m.commit != 0 {
		want, m.commit, m.synced = 1, 0, len(m.bytes)
	}
	if *called-before != want {
		m.t.Fatalf("it was said %d times that a commit is written, want %d", *called-before, want)
	}
}

// Whatever write comes to nothing, and whoever is told first and does not care: no sync
// succeeds, no read, and no commit is announced, before what is missing is written anew or
// the transaction is over.
func TestAWriteThatFailsIsNotForgotten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log")
	rapid.Check(t, func(t *rapid.T) {
		_ = os.Remove(path)
		called := 0
		q := url.Values{}
		over, done := Register(q, func() { called++ })
		defer done()
		m := &logModel{handle: openBy(t, vfsName, path, paramCalls, q.Get(paramCalls)), t: t, path: path}
		fd := breakableOf(t, path)
		defer fd.close()
		m.begin()
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 11).Draw(t, "step") {
			default:
				m.frame(len(m.bytes), rapid.IntRange(0, 3).Draw(t, "commit") == 0)
			case 5: // a read, also by who has missed an error
				m.read()
			case 6, 7:
				m.sync(&called)
			case 8:
				fd.become(t, fd.reads)
			case 9:
				fd.become(t, fd.writes)
			case 10: // the transaction is rolled back; what is in the log before is read, and synced
				over()
				m.bytes, m.commit, m.bad = m.bytes[:min(m.synced, len(m.bytes))], 0, false
				m.sync(&called)
				m.begin()
			case 11: // and here nobody says so
				m.begin()
			}
			if m.bad && rapid.Bool().Draw(t, "heeded") {
				m.begin()
			}
		}
		fd.become(t, fd.writes)
		if m.bad {
			m.begin()
		}
		if m.sync(&called); m.bad {
			t.Fatal("the log is written anew, and cannot be synced")
		}
		m.close()
	})
}
