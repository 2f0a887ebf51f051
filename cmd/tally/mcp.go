package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/tallystick/tallystick/client"
)

// mcpOptions say what agents are offered.
type mcpOptions struct {
	profile string
	project string
}

func newMCP(a *app) *cobra.Command {
	var o mcpOptions
	cmd := command("mcp [flags]", "Serve an agent over the Model Context Protocol on stdin and stdout", argCheck{0, 0}, nil)
	cmd.Long = `Speak the Model Context Protocol with the program that started this one, and hand
its messages to the running node. Nothing is kept here: any number of agents may run
at once, and a node that is restarted meanwhile is waited for.

Where a memory is written without a namespace, it goes to that of the project: the
name of the git remote, or else of the folder that this was started in.`
	cmd.Example = `  claude mcp add tally -- tally mcp
  tally mcp --profile full --project work/api`
	cmd.RunE = a.asks(func(ctx context.Context, c *client.Client, _ []string) error {
		if o.project == "" {
			dir, err := os.Getwd()
			if err != nil {
				return fmt.Errorf("where is the project: %w", err)
			}
			o.project = projectOf(dir)
		}
		return runMCP(ctx, a, c, o)
	})
	cmd.Flags().StringVar(&o.profile, "profile", "core", "which tools: core, memory, governance, ops or full")
	cmd.Flags().StringVar(&o.project, "project", "", "the `namespace` for memories that name none")
	return cmd
}

const (
	maxMessage  = 8 << 20 // bytes of one message
	atOnce      = 16      // messages that are with the node
	nodeComesUp = 10 * time.Second
	betweenAsks = 250 * time.Millisecond
)

// agentProxy hands messages to a node, each as it comes.
type agentProxy struct {
	client *client.Client
	with   mcpOptions
	salt   string // makes keys of this process its own

	mu       sync.Mutex // guards out and protocol
	out      io.Writer
	protocol string
}

// runMCP passes messages on until stdin ends: the program that started this one is
// gone then, or wants no more.
func runMCP(ctx context.Context, a *app, c *client.Client, o mcpOptions) error {
	p := &agentProxy{client: c, with: o, salt: rand.Text(), out: a.out}
	lines := bufio.NewScanner(a.in)
	lines.Buffer(nil, maxMessage)
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, atOnce)
	for n := 0; lines.Scan(); n++ {
		line := append(json.RawMessage(nil), lines.Bytes()...)
		if len(line) == 0 {
			continue
		}
		var m rpcMessage
		if err := json.Unmarshal(line, &m); err != nil {
			p.answer(rpcError(nil, rpcParse, "this is no JSON: "+err.Error()))
			continue
		}
		if m.Method == "initialize" { // what comes next needs the version that it agrees upon
			p.pass(ctx, n, m, line)
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			p.pass(ctx, n, m, line)
		})
	}
	return lines.Err()
}

// rpcMessage is what must be known of a message to pass it on.
type rpcMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result *struct {
		Protocol string `json:"protocolVersion"`
	} `json:"result"`
}

// Codes of JSON-RPC 2.0.
const (
	rpcParse    = -32700
	rpcInternal = -32603
)

func rpcError(id json.RawMessage, code int, text string) json.RawMessage {
	if id == nil {
		id = json.RawMessage("null")
	}
	b, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": text}}) // texts and numbers
	return b
}

// pass hands one message on and writes the answer. A node that does not answer is
// waited for; a message that may have arrived is repeated under its key, so that
// nothing is done twice.
func (p *agentProxy) pass(ctx context.Context, n int, m rpcMessage, line json.RawMessage) {
	o := client.AgentOptions{Profile: p.with.profile, Project: p.with.project, Protocol: p.agreed(), Key: p.salt + "-" + strconv.Itoa(n)}
	until := time.Now().Add(nodeComesUp)
	for {
		reply, err := p.client.Agent(ctx, line, o)
		if _, away := errors.AsType[*client.UnreachableError](err); away && time.Now().Before(until) && ctx.Err() == nil {
			select {
			case <-time.After(betweenAsks):
			case <-ctx.Done():
			}
			continue
		}
		switch {
		case err != nil && m.ID != nil:
			p.answer(rpcError(m.ID, rpcInternal, err.Error()+"; see whether the node runs: tally status"))
		case reply != nil:
			p.answer(reply)
		}
		return
	}
}

func (p *agentProxy) agreed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.protocol
}

// answer writes one message, on one line.
func (p *agentProxy) answer(reply json.RawMessage) {
	var m rpcMessage
	known := json.Unmarshal(reply, &m) == nil && m.Result != nil && m.Result.Protocol != ""
	p.mu.Lock()
	defer p.mu.Unlock()
	if known {
		p.protocol = m.Result.Protocol
	}
	_, _ = p.out.Write(append(reply, '\n')) // who does not read has gone, and stdin ends
}
