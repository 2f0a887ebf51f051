package client

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// write sends a change and reads its outcome from whatever the route answers.
// What else the answer says goes to more, unless that is nil.
func write(ctx context.Context, c *Client, k call, more any) (*Outcome, error) {
	var raw json.RawMessage
	header, err := c.exchange(ctx, k, &raw)
	if err != nil {
		return nil, err
	}
	var b struct {
		Memory
		Nested    *Memory  `json:"memory"`
		Receipt   *Receipt `json:"receipt"`
		PendingID string   `json:"pending_id"`
		Action    string   `json:"action"`
		Reason    string   `json:"reason"`
		Masked    []string `json:"masked"`
		Against   []string `json:"potential_contradictions"`
		Deleted   *bool    `json:"deleted"` // of a link; false: there was none
		Cleared   *bool    `json:"cleared"` // of a standard, likewise
		Erased    bool     `json:"erased"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, notOurs(k, err)
	}
	if more != nil {
		if err := json.Unmarshal(raw, more); err != nil {
			return nil, notOurs(k, err)
		}
	}
	out := &Outcome{ID: b.ID, Receipt: b.Receipt, Masked: b.Masked, PotentialContradictions: b.Against, Erased: b.Erased, Replayed: header.Get("Idempotency-Replayed") == "true"}
	switch {
	case b.PendingID != "":
		out.ID = ""
		out.Pending = &Waiting{ID: b.PendingID, Action: b.Action, Reason: b.Reason, Namespace: b.Namespace}
	case b.Title != "":
		out.Memory = &b.Memory
	case b.Nested != nil:
		out.Memory = b.Nested
		out.ID = cmp.Or(out.ID, b.Nested.ID)
	}
	if out.ID == "" && out.Receipt == nil && out.Pending == nil && b.Deleted == nil && b.Cleared == nil {
		return nil, notOurs(k, errSaysNone)
	}
	return out, nil
}

// Create writes a new memory. A title that the namespace already has is an
// *[Error] with status 409, unless d.OnConflict says otherwise.
func (c *Client) Create(ctx context.Context, d Draft, with ...With) (*Outcome, error) {
	return write(ctx, c, call{method: http.MethodPost, path: "/memories", body: d, with: one(with)}, nil)
}

// Store is [Client.Create] with everything that can be asked for, such as a look at
// what is alike before.
func (c *Client) Store(ctx context.Context, in StoreInput, with ...With) (*Outcome, error) {
	body := struct {
		Draft

		DetectConflicts bool `json:"detect_conflicts,omitempty"`
		Force           bool `json:"force,omitempty"`
	}{in.Draft, in.DetectConflicts, in.Force}
	return write(ctx, c, call{method: http.MethodPost, path: "/memories", body: body, with: one(with)}, nil)
}

// CreateAll writes up to 1,000 memories in one request; existing titles are
// merged. A memory that is refused does not stop the others.
func (c *Client) CreateAll(ctx context.Context, drafts []Draft, with ...With) (*Bulk, error) {
	out := &Bulk{}
	err := c.do(ctx, call{method: http.MethodPost, path: "/memories/bulk", body: drafts, with: one(with)}, out)
	return out, err
}

// Get returns a live memory and its links. A prefix of the id will do if it
// fits one memory only.
func (c *Client) Get(ctx context.Context, id string) (*Memory, []Link, error) {
	m, links, err := c.Graph().Linked(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return m, links.Links, nil
}

// Update edits a live memory.
func (c *Client) Update(ctx context.Context, id string, p Patch, with ...With) (*Outcome, error) {
	k := call{method: http.MethodPut, path: "/memories" + seg(id), body: p, with: one(with)}
	if p.IfVersion != 0 {
		k.header = http.Header{"If-Match": {strconv.FormatInt(p.IfVersion, 10)}}
	}
	return write(ctx, c, k, nil)
}

// Promote makes a memory long-lived: tier long, no expiry.
func (c *Client) Promote(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, c, call{method: http.MethodPost, path: "/memories" + seg(id) + "/promote", with: one(with)}, nil)
}

// Delete removes a memory from the live set of every member. Its history stays
// until it is due; see [Client.Erase].
func (c *Client) Delete(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, c, call{method: http.MethodDelete, path: "/memories" + seg(id), with: one(with)}, nil)
}

// Erase removes a memory with all its versions, for good, on every member. Its
// id is never used again.
func (c *Client) Erase(ctx context.Context, id string, with ...With) (*Outcome, error) {
	return write(ctx, c, call{method: http.MethodPost, path: "/memories" + seg(id) + "/erase", with: one(with)}, nil)
}

// Selection narrows a list, a recall or a search. Zero fields do not.
type Selection struct {
	Namespace   string
	Title       string // exactly this one
	Tier        string
	Tag         string
	Owner       string // agent id
	MinPriority int32
	Since       time.Time // created at or after
	Until       time.Time // created at or before
	HeldBy      string    // in a list: only what this member is known to hold as it is here
	MissingAt   string    // in a list: only what this member is not known to hold
	Conflicts   bool      // in a list: only with versions that nobody has settled
	Order       string    // of a list: priority, edited or id; "" is the node's default
	Limit       int       // 0 is the node's default
	Offset      int
	Cursor      string // of the page before, see Page.Next; instead of Offset
}

func (s Selection) query() url.Values {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	number := func(key string, n int) {
		if n != 0 {
			q.Set(key, strconv.Itoa(n))
		}
	}
	instant := func(key string, t time.Time) {
		if !t.IsZero() {
			q.Set(key, t.UTC().Format(time.RFC3339Nano))
		}
	}
	set("namespace", s.Namespace)
	set("title", s.Title)
	set("tier", s.Tier)
	set("tags", s.Tag)
	set("agent_id", s.Owner)
	set("cursor", s.Cursor)
	set("held_by", s.HeldBy)
	set("missing_at", s.MissingAt)
	set("order", s.Order)
	if s.Conflicts {
		set("conflicts", "true")
	}
	number("min_priority", int(s.MinPriority))
	number("limit", s.Limit)
	number("offset", s.Offset)
	instant("since", s.Since)
	instant("until", s.Until)
	return q
}

// List returns live memories, by priority and then by last edit.
func (c *Client) List(ctx context.Context, s Selection) (*Page, error) {
	out := &Page{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/memories", query: s.query()}, out)
	return out, err
}

// Recall returns the live memories that fit a question best, best first: any of
// its words may occur.
func (c *Client) Recall(ctx context.Context, question string, s Selection) (*Recalled, error) {
	q := s.query()
	q.Set("context", question)
	out := &Recalled{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/recall", query: q}, out)
	return out, err
}

// Ask is [Client.Recall] with everything that can be asked for.
func (c *Client) Ask(ctx context.Context, in *RecallInput) (*Recalled, error) {
	out := &Recalled{}
	err := c.do(ctx, call{method: http.MethodPost, path: "/recall", body: in}, out)
	return out, err
}

// Search returns the live memories in which all words occur, best first.
func (c *Client) Search(ctx context.Context, words string, s Selection) (*Recalled, error) {
	q := s.query()
	q.Set("q", words)
	var b struct {
		Results  []Hit `json:"results"`
		IndexLag int   `json:"index_lag"`
	}
	err := c.do(ctx, call{method: http.MethodGet, path: "/search", query: q}, &b)
	return &Recalled{Memories: b.Results, Count: len(b.Results), Mode: "search", IndexLag: b.IndexLag}, err
}

// Past returns a memory in any state but erased, with its versions.
func (c *Client) Past(ctx context.Context, id string) (*History, error) {
	out := &History{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/memories" + seg(id) + "/history"}, out)
	return out, err
}

// History returns the versions of a memory in any state, newest first.
func (c *Client) History(ctx context.Context, id string) ([]Revision, error) {
	past, err := c.Past(ctx, id)
	if err != nil {
		return nil, err
	}
	return past.Revisions, nil
}
