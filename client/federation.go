package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Receipt returns who holds the op dot now.
func (c *Client) Receipt(ctx context.Context, dot string) (*Receipt, error) {
	out := &Receipt{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/receipts" + seg(dot)}, out)
	return out, err
}

// Status is a node's account of itself and of the other members.
type Status struct {
	Node        string          `json:"node"`
	Incarnation string          `json:"incarnation"`
	Digest      string          `json:"digest"` // equal on two nodes exactly when their replicated state is
	Heads       map[string]Head `json:"heads"`
	LSN         uint64          `json:"lsn"`
	W           int             `json:"w"`
	N           int             `json:"n"`
	Members     []Member        `json:"members"`
	Parked      []Parked        `json:"parked"`
	Counts      Counts          `json:"counts"`
	IndexLag    int             `json:"index_lag"` // entries not yet in the text index
	Version     string          `json:"version"`
	StartedAt   time.Time       `json:"started_at"`
	Time        time.Time       `json:"time"`
	Warnings    []string        `json:"warnings"`
}

// Head says what a node holds of one origin: everything up to Seq but for Gaps.
type Head struct {
	Seq  uint64   `json:"seq"`
	Gaps []uint64 `json:"gaps,omitempty"`
}

// Member is what a node knows of another one.
type Member struct {
	Name          string     `json:"name"`
	URL           string     `json:"url"`
	State         string     `json:"state"` // ok, catching_up, backoff, stopped, unknown
	Acked         uint64     `json:"acked"` // our ops that it holds, up to this sequence number
	Owed          uint64     `json:"owed"`  // our ops that it has not acknowledged
	Parked        int        `json:"parked"`
	LastAckAt     *time.Time `json:"last_ack_at,omitempty"`
	ProvenEqualAt *time.Time `json:"proven_equal_at,omitempty"`
	LastError     string     `json:"last_error,omitempty"`
	ClockSkewMS   int64      `json:"clock_skew_ms"`
}

// Counts of a node's records.
type Counts struct {
	Live     int64 `json:"live"`
	Archived int64 `json:"archived"`
	Deleted  int64 `json:"deleted"`
	Erased   int64 `json:"erased"`
	// Conflicts counts live memories with versions that nobody has settled.
	Conflicts int64 `json:"conflicts"`
	Links     int64 `json:"links"`
	Bytes     int64 `json:"bytes"`
}

// Status returns the node's account of itself and of the other members.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	out := &Status{}
	err := c.do(ctx, call{method: http.MethodGet, path: "/status"}, out)
	return out, err
}

// Difference is a register in which a node and a member differ.
type Difference struct {
	Key     string     `json:"key"`
	Family  string     `json:"family"`
	Here    string     `json:"here,omitempty"` // dot of the op that wrote it; "": never written
	There   string     `json:"there,omitempty"`
	HereAt  *time.Time `json:"here_at,omitempty"`
	ThereAt *time.Time `json:"there_at,omitempty"`
}

// Diff is a comparison of a node with a member.
type Diff struct {
	Member      string       `json:"member"`
	Equal       bool         `json:"equal"`
	Here        string       `json:"here"` // digests of everything
	There       string       `json:"there"`
	Differences []Difference `json:"differences"`
	Truncated   bool         `json:"truncated,omitempty"`
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

// Parked is an op that a member refused for a stated reason: kept, and not
// counted as held.
type Parked struct {
	Dot    string     `json:"dot"`
	Code   string     `json:"code"`
	Text   string     `json:"text"`
	Member string     `json:"member"`
	Since  time.Time  `json:"since"`
	Retry  *time.Time `json:"retry,omitempty"` // when it is tried again by itself
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
