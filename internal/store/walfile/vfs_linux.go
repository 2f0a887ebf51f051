package walfile

import (
	"encoding/binary"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// gathered is how many bytes are written at a time at most: SQLite's own writes take
	// less than 128 KiB.
	gathered = 64 << 10
	// step is by how much the file grows.
	step = 1 << 20
	// frameHeader is the length of what precedes a page in the log, and logHeader that of
	// what precedes all (https://sqlite.org/fileformat2.html#the_write_ahead_log).
	frameHeader = 24
	logHeader   = 32
)

// Short names for the structures of SQLite. They are the same as in C, and in memory that
// C has allocated, as all that is pointed to from there must be.
type (
	vfsStruct  = sqlite3.Tsqlite3_vfs
	methods    = sqlite3.Tsqlite3_io_methods
	fileStruct = sqlite3.Tsqlite3_file
)

// logFile is what follows the operating system's structure of an open file, if that is a
// write-ahead log. SQLite gets at it by the address of the methods, which come first.
type logFile struct {
	methods methods
	base    uintptr // methods of the operating system's file
	calls   uint64  // who is to be called

	buf    uintptr // what is to be written; 0: there is no buffer yet
	size   int64   // of it
	at     int64   // where it goes
	end    int64   // up to where the file is known to reach
	commit int64   // where the last frame of a commit was written since the last sync; 0: none was

	failed int32  // the error of a write that came to nothing, as long as it matters
	hole   int64  // from where on what was to be written is missing then
	overs  uint64 // how many transactions had been rolled back before either was noted
}

// at returns what is at an address of C's memory.
func at[T any](address uintptr) *T {
	return *(**T)(unsafe.Pointer(&address)) //nolint:gosec // see above
}

// address returns that of a function, which must be declared, and no closure
// (https://golang.org/s/go11func); function is its reverse.
func address[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) //nolint:gosec // see above
}

func function[F any](address uintptr) F {
	return *(*F)(unsafe.Pointer(&struct{ address uintptr }{address})) //nolint:gosec // see above
}

// install makes the file system known to SQLite, if it is not yet.
func install() bool {
	calls.mu.Lock()
	defer calls.mu.Unlock()
	tls := libc.NewTLS()
	defer tls.Close()
	name, err := libc.CString(vfsName)
	if err != nil {
		return false
	}
	if sqlite3.Xsqlite3_vfs_find(tls, name) != 0 {
		libc.Xfree(tls, name)
		return true
	}
	base := sqlite3.Xsqlite3_vfs_find(tls, 0)
	ours := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(vfsStruct{})))
	if base == 0 || ours == 0 {
		return false
	}
	v := at[vfsStruct](ours)
	*v = *at[vfsStruct](base)
	v.FpNext, v.FzName, v.FpAppData = 0, name, base
	v.FszOsFile = int32(behind(base)) + int32(unsafe.Sizeof(logFile{}))
	v.FxOpen = address(openFile)
	return sqlite3.Xsqlite3_vfs_register(tls, ours, 0) == sqlite3.SQLITE_OK // it stays for good
}

// behind is where in a file's structure that of vfs ends.
func behind(vfs uintptr) uintptr { return (uintptr(at[vfsStruct](vfs).FszOsFile) + 15) &^ 15 }

func openFile(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	base := at[vfsStruct](vfs).FpAppData
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](at[vfsStruct](base).FxOpen)
	rc := open(tls, base, name, file, flags, outFlags)
	f := at[fileStruct](file)
	if rc != sqlite3.SQLITE_OK || flags&sqlite3.SQLITE_OPEN_WAL == 0 || f.FpMethods == 0 {
		return rc
	}
	ours := file + behind(base)
	w := at[logFile](ours)
	*w = logFile{methods: *at[methods](f.FpMethods), base: f.FpMethods, calls: callsOf(tls, name)}
	w.methods.FxClose = address(closeLog)
	w.methods.FxRead = address(readLog)
	w.methods.FxWrite = address(writeLog)
	w.methods.FxTruncate = address(truncateLog)
	w.methods.FxSync = address(syncLog)
	w.methods.FxFileSize = address(sizeOfLog)
	f.FpMethods = ours
	return rc
}

// callsOf reads the parameter of the connection whose log has a name.
func callsOf(tls *libc.TLS, name uintptr) uint64 {
	param, err := libc.CString(paramCalls)
	if err != nil {
		return 0
	}
	defer libc.Xfree(tls, param)
	return uint64(sqlite3.Xsqlite3_uri_int64(tls, name, param, 0))
}

// logOf returns our part of an open log.
func logOf(file uintptr) *logFile { return at[logFile](at[fileStruct](file).FpMethods) }

// put writes to the file of the operating system.
func (w *logFile) put(tls *libc.TLS, file, from uintptr, n, to int64) int32 {
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](at[methods](w.base).FxWrite)(tls, file, from, int32(n), to)
}

// flush writes what was gathered. What cannot be written is gone.
func (w *logFile) flush(tls *libc.TLS, file uintptr) int32 {
	if w.size == 0 {
		return sqlite3.SQLITE_OK
	}
	n := w.size
	w.size = 0
	if rc := w.put(tls, file, w.buf, n, w.at); rc != sqlite3.SQLITE_OK {
		return w.fail(rc, w.at)
	}
	if w.at+n > w.end {
		w.grow(tls, file, w.at+n)
	}
	return sqlite3.SQLITE_OK
}

// fail notes that what was to be written from a place on is missing. SQLite was told of
// earlier writes that they are done; it hears of it with the call at hand, and with
// whatever would build on them.
func (w *logFile) fail(rc int32, from int64) int32 {
	w.overs, w.commit = overs(w.calls), 0
	w.failed, w.hole = rc, from
	return rc
}

// stuck returns the error of a write that came to nothing, until the transaction is over
// that it was of. A commit that was rolled back is none.
func (w *logFile) stuck() int32 {
	if (w.failed != sqlite3.SQLITE_OK || w.commit != 0) && w.overs != overs(w.calls) {
		w.failed, w.commit = sqlite3.SQLITE_OK, 0
	}
	return w.failed
}

// anew notes that the log is written, or ends, at a place: what was behind it does not
// count any more, and neither does what is missing there.
func (w *logFile) anew(to int64) {
	if to <= w.commit {
		w.commit = 0
	}
	if to <= w.hole {
		w.failed = sqlite3.SQLITE_OK
	}
}

// grow fills the file with zeros behind what was written up to end, unless there is
// something. A disk that has no room for them has none: they are not needed.
func (w *logFile) grow(tls *libc.TLS, file uintptr, end int64) {
	size := tls.Alloc(8)
	defer tls.Free(8)
	measure := function[func(*libc.TLS, uintptr, uintptr) int32](at[methods](w.base).FxFileSize)
	if measure(tls, file, size) != sqlite3.SQLITE_OK {
		return
	}
	if w.end = max(end, *at[int64](size)); w.end > end {
		return
	}
	libc.Xmemset(tls, w.buf, 0, gathered)
	for till := w.end + step; w.end < till; w.end += gathered {
		if w.put(tls, file, w.buf, gathered, w.end) != sqlite3.SQLITE_OK {
			return
		}
	}
}

func writeLog(tls *libc.TLS, file, from uintptr, n int32, to int64) int32 {
	w := logOf(file)
	if w.buf == 0 {
		if w.buf = libc.Xmalloc(tls, gathered); w.buf == 0 {
			return sqlite3.SQLITE_IOERR_NOMEM
		}
	}
	if w.size > 0 && (to != w.at+w.size || w.size+int64(n) > gathered) {
		if rc := w.flush(tls, file); rc != sqlite3.SQLITE_OK {
			return w.fail(rc, min(w.at, to))
		}
	}
	w.anew(to)
	if rc := w.stuck(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if n == frameHeader && to >= logHeader {
		// The second number is how many pages the database has after a commit; it is zero in
		// all frames of a transaction but the last.
		head := at[[frameHeader]byte](from)
		if binary.BigEndian.Uint32(head[4:]) != 0 {
			w.commit, w.overs = to, overs(w.calls)
		}
	}
	if int64(n) > gathered {
		if rc := w.put(tls, file, from, int64(n), to); rc != sqlite3.SQLITE_OK {
			return w.fail(rc, to)
		}
		return sqlite3.SQLITE_OK
	}
	if w.size == 0 {
		w.at = to
	}
	libc.Xmemcpy(tls, w.buf+uintptr(w.size), from, libc.Tsize_t(n))
	w.size += int64(n)
	return sqlite3.SQLITE_OK
}

func readLog(tls *libc.TLS, file, to uintptr, n int32, from int64) int32 {
	w := logOf(file)
	if rc := w.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if rc := w.stuck(); rc != sqlite3.SQLITE_OK && from+int64(n) > w.hole {
		return rc
	}
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](at[methods](w.base).FxRead)(tls, file, to, n, from)
}

func truncateLog(tls *libc.TLS, file uintptr, n int64) int32 {
	w := logOf(file)
	if rc := w.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	w.anew(n)
	w.end = 0
	return function[func(*libc.TLS, uintptr, int64) int32](at[methods](w.base).FxTruncate)(tls, file, n)
}

func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	w := logOf(file)
	if rc := w.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if rc := w.stuck(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if w.commit != 0 {
		w.commit = 0
		call(w.calls)
	}
	return function[func(*libc.TLS, uintptr, int32) int32](at[methods](w.base).FxSync)(tls, file, flags)
}

func sizeOfLog(tls *libc.TLS, file, out uintptr) int32 {
	w := logOf(file)
	if rc := w.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, uintptr) int32](at[methods](w.base).FxFileSize)(tls, file, out)
}

func closeLog(tls *libc.TLS, file uintptr) int32 {
	w := logOf(file)
	rc := w.flush(tls, file)
	if w.buf != 0 {
		libc.Xfree(tls, w.buf)
	}
	if closed := function[func(*libc.TLS, uintptr) int32](at[methods](w.base).FxClose)(tls, file); rc == sqlite3.SQLITE_OK {
		rc = closed
	}
	return rc
}
