package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// sender posts to endpoints.
type sender struct {
	client  *http.Client
	allow   func(ctx context.Context, target *url.URL) error
	agent   string // User-Agent
	timeout time.Duration
	now     func() time.Time
}

const (
	// maxDrained bounds what is read of an answer, so that its connection can be
	// used again. What it says is nobody's business.
	maxDrained = 64 << 10
	maxHeader  = 64 << 10
)

func newSender(cfg *Config) *sender {
	return &sender{
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: cfg.Guard.dial, // no proxy: it would dial for us, unasked
				// Few: an endpoint is called by one lane at a time.
				MaxIdleConnsPerHost: 2, MaxIdleConns: 128, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: cfg.Timeout,
				MaxResponseHeaderBytes: maxHeader, DisableCompression: true,
			},
			// A redirect is an answer that is no success: where it leads, nobody signed up for.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		allow: cfg.AllowOutbound, agent: "tallystick/" + cfg.Version, timeout: cfg.Timeout, now: cfg.Now,
	}
}

// post delivers one body. An error says why the endpoint has not taken it, without
// its URL, and wait how long it asks to be left alone.
func (s *sender) post(ctx context.Context, sub *memory.Subscription, body []byte, correlation string) (wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.URL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the url is not valid")
	}
	if s.allow != nil {
		if err := s.allow(ctx, req.URL); err != nil {
			return 0, fmt.Errorf("not allowed: %w", err)
		}
	}
	unix := strconv.FormatInt(s.now().Unix(), 10)
	signature, err := sub.Sign(unix, body)
	if err != nil {
		return 0, err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", s.agent)
	h.Set("X-Ai-Memory-Timestamp", unix)
	h.Set("X-Ai-Memory-Correlation-Id", correlation)
	h.Set("X-Ai-Memory-Signature", "sha256="+signature)
	res, err := s.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the URL may hold a token
		}
		return 0, err
	}
	// Best effort: what it does not read costs a new connection next time.
	_, _ = io.CopyN(io.Discard, res.Body, maxDrained)
	_ = res.Body.Close()
	switch {
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return 0, nil
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return 0, fmt.Errorf("status %d: redirects are not followed", res.StatusCode)
	}
	if secs, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && secs > 0 {
		wait = time.Duration(min(secs, 3600)) * time.Second
	}
	return wait, fmt.Errorf("status %d", res.StatusCode)
}
