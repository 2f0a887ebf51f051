package peer_test

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"testing"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
)

// BenchmarkExchange is a push of one memory of 1 KiB among 50 nodes over a connection of this
// machine, both ends together: half of the origins have moved on since the last one.
func BenchmarkExchange(b *testing.B) {
	const nodes = 50
	readings := make([]memory.View, 64)
	heads := memory.Heads{}
	for n := range readings {
		for i := range nodes {
			o := memory.MakeOrigin(memory.Node(fmt.Sprintf("node-%02d", i)), 1<<40)
			if h := heads[o]; (n+i)%2 == 0 {
				heads[o] = memory.Head{Seq: h.Seq + 1, Chain: memory.Chain{byte(n), byte(i), 1}}
			}
		}
		readings[n] = memory.View{Heads: maps.Clone(heads), LSN: uint64(n), Root: memory.Digest{byte(n)}}
	}
	s := httptest.NewServer(peer.NewHandler(configOfB(), &mirror{views: readings}, quiet()))
	b.Cleanup(s.Close)
	c := peer.NewClient(peer.Config{Self: "a", Members: map[memory.Node]string{"b": s.URL}})
	b.Cleanup(c.Close)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, err := c.Push(b.Context(), "b", &memory.Push{Ops: []memory.Shipment{{Raw: make([]byte, 1<<10)}}, View: readings[n%len(readings)]}); err != nil {
			b.Fatal(err)
		}
	}
}

// mirror answers pushes with one reading after the other, and keeps nothing.
type mirror struct {
	peer.Acceptor
	views []memory.View
	n     int
}

func (m *mirror) AcceptPush(context.Context, memory.Source, *memory.Push) (*memory.PushReply, error) {
	m.n++
	return &memory.PushReply{From: "b", View: m.views[m.n%len(m.views)]}, nil
}
