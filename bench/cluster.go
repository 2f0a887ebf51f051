package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// arm is a way of replicating.
type arm string

const (
	ours    arm = ""
	control arm = "control"
)

// startLimit is how long a node may take to say that it is ready.
const startLimit = 60 * time.Second

// process is a running node.
type process struct {
	name      string
	addr      string // host:port
	dir       string
	args      []string
	cmd       *exec.Cmd
	wait      chan error  // gets the end of the process
	firstLine chan string // of its standard output
}

func (p *process) url() string { return "http://" + p.addr }

// cluster is a federation of processes on this machine.
type cluster struct {
	runner *runner
	nodes  []*process
}

// topology says what to start.
type topology struct {
	nodes, quorum int
	arm           arm
	// via gives members other addresses than their own, by index.
	via map[int]string
	// addrs are the addresses to listen at; nil: free ones.
	addrs []string
}

// start runs a federation and waits until all of it is ready.
func (r *runner) start(ctx context.Context, t topology) (*cluster, error) {
	if t.addrs == nil {
		var err error
		if t.addrs, err = freeAddrs(ctx, t.nodes); err != nil {
			return nil, err
		}
	}
	c := &cluster{runner: r}
	for i := range t.nodes {
		dir, err := r.data()
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, &process{name: nodeName(i), addr: t.addrs[i], dir: dir, args: t.args(i, dir)})
	}
	for _, p := range c.nodes {
		if err := p.spawn(ctx, r.program(t.arm)); err != nil {
			return nil, errors.Join(err, c.stop())
		}
	}
	for _, p := range c.nodes {
		if err := p.ready(ctx); err != nil {
			return nil, errors.Join(err, c.stop())
		}
	}
	return c, nil
}

func nodeName(i int) string { return fmt.Sprintf("n%02d", i+1) }

// args is the command line of node i.
func (t topology) args(i int, dir string) []string {
	args := []string{
		"--data", dir, "--listen", t.addrs[i], "--node", nodeName(i), "--write-quorum", strconv.Itoa(t.quorum),
	}
	for j, addr := range t.addrs {
		if j == i {
			continue
		}
		url := "http://" + addr
		if v, ok := t.via[j]; ok {
			url = v
		}
		args = append(args, "--member", nodeName(j)+"="+url)
	}
	if t.arm == ours {
		args = append([]string{"serve"}, args...)
	}
	return args
}

// program is what runs as a node of an arm.
func (r *runner) program(a arm) string {
	if a == control {
		return r.Control
	}
	return r.Binary
}

// freeAddrs finds ports that nobody listens at.
func freeAddrs(ctx context.Context, n int) ([]string, error) {
	var lc net.ListenConfig
	var out []string
	for range n {
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // held until all are found, so that none is found twice
		out = append(out, l.Addr().String())
	}
	return out, nil
}

func (p *process) logFile() string { return filepath.Join(p.dir, "..", filepath.Base(p.dir)+".log") }

// spawn starts the process; ready waits for it.
func (p *process) spawn(ctx context.Context, binary string) error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()                                  //nolint:errcheck // the child has its own
	cmd := exec.CommandContext(ctx, binary, p.args...) //nolint:gosec // the program that runs this
	cmd.Stderr = log
	cmd.Env = plainEnv()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd = cmd
	p.wait = make(chan error, 1)
	first := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		line, _ := lines.ReadString('\n')
		first <- line
		_, _ = io.Copy(io.Discard, lines)
		p.wait <- cmd.Wait()
	}()
	p.firstLine = first
	return nil
}

// plainEnv is the environment without settings for tally.
func plainEnv() []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TALLY_") {
			out = append(out, kv)
		}
	}
	return out
}

// ready waits for the line that says so.
func (p *process) ready(ctx context.Context) error {
	select {
	case line := <-p.firstLine:
		if strings.HasPrefix(line, "ready ") {
			return nil
		}
		return fmt.Errorf("%s did not start: %q\n%s", p.name, strings.TrimSpace(line), p.tail())
	case <-time.After(startLimit):
		return fmt.Errorf("%s was not ready after %s\n%s", p.name, startLimit, p.tail())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tail is the end of the node's log.
func (p *process) tail() string {
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-10):], []byte("\n")))
}

// end stops the process with sig and waits for it.
func (p *process) end(sig os.Signal) error {
	p.signal(sig)
	return p.ended(sig != syscall.SIGKILL)
}

// signal sends sig, once: a second one would cut the node's farewell short.
func (p *process) signal(sig os.Signal) {
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(sig) // it may have ended by itself
	}
}

// ended waits for the end of a process that was told to stop.
func (p *process) ended(wantSuccess bool) error {
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	select {
	case err := <-p.wait:
		if err != nil && wantSuccess {
			return fmt.Errorf("%s: %w\n%s", p.name, err, p.tail())
		}
		return nil
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		return fmt.Errorf("%s did not end within 30 s of a signal: %w\n%s", p.name, <-p.wait, p.tail())
	}
}

// stop ends all nodes, and removes what they stored.
func (c *cluster) stop() error {
	var errs []error
	for _, p := range c.nodes {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range c.nodes {
		errs = append(errs, p.ended(true), os.RemoveAll(p.dir))
	}
	return errors.Join(errs...)
}

// addrs are the addresses of the first n nodes.
func (c *cluster) addrs(n int) []string {
	var out []string
	for _, p := range c.nodes[:n] {
		out = append(out, p.addr)
	}
	return out
}
