package rehearsal

import (
	"context"
	"io"
	"net"
	"sync"
)

// wire passes TCP connections from one node on to another, until it is cut: then those
// that are open end, and new ones are closed at once, as by a network that is gone.
type wire struct {
	listener net.Listener
	target   string
	ctx      context.Context //nolint:containedctx // of all that passes; it ends with close
	stop     context.CancelFunc
	conns    sync.WaitGroup

	mu   sync.Mutex
	cut  bool
	open map[net.Conn]struct{}
}

// newWire starts a wire to target.
func newWire(ctx context.Context, target string) (*wire, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: l, target: target, open: map[net.Conn]struct{}{}}
	w.ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.conns.Go(w.accept)
	return w, nil
}

func (w *wire) url() string { return "http://" + w.listener.Addr().String() }

// set cuts the wire, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if !cut {
		return
	}
	for c := range w.open {
		_ = c.Close() // to end the copying
	}
}

// close ends the wire and waits until nothing of it runs.
func (w *wire) close() {
	w.stop()
	_ = w.listener.Close() // it only ends accept
	w.set(true)
	w.conns.Wait()
}

func (w *wire) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.conns.Go(func() { w.serve(c) })
	}
}

// keep remembers a connection, unless the wire is cut.
func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut || w.ctx.Err() != nil {
		return false
	}
	w.open[c] = struct{}{}
	return true
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, c)
	_ = c.Close() // it may be closed already
}

func (w *wire) serve(from net.Conn) {
	defer w.drop(from)
	if !w.keep(from) {
		return
	}
	var d net.Dialer
	to, err := d.DialContext(w.ctx, "tcp", w.target)
	if err != nil {
		return
	}
	defer w.drop(to)
	if !w.keep(to) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(from, to)
		_ = from.Close() // to end the other direction
	})
	_, _ = io.Copy(to, from)
	_ = to.Close() // to end the other direction
	back.Wait()
}
