package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

const (
	operatorFile   = "operator.key"
	operatorPrefix = "tallyop_"
	maxKey         = 1 << 10
)

// ErrNoOperatorKey says that the node's operator key could not be found: the node
// is on another machine, or the file is not for this user.
var ErrNoOperatorKey = errors.New("the operator's key is not to be found here")

// ErrNotOperator says that the operator key that was given is none that the node knows.
var ErrNotOperator = errors.New("the operator's key that was given is not that of this node")

// AsOperator returns a client that speaks for the operator of the node. If this
// one does already, it is that; if it was given a key and does not, the error is
// [ErrNotOperator]: who names a key means that one. Without one the key is read from the file that the
// node names, which only works on its machine, for a user who may read the file.
func (c *Client) AsOperator(ctx context.Context) (*Client, error) {
	var who struct {
		Operator bool   `json:"operator"`
		KeyFile  string `json:"key_file"` // only for callers on the node's machine
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: "/operator"}, &who); err != nil {
		if e, is := errors.AsType[*Error](err); is && e.Status == http.StatusUnauthorized && c.operator != "" {
			return nil, fmt.Errorf("%w: %w", ErrNotOperator, err)
		}
		return nil, err
	}
	if who.Operator {
		return c, nil
	}
	if c.operator != "" {
		return nil, ErrNotOperator
	}
	if who.KeyFile == "" {
		return nil, fmt.Errorf("%w: %s is another machine", ErrNoOperatorKey, c.URL())
	}
	key, err := readOperatorKey(who.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoOperatorKey, err)
	}
	as := *c
	as.operator, as.found = key, &atomic.Pointer[string]{}
	return &as, nil
}

// operatorKey is what was given, or found since.
func (c *Client) operatorKey() string {
	if found := c.found.Load(); found != nil {
		return *found
	}
	return c.operator
}

// findKey looks for the operator's key, once, and reports whether it found one.
func (c *Client) findKey(ctx context.Context) bool {
	if !c.find || c.operatorKey() != "" {
		return false
	}
	asking := *c
	asking.find = false // it is looked for once
	as, err := asking.AsOperator(ctx)
	if err != nil {
		return false
	}
	c.found.Store(&as.operator)
	return true
}

// readOperatorKey takes nothing for a key that does not look like one: the name
// of the file is the word of whoever answers.
func readOperatorKey(name string) (string, error) {
	if filepath.Base(name) != operatorFile {
		return "", fmt.Errorf("%q is no %s", name, operatorFile)
	}
	f, err := os.Open(name) //nolint:gosec // by its name and content it is what it should be
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(raw))
	if !strings.HasPrefix(key, operatorPrefix) || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("%s holds no key", name)
	}
	return key, nil
}
