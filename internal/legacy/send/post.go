package send

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Peer is a node that runs ai-memory 0.7, and how it knows this one.
type Peer struct {
	Name string // of the lane
	URL  *url.URL
	// Sender is the name under which the peer knows this node.
	Sender string
	// Key signs pushes; nil leaves them unsigned.
	Key *identity.Key
	// Credential and Chain are the values of their headers, "" for none.
	Credential, Chain string
	APIKey            string
	TLS               *tls.Config
	// Sends reports whether the peer is told of a namespace; nil is all.
	Sends func(namespace string) bool
	// Own reports whether an entry is a change that the peer itself made; nil is none.
	Own func(e *memory.Entry) bool
	// Spec is whatever else than equal for two peers of one name means that they are not
	// the same one: its lane begins anew.
	Spec string
	// Until, if not nil, reports whether the peer is still one: once it is not, its lane ends.
	Until func() bool
	// Allow, if not nil, is asked before each push; an error forbids it, and counts as
	// a peer that did not answer.
	Allow func(ctx context.Context, target *url.URL) error
	// AllowAddress, if not nil, is asked before an address is connected to, whatever
	// name led there; an error is as that of Allow.
	AllowAddress func(address netip.AddrPort) error
}

// Dialer connects to the addresses that the peer may be called at.
func (p *Peer) Dialer() *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		if p.AllowAddress == nil {
			return nil
		}
		at, err := netip.ParseAddrPort(address)
		if err == nil {
			err = p.AllowAddress(at)
		}
		if err != nil {
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		return nil
	}}
}

const pushPath = "/api/v1/sync/push"

// head is the start of a request, byte for byte as a sender of ai-memory writes it:
// that is why no ordinary client writes it, which would sort the headers.
func (p *Peer) head(body []byte, key, nonce string) []byte {
	var b bytes.Buffer
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("POST " + p.target().EscapedPath() + " HTTP/1.1\r\n")
	line("content-type", "application/json")
	if key == "" {
		line("x-catchup", "bulk")
	}
	line("idempotency-key", key)
	line("x-api-key", p.APIKey)
	if p.Key != nil {
		line("x-memory-sig", aimemory.Sign(*p.Key, body, nonce))
		line("x-memory-nonce", nonce)
	}
	line("x-peer-id", p.Sender)
	line("x-memory-cred", p.Credential)
	line("x-memory-cred-chain", p.Chain)
	line("accept", "*/*")
	line("host", p.URL.Host)
	line("content-length", strconv.Itoa(len(body)))
	b.WriteString("\r\n")
	return b.Bytes()
}

// poster sends pushes to one peer, one after the other, over one connection that it
// keeps.
type poster struct {
	peer    Peer
	timeout time.Duration
	nonce   func() string
	conn    net.Conn
	reader  *bufio.Reader
}

// statusError is an answer other than 2xx.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", e.status, http.StatusText(e.status), e.text))
}

const maxReply = 1 << 20

// post sends one push. Any error means that nobody knows what became of it.
func (p *poster) post(ctx context.Context, body []byte, key string) (*wire.Reply, error) {
	if p.peer.Allow != nil {
		if err := p.peer.Allow(ctx, p.peer.target()); err != nil {
			return nil, fmt.Errorf("not allowed: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	kept := p.conn != nil
	r, err := p.once(ctx, body, key)
	if _, answered := errors.AsType[*statusError](err); err == nil || answered || !kept || ctx.Err() != nil {
		return r, err
	}
	// The peer may have closed a connection that was idle. To push twice does no harm.
	return p.once(ctx, body, key)
}

func (p *poster) once(ctx context.Context, body []byte, key string) (_ *wire.Reply, err error) {
	if p.conn == nil {
		if p.conn, err = p.dial(ctx); err != nil {
			return nil, err
		}
		p.reader = bufio.NewReader(p.conn)
	}
	conn := p.conn
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	r, keep, err := p.exchange(body, key)
	if !stop() || !keep {
		p.close()
	}
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return r, err
}

func (p *poster) exchange(body []byte, key string) (r *wire.Reply, keep bool, err error) {
	if _, err := p.conn.Write(append(p.peer.head(body, key, p.nonce()), body...)); err != nil {
		return nil, false, err
	}
	resp, err := http.ReadResponse(p.reader, nil)
	if err != nil {
		return nil, false, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err == nil {
		err = resp.Body.Close()
	}
	if err != nil || len(data) > maxReply {
		return nil, false, errors.Join(err, errors.New("the reply is too long, or cut off"))
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, !resp.Close, &statusError{resp.StatusCode, printable(data)}
	}
	if r, err = wire.DecodeReply(data); err != nil {
		return nil, !resp.Close, fmt.Errorf("the reply is not that of ai-memory: %w", err)
	}
	return r, !resp.Close, nil
}

func (p *poster) dial(ctx context.Context) (net.Conn, error) {
	host := p.peer.URL.Host
	if p.peer.URL.Port() == "" {
		host = net.JoinHostPort(p.peer.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[p.peer.URL.Scheme])
	}
	if p.peer.URL.Scheme == "https" {
		return (&tls.Dialer{NetDialer: p.peer.Dialer(), Config: p.peer.TLS}).DialContext(ctx, "tcp", host)
	}
	return p.peer.Dialer().DialContext(ctx, "tcp", host)
}

func (p *poster) close() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn, p.reader = nil, nil
	}
}

// printable makes the words of a stranger fit for one line of a log.
func printable(data []byte) string {
	const most = 200
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(data[:min(len(data), most)]), ""))
	return strings.TrimSpace(text)
}

// target is where pushes go.
func (p *Peer) target() *url.URL {
	u := *p.URL
	u.Path = strings.TrimSuffix(u.Path, "/") + pushPath
	return &u
}
