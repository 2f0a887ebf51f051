package client

import (
	"context"
	"net/http"
)

// UpkeepAPI is what keeps a node's memories in order, and counts them.
type UpkeepAPI struct{ c *Client }

// Upkeep is what keeps a node's memories in order, and counts them.
func (c *Client) Upkeep() UpkeepAPI { return UpkeepAPI{c} }

// Stats counts what the node keeps.
func (u UpkeepAPI) Stats(ctx context.Context) (*Stats, error) {
	return read[Stats](ctx, u.c, http.MethodGet, "/stats", nil)
}

// Capabilities says what the node can do.
func (u UpkeepAPI) Capabilities(ctx context.Context) (*Capabilities, error) {
	return read[Capabilities](ctx, u.c, http.MethodGet, "/capabilities", nil)
}

// Quota says what the caller keeps, by namespace.
func (u UpkeepAPI) Quota(ctx context.Context, in QuotaInput) (*Quota, error) {
	return read[Quota](ctx, u.c, http.MethodPost, "/quota/status", in)
}

// Collect drops history that is no longer kept.
func (u UpkeepAPI) Collect(ctx context.Context, with ...With) (*Collected, error) {
	out, _, err := change[Collected](ctx, u.c, http.MethodPost, "/gc", nil, with)
	return out, err
}

// Forget archives what matches, as far as the caller may.
func (u UpkeepAPI) Forget(ctx context.Context, in ForgetInput, with ...With) (*Forgotten, error) {
	out, _, err := change[Forgotten](ctx, u.c, http.MethodPost, "/forget", in, with)
	return out, err
}

// ArchiveStats counts what is in the archive.
func (u UpkeepAPI) ArchiveStats(ctx context.Context) (*ArchiveStats, error) {
	return read[ArchiveStats](ctx, u.c, http.MethodGet, "/archive/stats", nil)
}

// Purge deletes what is in the archive, as far as the caller may.
func (u UpkeepAPI) Purge(ctx context.Context, in PurgeInput, with ...With) (*Purged, error) {
	k, err := asked(http.MethodDelete, "/archive", in, with)
	if err != nil {
		return nil, err
	}
	out := &Purged{}
	return out, u.c.do(ctx, k, out)
}

// Import takes in an export of ai-memory, in parts of 1,000 memories.
func (u UpkeepAPI) Import(ctx context.Context, in ImportInput, with ...With) (*Imported, error) {
	out, _, err := change[Imported](ctx, u.c, http.MethodPost, "/import", in, with)
	return out, err
}

// Proposal returns a proposal with its votes.
func (u UpkeepAPI) Proposal(ctx context.Context, id string) (*Pending, error) {
	return read[Pending](ctx, u.c, http.MethodGet, "/pending"+seg(id), nil)
}
