package node

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cluster"
)

// cutting is a proxy before a node that ends connections, in the place of what the node
// answers, once lost says so. It returns its URL.
func cutting(t *testing.T, to string, lost func() bool) string {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", target.Host)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(out, in) }()
			go func() {
				defer out.Close() //nolint:errcheck // it is over
				defer in.Close()  //nolint:errcheck // it is over
				b := make([]byte, 32<<10)
				for {
					n, err := out.Read(b)
					if err != nil || lost() {
						return
					}
					if _, err := in.Write(b[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "https://" + l.Addr().String()
}

// The authority has taken a node in, and its answer is lost: the same command succeeds when
// it is given again, and the token lets nobody else in.
func TestAJoinWhoseAnswerIsLostIsRepeated(t *testing.T) {
	_, _, authority := founded(t)
	line, _, err := authority.Invite(time.Hour, 1, cluster.Terms{})
	if err != nil {
		t.Fatal(err)
	}
	place := placeOf(t, "b")
	isIn := func() bool {
		if authority.Reload() != nil {
			return false
		}
		m, _ := authority.Membership()
		_, in := m.Find("b")
		return in
	}
	var over atomic.Bool
	at := cutting(t, authority.Place().URL, func() bool { return !over.Load() && isIn() })
	data := t.TempDir()
	if _, err := Join(t.Context(), data, at, line, place); err == nil || !isIn() {
		t.Fatalf("%v, a member: %t; want an error although it is one", err, isIn())
	}
	if _, err := os.Stat(filepath.Join(data, IdentityDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an identity is there: %v", err)
	}
	over.Store(true)
	if _, err := Join(t.Context(), t.TempDir(), at, line, placeOf(t, "c")); !codeIs(err, string(identity.TokenUsed)) {
		t.Errorf("another node with the token: %v", err)
	}
	c, err := Join(t.Context(), data, at, line, place)
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := c.Membership(); len(m.Members) != 2 {
		t.Errorf("%d members", len(m.Members))
	}
	if _, err := os.Stat(filepath.Join(data, JoinDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the key for joining is left: %v", err)
	}
}
