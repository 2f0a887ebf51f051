// Package node puts the parts together: it opens the store, starts replication,
// the engine and the servers, and stops them in the order in which they need
// each other. It is the only package that knows all others.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	legacy "github.com/tallystick/tallystick/internal/legacy/config"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/peer/packing"
	"github.com/tallystick/tallystick/internal/policy"
	"github.com/tallystick/tallystick/internal/store"
	"github.com/tallystick/tallystick/internal/terse"
	"github.com/tallystick/tallystick/internal/webhook"
)

// Config is all that a node needs to know. Start from [Default].
type Config struct {
	Data    string // data directory; made if absent
	Listen  string // host:port; port 0 takes a free one
	Node    memory.Node
	Members []Member // the other members; none is a federation of one

	// Bounds are, by member, the namespaces that it may write in, with all below
	// them. A member without any may write everywhere.
	Bounds map[memory.Node][]string

	// Hosts are names, beside addresses, localhost and the name in Listen, by which
	// clients and members may call this node; ".example.org" is all below.
	Hosts []string

	// InsecureMembers lets members that have no identity talk beyond loopback
	// addresses. Whoever reaches this node can then say that it is a member.
	InsecureMembers bool

	// TLSCert and TLSKey are files with the certificate that clients are shown, read
	// again when they change. TLSOwn shows them the node's own certificate instead.
	TLSCert, TLSKey string
	TLSOwn          bool
	// ExpiredGrace is how long members are believed after their certificates have
	// ended, for times in which no authority can be reached; 0, the default, is not.
	ExpiredGrace time.Duration
	// InsecureListen lets clients be answered beyond this machine without TLS.
	InsecureListen bool

	// WriteQuorum is how many members must hold a write before it is acknowledged,
	// this one included; 0 is the majority.
	WriteQuorum   int
	QuorumTimeout time.Duration // how long a write waits for that
	// WhenShort is what a write that misses it is to callers who do not say: an error,
	// or a success that says so. It is kept and owed all the same.
	WhenShort string // ShortFails or ShortLocal
	// Compress says with which members messages go compressed.
	Compress packing.Compress
	APIKey   string // asked of clients and members, and sent to members; "" is none

	MaxSkew         time.Duration // how far in the future a stamp may lie
	ClockOffset     time.Duration // what the node's clock is set wrong by, for tests
	BackupDir       string        // where the node makes its backups when it is asked to; "" makes none
	HistoryKeep     time.Duration // how long superseded content is kept
	HistoryVersions int           // how many versions of a memory are kept
	DefaultTier     memory.Tier   // of memories whose writers name none; those of short and mid expire

	// WebhookAllow are addresses that are not public and that events may be posted
	// to nevertheless: networks, addresses, or HOST:PORT as URLs name them.
	WebhookAllow []string

	// Outbound are rules about whom this node may call, as [policy.ParseOutbound] reads
	// them: the first that matches says.
	Outbound []string

	// LegacyPeers are nodes of ai-memory that memories are exchanged with, and
	// LegacySelf is how this node identifies itself to them.
	LegacyPeers []legacy.Peer
	LegacySelf  legacy.Self

	// Settings are, for the operator to see, what was said of all this and where; secrets
	// are masked. Nothing goes by them.
	Settings []client.Setting

	LogLevel  string // debug, info, warn or error
	LogFormat string // text or json
}

// What a write that misses its quorum can be to its caller.
const (
	ShortFails = "fail"
	ShortLocal = "local"
)

// MaxGrace bounds how long an ended certificate is believed: until then an operator
// has had a week, and whoever was to be kept out by not renewing is let in no longer.
const MaxGrace = 7 * 24 * time.Hour

// Member is another node, and where it is reached.
type Member struct {
	Name memory.Node
	URL  string // base URL, http or https
}

// Default returns what holds where nothing else is said. Data, Listen and Node
// are left to the caller.
func Default() Config {
	return Config{
		QuorumTimeout: 2 * time.Second, WhenShort: ShortFails, Compress: packing.Auto, MaxSkew: memory.DefaultMaxSkew,
		HistoryKeep: 30 * 24 * time.Hour, HistoryVersions: 50, DefaultTier: memory.DefaultTier, LogLevel: "info", LogFormat: "text",
	}
}

// Validate reports the first setting that makes no sense, and what would.
func (c Config) Validate() error {
	if c.Data == "" {
		return errors.New("data: a directory is needed")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen %q: want HOST:PORT, such as 127.0.0.1:9077", c.Listen)
	}
	if err := c.Node.Valid(); err != nil {
		return err
	}
	if err := errors.Join(c.validMembers(), c.validBounds(), c.validListen(), legacy.ValidPeers(c.LegacyPeers)); err != nil {
		return err
	}
	if err := c.Compress.Valid(); err != nil {
		return fmt.Errorf("compress %w", err)
	}
	switch {
	case c.WriteQuorum < 0:
		return fmt.Errorf("write quorum %d: want 1 or more (0 is the majority)", c.WriteQuorum)
	case c.WhenShort != ShortFails && c.WhenShort != ShortLocal:
		return fmt.Errorf("when short %q: want %s or %s", c.WhenShort, ShortFails, ShortLocal)
	case c.QuorumTimeout <= 0:
		return fmt.Errorf("quorum timeout %s: want more than 0", c.QuorumTimeout)
	case c.ExpiredGrace < 0 || c.ExpiredGrace > MaxGrace:
		return fmt.Errorf("expired grace %s: want 0s to %s", c.ExpiredGrace, MaxGrace)
	case c.MaxSkew <= 0:
		return fmt.Errorf("max skew %s: want more than 0", c.MaxSkew)
	case c.HistoryKeep <= 0:
		return fmt.Errorf("history keep %s: want more than 0", c.HistoryKeep)
	case c.HistoryVersions <= 0:
		return fmt.Errorf("history versions %d: want 1 or more", c.HistoryVersions)
	case c.DefaultTier != "" && c.DefaultTier.Rank() < 0:
		return fmt.Errorf("default tier %.40q: want short, mid or long", string(c.DefaultTier))
	}
	for _, h := range c.Hosts {
		if !validHost(h) {
			return fmt.Errorf("host %q: want a name such as memory.example.org, without port, or .example.org for all below", h)
		}
	}
	if err := ValidWebhookAllow(c.WebhookAllow); err != nil {
		return fmt.Errorf("webhook allow: %w", err)
	}
	if err := ValidOutbound(c.Outbound); err != nil {
		return err
	}
	_, err := newLogger(c, os.Stderr)
	return err
}

// ValidQuorum reports a write quorum of more members than are named. Of a node with an
// identity that is not known beforehand: its members come and go, and where there are
// fewer than its quorum, that is all of them.
func (c Config) ValidQuorum() error {
	n := len(c.Members) + 1
	if c.WriteQuorum <= n {
		return nil
	}
	if _, err := os.Stat(filepath.Join(c.Data, IdentityDir)); err == nil {
		return nil
	}
	return fmt.Errorf("write quorum %d: want 1 to %d, the number of members with this node (0 is the majority)", c.WriteQuorum, n)
}

// hosts are the names by which this node may be called: those that were given
// to it, and the one that it listens on.
func (c Config) hosts() []string {
	out := slices.Clone(c.Hosts)
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && validHost(host) {
		out = append(out, host)
	}
	return out
}

// validHost reports whether h is a host name, or a dot and a name.
func validHost(h string) bool {
	return strings.Trim(h, ".") != "" && !strings.ContainsFunc(h, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

func (c Config) validMembers() error {
	names, urls := map[memory.Node]bool{}, map[string]memory.Node{}
	for _, m := range c.Members {
		if err := m.Name.Valid(); err != nil {
			return err
		}
		if m.Name == c.Node {
			return fmt.Errorf("member %s is this node itself: name only the others", m.Name)
		}
		if names[m.Name] {
			return fmt.Errorf("member %s is named twice", m.Name)
		}
		names[m.Name] = true
		u, err := url.Parse(m.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("member %s: URL %q: want http://HOST:PORT", m.Name, m.URL)
		}
		key := strings.ToLower(u.Scheme+"://"+u.Host) + strings.TrimRight(u.Path, "/")
		if other, ok := urls[key]; ok {
			return fmt.Errorf("members %s and %s have the same URL %s: each must be a node of its own", other, m.Name, m.URL)
		}
		urls[key] = m.Name
		if strings.EqualFold(u.Host, c.Listen) {
			return fmt.Errorf("member %s has the address that this node listens on, %s: name only the others", m.Name, c.Listen)
		}
	}
	return nil
}

// Bind adds a namespace to those that a member may write in.
func (c *Config) Bind(member, namespace string) {
	if c.Bounds == nil {
		c.Bounds = map[memory.Node][]string{}
	}
	c.Bounds[memory.Node(member)] = append(c.Bounds[memory.Node(member)], namespace)
}

// validBounds makes sure that bounds are about members, and name namespaces.
func (c Config) validBounds() error {
	for name, namespaces := range c.Bounds {
		if !slices.ContainsFunc(c.Members, func(m Member) bool { return m.Name == name }) {
			return fmt.Errorf("bound of %s: it is no member", name)
		}
		for _, ns := range namespaces {
			if err := memory.ValidNamespace(ns); err != nil {
				return fmt.Errorf("bound of %s: %w", name, err)
			}
		}
	}
	return nil
}

// ValidWebhookAllow reports the first of the exceptions that is none.
func ValidWebhookAllow(list []string) error {
	_, err := webhook.NewGuard(list)
	return err
}

// ValidOutbound reports the first of the rules about calls that is none.
func ValidOutbound(rules []string) error {
	if _, err := policy.ParseOutbound(rules); err != nil {
		return fmt.Errorf("outbound: %w", err)
	}
	return nil
}

// Called is what the rules say about a call.
type Called struct {
	Purpose string `json:"purpose"`
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"` // that says so; "" is none
}

// EmbedPurpose is why a node calls an endpoint that makes vectors of texts.
const EmbedPurpose = string(policy.Embed)

// Calls says, for each purpose or for one, whether this node may call a URL. Of a name
// it is not known where it leads: rules about networks are asked when it is connected to.
func (c Config) Calls(target *url.URL, purpose string) ([]Called, error) {
	rules, err := policy.ParseOutbound(c.Outbound)
	if err != nil {
		return nil, err
	}
	var out []Called
	for _, p := range policy.Purposes() {
		if purpose != "" && purpose != string(p) {
			continue
		}
		d := rules.Decide(p, target)
		out = append(out, Called{Purpose: string(p), Allowed: d.Verdict == policy.Allow, Rule: d.Reason})
	}
	return out, nil
}

// CallsAddress says whether this node may connect to an address for a purpose.
func (c Config) CallsAddress(address netip.Addr, purpose string) (Called, error) {
	rules, err := policy.ParseOutbound(c.Outbound)
	if err != nil {
		return Called{}, err
	}
	d := rules.DecideAddress(policy.Purpose(purpose), address)
	return Called{Purpose: purpose, Allowed: d.Verdict != policy.Refuse, Rule: d.Reason}, nil
}

// NameIn returns the name of the node whose data are in a directory; "" if there
// are none that can be read. It changes nothing, and may be called while it runs.
func NameIn(ctx context.Context, data string) memory.Node {
	if place, err := cluster.PlaceIn(filepath.Join(data, IdentityDir)); err == nil {
		return place.Node
	}
	name, err := store.NameIn(ctx, data)
	if err != nil {
		return "" // the start of the node says what is wrong there
	}
	return name
}

// Version is the version that this program was built as.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return untagged
	}
	return shortVersion(info.Main.Version)
}

const untagged = "dev"

// shortVersion makes of the version of an untagged build, which is a time and a
// revision, the revision.
func shortVersion(v string) string {
	if v == "" || v == "(devel)" {
		return untagged
	}
	parts := strings.Split(v, "-")
	if n := len(parts); n > 2 && len(parts[n-1]) >= 12 {
		return untagged + "-" + parts[n-1][:12]
	}
	return v
}

// newLogger returns the node's logger on w. What goes wrong again and again it tells ever
// more rarely: see [terse].
func newLogger(c Config, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", c.LogLevel)
	}
	opts := &slog.HandlerOptions{Level: level}
	switch c.LogFormat {
	case "text":
		return slog.New(terse.New(slog.NewTextHandler(w, opts))), nil
	case "json":
		return slog.New(terse.New(slog.NewJSONHandler(w, opts))), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", c.LogFormat)
}
