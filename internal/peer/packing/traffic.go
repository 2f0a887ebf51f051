package packing

import (
	"context"
	"net"
	"sync/atomic"
)

// Traffic is how many bytes went over the connections to members that a node has made,
// those of TLS and of headers among them. What members' own calls bring is theirs to
// count. It may be read at any time.
type Traffic struct{ Sent, Received atomic.Uint64 }

// counted counts what goes over a connection.
type counted struct {
	net.Conn
	traffic *Traffic
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.traffic.Received.Add(uint64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.traffic.Sent.Add(uint64(n))
	return n, err
}

// Counting makes connections that count in t.
func Counting(dial func(ctx context.Context, network, address string) (net.Conn, error), t *Traffic) func(ctx context.Context, network, address string) (net.Conn, error) {
	if t == nil {
		return dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return counted{conn, t}, nil
	}
}
