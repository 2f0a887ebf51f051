package fleet

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	readyWithin = 60 * time.Second
	stopWithin  = 30 * time.Second
)

// Config says what runs as a node: a program that writes the line "ready URL" to
// its standard output when it serves, and ends with 0 after a SIGTERM.
type Config struct {
	Name    string // in messages
	Program string // executable
	Args    []string
	Env     []string // nil: that of this process without settings for tally
	Log     string   // file that its standard error is appended to
	Tied    bool     // its standard input ends when this process does, however that ends
}

// TiedFlag makes `tally serve` end with its standard input.
const TiedFlag = "end-with-stdin"

// Until returns a context that is done when in ends, however that ends: in the process
// of a node that is tied, its standard input.
func Until(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in) // an error is an end, too
		end()
	}()
	return ctx, end
}

// Node is a node that can be started and ended, any number of times. Calls that
// start or end it must not overlap; the others may be made at any time.
type Node struct {
	Config
	family *Family

	mu   sync.Mutex
	url  string
	last *process // nil: never started
	down bool     // it was told to end, and did
}

// process is one run of a node.
type process struct {
	cmd     *exec.Cmd
	tie     io.Closer // its standard input, or nil
	logFrom int64
	first   chan string   // gets the first line of its output
	ended   chan struct{} // closed when it is gone; then exit and rest are set
	exit    error
	rest    []byte // what came after the first line
}

// Spawn starts the process, and does not wait for anything.
func (n *Node) Spawn() error {
	log, err := os.OpenFile(n.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	info, err := log.Stat()
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	cmd := exec.Command(n.Program, n.Args...) //nolint:gosec,noctx // what the caller named; it ends by Stop or Kill, not with a context
	cmd.Env, cmd.Stderr, cmd.SysProcAttr = n.Env, log, apart()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	var tie io.Closer
	if n.Tied {
		if tie, err = cmd.StdinPipe(); err != nil {
			return fmt.Errorf("start %s: %w", n.Name, err)
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", n.Name, err)
	}
	n.family.add(cmd.Process)
	p := &process{cmd: cmd, tie: tie, logFrom: info.Size(), first: make(chan string, 1), ended: make(chan struct{})}
	n.mu.Lock()
	n.last, n.down = p, false
	n.mu.Unlock()
	go p.follow(out)
	return nil
}

// Detach starts a process that outlives this one: it has nothing of its terminal,
// reads nothing, and what it writes goes to its log.
func Detach(c Config) (*os.Process, error) {
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	defer func() { _ = log.Close() }()        // the child has its own
	cmd := exec.Command(c.Program, c.Args...) //nolint:gosec,noctx // what the caller named; it is to outlive every context
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr, cmd.Dir = c.Env, log, log, alone(), filepath.Dir(c.Log)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	go func() { _ = cmd.Wait() }() // if it ends before this process, nothing is left of it
	return cmd.Process, nil
}

func (p *process) follow(out io.Reader) {
	lines := bufio.NewReader(out)
	line, _ := lines.ReadString('\n') // all there is, if it ends before the line does
	p.first <- line
	p.rest, _ = io.ReadAll(lines) // until the process ends
	p.exit = p.cmd.Wait()
	close(p.ended)
}

// Ready waits until a node that was spawned serves. If it does not, it is killed
// and the error has the end of its log. Call it once after each Spawn.
func (n *Node) Ready(ctx context.Context) error {
	timer := time.NewTimer(readyWithin)
	defer timer.Stop()
	why := fmt.Sprintf("was not ready after %s", readyWithin)
	select {
	case line := <-n.process().first:
		url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
		if ok {
			n.mu.Lock()
			n.url = url
			n.mu.Unlock()
			return nil
		}
		why = "did not start"
	case <-timer.C:
	case <-ctx.Done():
		n.Kill()
		return ctx.Err()
	}
	n.Kill()
	return fmt.Errorf("%s %s; the end of its log:\n%s", n.Name, why, n.tail())
}

// Start is Spawn and Ready.
func (n *Node) Start(ctx context.Context) error {
	if err := n.Spawn(); err != nil {
		return err
	}
	return n.Ready(ctx)
}

// URL is where the node last said that it serves.
func (n *Node) URL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.url
}

// PID is the id of the process that was started last.
func (n *Node) PID() int { return n.process().cmd.Process.Pid }

// Signal sends a signal to the node. It fails if the node has ended by itself.
func (n *Node) Signal(sig os.Signal) error { return n.process().cmd.Process.Signal(sig) }

// Kill ends the node as a power cut would, and waits until it is gone. It does
// nothing for one that does not run.
func (n *Node) Kill() {
	p := n.running()
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
	n.isDown()
}

// Stop ends the node as an operator would, and waits until it is gone: the error
// says if it had ended before, does not end in time, or does not end with 0. It
// does nothing for one that does not run.
func (n *Node) Stop() error {
	p := n.running()
	if p == nil {
		return nil
	}
	if err := terminate(p.cmd.Process); err != nil {
		n.Kill()
		return fmt.Errorf("%s ended by itself; the end of its log:\n%s", n.Name, n.tail())
	}
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		n.Kill()
		return fmt.Errorf("%s did not end within %s of a signal; the end of its log:\n%s", n.Name, stopWithin, n.tail())
	}
	n.isDown()
	if p.exit != nil {
		return fmt.Errorf("%s ended: %w; the end of its log:\n%s", n.Name, p.exit, n.tail())
	}
	return nil
}

// Wait waits for the end of the node, and returns its exit status and what it
// wrote to its standard output after the first line.
func (n *Node) Wait() (code int, rest string) {
	p := n.process()
	<-p.ended
	n.isDown()
	if exit, ok := errors.AsType[*exec.ExitError](p.exit); ok {
		return exit.ExitCode(), string(p.rest)
	}
	return 0, string(p.rest)
}

// Logs is what the process that was started last has logged.
func (n *Node) Logs() string {
	b, err := os.ReadFile(n.Log)
	if err != nil {
		return err.Error()
	}
	return string(b[min(n.process().logFrom, int64(len(b))):])
}

func (n *Node) tail() string {
	lines := bytes.Split(bytes.TrimSpace([]byte(n.Logs())), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-10):], []byte("\n")))
}

func (n *Node) process() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last
}

// running is the process, unless it was ended.
func (n *Node) running() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil
	}
	return n.last
}

func (n *Node) isDown() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = true
}
