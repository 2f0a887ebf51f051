package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
)

const (
	readyWithin = 30 * time.Second
	stopWithin  = 20 * time.Second
)

// process is a node that the demo runs.
type process struct {
	name   string
	url    string
	binary string
	args   []string
	env    []string
	log    string // file for its stderr
	client *client.Client
	family *children

	cmd   *exec.Cmd     // nil while it is down
	ended chan struct{} // closed when the process is gone
	exit  error         // set before that
}

// start runs the node and waits for its ready line.
func (p *process) start(ctx context.Context) error {
	logs, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()      // the child has its own
	cmd := exec.Command(p.binary, p.args...) //nolint:gosec,noctx // this program; it ends by stop, not with a context
	cmd.Stderr = logs
	cmd.SysProcAttr = apart()
	for _, kv := range p.env {
		if !strings.HasPrefix(kv, "TALLY_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.family.add(cmd.Process)
	p.cmd, p.ended = cmd, make(chan struct{})
	ready := make(chan bool, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n') // ends when the process does
		ready <- strings.HasPrefix(line, "ready ")
		_, _ = io.Copy(io.Discard, out)
		p.exit = cmd.Wait()
		close(p.ended)
	}()
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
	case <-time.After(readyWithin):
	case <-ctx.Done():
	}
	p.kill()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%s did not start; the end of its log:\n%s", p.name, tail(p.log))
}

// kill ends the node as a power cut would.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
	p.cmd = nil
}

// stop ends the node as an operator would, and reports if it did not end well.
func (p *process) stop() error {
	if p.cmd == nil {
		return nil
	}
	if terminate(p.cmd.Process) != nil { // it is gone already, and why is in the log
		p.kill()
		return fmt.Errorf("%s ended by itself; the end of its log:\n%s", p.name, tail(p.log))
	}
	select {
	case <-p.ended:
		p.cmd = nil
		if p.exit != nil {
			return fmt.Errorf("%s ended with %w; the end of its log:\n%s", p.name, p.exit, tail(p.log))
		}
		return nil
	case <-time.After(stopWithin):
		p.kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopWithin)
	}
}

func tail(name string) string {
	b, err := os.ReadFile(name) //nolint:gosec // our own file
	if err != nil {
		return err.Error()
	}
	const most = 2000
	return string(b[max(0, len(b)-most):])
}

// freeAddresses finds loopback ports that nobody listens on.
func freeAddresses(ctx context.Context, n int) ([]string, error) {
	out := make([]string, n)
	var lc net.ListenConfig
	for i := range out {
		l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		out[i] = l.Addr().String()
	}
	return out, nil
}
