package pace_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/pace"
)

// served is a server of large answers behind a keeper.
type served struct {
	*pace.Keeper

	address string
}

func serve(t *testing.T, limits pace.Limits) served {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := pace.New(limits, slog.New(slog.DiscardHandler))
	answer := bytes.Repeat([]byte("x"), large)
	s := &http.Server{ReadHeaderTimeout: time.Minute, ConnContext: k.Context, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer pace.Hold(r.Context(), len(answer))()
		for rest := answer; len(rest) > 0; { // as what compresses does
			n, err := w.Write(rest[:min(len(rest), 1<<20)])
			if err != nil {
				return
			}
			rest = rest[n:]
		}
	})}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { _ = s.Serve(k.Listen(l)); done <- struct{}{} }()
	go func() { _ = k.Run(ctx); done <- struct{}{} }()
	t.Cleanup(func() {
		_ = s.Close()
		stop()
		<-done
		<-done
	})
	return served{k, l.Addr().String()}
}

// ask asks for an answer and does not read it.
func (s served) ask(t *testing.T) {
	t.Helper()
	if tcp, is := s.dial(t).(*net.TCPConn); is {
		_ = tcp.SetReadBuffer(4 << 10)
	}
}

// dial asks for an answer.
func (s served) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", s.address); err != nil {
		t.Fatal(err)
	}
	return c
}

// until waits for a state of the server, which has no other end.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

const large = 16 << 20 // more than a kernel keeps for a connection

func TestWhoTakesNothingIsEnded(t *testing.T) {
	s := serve(t, pace.Limits{Patience: 300 * time.Millisecond})
	s.ask(t)
	until(t, "something waits", func() bool { return s.Waiting() >= large })
	until(t, "the connection is ended", func() bool { return s.Cut() == 1 })
	until(t, "nothing waits", func() bool { return s.Waiting() == 0 })
}

func TestWhoTakesALittleNowAndThenIsEnded(t *testing.T) {
	s := serve(t, pace.Limits{Patience: 300 * time.Millisecond, Rate: 1 << 30})
	c := s.dial(t)
	b := make([]byte, 4<<10)
	until(t, "the connection is ended", func() bool { _, _ = c.Read(b); return s.Cut() == 1 })
}

func TestAnHonestSlowClientGetsAllOfIt(t *testing.T) {
	s := serve(t, pace.Limits{Patience: 1500 * time.Millisecond, Rate: 1 << 20})
	c := s.dial(t)
	b, got := make([]byte, 256<<10), 0
	for began := time.Now(); ; { // 4 MiB a second, for longer than the patience
		n, err := c.Read(b)
		got += n
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("after %d bytes and %s: %v", got, time.Since(began), err)
		}
		<-time.After(time.Until(began.Add(time.Duration(got) * time.Second / (4 << 20))))
	}
	if got < large || s.Cut() != 0 {
		t.Errorf("%d bytes of %d, %d connections ended", got, large, s.Cut())
	}
}

// What waits on all connections together is bounded, and who reads is not made to
// pay for those who do not.
func TestWhatWaitsHasABound(t *testing.T) {
	s := serve(t, pace.Limits{Waiting: 4 * large, Honest: 100 * time.Millisecond})
	for range 24 {
		s.ask(t)
	}
	until(t, "most are ended", func() bool { return s.Cut() >= 16 })
	until(t, "what waits is within the bound", func() bool { return s.Waiting() <= 4*large })
	c := s.dial(t)
	n, err := io.Copy(io.Discard, c)
	if err != nil || n < large {
		t.Errorf("somebody who reads got %d bytes of %d: %v", n, large, err)
	}
}

// pipes is a listener of connections that are in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) { return <-p, nil }
func (p pipes) Close() error              { return nil }
func (p pipes) Addr() net.Addr            { return nil }

// It is noticed at once each time that too much waits, not at the next look around.
func TestEachCrowdIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := pace.New(pace.Limits{Waiting: 1 << 20, Honest: 50 * time.Millisecond}, slog.New(slog.DiscardHandler))
		go k.Run(t.Context()) //nolint:errcheck // it returns nil
		accepted := make(pipes, 1)
		listener := k.Listen(accepted)
		for crowd := range 3 {
			for range 4 {
				near, far := net.Pipe()
				defer far.Close() //nolint:errcheck // nothing is read from it
				accepted <- near
				c, err := listener.Accept()
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					defer c.Close() //nolint:errcheck // it was ended
					_, _ = c.Write(make([]byte, 1<<20))
				}()
			}
			<-time.After(120 * time.Millisecond)
			if k.Waiting() > 1<<20 {
				t.Errorf("crowd %d: %d bytes wait", crowd+1, k.Waiting())
			}
		}
	})
}

func TestNothingIsHeldForAConnectionThatNobodyWatches(t *testing.T) {
	pace.Hold(t.Context(), 1<<20)()
}

// What was refused is told before the connection ends: net/http ends one half of it first.
func TestHalfOfAConnectionCanBeEnded(t *testing.T) {
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := pace.New(pace.Limits{}, slog.New(slog.DiscardHandler)).Listen(inner)
	defer l.Close() //nolint:errcheck // nobody else comes
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // all of it was read
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // likewise
	half, is := s.(interface{ CloseWrite() error })
	if !is {
		t.Fatal("it has no halves")
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the other side reads %v, want its end", err)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if n, err := s.Read(make([]byte, 1)); n != 1 {
		t.Errorf("%d bytes come back (%v)", n, err)
	}
}

// Clients that do not read fill the bound of clients, and no member pays for that.
func TestMembersHaveABoundOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := pace.New(pace.Limits{Waiting: 1 << 20, Honest: 50 * time.Millisecond}, slog.New(slog.DiscardHandler))
		go k.Run(t.Context()) //nolint:errcheck // it returns nil
		accepted := make(pipes, 1)
		listener := k.Listen(accepted)
		open := func(member bool, bytes int) <-chan error {
			near, far := net.Pipe()
			accepted <- near
			c, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if member {
				pace.Apart(k.Context(t.Context(), c))
			}
			ended := make(chan error, 1)
			go func() {
				defer far.Close() //nolint:errcheck // nothing is read from it
				_, err := c.Write(make([]byte, bytes))
				ended <- err
			}()
			return ended
		}
		still := func(who string, ended <-chan error, want bool) {
			t.Helper()
			synctest.Wait()
			if got := len(ended) == 0; got != want {
				t.Errorf("%s is served: %t, want %t", who, got, want)
			}
		}
		member, client := open(true, 1<<20), open(false, 1<<20)
		<-time.After(200 * time.Millisecond)
		still("a member", member, true)
		still("a client", client, true)
		second := open(false, 1<<20)
		<-time.After(200 * time.Millisecond)
		still("a member beside too many clients", member, true)
		if len(client)+len(second) == 0 {
			t.Error("no client is ended, although too much waits")
		}
		third := open(true, 2<<20)
		<-time.After(200 * time.Millisecond)
		still("a member that makes members hold too much", third, false)
		still("a member that holds less", member, true)
		<-time.After(2 * time.Minute)
		still("a member that takes nothing", member, false)
	})
}
