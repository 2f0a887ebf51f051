// Package pull asks nodes of ai-memory 0.7 for what is new there: that is how what
// they were told while nobody listened, and what they have although it is gone
// here, is found.
package pull

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/aimemory"
	"github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/legacy/send"
	"github.com/tallystick/tallystick/internal/legacy/wire"
	"github.com/tallystick/tallystick/internal/memory"
)

// Config is what a puller needs. All fields but File, Settle, Allow and
// AllowAddress are required.
type Config struct {
	Peers func() []config.Peer
	Self  config.Self
	Node  memory.Node
	Now   func() time.Time
	Every time.Duration
	// File keeps how far each peer was read; "" begins anew at every start.
	File string
	// Allow, if not nil, is asked before each call; an error forbids it.
	Allow func(ctx context.Context, target *url.URL) error
	// AllowAddress, if not nil, is asked before an address is connected to; the same.
	AllowAddress func(address netip.AddrPort) error
	// Apply takes in what a peer has, as it was after it was asked.
	Apply func(ctx context.Context, p *config.Peer, asked time.Time, rows []wire.Memory) error
	// Settle is how long after [Puller.Soon] peers are asked; 3 s.
	Settle time.Duration
	Log    *slog.Logger
}

// Counters count what was pulled. They may be read at any time.
type Counters struct{ Rows, Failed atomic.Uint64 }

// Puller pulls from all peers in turn.
type Puller struct {
	Counters Counters

	cfg    Config
	latest map[string]string // by peer: the time of the last row
	rounds map[string]int
	soon   chan struct{} // of length 1
}

// mark is how far a peer was read.
type mark struct {
	Peer   string `json:"peer"`
	Latest string `json:"latest"`
}

// New returns a puller that goes on where the last one was.
func New(cfg Config) (*Puller, error) {
	p := &Puller{cfg: cfg, latest: map[string]string{}, rounds: map[string]int{}, soon: make(chan struct{}, 1)}
	if p.cfg.Settle == 0 {
		p.cfg.Settle = 3 * time.Second
	}
	if cfg.File == "" {
		return p, nil
	}
	marks, err := identity.List[mark]{Path: cfg.File}.Load()
	switch {
	case errors.Is(err, memory.ErrInvalid): // reading from the beginning does no harm
		cfg.Log.Warn("cursors of legacy peers cannot be read: peers are read from the beginning", "file", cfg.File, "err", err)
	case err != nil:
		return nil, fmt.Errorf("cursors of legacy peers: %w", err)
	}
	for _, m := range marks {
		p.reached(m.Peer, m.Latest)
	}
	return p, nil
}

// Run pulls until ctx is done.
func (p *Puller) Run(ctx context.Context) error {
	tick := time.NewTicker(p.cfg.Every)
	defer tick.Stop()
	var settled <-chan time.Time // nil: nobody has asked for it
	p.Round(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.soon:
			if settled == nil {
				settled = time.After(p.cfg.Settle)
			}
			continue
		case <-tick.C:
		case <-settled:
			settled = nil
		}
		p.Round(ctx)
	}
}

// Soon has peers asked before it is time, once what they are sending has come. It does
// not block.
func (p *Puller) Soon() {
	select {
	case p.soon <- struct{}{}:
	default:
	}
}

// sweep is after how many rounds all rows of a peer are looked at, and not only the
// new ones: a row that came back there has its old time.
const sweep = 20

// Round pulls from every peer once.
func (p *Puller) Round(ctx context.Context) {
	for _, peer := range p.cfg.Peers() {
		if !peer.Receives() || peer.URL == "" || !peer.Stands(p.cfg.Now()) {
			continue
		}
		whole := p.rounds[peer.Name]%sweep == sweep-1
		p.rounds[peer.Name]++
		if err := p.read(ctx, &peer, whole); err != nil && ctx.Err() == nil {
			p.Counters.Failed.Add(1)
			p.cfg.Log.WarnContext(ctx, "pull from a legacy peer failed", "peer", peer.Name, "err", err)
		}
	}
	if p.cfg.File == "" || ctx.Err() != nil {
		return
	}
	var marks []mark
	for name, at := range p.latest {
		marks = append(marks, mark{name, at})
	}
	if err := (identity.List[mark]{Path: p.cfg.File}).Save(marks); err != nil {
		p.cfg.Log.WarnContext(ctx, "cursors of legacy peers cannot be kept", "err", err)
	}
}

// read brings what a peer has that is new, or all.
func (p *Puller) read(ctx context.Context, peer *config.Peer, whole bool) error {
	q := *peer
	q.Direction = config.Both // how it is called does not depend on that
	list, err := send.PeersOf([]config.Peer{q}, p.cfg.Self, string(p.cfg.Node), p.cfg.Now)
	if err != nil || len(list) == 0 {
		return err
	}
	c := caller{to: list[0], allow: p.cfg.Allow}
	c.to.APIKey, c.to.AllowAddress = peer.APIKey, p.cfg.AllowAddress
	at := p.latest[peer.Name]
	if whole {
		at = ""
	}
	for limit := 0; ; {
		asked := p.cfg.Now()
		got, err := c.since(ctx, at, limit)
		if err != nil {
			return err
		}
		if got.ScopeStatus == wire.ScopeDenied {
			return errors.New("it shows nothing to this node: its allowlist does not name us")
		}
		p.Counters.Rows.Add(uint64(len(got.Memories)))
		if len(got.Memories) > 0 {
			if err := p.cfg.Apply(ctx, peer, asked, got.Memories); err != nil {
				return err
			}
		}
		full := got.Count+got.ExcludedScope+got.ExcludedPrivate >= got.Limit
		moved := got.Latest != nil && *got.Latest > at
		if moved {
			at = *got.Latest
			p.reached(peer.Name, at)
		}
		switch {
		case !full:
			return nil
		case moved:
			limit = 0
		case limit == wire.MaxPull:
			return fmt.Errorf("more than %d rows of one time, or none of them for this node: what follows cannot be read", limit)
		default: // its limit comes before its filter
			limit = wire.MaxPull
		}
	}
}

// reached notes that a peer was read up to a time.
func (p *Puller) reached(peer, at string) {
	if p.past(at) {
		p.latest[peer] = max(p.latest[peer], at)
	}
}

// past reports whether a time of a row is one behind which the next rows of its peer
// are. A row of a clock that is ahead, or of none, would hide all that come before that.
func (p *Puller) past(at string) bool {
	i, err := memory.ParseInstant(at)
	return err == nil && !i.Time().After(p.cfg.Now())
}

// caller asks one peer.
type caller struct {
	to    send.Peer
	allow func(ctx context.Context, target *url.URL) error
}

const (
	sincePath = "/api/v1/sync/since"
	timeout   = 30 * time.Second
	maxReply  = 64 << 20
)

// since asks for the rows from an instant on: that of the last row again, because
// others may have the same.
func (c *caller) since(ctx context.Context, at string, limit int) (*wire.Since, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	target := *c.to.URL
	target.Path = strings.TrimSuffix(target.Path, "/") + sincePath
	target.RawQuery = query(at, limit, c.to.Sender)
	if c.allow != nil {
		if err := c.allow(ctx, &target); err != nil {
			return nil, fmt.Errorf("not allowed: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Agent-Id", c.to.Sender)
	req.Header.Set(aimemory.HeaderPeer, c.to.Sender)
	if c.to.APIKey != "" {
		req.Header.Set("X-Api-Key", c.to.APIKey)
	}
	if c.to.Key != nil {
		nonce := rand.Text()
		req.Header.Set(aimemory.HeaderNonce, nonce)
		req.Header.Set(aimemory.HeaderSignature, aimemory.Sign(*c.to.Key, aimemory.PullBytes(req.Method, sincePath, target.RawQuery), nonce))
		req.Header.Set("X-Memory-Cred", c.to.Credential)
		req.Header.Set("X-Memory-Cred-Chain", c.to.Chain)
	}
	transport := &http.Transport{DialContext: c.to.Dialer().DialContext, TLSClientConfig: c.to.TLS, DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s: %.200q", res.Status, body)
	}
	got, err := wire.DecodeSince(body)
	if err != nil {
		return nil, fmt.Errorf("the reply is not that of ai-memory: %w", err)
	}
	return got, nil
}

// query is written as the daemon writes it: no limit unless one is needed, and the
// slashes of a name as they are.
func query(at string, limit int, name string) string {
	var parts []string
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		parts = append(parts, "since="+url.QueryEscape(t.Add(-time.Nanosecond).Format("2006-01-02T15:04:05.000000000-07:00")))
	}
	if limit > 0 {
		parts = append(parts, "limit="+strconv.Itoa(limit))
	}
	return strings.Join(append(parts, "peer="+strings.ReplaceAll(url.QueryEscape(name), "%2F", "/")), "&")
}
