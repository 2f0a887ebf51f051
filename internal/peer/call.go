package peer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer/packing"
)

// exchange sends a message to a member and returns what it answers, with the header,
// within the timeout of one call.
func exchange[Req, Rep any](ctx context.Context, c *Client, to memory.Node, r route[Req, Rep], req *Req, m message) (*Rep, http.Header, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	rep, header, err := once(ctx, c, to, r, req, m)
	if err != nil {
		return nil, nil, fault(r.name, to, err)
	}
	return rep, header, nil
}

func once[Req, Rep any](ctx context.Context, c *Client, to memory.Node, r route[Req, Rep], req *Req, m message) (*Rep, http.Header, error) {
	body, err := r.encode(req)
	if err != nil {
		return nil, nil, err
	}
	data, header, err := c.fetch(ctx, to, request{path: r.path, body: body, message: m}, typeCBOR, r.replyLimit)
	if err != nil {
		return nil, nil, err
	}
	rep, err := r.decodeReply(data)
	if err != nil {
		return nil, nil, err
	}
	if err := checkSender(r.sender(rep), to); err != nil {
		return nil, nil, err
	}
	return rep, header, r.answers(req, rep)
}

func checkSender(got, want memory.Node) error {
	if got != want {
		return fmt.Errorf("the reply is from %s", got)
	}
	return nil
}

// message says how a request is sent: what its header says beside what every request says,
// and whether the body may go compressed.
type message struct {
	header http.Header
	packed bool
}

// request is what a member is asked. The path may have a query; a nil body makes a GET,
// any other a POST.
type request struct {
	message

	path string
	body []byte
}

// fetch makes a request and returns the body of the answer, of a type and of at
// most limit bytes, and its header.
func (c *Client) fetch(ctx context.Context, to memory.Node, q request, contentType string, limit int64) ([]byte, http.Header, error) {
	a, err := c.do(ctx, to, q)
	if err != nil {
		return nil, nil, err
	}
	defer drain(a.resp.Body)
	if err := a.checkType(contentType); err != nil {
		return nil, nil, err
	}
	data, err := readAtMost(a.resp, limit)
	if err != nil {
		return nil, nil, err
	}
	if q.path == pathHello { // which is for anybody, and proves nothing
		return data, a.resp.Header, nil
	}
	err = c.checkReply(a, to, sha256.Sum256(data), a.resp.Header)
	switch {
	case err == nil:
		data, err = c.unpacked(a, data, limit)
		return data, a.resp.Header, err
	case q.path == pathMembers:
		// The root has signed the list, whoever brings it. A member that goes by another
		// key since is not believed before its list is known.
		return data, http.Header{}, nil
	}
	return nil, nil, err
}

// unpacked returns the content of an answer, whose body is proven to be the member's.
func (c *Client) unpacked(a *answered, body []byte, limit int64) ([]byte, error) {
	if !a.packed() {
		return body, nil
	}
	size, err := packing.SizeOf(body)
	if err == nil && size > limit {
		err = fmt.Errorf("a reply of %d bytes, limit %d", size, limit)
	}
	if err != nil {
		return nil, err
	}
	return c.coder.Unpack(body, size)
}

// do sends a request and returns a response of status 200, whose body the caller
// drains.
func (c *Client) do(ctx context.Context, to memory.Node, q request) (*answered, error) {
	body := q.body
	base, carrier, err := c.reach(to)
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(q.path, "?")
	target := base.JoinPath(path)
	target.RawQuery = query
	if c.cfg.AllowOutbound != nil {
		if err := c.cfg.AllowOutbound(ctx, path == pathPush, target); err != nil {
			return nil, fmt.Errorf("not allowed: %w", err)
		}
	}
	// What is for anybody is not asked for in a coding, nor is what proves itself.
	compress, packed := (body != nil || path == pathSnapshot) && c.cfg.Compress.With(base), false
	if compress && q.packed {
		body, packed = c.coder.Pack(body)
	}
	method, content := http.MethodGet, io.Reader(http.NoBody)
	if body != nil {
		method, content = http.MethodPost, bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, q.header)
	req.Header.Set(headerProtocol, protocol())
	req.Header.Set(headerFrom, string(c.cfg.Self))
	req.Header.Set(headerTo, string(to))
	if c.cfg.APIKey != "" {
		req.Header.Set(headerKey, c.cfg.APIKey)
	}
	if compress {
		req.Header.Set(packing.HeaderAccept, packing.Coding)
	}
	if packed {
		req.Header.Set(packing.HeaderCoding, packing.Coding)
	}
	if body != nil {
		req.Header.Set("Content-Type", typeCBOR)
		// All calls may be repeated. This tells net/http so, and is not sent: a
		// connection that the member closed while it was idle costs no attempt.
		req.Header["Idempotency-Key"] = nil
	}
	sig, err := c.signRequest(req, to, body)
	if err != nil {
		return nil, err
	}
	resp, err := carrier.Do(req) //nolint:bodyclose // who gets the answer drains it
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer drain(resp.Body)
		return nil, statusOf(resp)
	}
	return &answered{resp, sig, compress}, nil
}

// statusError is an answer other than 200.
type statusError struct {
	status     int
	text       string
	retryAfter time.Duration
}

func (e *statusError) Error() string {
	s := strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

const (
	maxProblem    = 4 << 10          // bytes of the body of an error that are read for its text
	maxDrain      = 256 << 10        // bytes that are read to save a connection
	maxRetryAfter = 60 * time.Second // a member cannot silence us for longer
)

func statusOf(resp *http.Response) *statusError {
	e := &statusError{status: resp.StatusCode}
	if s, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 32); err == nil {
		e.retryAfter = min(time.Duration(s)*time.Second, maxRetryAfter)
	}
	var p problem
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && json.Unmarshal(data, &p) == nil && p.Code != "" {
		e.text = printable(p.Code + ": " + p.Error)
	}
	return e
}

// printable makes the words of a stranger fit for one line of a log.
func printable(s string) string {
	const most = 300
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func (a *answered) checkType(want string) error {
	got := a.resp.Header.Get("Content-Type")
	if t, _, err := mime.ParseMediaType(got); err != nil || t != want {
		return fmt.Errorf("answers 200 with content type %q, want %s", printable(got), want)
	}
	if enc := a.resp.Header.Get(packing.HeaderCoding); enc != "" && !a.packed() {
		return fmt.Errorf("answers in content encoding %q, which was not asked for", printable(enc))
	}
	return nil
}

// packed reports whether the answer is compressed, which was asked for.
func (a *answered) packed() bool {
	return a.asked && a.resp.Header.Get(packing.HeaderCoding) == packing.Coding
}

func readAtMost(resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("a reply of %d bytes, limit %d", resp.ContentLength, limit)
	}
	data, err := readAll(io.LimitReader(resp.Body, limit+1), resp.ContentLength)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the reply is cut off after %d bytes: %w", len(data), err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("a reply of more than %d bytes", limit)
	}
	return data, nil
}

// readAll is [io.ReadAll] of what says that it has so many bytes. If those are few, as most
// messages have, there is room for them from the start; more has to come first.
func readAll(r io.Reader, size int64) ([]byte, error) {
	const most = 16 << 10
	if size <= 0 || size > most {
		return io.ReadAll(r)
	}
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// drain reads what is left of a body, if that is little: then the connection can
// be used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxDrain)
	_ = body.Close()
}

func fault(what string, to memory.Node, err error) *memory.Fault {
	f := &memory.Fault{Err: fmt.Errorf("%s to %s: %w", what, to, err)}
	if identity.TagOf(err) != "" {
		f.Class = memory.FaultIdentity
	}
	if s, ok := errors.AsType[*statusError](err); ok {
		f.RetryAfter, f.Answered = s.retryAfter, true
		if s.status == http.StatusUnauthorized || s.status == http.StatusForbidden {
			f.Class = memory.FaultIdentity
		}
	}
	return f
}
