package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Place is where a node of a federation is.
type Place struct {
	Name string
	Addr string // HOST:PORT where it listens
	Via  string // URL by which the others reach it; "": that of Addr
}

// URL is how clients reach the node.
func (p Place) URL() string { return "http://" + p.Addr }

// Ports are taken below those that systems give away by themselves (from 32,768 on
// Linux, from 49,152 by RFC 6335): between a port's being found and a node's listening
// there, and while the node is restarted, it is no connection's own port. They come in
// blocks: whoever listens on the first port of one has the others.
const (
	firstPort = 20_000
	afterLast = 32_768
	block     = 32
)

// Places finds a free loopback port for each name. Until ctx is done, which must be one
// that ends, no other call finds them, in any process of this machine.
func Places(ctx context.Context, names ...string) ([]Place, error) {
	var out []Place
	for _, i := range rand.Perm((afterLast - firstPort) / block) { //nolint:gosec // keeps no secret
		if len(out) == len(names) {
			break
		}
		first := firstPort + i*block
		guard, err := listen(ctx, first)
		if err != nil {
			continue
		}
		context.AfterFunc(ctx, func() { _ = guard.Close() })
		for port := first + 1; port < first+block && len(out) < len(names); port++ {
			if l, err := listen(ctx, port); err == nil {
				out = append(out, Place{Name: names[len(out)], Addr: l.Addr().String()})
				_ = l.Close()
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(out) < len(names) {
		return nil, errors.New("no free port on 127.0.0.1 from " + strconv.Itoa(firstPort) + " to " + strconv.Itoa(afterLast-1))
	}
	return out, nil
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// Flags are those of `tally serve` for one of the places: all others are its
// members, and data is its directory.
func Flags(places []Place, i int, data string) []string {
	out := []string{"--node", places[i].Name, "--listen", places[i].Addr, "--data", data}
	for j, p := range places {
		if j == i {
			continue
		}
		url := p.Via
		if url == "" {
			url = p.URL()
		}
		out = append(out, "--member", p.Name+"="+url)
	}
	return out
}
