package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// status is what is read of a node's account of itself.
type status struct {
	Digest   string          `json:"digest"`
	Parked   json.RawMessage `json:"parked"` // a list or a number
	IndexLag int             `json:"index_lag"`
	Members  []struct {
		Name string `json:"name"`
		Owed uint64 `json:"owed"`
	} `json:"members"`
}

func (s *status) parked() int {
	var n int
	if json.Unmarshal(s.Parked, &n) == nil {
		return n
	}
	var list []json.RawMessage
	if json.Unmarshal(s.Parked, &list) == nil {
		return len(list)
	}
	return 0
}

func (p *process) status(ctx context.Context) (*status, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/api/v1/status", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("status of %s: %w", p.Name, err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("status of %s: %w", p.Name, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status of %s: %s: %.200s", p.Name, resp.Status, b)
	}
	var s status
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("status of %s: %w", p.Name, err)
	}
	return &s, nil
}

// equal waits until all nodes have one digest and owe each other nothing.
func (c *cluster) equal(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		same, err := c.isEqual(ctx)
		if same {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the nodes were not equal after %s", limit)
		}
		if err != nil {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("the nodes were not equal after %s", limit)
		}
	}
}

func (c *cluster) isEqual(ctx context.Context) (bool, error) {
	var digest string
	for i, p := range c.nodes {
		s, err := p.status(ctx)
		if err != nil {
			return false, err
		}
		if i > 0 && s.Digest != digest {
			return false, nil
		}
		digest = s.Digest
	}
	return true, nil
}

// parked counts the ops that nodes refused.
func (c *cluster) parked(ctx context.Context) (int, error) {
	var n int
	for _, p := range c.nodes {
		s, err := p.status(ctx)
		if err != nil {
			return 0, err
		}
		n += s.parked()
	}
	return n, nil
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
