package wire

import "encoding/json"

// Reply answers a push, after it was applied.
type Reply struct {
	Applied          int      `json:"applied"`
	Archived         int      `json:"archived"`
	Deleted          int      `json:"deleted"`
	DryRun           bool     `json:"dry_run"`
	IDs              []string `json:"ids,omitempty"` // of what was stored, if a receiver names them
	LinksApplied     int      `json:"links_applied"`
	StandardsApplied int      `json:"namespace_meta_applied"`
	StandardsCleared int      `json:"namespace_meta_cleared"`
	Noop             int      `json:"noop"`
	DecisionsApplied int      `json:"pending_decisions_applied"`
	PendingsApplied  int      `json:"pendings_applied"`
	QuotaRefused     int      `json:"quota_refused"`
	ReceiverAgent    string   `json:"receiver_agent_id"`
	ReceiverClock    Clock    `json:"receiver_clock"`
	Restored         int      `json:"restored"`
	Skipped          int      `json:"skipped"`
}

// Encode returns the bytes of a reply as a real node writes them.
func (r *Reply) Encode() ([]byte, error) {
	q := *r
	if q.ReceiverClock.Entries == nil {
		q.ReceiverClock.Entries = map[string]string{}
	}
	return canonical(&q)
}

// DecodeReply reads a reply of any version: counters that it does not have are 0.
func DecodeReply(body []byte) (*Reply, error) {
	var r Reply
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	return &r, nil
}

// Words for what a pull was answered by.
const (
	ScopeDenied = "no_allowlist_default_deny" // the peer is not allowed to pull: no rows
	ScopeScoped = "scoped"
	ScopeBypass = "legacy_bypass" // the peer shows all to everybody
)

// Limits of a pull.
const (
	DefaultPull = 500
	MaxPull     = 10000
)

// Since answers a pull.
type Since struct {
	Count           int      `json:"count"`
	Earliest        *string  `json:"earliest_updated_at"`
	ExcludedScope   int      `json:"excluded_for_scope"`
	ExcludedPrivate int      `json:"excluded_for_scope_private"`
	Latest          *string  `json:"latest_updated_at"`
	Limit           int      `json:"limit"`
	Memories        []Memory `json:"memories"`
	ScopeStatus     string   `json:"scope_status"`
	UpdatedSince    *string  `json:"updated_since"`
}

// Encode returns the bytes of what a pull brings.
func (s *Since) Encode() ([]byte, error) {
	q := *s
	if q.Memories == nil {
		q.Memories = []Memory{}
	}
	return canonical(&q)
}

// DecodeSince reads what a pull has brought.
func DecodeSince(body []byte) (*Since, error) {
	var s Since
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, err
	}
	return &s, nil
}
