package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// statusError is an answer that is no success. What the endpoint says of it may have
// texts of memories or a key in it, and is for who adds an endpoint alone.
type statusError struct {
	code int
	wait time.Duration // that the endpoint asks for
	said string
}

func (e *statusError) Error() string {
	hint := ""
	switch e.code {
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = ": the key is not taken"
	case http.StatusNotFound:
		hint = ": there is no such model, or no such path"
	case http.StatusTooManyRequests:
		hint = ": it was asked too often"
	}
	return fmt.Sprintf("status %d%s", e.code, hint)
}

// Plain is what anybody may be told of an error of a [Client]: no address, path or rule is
// in it. Of its kind, the error of the context stays, too.
func Plain(err error) error {
	if s, ok := errors.AsType[*statusError](err); ok {
		return s
	}
	for _, kind := range []error{errRule, errKey, ErrAnswer, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return errNone
}

// ofTexts reports whether an answer may be about the texts that were asked about, and
// not about the endpoint: others may be taken.
func ofTexts(err error) bool {
	if errors.Is(err, ErrAnswer) {
		return true
	}
	s, ok := errors.AsType[*statusError](err)
	if !ok {
		return false
	}
	return s.code == http.StatusInternalServerError || refusal(err)
}

// refusal reports whether an answer says that something is wrong with what was asked.
func refusal(err error) bool {
	s, ok := errors.AsType[*statusError](err)
	return ok && (tooLong(err) || s.code == http.StatusUnprocessableEntity)
}

// tooLong reports whether an answer is one that texts get that are too long.
func tooLong(err error) bool {
	s, ok := errors.AsType[*statusError](err)
	return ok && (s.code == http.StatusBadRequest || s.code == http.StatusRequestEntityTooLarge)
}

// newHTTP returns a client that connects to nothing that is not allowed, and follows
// nobody elsewhere.
func newHTTP(g *guard) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		if err := g.connect(address); err != nil {
			return fmt.Errorf("connect to %s: %w: %w", address, errRule, err)
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{ // no proxy: it would dial for us, unasked
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// call asks for the vectors of texts once.
func (c *Client) call(ctx context.Context, texts []string) ([][]float32, error) {
	target, err := c.set.target()
	if err != nil {
		return nil, err
	}
	if c.cfg.Allow != nil {
		if err := c.cfg.Allow(ctx, target); err != nil {
			return nil, fmt.Errorf("%w: %w", errRule, err)
		}
	}
	body, err := c.set.ask(texts)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	key, err := c.set.key(c.cfg.Getenv)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKey, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "tallystick")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if !c.guard.still() {
		c.http.CloseIdleConnections() // the rules are others than when it connected
	}
	res, err := c.http.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // only read
	if res.StatusCode != http.StatusOK {
		return nil, refused(res)
	}
	out, err := c.set.read(res.Body, len(texts))
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err() // it was cut
	}
	return out, err
}

// refused reads an answer that is no success.
func refused(res *http.Response) error {
	const most = 4 << 10
	e := &statusError{code: res.StatusCode, wait: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	raw, err := io.ReadAll(io.LimitReader(res.Body, most))
	if err != nil {
		return e
	}
	e.said = said(raw)
	return e
}

// said is what a body says went wrong.
func said(raw []byte) string {
	var both struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(raw, &both) != nil {
		return strings.TrimSpace(string(raw))
	}
	var text string
	if json.Unmarshal(both.Error, &text) == nil {
		return text
	}
	var inner struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(both.Error, &inner) == nil {
		return inner.Message
	}
	return ""
}

// retryAfter is how long an endpoint wants to be left alone: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if secs, err := strconv.Atoi(header); err == nil {
		return time.Duration(min(max(secs, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// maxRetryAfter bounds how long an endpoint may ask to be left alone.
const maxRetryAfter = time.Hour
