package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultURL is where a node listens unless told otherwise.
const DefaultURL = "http://127.0.0.1:9077"

const (
	maxReply   = 64 << 20 // bytes of one JSON answer
	maxDrain   = 256 << 10
	maxErrBody = 1 << 20
)

// Options say where a node is and on whose behalf to speak. The zero value is
// the anonymous agent on the default address.
type Options struct {
	URL    string // base URL; "" is [DefaultURL]
	APIKey string // sent as x-api-key; "" sends none
	// OperatorKey is sent as a bearer token, for what is for the operator of the node
	// alone; "" sends none. [Client.AsOperator] finds it on the node's machine.
	OperatorKey string
	// FindKey looks for the operator's key on this machine when the node asks for a key
	// and none is given.
	FindKey bool
	// Authority is PEM of the certificates that vouch for the node, in the place of the
	// system's; only without HTTP.
	Authority []byte
	Agent     string       // sent as X-Agent-Id; "" is the anonymous agent
	HTTP      *http.Client // nil is a pooled client of our own
	// Patience is how long an answer may take to come, and a second more for each 16 KiB
	// of it; 0 is 90 s, which is longer than any node takes. Streams have no such end, but
	// for connections of our own on which nothing moves for ten minutes: only what an agent
	// subscribes to may be silent for as long as it stands.
	Patience time.Duration
}

// Client is a connection to one node. Create it with [New].
type Client struct {
	base     *url.URL
	apiKey   string
	operator string
	find     bool
	found    *atomic.Pointer[string] // the operator's key, once it was looked for
	agent    string
	http     *http.Client
	standing *http.Client // for what may be silent for as long as it stands
	patience time.Duration
}

// New returns a client for the node at o.URL, which must be an http or https
// URL without query. It does not connect.
func New(o Options) (*Client, error) { return newClient(o, silentFor) }

func newClient(o Options, silent time.Duration) (*Client, error) {
	if o.URL == "" {
		o.URL = DefaultURL
	}
	u, err := url.Parse(strings.TrimRight(o.URL, "/"))
	if err != nil {
		return nil, fmt.Errorf("node URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("node URL %q: want http://HOST:PORT", o.URL)
	}
	standing := o.HTTP
	if o.HTTP == nil {
		t := pooled(silent)
		if o.Authority != nil {
			t.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
			if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(o.Authority) {
				return nil, errors.New("the authority: no certificate in PEM")
			}
		}
		o.HTTP = &http.Client{Transport: t, CheckRedirect: stay}
		patient := t.Clone()
		patient.DialContext = dial(0)
		standing = &http.Client{Transport: patient, CheckRedirect: stay}
	}
	return &Client{
		base: u, apiKey: o.APIKey, operator: o.OperatorKey, find: o.FindKey, found: &atomic.Pointer[string]{}, agent: o.Agent, http: o.HTTP,
		standing: standing, patience: cmp.Or(o.Patience, answerWithin),
	}, nil
}

// pooled keeps enough idle connections for a busy importer: the standard
// transport keeps two per host and closes the rest after each call.
func pooled(silent time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial(silent),
		MaxIdleConns:          512,
		MaxIdleConnsPerHost:   256,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   5 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// stay follows no redirect: what is to be written would be read instead at another
// address (a POST becomes a GET there), and the keys would go there, too.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// URL returns the base URL of the node.
func (c *Client) URL() string { return c.base.String() }

// CloseIdle closes connections that are not in use.
func (c *Client) CloseIdle() {
	c.http.CloseIdleConnections()
	c.standing.CloseIdleConnections()
}

// Durability is how far a write waits before it returns.
type Durability string

// Levels of durability. Whatever the level, the write is owed to all members.
const (
	Local  Durability = "local"  // on the disk of the node
	Quorum Durability = "quorum" // on the disks of W members, the node included: the default
	All    Durability = "all"    // on the disks of all members
)

// With are the extras of one write. The zero value waits for a quorum and makes
// no promise about repetition.
type With struct {
	Durability Durability
	// IdempotencyKey, at most 255 bytes, makes the repetition of an equal request
	// at the same node return the receipt of the first one, brought up to date.
	IdempotencyKey string
	// WhenShort says whether a write that is kept, and that too few members hold at
	// the deadline, is an error; "" is [ShortFails].
	WhenShort WhenShort
}

func one(with []With) With {
	if len(with) == 0 {
		return With{}
	}
	return with[0]
}

// call is one request: everything that differs between the routes.
type call struct {
	method string
	path   string // below /api/v1, escaped
	root   string // in place of path: below the base URL
	query  url.Values
	body   any       // nil sends none
	stream io.Reader // in place of body: sent as it comes
	with   With
	header http.Header
}

// within is how long a call may take: who sends a stream may take any time for that.
func (k call) within(patience time.Duration) time.Duration {
	if k.stream != nil {
		return 0
	}
	return patience
}

func (k call) request(ctx context.Context, c *Client) (*http.Request, error) {
	u := *c.base
	raw := c.base.EscapedPath() + "/api/v1" + k.path
	if k.root != "" {
		raw = c.base.EscapedPath() + k.root
	}
	path, err := url.PathUnescape(raw)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", k.path, err)
	}
	u.Path, u.RawPath = path, raw
	for name, value := range map[string]string{"durability": string(k.with.Durability), "when_short": string(k.with.WhenShort)} {
		if value == "" {
			continue
		}
		if k.query == nil {
			k.query = url.Values{}
		}
		k.query.Set(name, value)
	}
	if u.RawQuery, err = written(k.query); err != nil {
		return nil, err
	}
	body := k.stream
	if k.body != nil {
		b, err := encode(k.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, k.header)
	if k.method != http.MethodGet && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json") // also without a body: nodes take it as a sign that no web page is behind it
	}
	if key := c.operatorKey(); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if c.apiKey != "" {
		req.Header.Set("X-Api-Key", c.apiKey)
	}
	if c.agent != "" {
		req.Header.Set("X-Agent-Id", c.agent)
	}
	if k.with.IdempotencyKey != "" {
		req.Header.Set("Idempotency-Key", k.with.IdempotencyKey)
	}
	return req, nil
}

// open sends k and returns the response of a success; anything else is an error
// and the body is closed. The caller must hand the response to finish.
func (c *Client) open(ctx context.Context, k call) (*http.Response, error) {
	req, err := k.request(ctx, c)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, stopped(ctx, c, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer finish(res)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxErrBody))
	if err != nil {
		return nil, stopped(ctx, c, err)
	}
	refused := parseError(res, body)
	if refused.Reason == wantsAgentKey && k.stream == nil && c.findKey(ctx) {
		return c.open(ctx, k)
	}
	return nil, refused
}

// wantsAgentKey is the reason of a node that wants the key of an agent, and got none.
const wantsAgentKey = "agent_key_missing"

// finish drains a little of what is left, so that the connection can be used
// again, and closes the body.
func finish(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	_ = res.Body.Close()
}

func (c *Client) do(ctx context.Context, k call, out any) error {
	_, err := c.exchange(ctx, k, out)
	return err
}

// exchange sends k, decodes the answer into out and returns its headers.
func (c *Client) exchange(ctx context.Context, k call, out any) (http.Header, error) {
	ctx, h, stop := hurry(ctx, k.within(c.patience))
	defer stop()
	res, err := c.open(ctx, k)
	if err != nil {
		return k.settle(err, out)
	}
	defer finish(res)
	body, err := io.ReadAll(io.LimitReader(h.of(res.Body), maxReply+1))
	switch {
	case err != nil:
		return nil, stopped(ctx, c, err)
	case len(body) > maxReply:
		return nil, fmt.Errorf("%s %s: answer larger than %d MiB", k.method, k.path, maxReply>>20)
	}
	if quorumMissed(res.StatusCode, body) {
		return k.settle(parseError(res, body), out)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return nil, notOurs(k, errNoObject)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return nil, notOurs(k, err)
	}
	return res.Header, nil
}

var (
	errNoObject = errors.New("want a JSON object")
	errSaysNone = errors.New("it says nothing of what was asked for")
)

func notOurs(k call, err error) error {
	return fmt.Errorf("%s %s: not an answer of a Tallystick node: %w", k.method, k.path, err)
}

func unwrapURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func seg(s string) string { return "/" + url.PathEscape(s) }
