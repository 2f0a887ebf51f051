package endpoint

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Client asks an endpoint for vectors. It is safe for concurrent use; one goroutine
// at a time should ask for passages.
type Client struct {
	cfg  Config
	set  Settings
	http *http.Client

	mu      sync.Mutex
	limit   int           // how many bytes of a text are sent
	problem error         // of the last batch
	free    time.Time     // until then the endpoint is left alone
	rest    time.Duration // how long after the next failure
	late    int           // questions one after the other that had no answer in time
	asked   time.Time     // until then it is asked no questions
}

const (
	// maxText bounds what is sent of a memory, in bytes: models read no more of it.
	maxText = 8 << 10
	// minText is what every model can read.
	minText = 512
	// tooLate is how many questions may go without an answer before none is asked for a
	// while: each waits for nothing.
	tooLate = 3
)

// New returns a client. Its settings must be valid.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Minute
	}
	if cfg.Rest == 0 {
		cfg.Rest = time.Second
	}
	if cfg.Longest == 0 {
		cfg.Longest = 5 * time.Minute
	}
	return &Client{cfg: cfg, set: cfg.Settings, http: newHTTP(cfg.AllowAddress), limit: maxText, rest: cfg.Rest}
}

// Width is how many numbers a vector has.
func (c *Client) Width() int { return c.set.Width }

// Problem is why the last batch of memories has no vectors, or nil.
func (c *Client) Problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problem
}

// Probe asks for the vector of a short text, and returns how many numbers it has. The
// error has what the endpoint says.
func (c *Client) Probe(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout) // it may have to load its model
	defer cancel()
	got, err := c.call(ctx, []string{probe})
	if err != nil {
		if s, ok := errors.AsType[*statusError](err); ok && s.said != "" {
			return 0, fmt.Errorf("%w: %.200q", err, s.said)
		}
		return 0, err
	}
	if len(got[0]) == 0 {
		return 0, fmt.Errorf("%w: a vector of no numbers", ErrAnswer)
	}
	return len(got[0]), nil
}

const probe = "a"

// Query returns the vector of a question, or [ErrAway] at once where the endpoint is
// left alone.
func (c *Client) Query(ctx context.Context, text string) ([]float32, error) {
	c.mu.Lock()
	away := max(time.Until(c.free), time.Until(c.asked))
	problem := c.problem
	c.mu.Unlock()
	if away > 0 {
		if problem != nil {
			return nil, fmt.Errorf("%w: %w", ErrAway, problem)
		}
		return nil, ErrAway
	}
	got, err := c.try(ctx, []string{c.set.Query + c.cut(text)})
	c.answered(err)
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

// answered notes whether a question had an answer in time. One whose asker has gone
// says nothing.
func (c *Client) answered(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.late = 0
		return
	}
	if c.late++; c.late < tooLate {
		return
	}
	wait := c.cfg.Rest << min(c.late-tooLate, 16)
	if s, ok := errors.AsType[*statusError](err); ok {
		wait = max(wait, s.wait)
	}
	c.asked = time.Now().Add(min(wait, max(c.cfg.Longest, 0)))
}

// Passage returns the vector of a memory.
func (c *Client) Passage(ctx context.Context, text string) ([]float32, error) {
	got, err := c.Passages(ctx, []string{text})
	if err != nil {
		return nil, err
	}
	return got[0], nil
}

// Passages returns the vectors of memories, in one request if the endpoint takes them
// together. It waits until the endpoint need no longer be left alone, and asks once.
func (c *Client) Passages(ctx context.Context, texts []string) ([][]float32, error) {
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	prefixed := make([]string, len(texts))
	for i, t := range texts {
		prefixed[i] = c.set.Passage + c.cut(t)
	}
	got, err := c.try(ctx, prefixed)
	if err != nil && ofTexts(err) {
		got, err = c.apart(ctx, prefixed, err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	c.note(err)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.set.Name(), err)
	}
	return got, nil
}

func (c *Client) try(ctx context.Context, texts []string) ([][]float32, error) {
	within, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	return c.call(within, texts)
}

// wait returns when the endpoint need not be left alone any longer.
func (c *Client) wait(ctx context.Context) error {
	c.mu.Lock()
	rest := time.Until(c.free)
	c.mu.Unlock()
	if rest <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note says how a batch ended: after a failure the endpoint is left alone, twice as
// long each time.
func (c *Client) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problem = err
	if err == nil {
		c.free, c.rest = time.Time{}, c.cfg.Rest
		return
	}
	// Not all nodes at the same moment.
	rest := c.rest/2 + rand.N(c.rest/2+1) //nolint:gosec // no secret
	c.rest = min(2*c.rest, c.cfg.Longest)
	if s, ok := errors.AsType[*statusError](err); ok {
		rest = max(rest, s.wait)
	}
	c.free = time.Now().Add(rest)
}
