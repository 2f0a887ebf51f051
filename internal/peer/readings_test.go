package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer"
	"github.com/tallystick/tallystick/internal/wire"
)

const headsHeader = "X-Peer-Heads"

// link is a server that notes how the heads of each message came, and may be started anew,
// be of an older build, or lose answers.
type link struct {
	mu       sync.Mutex
	handler  http.Handler
	old      bool   // the member does not know of differences
	lose     bool   // the next answer
	requests []bool // whether the heads of each were a difference
	answers  []bool
}

// ServeHTTP implements [http.Handler].
func (l *link) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if l.old {
		r.Header.Del(headsHeader)
	}
	_, err := wire.DecodePush(body)
	l.requests = append(l.requests, errors.Is(err, wire.ErrOtherBase))
	out := httptest.NewRecorder()
	l.handler.ServeHTTP(out, r)
	if out.Code == http.StatusOK {
		_, err = wire.DecodePushReply(out.Body.Bytes())
		l.answers = append(l.answers, errors.Is(err, wire.ErrOtherBase))
	}
	if l.lose {
		l.lose = false
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	maps.Copy(w.Header(), out.Header())
	if l.old {
		w.Header().Del(headsHeader)
	}
	w.WriteHeader(out.Code)
	_, _ = w.Write(out.Body.Bytes())
}

// came returns how the heads of requests and answers came since it was asked last.
func (l *link) came() (requests, answers []bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	requests, answers = l.requests, l.answers
	l.requests, l.answers = nil, nil
	return requests, answers
}

// crowd is a member of a large federation, with two readings of its own at a time.
type crowd struct {
	*member
	mu sync.Mutex
	n  uint64
}

func (c *crowd) AcceptPush(_ context.Context, _ memory.Source, p *memory.Push) (*memory.PushReply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.member.mu.Lock()
	defer c.member.mu.Unlock()
	c.pushes = append(c.pushes, p)
	return &memory.PushReply{From: "b", View: crowded("b", c.n)}, nil
}

// crowded is the n-th reading of a node that knows 20 origins: one of them moves, now and
// then there is another one, or one less, or a gap.
func crowded(node memory.Node, n uint64) memory.View {
	v := memory.View{Heads: memory.Heads{}, LSN: n, Root: memory.Digest{byte(n)}}
	for i := range uint64(20) {
		v.Heads[memory.MakeOrigin(memory.Node(fmt.Sprintf("m%02d", i)), 7)] = memory.Head{Seq: 5, Chain: memory.Chain{byte(i)}}
	}
	v.Heads[memory.MakeOrigin(node, 1)] = memory.Head{Seq: n, Chain: memory.Chain{byte(n), 9}}
	switch n % 3 {
	case 1:
		v.Heads["late.1"] = memory.Head{Seq: n}
	case 2:
		v.Heads["m03.7"] = memory.Head{Seq: 5 + n, Gaps: []uint64{n}}
	}
	return v
}

// dialogue is nodes a and b, each with a new reading at each push.
type dialogue struct {
	t    *testing.T
	b    *crowd
	link *link
	a    *peer.Client
	url  string
	n    uint64
}

func converse(t *testing.T) *dialogue {
	t.Helper()
	d := &dialogue{t: t, b: &crowd{member: newMember("b")}, link: &link{}}
	d.restartB()
	d.url, _, _ = server(t, d.link)
	d.a = client(t, d.url)
	return d
}

// change does something with the link while nothing is on its way.
func (d *dialogue) change(do func(*link)) {
	d.link.mu.Lock()
	defer d.link.mu.Unlock()
	do(d.link)
}

func (d *dialogue) restartB() {
	d.change(func(l *link) { l.handler = peer.NewHandler(configOfB(), d.b, quiet()) })
}

// say has a push to b, and checks that both ends have read the whole reading of the other.
func (d *dialogue) say() {
	d.t.Helper()
	d.n++
	reply, err := d.a.Push(d.t.Context(), "b", &memory.Push{View: crowded("a", d.n)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.b.member.mu.Lock()
	defer d.b.member.mu.Unlock()
	heard := d.b.pushes[len(d.b.pushes)-1]
	if diff := cmp.Diff(crowded("a", d.n), heard.View); diff != "" {
		d.t.Errorf("b heard: %s", diff)
	}
	if diff := cmp.Diff(crowded("b", d.b.n), reply.View); diff != "" {
		d.t.Errorf("a heard: %s", diff)
	}
}

// check says how the heads of the last messages came.
func (d *dialogue) check(what string, requests, answers []bool) {
	d.t.Helper()
	q, a := d.link.came()
	if diff := cmp.Diff([][]bool{requests, answers}, [][]bool{q, a}); diff != "" {
		d.t.Errorf("%s: %s", what, diff)
	}
}

// From the second message on a link says only what has changed, whatever that is.
func TestHeadsGoAsDifferences(t *testing.T) {
	d := converse(t)
	for range 9 {
		d.say()
	}
	later := []bool{false, true, true, true, true, true, true, true, true}
	d.check("nine pushes", later, later)
}

// Who has forgotten what it was told is told everything, in the same call.
func TestAfterARestartHeadsGoWhole(t *testing.T) {
	d := converse(t)
	d.say()
	d.say()
	d.link.came()
	d.restartB()
	d.say()
	d.check("b has restarted", []bool{true, false}, []bool{false})
	d.say()
	d.check("and is told differences again", []bool{true}, []bool{true})
	d.a = client(t, d.url)
	d.say()
	d.check("a has restarted", []bool{false}, []bool{false})
}

// A lost answer leaves both ends with what they knew of each other.
func TestALostAnswerIsNoBase(t *testing.T) {
	d := converse(t)
	d.say()
	d.say()
	d.link.came()
	for range 6 { // more than are kept
		d.change(func(l *link) { l.lose = true })
		d.n++
		if _, err := d.a.Push(t.Context(), "b", &memory.Push{View: crowded("a", d.n)}); err == nil {
			t.Fatal("the answer came")
		}
	}
	d.link.came()
	d.say()
	d.check("after lost answers", []bool{true}, []bool{true})
}

// Builds that do not know of differences are told everything, and tell everything.
func TestAnOlderBuildGetsWholeHeads(t *testing.T) {
	d := converse(t)
	d.change(func(l *link) { l.old = true })
	for range 3 {
		d.say()
	}
	d.check("an older build", []bool{false, false, false}, []bool{false, false, false})
}

// What a member claims to keep, and was not told, is no base.
func TestAClaimToKnowAnotherReadingIsNoBase(t *testing.T) {
	d := converse(t)
	d.say()
	d.change(func(l *link) {
		honest := l.handler
		l.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			honest.ServeHTTP(w, r)
			w.Header().Set(headsHeader, "00ff")
		})
	})
	d.say()
	d.say()
	requests, _ := d.link.came()
	if requests[2] {
		t.Error("a difference to what nobody knows")
	}
}

// Pushes that are on their way at once each have their own base.
func TestDifferencesInParallel(t *testing.T) {
	d := converse(t)
	d.say()
	var all sync.WaitGroup
	for i := range uint64(40) {
		all.Go(func() {
			if _, err := d.a.Push(t.Context(), "b", &memory.Push{View: crowded("a", 100+i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, p := range d.b.pushes[1:] {
		if diff := cmp.Diff(crowded("a", p.View.LSN), p.View); diff != "" {
			t.Error(diff)
		}
	}
}

// The signature of a message is over the difference and the digest of what it leads to.
func TestSignedMessagesHaveDifferencesToo(t *testing.T) {
	a, b := pair(t)
	b.heads = crowded("b", 1).Heads
	for n := range uint64(4) {
		reply, err := a.client.Push(t.Context(), "b", &memory.Push{View: crowded("a", n)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(crowded("a", n), b.pushes[n].View); diff != "" {
			t.Errorf("b heard: %s", diff)
		}
		if diff := cmp.Diff(b.view(), reply.View); diff != "" {
			t.Errorf("a heard: %s", diff)
		}
	}
}

// A small federation gains nothing by differences.
func TestFewHeadsGoWhole(t *testing.T) {
	b := newMember("b")
	l := &link{handler: peer.NewHandler(configOfB(), b, quiet())}
	url, _, _ := server(t, l)
	a := client(t, url)
	for i := range uint64(3) {
		if _, err := a.Push(t.Context(), "b", &memory.Push{View: memory.View{Heads: memory.Heads{"a.1": {Seq: i}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if requests, answers := l.came(); requests[2] || answers[2] {
		t.Error("a difference")
	}
}
