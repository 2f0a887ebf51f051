package walfile

import (
	"net/url"
	"strconv"
	"sync"
)

// vfsName is how SQLite knows the file system, and paramCalls the parameter of a
// connection that says who is to be called.
const (
	vfsName    = "tally"
	paramCalls = "tally_calls"
)

// calls are who is to be called, by the number that a connection names. What SQLite calls
// gets nothing but addresses, so there is no other way from there to a value of this program.
var calls struct { //nolint:gochecknoglobals // see above
	mu   sync.Mutex
	last uint64
	by   map[uint64]*caller
}

type caller struct {
	written func()
	overs   uint64 // transactions that were rolled back
}

// Register has a connection of SQLite, which is about to be opened with the parameters q,
// write its write-ahead log by way of this package. It calls written in the goroutine of
// a commit, when all of the commit has been handed to the operating system, and before it
// is synced: a process that ends then has committed, a machine that fails may have or not.
// The commit may still fail, if the sync does. written must return soon, and not use the
// connection, which must be the only one that writes, and sync each commit
// (synchronous=FULL): until it does, what others may read of it is not in the file.
//
// A write that fails is an error of what follows, as long as that could build on it: until
// the log is written anew from there, or the caller says that the transaction was rolled
// back (over). It calls done when the connection is closed. Where this package cannot be
// had, q stays as it is, and written is not called.
func Register(q url.Values, written func()) (over, done func()) {
	if !install() {
		return func() {}, func() {}
	}
	calls.mu.Lock()
	defer calls.mu.Unlock()
	if calls.by == nil {
		calls.by = map[uint64]*caller{}
	}
	calls.last++
	n := calls.last
	c := &caller{written: written}
	calls.by[n] = c
	q.Set("vfs", vfsName)
	q.Set(paramCalls, strconv.FormatUint(n, 10))
	over = func() {
		calls.mu.Lock()
		defer calls.mu.Unlock()
		c.overs++
	}
	done = func() {
		calls.mu.Lock()
		defer calls.mu.Unlock()
		delete(calls.by, n)
	}
	return over, done
}

// call calls who has the number n.
func call(n uint64) {
	calls.mu.Lock()
	c := calls.by[n]
	calls.mu.Unlock()
	if c != nil {
		c.written()
	}
}

// overs is how many transactions of who has the number n were rolled back.
func overs(n uint64) uint64 {
	calls.mu.Lock()
	defer calls.mu.Unlock()
	if c := calls.by[n]; c != nil {
		return c.overs
	}
	return 0
}
