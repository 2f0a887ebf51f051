// Package endpoint makes vectors of texts by asking somebody else for them: a server
// that speaks the protocol of Ollama (/api/embed), or that of OpenAI (/v1/embeddings),
// which many speak. What it is asked, and how, is in [Settings], a file beside the
// models of a node.
//
// A server may be away, slow, or say that it was asked too often. A [Client] leaves it
// alone then for as long as it asks for, up to an hour, or longer each time; questions are
// answered without it meanwhile, at once.
package endpoint

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// The errors of this package.
var (
	// ErrAway says that the endpoint is left alone for now: it has failed before.
	ErrAway = errors.New("the endpoint of the model does not answer")
	// ErrAnswer says that an endpoint answers with what is of no use.
	ErrAnswer = errors.New("the endpoint of the model answers with something else than vectors of its model")
	// ErrText says that an endpoint fails on a text, and takes others.
	ErrText = errors.New("the endpoint of the model fails on a text")
	// ErrSettings says that settings are not valid.
	ErrSettings = errors.New("not valid settings of an endpoint")

	errRule = errors.New("it may not be asked")
	errKey  = errors.New("its key cannot be read")
	errNone = errors.New("no connection")
)

// Config of a client. Zero fields take the defaults named here.
type Config struct {
	Settings Settings
	// Allow, if not nil, is asked before each request; an error forbids it.
	Allow func(ctx context.Context, target *url.URL) error
	// AllowAddress, if not nil, is asked before an address is connected to, whatever
	// name led there.
	AllowAddress func(address netip.AddrPort) error
	Getenv       func(name string) string // for a key in the environment
	Log          *slog.Logger             // required

	Timeout time.Duration // for a batch of texts; 2 min
	Rest    time.Duration // how long the endpoint is left alone after the first failure; 1 s
	Longest time.Duration // and at most; 5 min
}
