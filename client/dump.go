package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Refusal says that one op was not taken, and why. Its bytes are kept.
type Refusal struct {
	Dot  string `json:"dot"`
	Code string `json:"code"`
	Text string `json:"text"`
}

// Loaded is what became of a complete export at a node.
type Loaded struct {
	DryRun   bool           `json:"dry_run"`
	Entries  int            `json:"entries"`
	Applied  int            `json:"applied"` // new there; in a dry run: would be
	Known    int            `json:"known"`   // held already
	Deferred int            `json:"deferred"`
	Refused  int            `json:"refused"`
	Refusals []Refusal      `json:"refusals"` // the first of them
	Counts   map[string]int `json:"counts"`   // by kind of op
	From     string         `json:"from"`     // the node that made the export
	Origin   string         `json:"origin"`   // under which the node logs now
	Adopted  bool           `json:"adopted"`  // the node vouches for all that the export covers
	Expected string         `json:"manifest_digest"`
	Digest   string         `json:"digest"` // of the node's state, afterwards
	// Equal is set when the state of the node is that of the export. A node that
	// had memories of its own holds more, and is not.
	Equal bool `json:"equal"`
}

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
