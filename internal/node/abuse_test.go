package node

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/identity/cluster"
)

// idle opens connections to a node that say nothing: every second one has shown a
// certificate of the federation, the others not even a hello.
func idle(tb testing.TB, from *cluster.Cluster, addr string, n int) {
	tb.Helper()
	conf := from.Roots().ClientTLS(from.Self().TLS, "a", time.Now)
	conns := make([]net.Conn, n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				c, err := (&net.Dialer{}).DialContext(tb.Context(), "tcp", addr)
				if err != nil {
					tb.Errorf("connection %d: %v", i, err)
					return
				}
				conns[i] = c
				if i%2 == 0 {
					_ = tls.Client(c, conf).HandshakeContext(tb.Context()) // it may have been closed: others came
				}
			}
		})
	}
	all.Wait()
	tb.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	})
}

func TestAMemberGetsThroughACrowdOfIdleConnections(t *testing.T) {
	t.Parallel()
	_, _, authority := founded(t)
	b := newLiar(t, authority, "b", true)
	idle(t, b.Cluster, authority.Place().Listen, maxUnused+200) // more than are kept
	if err := b.tells(t, "a", 1, "through the crowd"); err != nil {
		t.Error(err)
	}
}

// percentile99 is of what calls have taken.
func percentile99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}

// BenchmarkIdleConnections measures what an honest member waits for an answer while
// others hold connections open and say nothing. Both ends of each are in this process.
func BenchmarkIdleConnections(bench *testing.B) {
	for _, n := range []int{0, 1000, 9000} {
		bench.Run(strconv.Itoa(n), func(bench *testing.B) {
			_, _, authority := founded(bench)
			b := newLiar(bench, authority, "b", true)
			idle(bench, b.Cluster, authority.Place().Listen, n)
			var took []time.Duration
			for bench.Loop() {
				began := time.Now()
				if _, _, err := b.calls.Membership(bench.Context(), "a"); err != nil {
					bench.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			bench.ReportMetric(float64(percentile99(took).Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkReplays sends one captured push over and over, and sees that the state stays.
func BenchmarkReplays(bench *testing.B) {
	a, _, authority := founded(bench)
	b := newLiar(bench, authority, "b", true)
	push := capture(bench, b.Cluster)
	if code, why := push.send(bench, authority.Place().URL, push.path); code != http.StatusOK {
		bench.Fatalf("the push itself: %d %s", code, why)
	}
	digest := accountOf(bench, a)["digest"]
	for bench.Loop() {
		if code, why := push.send(bench, authority.Place().URL, push.path); code != http.StatusUnauthorized {
			bench.Fatalf("again: %d %s", code, why)
		}
	}
	if got := accountOf(bench, a)["digest"]; got != digest {
		bench.Errorf("the state was %v, and is %v", digest, got)
	}
}

// BenchmarkFlood measures the pushes of one member, alone and beside another that sends
// as fast as it can.
func BenchmarkFlood(bench *testing.B) {
	for name, flood := range map[string]int{"alone": 0, "beside-a-flood": 8} {
		bench.Run(name, func(bench *testing.B) {
			_, _, authority := founded(bench)
			aside := cluster.Terms{Observer: true} // a change of those that count ends only when they run
			b, c := newLiar(bench, authority, "b", true, aside), newLiar(bench, authority, "c", true, aside)
			var all sync.WaitGroup
			var sent atomic.Uint64
			done := make(chan struct{})
			for range flood {
				all.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
							n := sent.Add(1)
							_ = c.tells(bench, "a", n, fmt.Sprint("flood ", n))
						}
					}
				})
			}
			seq := uint64(0)
			for bench.Loop() {
				seq++
				if err := b.tells(bench, "a", seq, fmt.Sprint("honest ", seq)); err != nil {
					bench.Fatal(err)
				}
			}
			close(done)
			all.Wait()
		})
	}
}
