package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Load takes a complete export in, as [Client.Export] yields it with
// ExportOptions.Complete, one value per line. It may be repeated: what is held is
// passed over. With dryRun the node verifies everything and writes nothing. It is
// for the operator of the node: with the API key, or on the same machine.
func (c *Client) Load(ctx context.Context, export io.Reader, dryRun bool) (*Loaded, error) {
	k := call{
		method: http.MethodPost, path: "/import/complete", query: url.Values{}, stream: export,
		header: http.Header{"Content-Type": {"application/x-ndjson"}},
	}
	if dryRun {
		k.query.Set("dry_run", "true")
	}
	out := &Loaded{}
	return out, c.do(ctx, k, out)
}
