package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// AgentOptions go along with a message of the Model Context Protocol.
type AgentOptions struct {
	Profile  string // which tools; "" is the node's default
	Project  string // the namespace where a call names none
	Protocol string // the version that was agreed upon; "" before that
	// Key makes the repetition of a message do nothing twice, see [With].
	Key string
}

// Agent hands one JSON-RPC message of the Model Context Protocol to the node and
// returns the answer, nil for a message that has none. A refusal of the node is an
// *[Error]; what a tool refuses is part of an answer.
func (c *Client) Agent(ctx context.Context, message json.RawMessage, o AgentOptions) (json.RawMessage, error) {
	header := http.Header{"Accept": {"application/json, text/event-stream"}, "Content-Type": {"application/json"}}
	for name, value := range map[string]string{
		"X-Tally-Profile": o.Profile, "X-Tally-Project": o.Project, "Mcp-Protocol-Version": o.Protocol, "Idempotency-Key": o.Key,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	res, err := c.open(ctx, call{method: http.MethodPost, root: "/mcp", stream: bytes.NewReader(message), header: header})
	if err != nil {
		return nil, err
	}
	defer finish(res)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	switch {
	case err != nil:
		return nil, &UnreachableError{URL: c.URL(), Err: err}
	case len(body) > maxReply:
		return nil, fmt.Errorf("answer larger than %d MiB", maxReply>>20)
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, nil
	}
	if !json.Valid(body) {
		return nil, notOurs(call{method: http.MethodPost, path: "/mcp"}, fmt.Errorf("%d bytes that are no JSON", len(body)))
	}
	return body, nil
}
