package send

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/memory/memorytest"
)

// peerAt is a peer of a name at a real server that h answers for.
func peerAt(t *testing.T, name string, h http.Handler) Peer {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return Peer{Name: name, URL: base, Sender: "ours", Spec: name}
}

// takeAll takes entries while lanes run: those look at the state when the log grows.
func takeAll(o *ours, list []*memory.Entry) {
	for _, e := range list {
		o.apply(e)
	}
	for _, e := range list {
		o.append(e)
	}
}

func (n *realNode) pushCount() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.pushes)
}

// Peers come and go while lanes run: one that comes gets all of the log, one that
// stays is not sent it again, one that has gone is sent nothing, and if it comes back
// it is sent what it has missed.
func TestLanesFollowThePeers(t *testing.T) {
	o := &ours{model: newModel(), notebook: newNotebook()}
	history := memorytest.History(rand.New(rand.NewPCG(1, 2)), 3, 30, nil)
	for _, e := range history {
		ownTitles(e.Op)
	}
	stays, goes, comes := newRealNode(t), newRealNode(t), newRealNode(t)
	first, second, third := peerAt(t, "stays", stays), peerAt(t, "goes", goes), peerAt(t, "comes", comes)
	lanes := New(Config{Peers: []Peer{first, second}, Log: slog.New(slog.DiscardHandler)}, o, o, o)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := lanes.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer cancel()
	settled := func(names int) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			done := 0
			for _, s := range lanes.Status() {
				if s.LSN == uint64(len(o.events)) && !s.Failing {
					done++
				}
			}
			if done == names && len(lanes.Status()) == names {
				return
			}
			select {
			case <-deadline:
				t.Fatalf("%+v", lanes.Status())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	takeAll(o, history[:20])
	settled(2)
	before, left := stays.pushCount(), goes.pushCount()
	lanes.Set([]Peer{first, third})
	settled(2)
	takeAll(o, history[20:])
	settled(2)
	if len(comes.rows) != len(stays.rows) || len(comes.rows) == 0 {
		t.Errorf("the one that came has %d rows, the one that stayed %d", len(comes.rows), len(stays.rows))
	}
	if n := goes.pushCount(); n != left {
		t.Errorf("%d pushes to a peer that has gone", n-left)
	}
	if n := stays.pushCount(); n == before {
		t.Error("the one that stayed was sent nothing more")
	}
	changed := second
	changed.Spec = "another key"
	lanes.Set([]Peer{first, third, changed})
	settled(3)
	if len(goes.rows) != len(stays.rows) {
		t.Errorf("the one that came back has %d rows, the one that stayed %d", len(goes.rows), len(stays.rows))
	}
}
