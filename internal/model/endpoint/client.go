package endpoint

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Client asks an endpoint for vectors. It is safe for concurrent use; one goroutine
// at a time should ask for passages.
type Client struct {
	cfg   Config
	set   Settings
	http  *http.Client
	guard *guard

	mu      sync.Mutex
	limit   limit
	seed    maphash.Seed    // of the keys of failed
	failed  map[uint64]bool // texts that were not taken once
	problem error           // of the last batch
	missed  error           // of the last question that had no answer, unless it was late; nil after one that had
	free    time.Time       // until then the endpoint is left alone
	rest    time.Duration   // how long after the next failure
	late    int             // questions one after the other that had no answer in time
	counted time.Time       // when the last of them was without one
	asked   time.Time       // until then it is asked no questions
}

// tooLate is how many questions may go without an answer before none is asked for a
// while: each waits for nothing.
const tooLate = 3

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
	g := &guard{allow: cfg.AllowAddress}
	return &Client{cfg: cfg, set: cfg.Settings, http: newHTTP(g), guard: g, limit: limit{bytes: maxText}, seed: maphash.MakeSeed(), failed: map[uint64]bool{}, rest: cfg.Rest}
}

// Width is how many numbers a vector has.
func (c *Client) Width() int { return c.set.Width }

// Problem is why the last batch of memories has no vectors, or why the last question has
// none, unless it was late, or nil.
func (c *Client) Problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem == nil {
		return c.missed
	}
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
// left alone. Errors have nothing in them that those may not know who ask questions;
// [Client.Problem] has the whole.
func (c *Client) Query(ctx context.Context, text string) ([]float32, error) {
	c.mu.Lock()
	away := time.Until(c.free) > 0 || time.Until(c.asked) > 0
	c.mu.Unlock()
	if away {
		return nil, c.away()
	}
	began := time.Now()
	got, err := c.try(ctx, []string{c.cut(c.set.Query + text)})
	c.answered(began, err)
	if err != nil {
		return nil, Plain(err)
	}
	return got[0], nil
}

// away is [ErrAway], with the reason if there is one.
func (c *Client) away() error {
	if problem := c.Problem(); problem != nil {
		return fmt.Errorf("%w: %w", ErrAway, Plain(problem))
	}
	return ErrAway
}

// answered notes whether a question had an answer in time. One whose asker has gone, or
// waits for much less than is usual, says nothing. Of those that waited at the same time
// one counts.
func (c *Client) answered(began time.Time, err error) {
	hasty := errors.Is(err, context.DeadlineExceeded) && time.Since(began) < c.set.Wait()/2
	if hasty || errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.late, c.asked, c.missed = 0, time.Time{}, nil
		return
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		c.missed = err
	}
	if s, ok := errors.AsType[*statusError](err); ok && s.wait > 0 { // it wants that of all
		c.free = later(c.free, s.wait)
	}
	if began.Before(c.counted) {
		return
	}
	c.counted = time.Now()
	if c.late++; c.late < tooLate {
		return
	}
	c.asked = time.Now().Add(min(c.cfg.Rest<<min(c.late-tooLate, 16), c.cfg.Longest))
}

// later is the later of a time and of one that is so far ahead.
func later(t time.Time, wait time.Duration) time.Time {
	if at := time.Now().Add(wait); at.After(t) {
		return at
	}
	return t
}

// Passage returns the vector of a memory, for which it asks twice if need be.
func (c *Client) Passage(ctx context.Context, text string) ([]float32, error) {
	for range 2 {
		got, err := c.Passages(ctx, []string{text})
		if err != nil {
			return nil, err
		}
		if got[0] != nil {
			return got[0], nil
		}
	}
	return nil, fmt.Errorf("%s: %w", c.set.Name(), ErrText)
}

// Passages returns the vectors of memories, in one request if the endpoint takes them
// together. It does not wait: where the endpoint is left alone the error is [ErrAway],
// see [Client.Ready].
//
// A text that the endpoint fails on, while it takes others, has no vector (nil): it
// should be asked about again, after the others. If it is not taken then either, as
// much of it counts as is taken. A vector of zeros has what the endpoint has refused
// both times, and of which it takes no part.
func (c *Client) Passages(ctx context.Context, texts []string) ([][]float32, error) {
	c.mu.Lock()
	away := time.Until(c.free) > 0
	c.mu.Unlock()
	if away {
		return nil, c.away()
	}
	got, err := c.passages(ctx, texts)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	c.note(err)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.set.Name(), err)
	}
	return got, nil
}

func (c *Client) passages(ctx context.Context, texts []string) ([][]float32, error) {
	prefixed := make([]string, len(texts))
	for i, t := range texts {
		prefixed[i] = c.set.Passage + t
	}
	if whole := c.doubted(prefixed); whole != "" {
		if _, err := c.try(ctx, []string{whole}); err == nil {
			c.wrong(len(whole))
		}
	}
	for i, t := range prefixed {
		prefixed[i] = c.cut(t)
	}
	got, err := c.try(ctx, prefixed)
	if err != nil && ofTexts(err) {
		got, err = c.apart(ctx, prefixed, err)
	}
	if err == nil {
		c.forget(prefixed, got)
	}
	return got, err
}

func (c *Client) try(ctx context.Context, texts []string) ([][]float32, error) {
	within, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	return c.call(within, texts)
}

// Ready returns when the endpoint need not be left alone any longer.
func (c *Client) Ready(ctx context.Context) error {
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
		c.late, c.asked, c.missed = 0, time.Time{}, nil
		return
	}
	// Not all nodes at the same moment.
	rest := c.rest/2 + rand.N(c.rest/2+1) //nolint:gosec // no secret
	c.rest = min(2*c.rest, c.cfg.Longest)
	if s, ok := errors.AsType[*statusError](err); ok {
		rest = max(rest, s.wait)
	}
	c.free = later(c.free, rest)
}
