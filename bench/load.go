package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// load is a number of clients, each of which writes as soon as its last write
// was acknowledged, or at a rate. Then a time counts from when a request was due, whether
// the client could send it or waited for the one before.
type load struct {
	clients  int
	rate     float64  // a second, of all clients together; 0: as fast as they can
	addrs    []string // nodes that the clients are spread over
	warm     time.Duration
	duration time.Duration
	texts    []string
	label    string // tells the titles of this load from those of others
	speech   speech // zero: memories
	started  time.Time
}

// due is when the n-th request of a client is to be sent.
func (l *load) due(client, n int) time.Time {
	if l.rate == 0 {
		return time.Now()
	}
	return l.started.Add(time.Duration(float64(n*l.clients+client) / l.rate * float64(time.Second)))
}

// result is what became of a load, in the time after the warm-up.
type result struct {
	acked     int
	all       int             // with those of the warm-up and of the end
	cpu       []time.Duration // that each node used meanwhile, if the system tells
	elapsed   time.Duration
	latencies []time.Duration // of what was acknowledged, sorted
	failed    map[string]int  // by reason
	last      time.Time       // when the last acknowledgement came
}

func (o *result) rate() float64 { return float64(o.acked) / o.elapsed.Seconds() }

func (o *result) failures() int {
	var n int
	for _, c := range o.failed {
		n += c
	}
	return n
}

// reasons renders the failures.
func (o *result) reasons() string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(o.failed)) {
		parts = append(parts, fmt.Sprintf("%d × %s", o.failed[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// run writes until the time is over. Where the machine is so busy that nothing is
// acknowledged in that time, it takes longer, up to 16 times.
func (l load) run(ctx context.Context) (*result, error) {
	for longest := 16 * l.duration; ; l.duration, l.label = 2*l.duration, l.label+"+" {
		all, err := l.once(ctx)
		switch {
		case err != nil:
			return nil, err
		case all.acked > 0:
			return all, nil
		case l.duration >= longest:
			return nil, fmt.Errorf("no write was acknowledged: %s", all.reasons())
		}
	}
}

func (l load) once(ctx context.Context) (*result, error) {
	if l.speech.path == "" {
		l.speech = memories()
	}
	l.started = time.Now()
	begun := l.started.Add(l.warm)
	ended := begun.Add(l.duration)
	parts := make([]result, l.clients)
	var wg sync.WaitGroup
	for i := range l.clients {
		wg.Go(func() {
			c := client{load: &l, id: i, addr: l.addrs[i%len(l.addrs)], out: &parts[i], begun: begun, ended: ended}
			c.run(ctx)
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := &result{elapsed: l.duration, failed: map[string]int{}}
	for _, p := range parts {
		all.acked += p.acked
		all.all += p.all
		all.latencies = append(all.latencies, p.latencies...)
		for reason, n := range p.failed {
			all.failed[reason] += n
		}
		if p.last.After(all.last) {
			all.last = p.last
		}
	}
	slices.Sort(all.latencies)
	return all, nil
}

// client speaks HTTP/1.1 over one connection, with as little work as possible:
// it shares the processors with what is measured.
type client struct {
	load         *load
	id           int
	addr         string
	out          *result
	begun, ended time.Time

	conn   net.Conn
	in     *bufio.Reader
	buf    []byte
	body   []byte
	answer bytes.Buffer
}

const requestLimit = 30 * time.Second

func (c *client) run(ctx context.Context) {
	c.out.failed = map[string]int{}
	defer c.hangUp()
	for n := 0; ctx.Err() == nil && time.Now().Before(c.ended); n++ {
		sent := c.load.due(c.id, n)
		if wait := time.Until(sent); wait > 0 && (sent.After(c.ended) || pause(ctx, wait) != nil) {
			return
		}
		status, acked, err := c.write(ctx, n)
		now := time.Now()
		counts := sent.After(c.begun)
		switch {
		case err != nil:
			c.hangUp()
			if ctx.Err() == nil {
				c.fail(ctx, "connection: "+reason(err))
			}
		case acked:
			c.out.last = now
			c.out.all++
			if counts && now.Before(c.ended) {
				c.out.acked++
				c.out.latencies = append(c.out.latencies, now.Sub(sent))
			}
		default:
			c.fail(ctx, "HTTP "+strconv.Itoa(status))
		}
	}
}

// fail counts a failure, at any time: a warm-up that fails is no warm-up.
func (c *client) fail(ctx context.Context, reason string) {
	c.out.failed[reason]++
	_ = pause(ctx, 10*time.Millisecond)
}

// reason is the last part of err: the rest names addresses.
func reason(err error) string {
	s := err.Error()
	return s[strings.LastIndex(s, ": ")+1:]
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close() //nolint:errcheck // nothing is owed to it
		c.conn = nil
	}
}

// write sends request n and returns the status of the answer, and whether that
// acknowledges it.
func (c *client) write(ctx context.Context, n int) (status int, acked bool, err error) {
	if c.conn == nil {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", c.addr)
		if err != nil {
			return 0, false, err
		}
		c.conn, c.in = conn, bufio.NewReaderSize(conn, 4096)
	}
	c.request(n)
	if err := c.conn.SetDeadline(time.Now().Add(requestLimit)); err != nil {
		return 0, false, err
	}
	if _, err := c.conn.Write(c.buf); err != nil {
		return 0, false, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was drained
	c.answer.Reset()
	if _, err := c.answer.ReadFrom(resp.Body); err != nil {
		return 0, false, err
	}
	if resp.Close {
		c.hangUp()
	}
	return resp.StatusCode, c.load.speech.acked(resp.StatusCode, c.answer.Bytes()), nil
}

// request makes the n-th request.
func (c *client) request(n int) {
	if get := c.load.speech.get; get != nil {
		c.buf = append(get(append(c.buf[:0], "GET "...), c.id, n), " HTTP/1.1\r\nHost: "...)
		c.buf = append(append(c.buf, c.addr...), "\r\n\r\n"...)
		return
	}
	c.body = c.load.speech.body(c.body[:0], c.load, c.id, n)
	c.buf = append(c.buf[:0], "POST "+c.load.speech.path+" HTTP/1.1\r\nHost: "...)
	c.buf = append(c.buf, c.addr...)
	c.buf = append(c.buf, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	c.buf = strconv.AppendInt(c.buf, int64(len(c.body)), 10)
	c.buf = append(c.buf, "\r\n\r\n"...)
	c.buf = append(c.buf, c.body...)
}

// memory appends the request for the n-th memory of a client. The texts hold
// nothing that JSON would escape.
func (l *load) memory(b []byte, client, n int) []byte {
	b = append(b, `{"namespace":"bench","title":"`...)
	b = append(l.title(b, client, n), `","content":"`...)
	b = append(b, l.text(client, n)...)
	return append(b, `"}`...)
}

// title appends what the n-th memory of a client is called.
func (l *load) title(b []byte, client, n int) []byte {
	b = append(b, l.label...)
	b = append(b, ", client "...)
	b = strconv.AppendInt(b, int64(client), 10)
	b = append(b, ", memory "...)
	return strconv.AppendInt(b, int64(n), 10)
}

// text is what the n-th memory of a client says.
func (l *load) text(client, n int) string { return l.texts[(client*7919+n)%len(l.texts)] }

// speech is how to ask for a write, or for an answer, and what tells that it came.
type speech struct {
	path    string
	prepare string // the body of a request before the first write, or ""
	body    func(b []byte, l *load, client, n int) []byte
	acked   func(status int, answer []byte) bool
	get     func(b []byte, client, n int) []byte // the path that is asked for instead, if not nil
}

// memories is the API of ours, and of ai-memory.
func memories() speech {
	return speech{
		path:  "/api/v1/memories",
		body:  func(b []byte, l *load, client, n int) []byte { return l.memory(b, client, n) },
		acked: func(status int, _ []byte) bool { return status == http.StatusCreated },
	}
}
