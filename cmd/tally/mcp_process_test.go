package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
)

// proxy is a process of tally mcp, spoken to as a client does.
type proxy struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startProxy(t *testing.T, env []string, args ...string) *proxy {
	t.Helper()
	return proxyOf(t, self(t), append(programEnv(), env...), args...)
}

// proxyOf starts a proxy of a program.
func proxyOf(tb testing.TB, program string, env []string, args ...string) *proxy {
	tb.Helper()
	p := &proxy{cmd: exec.Command(program, append([]string{"mcp"}, args...)...)}
	p.cmd.Env = env
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	p.lines.Buffer(nil, maxMessage)
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// ask sends a call of a tool and returns what it gave; false if the process is gone.
func (p *proxy) ask(id int, tool, arguments string) (reply toolReply, ok bool) {
	if _, err := fmt.Fprintf(p.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`+"\n", id, tool, arguments); err != nil {
		return reply, false
	}
	if !p.lines.Scan() {
		return reply, false
	}
	return reply, json.Unmarshal(p.lines.Bytes(), &reply) == nil
}

type toolReply struct {
	ID     int `json:"id"`
	Result struct {
		Failed  bool           `json:"isError"`
		Content map[string]any `json:"structuredContent"`
	} `json:"result"`
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
}

// end closes stdin, as a client does that ends, and waits for the process.
func (p *proxy) end(t *testing.T) {
	t.Helper()
	_ = p.in.Close()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = p.cmd.Wait()
	}()
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Errorf("process %d does not end when its stdin does", p.cmd.Process.Pid)
		_ = p.cmd.Process.Kill()
		<-gone
	}
}

// Eight clients write through a proxy each. Proxies are killed at random and begin
// anew, and so does the node: what was acknowledged is there in the end, once, and no
// process is left.
func TestProxiesAndTheNodeMayBeKilledAtAnyTime(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	const clients, kills = 8, 3
	place, err := fleet.Places(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	d := serve(t, "--node", "a", "--listen", place[0].Addr, "--data", t.TempDir())
	env := []string{"TALLY_SERVER=" + d.url}
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex                   // guards acknowledged
	acknowledged := map[string]string{} // ids, by title
	stop := make(chan struct{})
	var all sync.WaitGroup
	running := make([]chan *os.Process, clients)
	for i := range clients {
		running[i] = make(chan *os.Process, 1)
		all.Go(func() {
			for run := 0; ; run++ {
				p := startProxy(t, env, "--project", "crowd", "--no-start")
				running[i] <- p.cmd.Process
				for n := 0; ; n++ {
					title := fmt.Sprintf("client %d run %d note %d", i, run, n)
					reply, ok := p.ask(n, "remember", fmt.Sprintf(`{"title":%q,"content":"x"}`, title))
					if !ok {
						break
					}
					if id, is := reply.Result.Content["id"].(string); is && !reply.Result.Failed {
						mu.Lock()
						acknowledged[title] = id
						mu.Unlock()
					} else {
						t.Errorf("%s: %+v", title, reply)
					}
					select {
					case <-stop:
						p.end(t)
						return
					default:
					}
				}
				<-running[i]
				p.end(t)
			}
		})
	}
	more := func(n int) {
		t.Helper()
		mu.Lock()
		before := len(acknowledged)
		mu.Unlock()
		eventually(t, "writes go on", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(acknowledged) >= before+n
		})
	}
	for range kills {
		more(5 * clients)
		for range 2 {
			i := random.IntN(clients)
			process := <-running[i]
			_ = process.Kill()
			running[i] <- process // the client sees it go
			eventually(t, "another proxy runs", func() bool {
				select {
				case next := <-running[i]:
					running[i] <- next
					return next != process
				default:
					return false
				}
			})
		}
		d.Kill()
		d.start()
	}
	more(5 * clients)
	close(stop)
	all.Wait()
	c, err := client.New(client.Options{URL: d.url})
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]int{}
	for title, id := range acknowledged {
		m, _, err := c.Get(t.Context(), id)
		if err != nil {
			t.Errorf("%s was acknowledged and is gone: %v", title, err)
			continue
		}
		titles[m.Title]++
		if m.Title != title || m.Version != 1 || titles[title] > 1 {
			t.Errorf("%s is %q, version %d", title, m.Title, m.Version)
		}
	}
	t.Logf("%d writes were acknowledged", len(acknowledged))
	if got := d.tally("remember", "Afterwards", "x"); got.code != exitOK {
		t.Errorf("the file is locked: %s", got.err)
	}
}

// Without a node, a proxy starts one where tally serve would run it: one, however
// many proxies try.
func TestAProxyStartsTheNodeThatIsNotThere(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	place, err := fleet.Places(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	env := append(programEnv(), "TALLY_LISTEN="+place[0].Addr, "TALLY_SERVER="+place[0].URL(), "TALLY_DATA="+data, "TALLY_NODE=a")
	var mu sync.Mutex
	var nodes []*os.Process
	defer func() {
		for _, p := range nodes {
			_ = p.Signal(syscall.SIGTERM)
		}
		eventually(t, "the node has ended", func() bool {
			// It answers no more before it has written what it has.
			lock, err := os.Open(filepath.Join(data, "lock"))
			if err != nil {
				return true
			}
			defer lock.Close() //nolint:errcheck // nothing was written
			return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
		})
	}()
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			in, w := io.Pipe()
			r, out := io.Pipe()
			code := make(chan int, 1)
			go func() {
				code <- run(t.Context(), stdio{in: in, out: out, err: io.Discard, env: env, family: &fleet.Family{}, started: func(p *os.Process) {
					mu.Lock()
					defer mu.Unlock()
					nodes = append(nodes, p)
				}}, []string{"mcp", "--project", "work"})
			}()
			message := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":{"title":"note %d","content":"x"}}}`, i)
			if _, err := io.WriteString(w, message+"\n"); err != nil {
				t.Error(err)
			}
			line, err := bufio.NewReader(r).ReadString('\n')
			_ = w.Close()
			if ended := <-code; err != nil || ended != exitOK || !strings.Contains(line, `"namespace":"work"`) {
				log, _ := os.ReadFile(filepath.Join(data, "serve.log"))
				t.Errorf("code %d, %q, %v; the log of the node: %s", ended, line, err, log)
			}
		})
	}
	all.Wait()
	c, err := client.New(client.Options{URL: place[0].URL()})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.List(t.Context(), client.Selection{Namespace: "work"})
	if err != nil || len(list.Memories) != 3 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestOnlyTheNodeOfThisMachineIsStarted(t *testing.T) {
	for _, tt := range []struct {
		at, listen string
		want       bool
	}{
		{"http://127.0.0.1:9077", "127.0.0.1:9077", true},
		{"http://localhost:9077", "127.0.0.1:9077", true},
		{"http://127.0.0.1:9077", "0.0.0.0:9077", true},
		{"http://10.0.0.1:9077", "10.0.0.1:9077", true},
		{"http://10.0.0.1:9077", "127.0.0.1:9077", false},
		{"http://127.0.0.1:9078", "127.0.0.1:9077", false},
		{"https://127.0.0.1:9077", "127.0.0.1:9077", false},
		{"http://127.0.0.1:9077/below", "127.0.0.1:9077", false},
		{"http://127.0.0.1:0", "127.0.0.1:0", false},
		{"http://north.example:9077", "127.0.0.1:9077", false},
	} {
		if got := sameAddress(tt.at, tt.listen); got != tt.want {
			t.Errorf("%s and %s: %v", tt.at, tt.listen, got)
		}
	}
}
