package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/cred"
	"github.com/tallystick/tallystick/internal/memory"
)

// Direction says which way memories go.
type Direction string

// The directions.
const (
	Both Direction = "both"
	In   Direction = "in"  // the peer pushes to this node, and is pulled from
	Out  Direction = "out" // this node pushes to the peer, which may pull
)

// Peer is a legacy peer: a node of ai-memory. The zero value of every field but
// Name is the careful one.
type Peer struct {
	// Name is how the peer identifies itself: its sender_agent_id and x-peer-id.
	Name string `json:"name" toml:"name"`
	// URL is its base URL, such as http://10.0.0.5:9077; "" if this node never calls it.
	URL       string    `json:"url,omitempty" toml:"url,omitempty"`
	Direction Direction `json:"direction,omitempty" toml:"direction,omitempty"` // "" is [Both]

	// Key is the public key that it signs with, in hex; "" if it has none.
	Key string `json:"key,omitempty" toml:"key,omitempty"`
	// Issuers are the roots that its credential may go back to: public keys in hex, by
	// the name of the issuer; of the trust domain Domain.
	Issuers map[string]string `json:"issuers,omitempty" toml:"issuers,omitempty"`
	Domain  string            `json:"credential_domain,omitempty" toml:"credential_domain,omitempty"`
	// Unsigned lets it push without a signature, and UnsignedPulls pull without one, as
	// its daemon always does. Whoever reaches this node can then say that it is the peer.
	Unsigned      bool `json:"unsigned,omitempty" toml:"unsigned,omitempty"`
	UnsignedPulls bool `json:"unsigned_pulls,omitempty" toml:"unsigned_pulls,omitempty"`
	// CAFile has the certificates, in PEM, that its TLS certificate must go back to; ""
	// are those of the system.
	CAFile string `json:"ca_file,omitempty" toml:"ca_file,omitempty"`
	// APIKey is sent to it, and taken from it in the place of this node's own.
	APIKey string `json:"api_key,omitempty" toml:"api_key,omitempty"`

	// Senders are agent ids, beside Name, in whose name it may push.
	Senders []string `json:"senders,omitempty" toml:"senders,omitempty"`
	// Namespaces are those that it may write in and read; none is none. Forms: "**" all,
	// "a/**" a and all below, "a/*" one level below, "*/s" all that end so, or a name.
	Namespaces []string `json:"namespaces,omitempty" toml:"namespaces,omitempty"`

	// Expires is when it stops being a peer, in RFC 3339; "" is never.
	Expires string `json:"expires,omitempty" toml:"expires,omitempty"`
	// MemoriesPerDay is how many new memories it may bring a day for one agent and
	// namespace; 0 is without limit.
	MemoriesPerDay int `json:"memories_per_day,omitempty" toml:"memories_per_day,omitempty"`
}

// Self is how this node identifies itself to legacy peers.
type Self struct {
	// Name is the sender_agent_id; "" is the name of the node.
	Name string `json:"name,omitempty" toml:"name"`
	// KeyFile holds the raw 32 bytes of the private key; "" signs nothing.
	KeyFile string `json:"key_file,omitempty" toml:"key_file,omitempty"`
	// CredentialFile and ChainFile hold the values of the headers.
	CredentialFile string `json:"credential_file,omitempty" toml:"credential_file,omitempty"`
	ChainFile      string `json:"chain_file,omitempty" toml:"chain_file,omitempty"`
}

// Actor is who ops of the peer are logged as having been asked for by.
func (p *Peer) Actor() memory.AgentID { return memory.AgentID(memory.LegacyPrefix + p.Name) }

// Validate reports the first setting that makes no sense.
func (p *Peer) Validate() error {
	if err := p.Actor().Valid(); err != nil {
		return fmt.Errorf("legacy peer: %w", err)
	}
	if err := memory.AgentID(p.Name).Valid(); err != nil {
		return fmt.Errorf("legacy peer: %w", err)
	}
	for _, check := range []func() error{p.validURL, p.validTrust, p.validScope} {
		if err := check(); err != nil {
			return fmt.Errorf("legacy peer %s: %w", p.Name, err)
		}
	}
	return nil
}

func (p *Peer) validURL() error {
	switch p.Direction {
	case "", Both, In, Out:
	default:
		return fmt.Errorf("direction %q: want both, in or out: %w", p.Direction, memory.ErrInvalid)
	}
	if p.URL == "" {
		if p.Direction != In {
			return fmt.Errorf("url: needed, unless the direction is in: %w", memory.ErrInvalid)
		}
		return nil
	}
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return fmt.Errorf("url %q: want http://HOST:PORT: %w", p.URL, memory.ErrInvalid)
	}
	return nil
}

func (p *Peer) validTrust() error {
	if _, err := p.PublicKey(); err != nil {
		return err
	}
	roots, err := p.Roots()
	if err != nil {
		return err
	}
	if len(roots.Keys) > 0 {
		if err := roots.Domain.Valid(); err != nil {
			return err
		}
	}
	if _, err := p.ExpiresAt(); err != nil {
		return err
	}
	if p.MemoriesPerDay < 0 {
		return fmt.Errorf("memories_per_day %d: want 0 or more: %w", p.MemoriesPerDay, memory.ErrInvalid)
	}
	return nil
}

func (p *Peer) validScope() error {
	for _, s := range p.Senders {
		if err := memory.AgentID(s).Valid(); err != nil {
			return err
		}
	}
	for _, g := range p.Namespaces {
		plain := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(g, "/**"), "/*"), "*/")
		if g == "*" || g == "**" {
			continue
		}
		if err := memory.ValidNamespace(plain); err != nil {
			return err
		}
	}
	return nil
}

// PublicKey returns the enrolled key, nil if there is none.
func (p *Peer) PublicKey() (*identity.PublicKey, error) {
	if p.Key == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	k, err := identity.ParsePublicKey(p.Key)
	if err != nil {
		return nil, err
	}
	return &k, nil
}

// Roots returns whom a credential of the peer may go back to.
func (p *Peer) Roots() (cred.Roots, error) {
	out := cred.Roots{Domain: identity.Domain(p.Domain), Keys: map[identity.Name][]identity.PublicKey{}}
	for name, text := range p.Issuers {
		k, err := identity.ParsePublicKey(text)
		if err != nil {
			return out, fmt.Errorf("issuer %s: %w", name, err)
		}
		out.Keys[identity.Name(name)] = []identity.PublicKey{k}
	}
	return out, nil
}

// ExpiresAt returns when the peer stops being one, 0 for never.
func (p *Peer) ExpiresAt() (memory.Instant, error) {
	var at memory.Instant
	if err := at.UnmarshalText([]byte(p.Expires)); err != nil {
		return 0, fmt.Errorf("expires: %w", err)
	}
	return at, nil
}

// Stands reports whether the peer is one now.
func (p *Peer) Stands(now time.Time) bool {
	at, err := p.ExpiresAt()
	return err == nil && (at == 0 || memory.InstantOf(now) < at)
}

// Receives reports whether this node takes what the peer has.
func (p *Peer) Receives() bool { return p.Direction != Out }

// Sends reports whether the peer gets what this node has.
func (p *Peer) Sends() bool { return p.Direction != In }

// MaySendAs reports whether the peer may push in the name of sender.
func (p *Peer) MaySendAs(sender string) bool {
	return sender == p.Name || slices.Contains(p.Senders, sender)
}

// Allows reports whether a namespace is open to the peer, in either direction. Those of
// operators never are, whatever the globs say.
func (p *Peer) Allows(namespace string) bool {
	return !memory.Operators(namespace) && slices.ContainsFunc(p.Namespaces, func(g string) bool { return matches(g, namespace) })
}

func matches(glob, ns string) bool {
	if glob == "**" || glob == "*" || glob == ns {
		return true
	}
	if base, ok := strings.CutSuffix(glob, "/**"); ok {
		return ns == base || strings.HasPrefix(ns, base+"/")
	}
	if base, ok := strings.CutSuffix(glob, "/*"); ok {
		rest, below := strings.CutPrefix(ns, base+"/")
		return below && !strings.Contains(rest, "/")
	}
	if end, ok := strings.CutPrefix(glob, "*/"); ok {
		return strings.HasSuffix(ns, "/"+end)
	}
	return false
}
