package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/wire"
)

// Client calls members. It is safe for concurrent use. Every error of a call is a
// *[memory.Fault] and names the member.
type Client struct {
	cfg     Config
	members map[memory.Node]*url.URL
	open    *http.Client // to members without identity
	said    sayings
	own     latest
	coder   packing.Coder

	mu     sync.Mutex
	closed map[identity.Name]*http.Client // to those with one
}

// NewClient returns a client with connections of its own. cfg must be valid.
func NewClient(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, members: make(map[memory.Node]*url.URL, len(cfg.Members)), closed: map[identity.Name]*http.Client{}}
	for n, raw := range cfg.Members {
		if u, err := baseURL(raw); err == nil {
			c.members[n] = u
		}
	}
	c.open = withoutRedirects(transport(cfg, nil))
	return c
}

// withoutRedirects: one would carry a push to somebody who was not asked.
func withoutRedirects(t *http.Transport) *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close closes the connections that are not in use.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open.CloseIdleConnections()
	for _, h := range c.closed {
		h.CloseIdleConnections()
	}
}

var (
	errNoMember    = errors.New("no such member")
	errUnreachable = errors.New("it has no address: it calls")
)

// reach returns where a member is, and what carries calls to it and nobody else.
func (c *Client) reach(to memory.Node) (*url.URL, *http.Client, error) {
	t := c.cfg.Trust
	if t == nil {
		if base, ok := c.members[to]; ok {
			return base, c.open, nil
		}
		return nil, nil, errNoMember
	}
	raw, name, ok := t.Contact(to)
	if !ok {
		return nil, nil, errNoMember
	}
	if raw == "" {
		return nil, nil, errUnreachable
	}
	base, err := baseURL(raw)
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed[name] == nil {
		c.closed[name] = withoutRedirects(transport(c.cfg, t.Roots.ClientTLS(t.Self.TLS, name, t.now)))
	}
	return base, c.closed[name], nil
}

// Push sends p to a member. The sender and the receiver named in p are set.
func (c *Client) Push(ctx context.Context, to memory.Node, p *memory.Push) (*memory.PushReply, error) {
	q := *p
	q.From, q.To = c.cfg.Self, to
	word, err := c.word(&q)
	if err != nil {
		return nil, fault("push", to, err)
	}
	rep, header, err := c.exchangePush(ctx, to, &q, word, c.said.of(to))
	if err == nil {
		c.heard(to, header, &q)
	}
	return rep, err
}

// exchangePush makes a push to a member of which something is known. Who does not have
// any more what it had, as after a restart, is told everything, and who cannot unpack any
// more is sent plain content.
func (c *Client) exchangePush(ctx context.Context, to memory.Node, q *memory.Push, word http.Header, known said) (*memory.PushReply, http.Header, error) {
	reading := c.own.of(q.View.Heads)
	if reading.IsZero() {
		known.ours = wire.Reading{}
	}
	extra := http.Header{}
	maps.Copy(extra, word)
	name(extra, known.theirs)
	var came wire.Reading
	rep, header, err := exchange(ctx, c, to, calling(reading, known, &came), q, message{header: extra, packed: known.unpacks})
	if s, ok := errors.AsType[*statusError](err); ok {
		switch {
		case s.status == http.StatusConflict && !known.ours.IsZero():
			return c.exchangePush(ctx, to, q, word, said{theirs: known.theirs, unpacks: known.unpacks})
		case s.status == http.StatusUnsupportedMediaType && known.unpacks:
			known.unpacks = false
			return c.exchangePush(ctx, to, q, word, known)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	now := said{theirs: came, unpacks: packing.Accepts(header.Values(packing.HeaderAccept))}
	if !reading.IsZero() && named(header) == reading.Digest {
		now.ours = bare(reading)
	}
	c.said.set(to, now)
	return rep, header, nil
}

// Pull asks a member for entries. The sender and the receiver named in r are set.
func (c *Client) Pull(ctx context.Context, to memory.Node, r *memory.PullRequest) (*memory.PullReply, error) {
	q := *r
	q.From, q.To = c.cfg.Self, to
	rep, _, err := exchange(ctx, c, to, pullRoute(), &q, message{})
	return rep, err
}

// Digest asks a member for digests. The sender and the receiver named in r are set.
func (c *Client) Digest(ctx context.Context, to memory.Node, r *memory.DigestRequest) (*memory.DigestReply, error) {
	q := *r
	q.From, q.To = c.cfg.Self, to
	rep, _, err := exchange(ctx, c, to, digestRoute(), &q, message{})
	return rep, err
}

// Hello asks a member who it is and what it speaks.
func (c *Client) Hello(ctx context.Context, member memory.Node) (wire.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	hello, err := c.hello(ctx, member)
	if err != nil {
		return wire.Hello{}, fault("hello", member, err)
	}
	return hello, nil
}

func (c *Client) hello(ctx context.Context, member memory.Node) (wire.Hello, error) {
	data, _, err := c.fetch(ctx, member, request{path: pathHello}, typeJSON, maxHello)
	if err != nil {
		return wire.Hello{}, err
	}
	hello, err := wire.DecodeHello(data)
	if err != nil {
		return wire.Hello{}, err
	}
	return hello, checkSender(hello.Member, member)
}

const maxHello = 64 << 10

// Snapshot asks a member for its whole state, hands the entries to yield as they
// come, and returns the view that they add up to. Nothing counts before that:
// what was handed out before an error are entries, but not all of them. An error
// of yield ends the transfer and is in the chain of the one returned.
func (c *Client) Snapshot(ctx context.Context, to memory.Node, yield func([]memory.Shipment) error) (memory.View, error) {
	view, err := c.snapshot(ctx, to, yield)
	if err != nil {
		return memory.View{}, fault("snapshot", to, err)
	}
	return view, nil
}

var errSlow = errors.New("no frame in time")

func (c *Client) snapshot(ctx context.Context, to memory.Node, yield func([]memory.Shipment) error) (memory.View, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The time that the caller takes for a batch is not the member's fault.
	timer := time.AfterFunc(c.cfg.Timeout, func() { cancel(errSlow) })
	defer timer.Stop()

	a, err := c.do(ctx, to, request{path: pathSnapshot})
	if err != nil {
		return memory.View{}, because(ctx, err)
	}
	defer drain(a.resp.Body)
	if err := a.checkType(typeSnapshot); err != nil {
		return memory.View{}, err
	}
	content := hashing(a.resp.Body)
	frames := io.NopCloser(content)
	if a.packed() {
		if frames, err = packing.NewReader(content); err != nil {
			return memory.View{}, err
		}
	}
	defer frames.Close() //nolint:errcheck // it holds nothing but memory
	var mine error
	view, err := wire.ReadSnapshot(frames, to, func(ops []memory.Shipment) error {
		timer.Stop()
		mine = yield(ops)
		timer.Reset(c.cfg.Timeout)
		return mine
	})
	if err != nil && mine == nil {
		err = because(ctx, err)
	}
	if err == nil && c.cfg.Trust != nil {
		_, _ = io.CopyN(io.Discard, content, maxDrain) // the trailer lies behind the end
		err = c.checkReply(a, to, content.digest(), a.resp.Trailer)
	}
	if err != nil {
		cancel(err) // nobody wants the rest
	}
	return view, err
}

// because prefers the reason for which ctx was ended to what came of it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}
