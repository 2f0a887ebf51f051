package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/wire"
)

// Client calls members. It is safe for concurrent use. Every error of a call is a
// *[memory.Fault] and names the member.
type Client struct {
	cfg     Config
	members map[memory.Node]*url.URL
	http    *http.Client
}

// NewClient returns a client with connections of its own. cfg must be valid.
func NewClient(cfg Config) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, members: make(map[memory.Node]*url.URL, len(cfg.Members))}
	for n, raw := range cfg.Members {
		if u, err := baseURL(raw); err == nil {
			c.members[n] = u
		}
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: cfg.DialTimeout}).DialContext,
			TLSHandshakeTimeout:    cfg.DialTimeout,
			Protocols:              &protocols,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    128,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirect would carry the push to somebody who was not asked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Close closes the connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Push sends p to a member. The sender and the receiver named in p are set.
func (c *Client) Push(ctx context.Context, to memory.Node, p *memory.Push) (*memory.PushReply, error) {
	q := *p
	q.From, q.To = c.cfg.Self, to
	return exchange(ctx, c, to, pushRoute(), &q)
}

// Pull asks a member for entries. The sender and the receiver named in r are set.
func (c *Client) Pull(ctx context.Context, to memory.Node, r *memory.PullRequest) (*memory.PullReply, error) {
	q := *r
	q.From, q.To = c.cfg.Self, to
	return exchange(ctx, c, to, pullRoute(), &q)
}

// Digest asks a member for digests. The sender and the receiver named in r are set.
func (c *Client) Digest(ctx context.Context, to memory.Node, r *memory.DigestRequest) (*memory.DigestReply, error) {
	q := *r
	q.From, q.To = c.cfg.Self, to
	return exchange(ctx, c, to, digestRoute(), &q)
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
	data, err := c.fetch(ctx, member, pathHello, nil, typeJSON, maxHello)
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

	resp, err := c.do(ctx, to, pathSnapshot, nil) //nolint:bodyclose // drain closes it
	if err != nil {
		return memory.View{}, because(ctx, err)
	}
	defer drain(resp.Body)
	if err := checkType(resp, typeSnapshot); err != nil {
		return memory.View{}, err
	}
	var mine error
	view, err := wire.ReadSnapshot(resp.Body, to, func(ops []memory.Shipment) error {
		timer.Stop()
		mine = yield(ops)
		timer.Reset(c.cfg.Timeout)
		return mine
	})
	if err != nil && mine == nil {
		err = because(ctx, err)
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
