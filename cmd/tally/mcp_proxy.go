package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/tallystick/tallystick/client"
)

const (
	maxMessage  = 8 << 20 // bytes of one message
	atOnce      = 64      // messages that are with the node
	nodeComesUp = 20 * time.Second
	lastAnswers = 5 * time.Second // how long answers are waited for when nothing more comes
	betweenAsks = 250 * time.Millisecond
	collectAt   = 20 // percent of growth
)

// agentProxy hands messages to a node, each as it comes.
type agentProxy struct {
	client *client.Client
	with   mcpOptions
	salt   string                      // makes keys of this process its own
	start  func(context.Context) error // starts a node where none runs; nil: none is to be started

	mu       sync.Mutex // guards the rest
	out      io.Writer
	protocol string
	running  map[string]context.CancelFunc // by the id of the message
	lasting  map[string]bool               // those of them that end only if somebody ends them
	close    context.CancelFunc            // ends everything
}

// runMCP passes messages on until stdin ends: the program that started this one is
// gone then, or wants no more.
func runMCP(ctx context.Context, a *app, c *client.Client, o mcpOptions, start func(context.Context) error) error {
	if a.getenv("GOGC") == "" { // there may be many of these, and each holds little
		defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &agentProxy{
		client: c, with: o, salt: rand.Text(), start: start, out: a.out,
		running: map[string]context.CancelFunc{}, lasting: map[string]bool{}, close: cancel,
	}
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer cancel()
	helpers.Go(func() { endWithParent(ctx, cancel) })
	read := make(chan error, 1)
	go func() { read <- p.read(ctx, a.in) }() // a read of stdin cannot be ended from here
	select {
	case err := <-read:
		return err
	case <-ctx.Done():
		return nil
	}
}

// read passes on what comes, and waits for the last answers when nothing more does.
func (p *agentProxy) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxMessage)
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for n := 0; lines.Scan(); n++ {
		line := append(json.RawMessage(nil), bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff"))...)
		if len(line) == 0 {
			continue
		}
		m, err := messageOf(line)
		if err != nil {
			p.answer(rpcError(nil, rpcParse, "this is no JSON: "+err.Error()))
			continue
		}
		if m.Method == "notifications/cancelled" {
			p.cancel(m.Params.RequestID)
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
	p.endStanding()
	answered := make(chan struct{})
	go func() {
		running.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(lastAnswers):
		p.close()
		<-answered
	}
	return lines.Err()
}

// begin makes a message one that can be canceled, until done is called.
func (p *agentProxy) begin(ctx context.Context, m *rpcMessage) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	if m.ID == nil {
		return ctx, cancel
	}
	id := string(m.ID)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[id] = cancel
	if m.Method == methodListen {
		p.lasting[id] = true
	}
	return ctx, func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.running, id)
		delete(p.lasting, id)
	}
}

// cancel ends the request of an id. The node sees the connection go.
func (p *agentProxy) cancel(id json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if end := p.running[string(id)]; end != nil {
		end()
	}
}

func (p *agentProxy) endStanding() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.lasting {
		p.running[id]()
	}
}

// attempt is what has come of a message so far.
type attempt struct {
	m     *rpcMessage
	final bool // its answer has come
	told  bool // that a subscription stands
	keeps bool // a subscription that stands until somebody ends it
	heard bool // something came in this try
}

// pass hands one message on and writes the answer. A node that does not answer is
// waited for; a message that may have arrived is repeated under its key, so that
// nothing is done twice.
func (p *agentProxy) pass(ctx context.Context, n int, m *rpcMessage, line json.RawMessage) {
	ctx, done := p.begin(ctx, m)
	defer done()
	o := client.AgentOptions{
		Profile: p.with.profile, Project: p.with.project, Protocol: p.versionOf(m), Method: m.Method, Name: m.name(), Key: p.salt + "-" + strconv.Itoa(n),
	}
	at := &attempt{m: m}
	until := time.Now().Add(nodeComesUp)
	for {
		at.heard = false
		err := p.client.Agent(ctx, line, o, func(reply json.RawMessage) error { return p.deliver(at, reply) })
		if at.final || ctx.Err() != nil {
			return
		}
		if at.heard { // and then it went away
			until = time.Now().Add(nodeComesUp)
		}
		_, away := errors.AsType[*client.UnreachableError](err)
		if (away || err == nil && at.keeps) && time.Now().Before(until) {
			p.await(ctx, away)
			continue
		}
		switch {
		case m.ID == nil && m.Method != "": // nobody waits for an answer to it
		case err != nil:
			p.answer(refusal(m.ID, err))
		case m.ID != nil && m.Method != "":
			p.answer(rpcError(m.ID, rpcInternal, "the node has ended its answer too early"))
		}
		return
	}
}

// await gives the node time, and starts one where none runs.
func (p *agentProxy) await(ctx context.Context, away bool) {
	if away && p.start != nil {
		_ = p.start(ctx) // if it does not come up, the last error says so
	}
	select {
	case <-time.After(betweenAsks):
	case <-ctx.Done():
	}
}

// deliver writes what the node says to a message, but for what only tells of a
// restart.
func (p *agentProxy) deliver(at *attempt, reply json.RawMessage) error {
	at.heard = true
	var r rpcReply
	_ = json.Unmarshal(reply, &r) // several in one are no single answer
	if r.Method == "notifications/subscriptions/acknowledged" {
		at.keeps = len(r.Params.Notifications) > 0
		if at.told {
			return nil
		}
		at.told = true
	}
	if r.Method == "" && at.keeps && r.Error == nil {
		return nil // the node ends, and not the subscription
	}
	at.final = at.final || r.Method == ""
	if r.Result != nil && r.Result.Protocol != "" && at.m.Method == "initialize" {
		p.agree(r.Result.Protocol)
	}
	p.answer(reply)
	return nil
}

func (p *agentProxy) agree(protocol string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.protocol = protocol
}

// versionOf is the revision that a message is of: the one that it names, or else the
// one that was agreed upon.
func (p *agentProxy) versionOf(m *rpcMessage) string {
	if v := m.Params.Meta.Protocol; v != "" {
		return v
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.protocol
}

// answer writes one message, on one line.
func (p *agentProxy) answer(reply json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.out.Write(append(oneLine(reply), '\n')); err != nil {
		p.close() // nobody reads any more
	}
}
