package client

import (
	"context"
	"net/http"
)

// ConsoleLink returns a link that opens the console of the node in a browser, once
// and within two minutes, for whoever holds the key of this client: the
// operator's, or the node's. Without a key it is refused as [CodeUnauthorized].
func (c *Client) ConsoleLink(ctx context.Context) (string, error) {
	var out struct {
		Path string `json:"path"`
	}
	if err := c.do(ctx, call{method: http.MethodPost, root: "/console/link"}, &out); err != nil {
		return "", err
	}
	return c.base.String() + out.Path, nil
}
