// Package pace ends connections on which answers are taken too slowly, so that
// nobody makes a node keep what it does not come for.
//
// What is written to a client waits in memory until the client has taken it. A
// server that only bounds the time of each write cuts off honest clients that are
// slow, and one that bounds nothing keeps answers for ever. So time counts only
// while a write waits, each byte that is taken earns some of it back, and what
// waits on all connections together has a bound: beyond it those of the connections
// on which a write waits are ended that hold most, and those that take what they are
// sent, or hold little, are left alone. Members have a bound of their own, see [Apart]:
// clients that do not read cannot have a member cut off.
//
// The system is told to keep little of what it could not send yet, so that a write
// waits for the other side and not for a buffer of megabytes.
package pace

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of a [Keeper]. Zeros are the defaults.
type Limits struct {
	// Patience is how long writes to a connection may wait altogether, but for what
	// was earned by bytes that were taken, of which as much again is saved up; 60 s.
	Patience time.Duration
	// Rate is how many bytes earn a second of waiting; 4 KiB.
	Rate int
	// Waiting bounds the bytes that wait on the connections of clients together, and those
	// that wait on the connections of members; 64 MiB each.
	Waiting int64
	// Honest is how long a write waits at least before it is given up for the sake of
	// the others; 200 ms. What an honest client has to take in a moment waits, too.
	Honest time.Duration
}

// shares is what part of the bound a connection may hold and is not ended for the sake of
// others: an event stream, or a snapshot for a member, is not what fills it.
const shares = 1024

// saved is how many times the patience there may be of it. The system of a client that was
// fast takes hundreds of kilobytes ahead of the client, and asks for more only when a good
// part of that has been read: for as long nothing is taken, by one who is slow and honest.
const saved = 2

// most is how many times the bound may wait before no more is let in that can be refused:
// beyond the bound room is made, which takes a moment.
const most = 2

// piece is how much is written at once: what is taken of a large answer counts
// before all of it is.
const piece = 64 << 10

// unsent is how much the system may keep of what is written to a connection and could not
// be sent yet: as much again as it takes to keep a fast reader busy. Without a bound it
// takes megabytes at once, and tells of what is taken of them in pieces of about one, for
// which a slow reader that is fast enough needs minutes.
const unsent = 128 << 10

// Keeper watches over the connections of listeners. It is safe for concurrent use.
type Keeper struct {
	limits Limits
	log    *slog.Logger
	crowd  chan struct{} // has a token when too much waits

	clients, members purse
	cut              atomic.Uint64

	mu    sync.Mutex // guards conns
	conns map[*conn]struct{}
}

// purse is what waits on all connections of a kind, in bytes. Each kind has its own bound.
type purse struct{ waiting atomic.Int64 }

// New returns a keeper, which does its work in [Keeper.Run].
func New(limits Limits, log *slog.Logger) *Keeper {
	limits.Patience = cmp.Or(limits.Patience, time.Minute)
	limits.Rate = cmp.Or(limits.Rate, 4<<10)
	limits.Waiting = cmp.Or(limits.Waiting, 64<<20)
	limits.Honest = cmp.Or(limits.Honest, 200*time.Millisecond)
	return &Keeper{limits: limits, log: log, crowd: make(chan struct{}, 1), conns: map[*conn]struct{}{}}
}

// Waiting is how many bytes wait to be taken now.
func (k *Keeper) Waiting() int64 { return k.clients.waiting.Load() + k.members.waiting.Load() }

// Cut is how many connections were ended so far.
func (k *Keeper) Cut() uint64 { return k.cut.Load() }

// Listen returns l with its connections under watch. TLS goes above it.
func (k *Keeper) Listen(l net.Listener) net.Listener { return listener{l, k} }

type listener struct {
	net.Listener

	keeper *Keeper
}

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, is := inner.(*net.TCPConn); is {
		keepLittle(tcp) // where that fails, what is slow is noticed later
	}
	c := &conn{Conn: inner, keeper: l.keeper, purse: &l.keeper.clients}
	c.left.Store(int64(l.keeper.limits.Patience))
	l.keeper.mu.Lock()
	defer l.keeper.mu.Unlock()
	l.keeper.conns[c] = struct{}{}
	return c, nil
}

// conn is a connection under watch. One goroutine writes to it at a time, as the
// connections of net/http are written to.
type conn struct {
	net.Conn

	keeper *Keeper
	left   atomic.Int64 // nanoseconds for which writes may still wait
	since  atomic.Int64 // Unix nanoseconds since when one waits, or 0

	mu    sync.Mutex // guards what follows
	purse *purse
	held  int64 // bytes that wait behind it
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (n int, err error) {
	c.hold(int64(len(b)))
	defer c.hold(-int64(len(b)))
	for {
		began := time.Now()
		c.since.Store(began.UnixNano())
		m, err := c.Conn.Write(b[n:min(len(b), n+piece)])
		c.since.Store(0)
		n += m
		left := time.Duration(c.left.Load()) - time.Since(began) + time.Duration(m)*time.Second/time.Duration(c.keeper.limits.Rate)
		c.left.Store(int64(min(left, saved*c.keeper.limits.Patience)))
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

// CloseWrite ends what is sent, and not what is received: net/http does so where it refuses
// a body that is under way.
func (c *conn) CloseWrite() error {
	if half, is := c.Conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.keeper.forget(c)
	return c.Conn.Close()
}

func (k *Keeper) forget(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.conns, c)
}

// connKey is the key of a connection in the context of its requests.
type connKey struct{}

// Context is a hook for [http.Server.ConnContext]: [Hold] finds the connection.
func (k *Keeper) Context(ctx context.Context, c net.Conn) context.Context {
	if secured, is := c.(*tls.Conn); is {
		c = secured.NetConn()
	}
	if own, is := c.(*conn); is {
		return context.WithValue(ctx, connKey{}, own)
	}
	return ctx
}

// Hold notes that n bytes stay in memory while the answer to the request of ctx
// is written, beside those that are being written, until release is called. On a
// connection that nobody watches over it does nothing.
func Hold(ctx context.Context, n int) (release func()) {
	c, is := ctx.Value(connKey{}).(*conn)
	if !is || n <= 0 {
		return func() {}
	}
	c.hold(int64(n))
	return func() { c.hold(-int64(n)) }
}

// TryHold is [Hold] for what need not be answered now: it holds nothing and reports false
// while so much waits already that this would be too much. What is alone is let in, however
// large it is.
func TryHold(ctx context.Context, n int) (release func(), ok bool) {
	c, is := ctx.Value(connKey{}).(*conn)
	if is && c.keeper.clients.waiting.Load() > 0 && c.keeper.clients.waiting.Load()+int64(n) > most*c.keeper.limits.Waiting {
		return func() {}, false
	}
	return Hold(ctx, n), true
}

// Apart notes that a member has proved to be on the connection of ctx: what waits on it
// counts among what waits for members from now on.
func Apart(ctx context.Context) {
	c, is := ctx.Value(connKey{}).(*conn)
	if !is {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purse.waiting.Add(-c.held)
	c.purse = &c.keeper.members
	c.purse.waiting.Add(c.held)
}

// hold notes that so many bytes more wait, or fewer.
func (c *conn) hold(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held += n
	if c.purse.waiting.Add(n) > c.keeper.limits.Waiting && n > 0 {
		select {
		case c.keeper.crowd <- struct{}{}:
		default:
		}
	}
}

// holds is how many bytes wait, and among those of whom they count.
func (c *conn) holds() (int64, *purse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held, c.purse
}

// Run ends connections until ctx is done.
func (k *Keeper) Run(ctx context.Context) error {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		case <-k.crowd: // who waits longer than an honest client is known by then
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(k.limits.Honest + time.Millisecond):
			}
		}
		if cut, bytes := k.look(time.Now()); cut > 0 {
			k.log.WarnContext(ctx, "connections ended, because what was sent on them was not taken", "connections", cut, "bytes", bytes, "waiting", k.Waiting())
		}
	}
}

// look ends connections whose time is up, and those that wait while too much does.
func (k *Keeper) look(now time.Time) (cut int, bytes int64) {
	type slow struct {
		*conn

		waits time.Duration
		holds int64
		among *purse
	}
	var all []slow
	k.mu.Lock()
	for c := range k.conns {
		if since := c.since.Load(); since != 0 {
			holds, among := c.holds()
			all = append(all, slow{c, now.Sub(time.Unix(0, since)), holds, among})
		}
	}
	k.mu.Unlock()
	slices.SortFunc(all, func(a, b slow) int { return cmp.Compare(b.holds, a.holds) })
	little := k.limits.Waiting / shares
	over := map[*purse]int64{}
	for _, p := range []*purse{&k.clients, &k.members} {
		over[p] = p.waiting.Load() - k.limits.Waiting
	}
	for _, s := range all {
		late, crowded := s.waits > time.Duration(s.left.Load()), over[s.among] > 0 && s.holds > little && s.waits > k.limits.Honest
		if !late && !crowded {
			continue
		}
		s.end()
		over[s.among] -= s.holds
		bytes += s.holds
		cut++
	}
	k.cut.Add(uint64(cut))
	return cut, bytes
}

// end breaks the connection off. What the kernel has of it goes at once: who did
// not come for it will not, and it would be kept for minutes.
func (c *conn) end() {
	if t, is := c.Conn.(*net.TCPConn); is {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
