package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// Receipt returns who holds the op dot now.
func (c *Client) Receipt(ctx context.Context, dot string) (*Receipt, error) {
	out := &Receipt{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/receipts" + seg(dot)}, out)
	return out, err
}

// Status returns the node's account of itself and of the other members.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	out := &Status{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/status"}, out)
	return out, err
}

// Diff compares the node with a member, now.
func (c *Client) Diff(ctx context.Context, member string) (*Diff, error) {
	out := &Diff{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/diff", query: url.Values{"member": {member}}}, out)
	return out, err
}

// Repair makes the node fetch from a member what they differ in, and returns
// the comparison after it.
func (c *Client) Repair(ctx context.Context, member string) (*Diff, error) {
	out := &Diff{}
	err := c.do(ctx, call{method: http.MethodPost, path: "/repair", query: url.Values{"member": {member}}}, out)
	return out, err
}

// Scrub makes the node read its whole log to find damage, and tells report, if it
// is not nil, how far it is. What is damaged it fetches from members by itself.
func (c *Client) Scrub(ctx context.Context, report func(Scrubbing)) (*Scrubbing, error) {
	sum := &Scrubbing{}
	for !sum.Done {
		var part Scrubbing
		q := url.Values{"after": {strconv.FormatUint(sum.After, 10)}}
		if err := c.do(ctx, call{method: http.MethodPost, path: "/scrub", query: q}, &part); err != nil {
			return sum, err
		}
		part.Entries += sum.Entries
		*sum = part
		if report != nil {
			report(part)
		}
	}
	return sum, nil
}

// ListParked returns the parked ops.
func (c *Client) ListParked(ctx context.Context) ([]Parked, error) {
	var b struct {
		Parked []Parked `json:"parked"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/parked"}, &b)
	return b.Parked, err
}

// RetryParked offers parked ops again: those named, or all. It returns how many.
func (c *Client) RetryParked(ctx context.Context, dots []string) (int, error) {
	body := struct {
		Dots []string `json:"dots"`
	}{dots}
	var b struct {
		Retried int `json:"retried"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: "/parked/retry", body: body}, &b)
	return b.Retried, err
}

// Ready reports, as nil, that the node takes requests.
func (c *Client) Ready(ctx context.Context) error {
	u := *c.base
	u.Path += "/health/ready"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &UnreachableError{URL: c.URL(), Err: unwrapURL(err)}
	}
	defer finish(res)
	if res.StatusCode != http.StatusOK {
		return &Error{Status: res.StatusCode, Message: "not ready"}
	}
	return nil
}
