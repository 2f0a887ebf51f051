package node

import (
	"net"
	"net/http"
	"sync"
)

// unused keeps the connections on which no request has come yet. A shutdown of
// net/http waits five seconds for these, as if one were on its way; clients open
// them in advance and may never use them.
type unused struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	shut  bool
}

// note is a hook for [http.Server.ConnState].
func (u *unused) note(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.conns, c)
		return
	}
	if u.shut {
		_ = c.Close() // nobody has said anything on it
		return
	}
	if u.conns == nil {
		u.conns = map[net.Conn]struct{}{}
	}
	u.conns[c] = struct{}{}
}

// close closes them, and those that come later.
func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.shut = true
	for c := range u.conns {
		_ = c.Close() // nobody has said anything on it
	}
	u.conns = nil
}
