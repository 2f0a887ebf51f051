package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// read asks what changes nothing. The fields of in go where the method wants them.
func read[Out any](ctx context.Context, c *Client, method, path string, in any) (*Out, error) {
	k, err := asked(method, path, in, nil)
	if err != nil {
		return nil, err
	}
	out := new(Out)
	return out, c.do(ctx, k, out)
}

// change asks for a change. What waits for approval has not happened: it comes
// back as such, and there is no answer then.
func change[Out any](ctx context.Context, c *Client, method, path string, in any, with []With) (*Out, *Waiting, error) {
	k, err := asked(method, path, in, with)
	if err != nil {
		return nil, nil, err
	}
	var raw json.RawMessage
	if _, err := c.exchange(ctx, k, &raw); err != nil {
		return nil, nil, err
	}
	waiting := &Waiting{}
	if json.Unmarshal(raw, waiting) == nil && waiting.ID != "" {
		return nil, waiting, nil
	}
	out := new(Out)
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, nil, notOurs(k, err)
	}
	return out, nil, nil
}

// asked is the call with the fields of in: in the query, if the method has no
// body, and else in the body.
func asked(method, path string, in any, with []With) (call, error) {
	k := call{method: method, path: path, with: one(with)}
	if in == nil {
		return k, nil
	}
	if method != http.MethodGet && method != http.MethodDelete {
		k.body = in
		return k, nil
	}
	raw, err := encode(in)
	if err != nil {
		return k, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return k, fmt.Errorf("encode request: %w", err)
	}
	k.query = url.Values{}
	for name, v := range fields {
		text := string(v)
		if bytes.HasPrefix(v, []byte(`"`)) {
			if err := json.Unmarshal(v, &text); err != nil {
				return k, fmt.Errorf("encode request: %w", err)
			}
		}
		k.query.Set(name, text)
	}
	return k, nil
}
