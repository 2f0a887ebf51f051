package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// AgentOptions go along with a message of the Model Context Protocol.
type AgentOptions struct {
	Profile string // which tools; "" is the node's default
	Project string // the namespace where a call names none

	// Protocol is the version that was agreed upon, or that the message names; "" before
	// that. Method and Name are those of the message: since 2026-07-28 headers say them,
	// too.
	Protocol, Method, Name string

	// Key makes the repetition of a message do nothing twice, see [With].
	Key string
}

// by is who sends a message, and how long its answer may take: one that stands until
// somebody ends it has no end, and may be silent.
func (o AgentOptions) by(c *Client) (*http.Client, time.Duration) {
	if o.Method == "subscriptions/listen" {
		return c.standing, 0
	}
	return c.http, c.patience
}

// Agent hands one JSON-RPC message of the Model Context Protocol to the node, and
// each message that it answers with to each: none for a notification, several where
// the node tells of progress or of changes. A refusal of the node that is no message
// is an *[Error]; what a tool refuses is part of an answer. An error of each ends it.
func (c *Client) Agent(ctx context.Context, message json.RawMessage, o AgentOptions, each func(json.RawMessage) error) error {
	header := http.Header{"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"}}
	for name, value := range map[string]string{
		"X-Tally-Profile": o.Profile, "X-Tally-Project": o.Project, "Mcp-Protocol-Version": o.Protocol, "Mcp-Method": o.Method, "Mcp-Name": o.Name,
		"Idempotency-Key": o.Key,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	k := call{method: http.MethodPost, root: "/mcp", stream: bytes.NewReader(message), header: header}
	sender, within := o.by(c)
	ctx, h, stop := hurry(ctx, within)
	defer stop()
	req, err := k.request(ctx, c)
	if err != nil {
		return err
	}
	res, err := sender.Do(req)
	if err != nil {
		return broken(ctx, c, unwrapURL(err))
	}
	defer finish(res)
	if res.StatusCode/100 == 2 && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		h.last()
		return broken(ctx, c, events(res.Body, each))
	}
	body, err := io.ReadAll(io.LimitReader(h.of(res.Body), maxReply+1))
	body = bytes.TrimSpace(body)
	switch {
	case err != nil:
		return broken(ctx, c, err)
	case len(body) > maxReply:
		return fmt.Errorf("answer larger than %d MiB", maxReply>>20)
	case isMessage(body):
		return each(body)
	case res.StatusCode/100 != 2:
		return parseError(res, body)
	case len(body) > 0:
		return notOurs(call{method: http.MethodPost, path: "/mcp"}, fmt.Errorf("%d bytes that are no message", len(body)))
	}
	return nil
}

// broken says that the node cannot be reached, or that nobody waits for it any more.
// Errors that are of neither are as they were.
func broken(ctx context.Context, c *Client, err error) error {
	if own, is := errors.AsType[*eachError](err); is {
		return own.err
	}
	if err == nil {
		return nil
	}
	return stopped(ctx, c, err)
}

// isMessage reports whether a body is a message of JSON-RPC, or several.
func isMessage(body []byte) bool {
	var m struct {
		Version string `json:"jsonrpc"`
	}
	return json.Unmarshal(body, &m) == nil && m.Version != "" || len(body) > 0 && body[0] == '[' && json.Valid(body)
}

// eachError is an error of whoever takes messages.
type eachError struct{ err error }

func (e *eachError) Error() string { return e.err.Error() }

// events reads the messages of a stream of server-sent events. Events without data
// are left out; a stream that ends in the middle of an event is an error.
func events(r io.Reader, each func(json.RawMessage) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxReply)
	var data []byte
	open := false
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) > 0 {
			open = true
			if text, is := bytes.CutPrefix(line, []byte("data:")); is {
				data = append(append(data, bytes.TrimPrefix(text, []byte(" "))...), '\n')
			}
			continue
		}
		message := bytes.TrimSpace(data)
		data, open = nil, false
		if !json.Valid(message) {
			if len(message) > 0 {
				return fmt.Errorf("an event of %d bytes that are no JSON", len(message))
			}
			continue
		}
		if err := each(message); err != nil {
			return &eachError{err}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if open {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// ProtectedResource is what a node says of its surface for agents to clients that
// look for a way to log in: RFC 9728.
type ProtectedResource struct {
	Resource string   `json:"resource" doc:"The URL of the surface for agents." example:"http://127.0.0.1:9077/mcp"`
	Name     string   `json:"resource_name" doc:"What it is, for people." example:"Tallystick"`
	Methods  []string `json:"bearer_methods_supported" doc:"How a key is sent: in the header Authorization." example:"[\"header\"]"`
	Servers  []string `json:"authorization_servers" doc:"Where one could log in: nowhere. Keys are given out by whoever runs the node." example:"[]"`
}
