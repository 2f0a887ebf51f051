package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// How long a node may take. It answers everything but streams within a minute, or says
// TIMEOUT; and streams of events have a comment now and then. So who says nothing for
// longer is stuck, or is no node. What an agent subscribes to has such comments too, but not
// from older nodes: it has no bound.
const (
	answerWithin = 90 * time.Second // [Options.Patience]
	silentFor    = 10 * time.Minute // of a connection: while a node takes in or adds up what is large, it says nothing
	slowest      = 16 << 10         // bytes a second that an answer must come at, behind that
)

// errStuck is that a node has taken too long.
var errStuck = errors.New("the node takes too long")

// hurried ends a call that takes longer than a node takes. It is of one goroutine.
type hurried struct {
	began time.Time
	most  time.Duration
	timer *time.Timer
	read  int64
}

// hurry bounds a call, until stop; most 0 does not.
func hurry(ctx context.Context, most time.Duration) (context.Context, *hurried, func()) {
	h := &hurried{began: time.Now(), most: most}
	if most == 0 {
		return ctx, h, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	h.timer = time.AfterFunc(most, func() {
		cancel(fmt.Errorf("%w: after %s the answer is not here, or not whole", errStuck, time.Since(h.began).Round(time.Second)))
	})
	return ctx, h, func() {
		h.timer.Stop()
		cancel(nil)
	}
}

// of reads an answer, which has a second more for all that it must come with in one.
func (h *hurried) of(body io.Reader) io.Reader {
	if h.timer == nil {
		return body
	}
	return hurriedBody{h, body}
}

// last lets an answer that has begun take any time.
func (h *hurried) last() {
	if h.timer != nil {
		h.timer.Stop()
	}
}

type hurriedBody struct {
	*hurried
	body io.Reader
}

func (b hurriedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if b.read += int64(n); b.read >= slowest && b.timer.Stop() {
		b.timer.Reset(time.Until(b.began.Add(b.most + time.Duration(b.read/slowest)*time.Second)))
	}
	return n, err
}

// stopped is what a call is ended by: the context of the caller, or a node that is stuck
// or away.
func stopped(ctx context.Context, c *Client, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStuck) {
		return &UnreachableError{URL: c.URL(), Err: cause}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &UnreachableError{URL: c.URL(), Err: unwrapURL(err)}
}

// dial connects, and ends the connection when nothing has moved on it for too long; 0 does not.
func dial(silent time.Duration) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil || silent == 0 {
			return c, err
		}
		return &watched{c, silent}, c.SetDeadline(time.Now().Add(silent))
	}
}

// watched is a connection on which something must move.
type watched struct {
	net.Conn

	silent time.Duration
}

func (w *watched) Read(p []byte) (int, error) { return w.moved(w.Conn.Read(p)) }

func (w *watched) Write(p []byte) (int, error) { return w.moved(w.Conn.Write(p)) }

func (w *watched) moved(n int, err error) (int, error) {
	if n > 0 {
		_ = w.SetDeadline(time.Now().Add(w.silent)) // a connection that is closed says so by itself
	}
	return n, err
}
