package peer_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

func TestAPushArrivesAsItWasSent(t *testing.T) {
	b := newMember("b")
	addr, _ := serve(t, b)
	push := &memory.Push{
		Created: time.Unix(1_770_000_000, 7).UTC(), Ops: entries(t, 3),
		View: memory.View{Heads: memory.Heads{"a.1": {Seq: 3}}, Root: memory.Digest{9}, LSN: 8},
	}
	push.Ops[1].Embedding = &memory.Embedding{Model: "m", Vector: []float32{0.6, -0.8}}
	got, err := client(t, addr).Push(t.Context(), "b", push)
	if err != nil {
		t.Fatal(err)
	}
	want := &memory.PushReply{From: "b", View: b.view(), Time: time.Unix(5, 6).UTC()}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("reply: %s", diff)
	}
	if push.From != "" || push.To != "" {
		t.Error("the caller's push was changed")
	}
	push.From, push.To = "a", "b"
	if diff := cmp.Diff([]*memory.Push{push}, b.pushes); diff != "" {
		t.Errorf("push: %s", diff)
	}
}

func TestAPullBringsWhatIsHeld(t *testing.T) {
	b := newMember("b")
	b.held = entries(t, 2)
	addr, _ := serve(t, b)
	req := &memory.PullRequest{
		Ranges: []memory.Range{{Origin: "a.1", From: 1, To: 9}}, Dots: []memory.Dot{{Origin: "c.0", Seq: 4}},
	}
	got, err := client(t, addr).Pull(t.Context(), "b", req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.held, got.Ops); diff != "" {
		t.Error(diff)
	}
	req.From, req.To = "a", "b"
	if diff := cmp.Diff([]*memory.PullRequest{req}, b.pulls); diff != "" {
		t.Error(diff)
	}
}

func TestDigestsAreThoseAskedFor(t *testing.T) {
	addr, _ := serve(t, newMember("b"))
	c := client(t, addr)
	all, err := c.Digest(t.Context(), "b", &memory.DigestRequest{})
	if err != nil || len(all.Sums) != memory.Buckets || all.View.Root != (memory.Digest{1}) {
		t.Errorf("got %d sums, %v", len(all.Sums), err)
	}
	some, err := c.Digest(t.Context(), "b", &memory.DigestRequest{Buckets: []uint16{3, bucketOf("m")}})
	if err != nil || len(some.Registers) != 1 {
		t.Errorf("got %+v, %v", some, err)
	}
	_, err = c.Digest(t.Context(), "b", &memory.DigestRequest{Buckets: []uint16{bucketOf("m") ^ 1}})
	checkFault(t, err, memory.FaultRetry, "which was not asked for")
}

func TestHelloSaysWhoSpeaksWhat(t *testing.T) {
	addr, _ := serve(t, newMember("b"))
	got, err := client(t, addr).Hello(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(got.Time.Time()); age < -time.Second || age > time.Minute {
		t.Errorf("time %s", got.Time)
	}
	got.Time = 0
	want := wire.Hello{
		Protocol: []int{2}, Member: "b", Incarnation: "1z", Features: []string{},
		Limits: wire.Limits{Ops: wire.MaxOps, Bytes: wire.MaxBody},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASnapshotBringsEverything(t *testing.T) {
	b := newMember("b")
	b.held, b.heads = entries(t, 7), memory.Heads{"a.1": {Seq: 7}}
	addr, _ := serve(t, b)
	var got []memory.Shipment
	view, err := client(t, addr).Snapshot(t.Context(), "b", func(ops []memory.Shipment) error {
		got = append(got, ops...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.held, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(b.view(), view); diff != "" {
		t.Error(diff)
	}
}

func TestAnErrorOfTheReceiverEndsTheSnapshot(t *testing.T) {
	b := newMember("b")
	b.held = entries(t, 1000)
	addr, _ := serve(t, b)
	full := errors.New("my disk is full")
	_, err := client(t, addr).Snapshot(t.Context(), "b", func([]memory.Shipment) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	checkFault(t, err, memory.FaultRetry, "my disk is full")
}

func TestAReceiverMayTakeItsTimeOverASnapshot(t *testing.T) {
	b := newMember("b")
	for range 64 { // more than what the buffers between them hold
		b.held = append(b.held, memory.Shipment{Raw: make([]byte, 256<<10)})
	}
	addr, _ := serve(t, b)
	c := client(t, addr, func(cfg *peer.Config) { cfg.Timeout = time.Second })
	first := true
	_, err := c.Snapshot(t.Context(), "b", func([]memory.Shipment) error {
		if first {
			<-time.After(1200 * time.Millisecond)
		}
		first = false
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASnapshotThatCannotBeMadeIsAFault(t *testing.T) {
	b := newMember("b")
	b.err = errors.New("secret path")
	addr, _ := serve(t, b)
	c := client(t, addr)
	ignore := func([]memory.Shipment) error { return nil }

	_, err := c.Snapshot(t.Context(), "b", ignore)
	checkFault(t, err, memory.FaultRetry, "503 Service Unavailable: unavailable")

	b.held = entries(t, 3) // now it breaks off in the middle
	_, err = c.Snapshot(t.Context(), "b", ignore)
	checkFault(t, err, memory.FaultRetry, "cut off")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestOneConnectionServesManyCalls(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(make([]byte, 100<<10))
	})
	broken := newMember("b")
	broken.err = memory.ErrFull
	busy := newMember("b")
	busy.err = memory.ErrBusy
	other := configOfB()
	other.Self = "c"
	for name, c := range map[string]struct {
		handler http.Handler
		fails   bool
	}{
		"good answers":        {peer.NewHandler(configOfB(), newMember("b"), quiet()), false},
		"503":                 {peer.NewHandler(configOfB(), broken, quiet()), true},
		"429":                 {peer.NewHandler(configOfB(), busy, quiet()), true},
		"403":                 {peer.NewHandler(other, newMember("c"), quiet()), true},
		"pages of 100 KiB":    {page, true},
		"pages of 404":        {http.NotFoundHandler(), true},
		"redirects elsewhere": {http.RedirectHandler("http://127.0.0.1:1/", http.StatusTemporaryRedirect), true},
	} {
		t.Run(name, func(t *testing.T) {
			addr, connections, _ := server(t, c.handler)
			a := client(t, addr)
			for range 50 {
				if _, err := a.Push(t.Context(), "b", &memory.Push{Ops: entries(t, 2)}); (err != nil) != c.fails {
					t.Fatal(err)
				}
			}
			if got := connections.Load(); got != 1 {
				t.Errorf("%d connections for 50 calls, want 1", got)
			}
		})
	}
}

// A member that was started again has closed the connections that were idle: that
// must not cost a lane its attempt.
func TestAClosedConnectionIsReplacedUnnoticed(t *testing.T) {
	addr, connections, s := server(t, peer.NewHandler(configOfB(), newMember("b"), quiet()))
	c := client(t, addr)
	for range 20 {
		if _, err := c.Push(t.Context(), "b", &memory.Push{Ops: entries(t, 1)}); err != nil {
			t.Fatal(err)
		}
		s.CloseClientConnections()
	}
	if got := connections.Load(); got < 20 {
		t.Errorf("%d connections: were they closed?", got)
	}
}

func TestOutboundRulesAreAskedBeforeEachCall(t *testing.T) {
	addr, connections, _ := server(t, http.NotFoundHandler())
	no := errors.New("outside the plant")
	var asked []string
	c := client(t, addr, func(cfg *peer.Config) {
		cfg.AllowOutbound = func(_ context.Context, _ bool, u *url.URL) error {
			asked = append(asked, u.Path)
			return no
		}
	})
	_, err := c.Push(t.Context(), "b", &memory.Push{})
	checkFault(t, err, memory.FaultRetry, "not allowed: outside the plant")
	if !errors.Is(err, no) {
		t.Error("the reason is not in the chain")
	}
	_, err = c.Snapshot(t.Context(), "b", nil)
	checkFault(t, err, memory.FaultRetry, "not allowed")
	if diff := cmp.Diff([]string{"/api/v1/sync/push", "/api/v1/sync/snapshot"}, asked); diff != "" {
		t.Error(diff)
	}
	if got := connections.Load(); got != 0 {
		t.Errorf("%d connections were made", got)
	}
}

func TestAMemberMayLiveBelowAPath(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/tally/", http.StripPrefix("/tally", peer.NewHandler(configOfB(), newMember("b"), quiet())))
	addr, _, _ := server(t, mux)
	if _, err := client(t, addr+"/tally/").Push(t.Context(), "b", &memory.Push{}); err != nil {
		t.Error(err)
	}
}

func TestAnUnknownMemberIsAFault(t *testing.T) {
	_, err := client(t, "http://127.0.0.1:1").Push(t.Context(), "z", &memory.Push{})
	if f, ok := errors.AsType[*memory.Fault](err); !ok || f.Error() != "push to z: no such member" {
		t.Errorf("got %v", err)
	}
}

func TestADeadMemberIsAFault(t *testing.T) {
	_, _, s := server(t, http.NotFoundHandler())
	s.Close()
	_, err := client(t, s.URL).Push(t.Context(), "b", &memory.Push{})
	checkFault(t, err, memory.FaultRetry, "refused")
}

func TestAConfigIsChecked(t *testing.T) {
	good := func() peer.Config {
		return peer.Config{Self: "a", Members: map[memory.Node]string{"b": "http://10.0.0.1:7700", "c": "https://c.example/tally"}}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*peer.Config){
		"no name":               func(c *peer.Config) { c.Self = "" },
		"a member without name": func(c *peer.Config) { c.Members[""] = "http://x" },
		"names itself":          func(c *peer.Config) { c.Members["a"] = "http://x" },
		"no scheme":             func(c *peer.Config) { c.Members["b"] = "10.0.0.1:7700" },
		"another scheme":        func(c *peer.Config) { c.Members["b"] = "ftp://10.0.0.1" },
		"no host":               func(c *peer.Config) { c.Members["b"] = "http:///x" },
		"a password in the URL": func(c *peer.Config) { c.Members["b"] = "http://u:p@host" },
		"a query":               func(c *peer.Config) { c.Members["b"] = "http://host?x=1" },
		"no URL at all":         func(c *peer.Config) { c.Members["b"] = "://" },
		"a timeout below 0":     func(c *peer.Config) { c.Timeout = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good()
			change(&c)
			if err := c.Validate(); !errors.Is(err, memory.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}
