package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Receipt returns who holds the op dot now.
func (c *Client) Receipt(ctx context.Context, dot string) (*Receipt, error) {
	out := &Receipt{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/receipts" + seg(dot)}, out)
	return out, err
}

// SignedReceipt returns what members have signed about the op dot: a receipt that
// others can check.
func (c *Client) SignedReceipt(ctx context.Context, dot string) (json.RawMessage, error) {
	var out ReceiptNow
	err := c.do(ctx, call{method: http.MethodGet, path: "/receipts" + seg(dot), query: url.Values{"signed": {"true"}}}, &out)
	return out.Signed, err
}

// Status returns the node's account of itself and of the other members.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	out, k := &Status{}, call{method: http.MethodGet, path: "/status"}
	err := c.do(ctx, k, out)
	if err == nil && out.Node == "" {
		err = notOurs(k, errSaysNone)
	}
	return out, err
}

// Ready reports, as nil, that the node takes requests.
func (c *Client) Ready(ctx context.Context) error {
	ctx, _, stop := hurry(ctx, c.patience)
	defer stop()
	u := *c.base
	u.Path += "/health/ready"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return stopped(ctx, c, err)
	}
	defer finish(res)
	if res.StatusCode != http.StatusOK {
		return &Error{Status: res.StatusCode, Message: "not ready"}
	}
	return nil
}
