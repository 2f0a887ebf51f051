package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tallystick/tallystick/internal/audit"
	"github.com/tallystick/tallystick/internal/identity/certfile"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node/models"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/webhook"
)

// unused keeps the connections on which no request has come yet. A shutdown of
// net/http waits five seconds for these, as if one were on its way; clients open
// them in advance and may never use them. Of too many the oldest are closed: whoever
// holds connections open and says nothing costs others no memory, and keeps nobody out
// who has something to say.
type unused struct {
	mu    sync.Mutex
	conns map[net.Conn]uint64 // and in which order they came
	last  uint64
	shut  bool
}

// maxUnused bounds the connections on which no request has come yet.
const maxUnused = 1024

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
		u.conns = map[net.Conn]uint64{}
	}
	u.last++
	u.conns[c] = u.last
	if len(u.conns) > maxUnused {
		u.closeOldest()
	}
}

func (u *unused) closeOldest() {
	var oldest net.Conn
	for c, n := range u.conns {
		if oldest == nil || n < u.conns[oldest] {
			oldest = c
		}
	}
	delete(u.conns, oldest)
	if secured, ok := oldest.(*tls.Conn); ok {
		oldest = secured.NetConn() // without a farewell, which might wait
	}
	_ = oldest.Close()
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

// exposed reports whether others than this machine can reach an address to listen on.
func exposed(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return true
	}
	ip := net.ParseIP(host)
	return host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// validListen refuses to serve others in the clear, unless that is wanted.
func (c Config) validListen() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("TLS: a certificate and its key are needed, both")
	}
	if c.TLSOwn && c.TLSCert != "" {
		return errors.New("TLS: the own certificate or one from files, not both")
	}
	if !exposed(c.Listen) || c.tls() || c.InsecureListen {
		return nil
	}
	return fmt.Errorf("listen %s: others than this machine can reach it, and there is no TLS: give a certificate (tls_cert, tls_key), "+
		"use the node's own (tls), or say insecure_listen if something in front of the node has TLS", c.Listen)
}

func (c Config) tls() bool { return c.TLSOwn || c.TLSCert != "" }

// insecure says what is not protected, for every status and the log at the start.
func (c Config) insecure(identity bool) []string {
	out := []string{}
	if exposed(c.Listen) && !c.tls() {
		out = append(out, "insecure: clients are answered beyond this machine without TLS")
	}
	if len(c.Members) > 0 && !identity {
		where := "loopback"
		if c.InsecureMembers {
			where = "everywhere"
		}
		out = append(out, "insecure: "+where+": members have no identity")
	}
	return out
}

// secured is the listener with the TLS that was asked for.
func (n *node) secured(ctx context.Context, l net.Listener) (net.Listener, error) {
	if !n.cfg.tls() {
		return l, nil
	}
	if n.cfg.TLSOwn && n.trust == nil {
		return nil, errors.New("TLS: this node has no certificate of its own: `tally cluster init` or `tally join` makes one")
	}
	current := func() *tls.Certificate { return n.trust.Self().TLS() }
	if n.cfg.TLSCert != "" {
		pair := &certfile.Pair{Cert: n.cfg.TLSCert, Key: n.cfg.TLSKey}
		if _, err := pair.Current(); err != nil {
			return nil, err
		}
		current = func() *tls.Certificate {
			c, err := pair.Current()
			if err != nil {
				n.log.ErrorContext(ctx, "the certificate for clients cannot be read; the last one stays", "err", err)
			}
			return c
		}
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current(), nil },
	}), nil
}

// outbound asks policy before this node calls anybody, and notes what it refuses. Who
// was not called counts as one that did not answer: nobody else waits for that.
type outbound struct {
	own   []string                        // rules of this node's configuration
	mine  policy.Outbound                 // those: members are called by them alone
	rules atomic.Pointer[policy.Outbound] // those, and those of all nodes behind them
	trust *trust                          // nil keeps no audit log
	log   *slog.Logger
}

// openOutbound makes what is asked before calls, and what judges the addresses of
// webhooks.
func (n *node) openOutbound() (*webhook.Guard, error) {
	rules, err := policy.ParseOutbound(n.cfg.Outbound)
	if err != nil {
		return nil, err
	}
	n.outbound = &outbound{own: n.cfg.Outbound, mine: rules, trust: n.trust, log: n.log}
	n.outbound.rules.Store(&rules)
	guard, err := webhook.NewGuard(n.cfg.WebhookAllow)
	if err != nil {
		return nil, err
	}
	guard.Refuse = n.outbound.address(policy.Webhook)
	return guard, nil
}

// call is asked before each call for a purpose.
func (o *outbound) call(purpose policy.Purpose) func(context.Context, *url.URL) error {
	return func(_ context.Context, target *url.URL) error {
		return o.judge(purpose, target.Scheme+"://"+target.Host, o.by(purpose).Decide(purpose, target))
	}
}

// by are the rules for a purpose. Those of all nodes are not for calls of members: one
// that denied them could never be taken back, because nobody would hear of that.
func (o *outbound) by(purpose policy.Purpose) *policy.Outbound {
	if purpose == policy.Push || purpose == policy.Pull {
		return &o.mine
	}
	return o.rules.Load()
}

// toMember is call for members.
func (o *outbound) toMember(ctx context.Context, isPush bool, target *url.URL) error {
	if isPush {
		return o.call(policy.Push)(ctx, target)
	}
	return o.call(policy.Pull)(ctx, target)
}

// toModels is call and address for servers of models.
func (o *outbound) toModels() models.Calls {
	return models.Calls{Allow: o.call(policy.Embed), AllowAddress: o.address(policy.Embed), Getenv: os.Getenv}
}

// address is asked before an address is connected to, which is for each of the purposes.
func (o *outbound) address(purposes ...policy.Purpose) func(netip.AddrPort) error {
	return func(at netip.AddrPort) error {
		for _, p := range purposes {
			if err := o.judge(p, at.String(), o.by(p).DecideAddress(p, at.Addr())); err != nil {
				return err
			}
		}
		return nil
	}
}

func (o *outbound) judge(purpose policy.Purpose, target string, d policy.Decision) error {
	if d.Verdict != policy.Refuse {
		return nil
	}
	o.log.Debug("a call was not made", "purpose", purpose, "target", target, "why", d.Reason)
	o.trust.event(audit.Event{Kind: audit.Refusal, Subject: target, Tag: "outbound_denied", Detail: string(purpose) + ": " + d.Reason})
	return fmt.Errorf("%s: %w", d.Reason, memory.ErrForbidden)
}

// follow goes by the rules of all nodes as they are said, until ctx is done. said is
// asked at once, and every second.
func (o *outbound) follow(ctx context.Context, said func(context.Context) ([]string, error)) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	var before []string
	for {
		shared, err := said(ctx)
		if err == nil && !slices.Equal(shared, before) {
			before = shared
			var rules policy.Outbound
			if rules, err = policy.ParseOutbound(slices.Concat(o.own, shared)); err == nil {
				o.rules.Store(&rules)
				o.log.InfoContext(ctx, "other rules about calls hold on all nodes", "rules", len(shared))
			}
		}
		if err != nil && ctx.Err() == nil {
			o.log.WarnContext(ctx, "the rules about calls of all nodes cannot be read: those before them hold", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
