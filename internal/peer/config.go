package peer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer/packing"
)

// Config says who a node is among the members, for both directions.
type Config struct {
	Self memory.Node
	// Origin returns the origin that this node logs under now. The handler's hello needs it.
	Origin func() memory.Origin
	// Members are the base URLs of the other members, http or https. Whoever is
	// not named here is refused.
	Members map[memory.Node]string
	// Trust, if not nil, says who is a member in the place of Members.
	Trust *Trust
	// AnyAddress lets members without identity be called and answered beyond loopback:
	// whoever can reach a node can then say that it is a member.
	AnyAddress bool
	// OnRefusal, if not nil, hears of everybody who was refused for who they are: the
	// name that they claim, where they are, and why.
	OnRefusal func(claimed, address string, err error)
	// Account, if not nil, is what members are told of how this node gets on with each of
	// them, as JSON.
	Account func(context.Context) ([]byte, error)
	// APIKey, if not empty, is sent to every member and asked of every caller.
	APIKey string
	// Compress says with which members messages go compressed; "" is [packing.Auto].
	Compress packing.Compress
	// Traffic, if not nil, counts what goes over the connections that this node makes.
	Traffic *packing.Traffic
	// DialTimeout bounds the making of a connection; 0 is 2 s.
	DialTimeout time.Duration
	// Timeout bounds a call, the reading of a request, and each frame of a
	// snapshot; 0 is 10 s.
	Timeout time.Duration
	// AllowOutbound, if not nil, is asked before each call, which is to push or to ask
	// for something; an error forbids it, and the member counts as one that did not answer.
	AllowOutbound func(ctx context.Context, isPush bool, target *url.URL) error
	// AllowAddress, if not nil, is asked before an address is connected to, whatever name
	// led there; an error is as that of AllowOutbound.
	AllowAddress func(address netip.AddrPort) error
}

// Validate says what is wrong with c, or nil.
func (c Config) Validate() error {
	if err := errors.Join(c.Self.Valid(), c.Compress.Valid()); err != nil {
		return err
	}
	for n, raw := range c.Members {
		if err := n.Valid(); err != nil {
			return err
		}
		if n == c.Self {
			return fmt.Errorf("member %s is this node itself: %w", n, memory.ErrInvalid)
		}
		if _, err := baseURL(raw); err != nil {
			return fmt.Errorf("member %s: %w: %w", n, err, memory.ErrInvalid)
		}
	}
	if c.DialTimeout < 0 || c.Timeout < 0 {
		return fmt.Errorf("a timeout below 0: %w", memory.ErrInvalid)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.DialTimeout == 0 {
		c.DialTimeout = 2 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("want a URL such as http://host:port")
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}
