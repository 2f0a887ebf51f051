package endpoint

import (
	"net/netip"
	"slices"
	"sync"
)

// guard asks which addresses may be connected to.
type guard struct {
	allow func(netip.AddrPort) error // nil: all

	mu    sync.Mutex
	known []netip.AddrPort // that were connected to: connections to them may be kept
}

// maxKnown bounds how many addresses are known: no more connections are kept.
const maxKnown = 64

// connect says whether an address may be connected to.
func (g *guard) connect(address string) error {
	if g.allow == nil {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err == nil {
		err = g.allow(at)
	}
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.known, at) {
		g.known = append(g.known[max(0, len(g.known)+1-maxKnown):], at)
	}
	return nil
}

// still reports whether all that was connected to is still allowed.
func (g *guard) still() bool {
	if g.allow == nil {
		return true
	}
	g.mu.Lock()
	known := slices.Clone(g.known)
	g.mu.Unlock()
	return !slices.ContainsFunc(known, func(at netip.AddrPort) bool { return g.allow(at) != nil })
}
