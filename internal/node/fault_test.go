package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// running is a node in this process.
type running struct {
	url  string
	logs *logBuffer
	stop func() // ends it; it may be called twice
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// inProcess runs a node until the test ends.
func inProcess(tb testing.TB, cfg Config) *running {
	tb.Helper()
	r, err := tryInProcess(tb, cfg)
	if err != nil {
		tb.Fatalf("node %s: %v", cfg.Node, err)
	}
	return r
}

// tryInProcess is inProcess for a node that may say why it does not start.
func tryInProcess(tb testing.TB, cfg Config) (*running, error) {
	tb.Helper()
	r := &running{logs: &logBuffer{}}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- run(ctx, cfg, Parts{}, r.logs, func(url string) { ready <- url }) }()
	select {
	case r.url = <-ready:
	case err := <-done:
		cancel()
		return nil, err
	}
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("node %s: %v", cfg.Node, err)
		}
	})
	tb.Cleanup(r.stop)
	return r, nil
}

func single(tb testing.TB, change ...func(*Config)) Config {
	tb.Helper()
	cfg := Default()
	cfg.Data, cfg.Listen, cfg.Node = tb.TempDir(), "127.0.0.1:0", "a"
	for _, f := range change {
		f(&cfg)
	}
	return cfg
}

func memo(title string) map[string]any {
	return map[string]any{"title": title, "content": "text of " + title}
}

func TestALyingMemberIsNoVote(t *testing.T) {
	t.Parallel()
	liars := map[string]http.HandlerFunc{
		"a page of HTML": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>ok</html>")
		},
		"an empty 200": func(http.ResponseWriter, *http.Request) {},
		"rubbish as CBOR": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/cbor")
			_, _ = w.Write([]byte{0xa1, 0x00})
		},
		"gigabytes": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/cbor")
			chunk := make([]byte, 1<<20)
			for range 4096 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"a reply that stops": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte{0xa7})
		},
		"500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"forbidden": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	}
	for name, lie := range liars {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			liar := httptest.NewServer(lie)
			defer liar.Close()
			n := inProcess(t, single(t, func(c *Config) {
				c.Members = []Member{{Name: "b", URL: liar.URL}}
				c.QuorumTimeout = 300 * time.Millisecond
			}))
			var got struct {
				Error  string `json:"error"`
				Got    int    `json:"got"`
				Needed int    `json:"needed"`
				Rec    held   `json:"receipt"`
			}
			code, err := call(http.MethodPost, n.url+"/api/v1/memories", memo("one"), &got)
			if err != nil || code != http.StatusServiceUnavailable || got.Error != "quorum_not_met" || got.Got != 1 || got.Needed != 2 {
				t.Errorf("%d %+v (%v), want the quorum missed", code, got, err)
			}
			if got.Rec.Dot == "" || len(got.Rec.HeldBy) != 1 {
				t.Errorf("receipt %+v, want our own", got.Rec)
			}
			s, err := statusOf(n.url)
			if err != nil || s.Members[0].Owed != 1 || s.Members[0].LastError == "" {
				t.Errorf("status %+v (%v), want the write owed and the reason told", s.Members, err)
			}
		})
	}
}

func TestASlowMemberDoesNotSlowTheMajority(t *testing.T) {
	addrs := freeAddrs(t, 3)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer slow.Close()
	var urls []string
	var first *running
	for i := range 2 {
		n := inProcess(t, single(t, func(c *Config) {
			c.Node, c.Listen = nodeName(i), addrs[i]
			c.Members = []Member{{Name: nodeName(1 - i), URL: "http://" + addrs[1-i]}, {Name: "slow", URL: slow.URL}}
			c.QuorumTimeout = 400 * time.Millisecond
		}))
		urls = append(urls, n.url)
		if i == 0 {
			first = n
		}
	}
	began := time.Now()
	for i := range 40 {
		var got created
		if code, err := call(http.MethodPost, urls[i%2]+"/api/v1/memories", memo(strconv.Itoa(i)), &got); err != nil || code != http.StatusCreated || got.Receipt.Durability != "quorum" {
			t.Fatalf("%d %+v (%v)", code, got, err)
		}
	}
	if took := time.Since(began); took > 30*time.Second { // waited for, it would take 40
		t.Errorf("40 writes took %s: the slow member was waited for", took)
	}
	waitFor(t, 5*time.Second, "all partial writes counted", func() (string, bool) {
		metrics := textOf(t, urls[0]+"/metrics")
		return grep(metrics, "partial"), strings.Contains(metrics, `tally_partial_quorum_total{kind="put"} 20`)
	})
	warnings := grep(first.logs.String(), "write has its quorum, but members are missing")
	if !strings.Contains(warnings, "slow") || strings.Count(warnings, "\n") != 1 {
		t.Errorf("want one warning that names the missing member, not one for each write:\n%s", warnings)
	}
}

func textOf(t *testing.T, url string) string {
	t.Helper()
	resp, err := httpClient.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func grep(s, part string) string {
	var out []string
	for line := range strings.Lines(s) {
		if strings.Contains(line, part) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

// TestAFailedWriteToTheDiskEndsTheProcess bounds the size of files, so that the
// operating system refuses a write as a failing disk would.
func TestAFailedWriteToTheDiskEndsTheProcess(t *testing.T) {
	cfg := single(t)
	cfg.Listen = freeAddrs(t, 1)[0]
	p := newProcess(t, cfg)
	p.env = []string{envFileLimit + "=600000"}
	p.start()
	acknowledged := map[string]created{}
	for i := range 5000 {
		var got created
		title := fmt.Sprint("note ", i)
		code, err := call(http.MethodPost, p.url+"/api/v1/memories", map[string]any{"title": title, "content": strings.Repeat("x", 4000)}, &got)
		if err != nil || code != http.StatusCreated {
			break
		}
		acknowledged[title] = got
	}
	ended := make(chan int, 1)
	go func() {
		code, _ := p.Wait()
		ended <- code
	}()
	select {
	case code := <-ended:
		if code == 0 {
			t.Error("the process ended with status 0")
		}
	case <-time.After(20 * time.Second):
		t.Error("the process goes on")
		p.Kill()
	}
	if logs := p.Logs(); !strings.Contains(logs, "storage failed") {
		t.Errorf("the log does not say why:\n%s", logs)
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was written before")
	}
	p.env = nil
	p.start()
	for title, want := range acknowledged {
		if code, err := call(http.MethodGet, p.url+"/api/v1/memories/"+want.ID, nil, nil); err != nil || code != http.StatusOK {
			t.Fatalf("%q was acknowledged and is lost: %d %v", title, code, err)
		}
	}
}

func TestSIGTERMDrains(t *testing.T) {
	nodes := processes(t, 1)
	var wg sync.WaitGroup
	results := make(chan created, 400)
	for c := range 8 {
		wg.Go(func() {
			for i := range 50 {
				var got created
				code, err := call(http.MethodPost, nodes[0].url+"/api/v1/memories", memo(fmt.Sprintf("%d/%d", c, i)), &got)
				if err != nil || code != http.StatusCreated {
					return // it has stopped listening
				}
				results <- got
			}
		})
	}
	first := <-results
	if err := nodes[0].Stop(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	close(results)
	nodes[0].start()
	for got := first; got.ID != ""; got = <-results {
		if code, err := call(http.MethodGet, nodes[0].url+"/api/v1/memories/"+got.ID, nil, nil); err != nil || code != http.StatusOK {
			t.Errorf("%s was acknowledged and is lost: %d %v", got.ID, code, err)
		}
	}
}

func TestAnUnusedConnectionDoesNotDelayTheEnd(t *testing.T) {
	nodes := processes(t, 1)
	c, err := net.Dial("tcp", nodes[0].cfg.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the other side closes it
	if _, err := statusOf(nodes[0].url); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := nodes[0].Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("ended after %s", took)
	}
}
