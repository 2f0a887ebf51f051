package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxLine  = 4 << 20  // bytes of one event
	maxValue = 16 << 20 // bytes of one value of an export
)

// Event is an op as it was applied at a node.
type Event struct {
	LSN      uint64          `json:"lsn" doc:"The local sequence number: grows by the order of applying on this node, with holes. To resume from."`
	Dot      string          `json:"dot" doc:"The identity of the op: node.incarnation.seq." example:"north.1.42"`
	Kind     string          `json:"kind" doc:"The kind of op: put, delete, archive …" example:"put"`
	Stamp    uint64          `json:"stamp,string" doc:"The reading of the hybrid clock, as a decimal number in text: it is beyond what JavaScript holds." example:"115292150460684697"`
	At       Time            `json:"at" doc:"When, by the clock of the node that logged it."`
	Actor    string          `json:"actor" doc:"The agent that asked for it." example:"alice"`
	Subjects []string        `json:"subjects" doc:"What it changes: content ID, life ID, link SOURCE TARGET RELATION …" example:"[\"content gate-code\"]"`
	Digest   string          `json:"digest" doc:"SHA-256 of the op, in hex." pattern:"^[0-9a-f]{64}$"`
	Data     json.RawMessage `json:"-"` // the whole event as the node sent it
}

// Events follows what is applied at the node, from behind the local sequence
// number after (0 is the beginning), until the loop ends or ctx does. A broken
// connection is taken up again where it broke; the second value is the error
// that ended the sequence, which is ctx's or a refusal of the node.
func (c *Client) Events(ctx context.Context, after uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		at := position{after: after, pause: time.Second}
		for {
			going, err := follow(ctx, c, &at, yield)
			if !going {
				return
			}
			if refused, ok := errors.AsType[*Error](err); ok && !refused.Temporary() {
				yield(Event{}, err)
				return
			}
			select {
			case <-ctx.Done():
				yield(Event{}, ctx.Err())
				return
			case <-time.After(at.pause):
			}
		}
	}
}

// position is where a sequence of events is.
type position struct {
	after uint64        // the last one that was yielded
	pause time.Duration // before the next connection, as the node wishes
}

// follow reads one connection. It moves at along, so that the next connection
// goes on behind the last event that was yielded.
func follow(ctx context.Context, c *Client, at *position, yield func(Event, error) bool) (going bool, err error) {
	last := strconv.FormatUint(at.after, 10)
	res, err := c.open(ctx, call{
		method: http.MethodGet, path: "/events", query: url.Values{"after": {last}},
		header: http.Header{"Accept": {"text/event-stream"}, "Last-Event-ID": {last}},
	})
	if err != nil {
		return true, err
	}
	defer func() { _ = res.Body.Close() }() // not drained: the stream has no end
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	var data []byte
	var id uint64
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) > 0 {
			field, value, _ := bytes.Cut(line, []byte(":"))
			value = bytes.TrimPrefix(value, []byte(" "))
			switch string(field) {
			case "id":
				id, _ = strconv.ParseUint(string(value), 10, 64)
			case "data":
				data = append(data, value...)
			case "retry":
				if ms, err := strconv.Atoi(string(value)); err == nil && ms > 0 {
					at.pause = time.Duration(ms) * time.Millisecond
				}
			}
			continue
		}
		if len(data) == 0 {
			continue
		}
		e := Event{LSN: id}
		if err := json.Unmarshal(data, &e); err != nil {
			return true, fmt.Errorf("event: %w", err)
		}
		e.Data, data = data, nil
		at.after = max(at.after, e.LSN)
		if !yield(e, nil) {
			return false, nil
		}
	}
	return true, lines.Err()
}

// ExportOptions narrow or widen an export.
type ExportOptions struct {
	Namespace string // "": all
	Subtree   bool   // and all below it
	// All takes what every agent wrote, not only what the caller may read. It is
	// for the operator of the node: with the API key, or on the same machine.
	All bool
	// Complete takes the whole log in place of the memories, for [Client.Load]: a
	// manifest, every entry, and a last line. It is for the operator too, and
	// takes no other option than After.
	Complete bool
	// After, with Complete, takes only what was logged behind this LSN, which is in
	// the manifest of another complete export.
	After uint64
}

// goneFrom is the error of an answer that has ended early: the node has gone, or has ended it,
// unless what came is wrong or nobody wants it any more.
func goneFrom(ctx context.Context, c *Client, err error) error {
	if _, wrong := errors.AsType[*json.SyntaxError](err); wrong || errors.Is(err, errTooLarge) {
		return err
	}
	return stopped(ctx, c, err)
}

var errTooLarge = fmt.Errorf("a value larger than %d MiB", maxValue>>20)

// bounded reads values of which none may be larger than a limit.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// openLines is [Client.open] for an answer of JSON lines.
func openLines(ctx context.Context, c *Client, k call) (*http.Response, error) {
	const lines = "application/x-ndjson"
	k.header = http.Header{"Accept": {lines}}
	res, err := c.open(ctx, k)
	if err != nil {
		return nil, err
	}
	if is := res.Header.Get("Content-Type"); !strings.HasPrefix(is, lines) {
		finish(res)
		return nil, notOurs(k, fmt.Errorf("%.60q, want %s", is, lines))
	}
	return res, nil
}

// Export yields the JSON objects of an export: live memories, each followed by
// the links that leave it, then archived memories. The sequence ends with an
// error if it is not complete.
func (c *Client) Export(ctx context.Context, o ExportOptions) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		q := url.Values{}
		if o.Namespace != "" {
			q.Set("namespace", o.Namespace)
		}
		if o.Subtree {
			q.Set("subtree", "true")
		}
		if o.All {
			q.Set("all", "true")
		}
		if o.Complete {
			q.Set("format", "complete")
		}
		if o.After > 0 {
			q.Set("after_lsn", strconv.FormatUint(o.After, 10))
		}
		res, err := openLines(ctx, c, call{method: http.MethodGet, path: "/export", query: q})
		if err != nil {
			yield(nil, err)
			return
		}
		defer finish(res)
		body := &bounded{r: res.Body}
		in := json.NewDecoder(body)
		for {
			var raw json.RawMessage
			body.left = maxValue
			switch err := in.Decode(&raw); {
			case errors.Is(err, io.EOF):
				return
			case err != nil:
				yield(nil, fmt.Errorf("export broke off: %w", goneFrom(ctx, c, err)))
				return
			}
			if !yield(raw, nil) {
				return
			}
		}
	}
}
