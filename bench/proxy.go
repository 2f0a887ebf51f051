package bench

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy passes TCP connections on to a node and holds back its answers. A member
// that is reached through one is far away, not weak: bytes come late, and as
// many at a time.
type proxy struct {
	listener net.Listener
	target   string
	delay    atomic.Int64 // nanoseconds
	conns    sync.WaitGroup
	stop     context.CancelFunc
}

// listenProxy starts a proxy to target. Close it to wait for its end.
func listenProxy(ctx context.Context, target string) (*proxy, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &proxy{listener: l, target: target, stop: stop}
	p.conns.Go(func() { p.accept(ctx) })
	return p, nil
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() }

// Close ends all connections.
func (p *proxy) Close() {
	p.stop()
	p.listener.Close() //nolint:errcheck // it only ends accept
	p.conns.Wait()
}

func (p *proxy) accept(ctx context.Context) {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.conns.Go(func() { p.serve(ctx, c) })
	}
}

func (p *proxy) serve(ctx context.Context, from net.Conn) {
	defer from.Close() //nolint:errcheck // one end is gone already
	var d net.Dialer
	to, err := d.DialContext(ctx, "tcp", p.target)
	if err != nil {
		return
	}
	unblock := context.AfterFunc(ctx, func() {
		from.Close() //nolint:errcheck // to end the copying
		to.Close()   //nolint:errcheck // to end the copying
	})
	defer unblock()
	var there sync.WaitGroup
	there.Go(func() {
		_, _ = io.Copy(to, from)
		to.Close() //nolint:errcheck // to end the other direction
	})
	p.back(from, to)
	from.Close() //nolint:errcheck // to end the other direction
	there.Wait()
}

// late is bytes, and when they are due.
type late struct {
	due  time.Time
	data []byte
}

// back copies answers, each as late as the delay says.
func (p *proxy) back(dst io.Writer, src io.Reader) {
	queue := make(chan late, 1024)
	var reader sync.WaitGroup
	defer reader.Wait()
	gone := make(chan struct{})
	defer close(gone)
	reader.Go(func() {
		defer close(queue)
		for {
			buf := make([]byte, 16<<10)
			n, err := src.Read(buf)
			if n > 0 {
				select {
				case queue <- late{time.Now().Add(time.Duration(p.delay.Load())), buf[:n]}:
				case <-gone:
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	for l := range queue {
		if wait := time.Until(l.due); wait > 0 {
			time.Sleep(wait)
		}
		if _, err := dst.Write(l.data); err != nil {
			return
		}
	}
}
