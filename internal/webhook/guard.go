package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// ErrForbidden says that an address must not be called.
var ErrForbidden = errors.New("address is not public; the operator can allow it with --webhook-allow")

// Guard decides which addresses may be called. It lets through what is public,
// and what the operator allows.
type Guard struct {
	nets  []netip.Prefix
	hosts map[string]bool // "host:port", in lower case
	inner []netip.Prefix  // not public, although they look it

	// Refuse, if not nil, says why an address is not to be called whatever else holds.
	Refuse func(address netip.AddrPort) error
}

// NewGuard returns a guard with exceptions: networks ("10.1.0.0/16"), addresses
// ("10.1.2.3"), or hosts with a port as URLs name them ("hooks.local:8080").
func NewGuard(allow []string) (*Guard, error) {
	g := &Guard{hosts: map[string]bool{}}
	for _, s := range special() {
		g.inner = append(g.inner, netip.MustParsePrefix(s))
	}
	for _, s := range allow {
		if err := g.except(strings.TrimSpace(s)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Guard) except(s string) error {
	if p, err := netip.ParsePrefix(s); err == nil {
		g.nets = append(g.nets, p.Masked())
		return nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		g.nets = append(g.nets, netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return fmt.Errorf("%q: want a network such as 10.1.0.0/16, an address, or HOST:PORT", s)
	}
	g.hosts[strings.ToLower(s)] = true
	return nil
}

// special lists the networks that are global unicast by form and yet lead
// somewhere else than to a public host (the registries of RFC 6890).
func special() []string {
	return []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		"::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	}
}

// CheckURL says why a URL is refused by what can be seen of it, or nil. A name is
// judged when it is dialled, by what it resolves to then. The error wraps
// [memory.ErrInvalid].
func (g *Guard) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("url: %w: %w", err, memory.ErrInvalid)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("url: port %s: want 1 to 65535: %w", port, memory.ErrInvalid)
		}
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil //nolint:nilerr // a name
	}
	if err := g.check(target(u), ip); err != nil {
		return fmt.Errorf("url: %w: %w", err, memory.ErrInvalid)
	}
	return nil
}

// target is host and port as an HTTP client dials them.
func target(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// check judges one address; asked is the host and port that the URL names.
func (g *Guard) check(asked string, ip netip.Addr) error {
	if g.hosts[strings.ToLower(asked)] {
		return nil
	}
	zone := ip.Zone()
	ip = ip.Unmap().WithZone("")
	for _, n := range g.nets {
		if n.Contains(ip) {
			return nil
		}
	}
	if zone != "" || !g.public(ip) {
		return fmt.Errorf("%s: %w", ip, ErrForbidden)
	}
	return nil
}

func (g *Guard) public(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		return false
	}
	for _, n := range g.inner {
		if n.Contains(ip) {
			return false
		}
	}
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(ip) {
		b := ip.As16()
		return g.public(netip.AddrFrom4([4]byte(b[12:])))
	}
	return true
}

// dial connects as [net.Dialer] does, and asks about every address that the name
// resolved to at the moment before it is called: what was resolved earlier is
// worth nothing.
func (g *Guard) dial(ctx context.Context, network, asked string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: 5 * time.Second,
		Control: func(_, actual string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(actual)
			if err != nil {
				return fmt.Errorf("%s: %w", actual, ErrForbidden)
			}
			if g.Refuse != nil {
				if err := g.Refuse(at); err != nil {
					return err
				}
			}
			return g.check(asked, at.Addr())
		},
	}
	return d.DialContext(ctx, network, asked)
}
