package memory

import (
	"fmt"
	"strconv"
	"strings"
)

// Node is the name of a federation member: 1–63 of [A-Za-z0-9_-]. It holds no
// dot, because a dot separates it from the incarnation in an [Origin].
type Node string

// Valid reports why n cannot name a member, or nil.
func (n Node) Valid() error {
	if n == "" || len(n) > 63 {
		return fmt.Errorf("node name %q: want 1 to 63 characters: %w", string(n), ErrInvalid)
	}
	for _, r := range n {
		if !isNodeRune(r) {
			return fmt.Errorf("node name %q: want only letters, digits, '-' and '_': %w", string(n), ErrInvalid)
		}
	}
	return nil
}

func isNodeRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// Origin is where ops are numbered: a node and one incarnation of its data
// directory, written "node.incarnation". A node whose directory was restored
// from a backup takes a new incarnation, so that a sequence number is never
// used twice.
type Origin string

// MakeOrigin joins a node and an incarnation number.
func MakeOrigin(n Node, incarnation uint64) Origin {
	return Origin(string(n) + "." + strconv.FormatUint(incarnation, 36))
}

// Node returns the member that o belongs to.
func (o Origin) Node() Node {
	n, _, _ := strings.Cut(string(o), ".")
	return Node(n)
}

// Incarnation returns the part of o behind the node name.
func (o Origin) Incarnation() string {
	_, inc, _ := strings.Cut(string(o), ".")
	return inc
}

// Valid reports why o is not an origin, or nil.
func (o Origin) Valid() error {
	if err := o.Node().Valid(); err != nil {
		return fmt.Errorf("origin %q: %w", string(o), err)
	}
	if n, err := strconv.ParseUint(o.Incarnation(), 36, 64); err != nil || strconv.FormatUint(n, 36) != o.Incarnation() {
		return fmt.Errorf("origin %q: want node.incarnation: %w", string(o), ErrInvalid)
	}
	return nil
}

// Dot is the identity of an op: the origin that issued it and its place there.
// Seq counts 1, 2, 3 … without holes.
type Dot struct {
	Origin Origin `json:"origin" cbor:"1,keyasint"`
	Seq    uint64 `json:"seq" cbor:"2,keyasint"`
}

// String renders d as "node.incarnation.seq", which [ParseDot] reads back. It
// is safe as one segment of a URL path.
func (d Dot) String() string {
	return string(d.Origin) + "." + strconv.FormatUint(d.Seq, 10)
}

// Valid reports why d cannot name an op, or nil.
func (d Dot) Valid() error {
	if err := d.Origin.Valid(); err != nil {
		return err
	}
	if d.Seq == 0 || d.Seq > maxSeq {
		return fmt.Errorf("dot of %s: seq %d: want 1 or more: %w", d.Origin, d.Seq, ErrInvalid)
	}
	return nil
}

// maxSeq leaves room for arithmetic on sequence numbers.
const maxSeq = 1 << 62

// IsZero reports whether d names no op.
func (d Dot) IsZero() bool { return d == Dot{} }

// MarshalText renders d as [Dot.String] does, and the zero dot as "".
func (d Dot) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText is the inverse of [Dot.MarshalText].
func (d *Dot) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Dot{}
		return nil
	}
	p, err := ParseDot(string(b))
	if err != nil {
		return err
	}
	*d = p
	return nil
}

// ParseDot reads the form of [Dot.String]; anything else is [ErrInvalid].
func ParseDot(s string) (Dot, error) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return Dot{}, fmt.Errorf("dot %q: want node.incarnation.seq: %w", s, ErrInvalid)
	}
	seq, err := strconv.ParseUint(s[i+1:], 10, 63)
	if err != nil || strconv.FormatUint(seq, 10) != s[i+1:] {
		return Dot{}, fmt.Errorf("dot %q: want node.incarnation.seq: %w", s, ErrInvalid)
	}
	d := Dot{Origin: Origin(s[:i]), Seq: seq}
	if err := d.Valid(); err != nil {
		return Dot{}, fmt.Errorf("dot %q: %w", s, err)
	}
	return d, nil
}

// AgentID names who asked for a change: at most 128 bytes of
// [A-Za-z0-9_:@./-], no "..", no leading slash. [Anonymous] owns nothing.
type AgentID string

// Anonymous is the one stable identity of callers that name none. Rows that it
// writes are unowned, and visible to everybody.
const Anonymous AgentID = "anonymous"

// LegacyPrefix begins the actors of ops that a node was told of from outside the
// federation: by an ai-memory node of that name.
const LegacyPrefix = "legacy:"

// Legacy reports whether a is a node outside the federation, of which nobody knows
// what it had seen when it wrote.
func (a AgentID) Legacy() bool { return strings.HasPrefix(string(a), LegacyPrefix) }

// Unowned reports whether rows written by a belong to nobody.
func (a AgentID) Unowned() bool {
	return a == "" || a == Anonymous || strings.HasPrefix(string(a), "anonymous:")
}

// Valid reports why a cannot name an agent, or nil. Names that ai-memory
// reserves for its own machinery are refused from outside.
func (a AgentID) Valid() error {
	if a == "" || len(a) > 128 {
		return fmt.Errorf("agent id %.140q: want 1 to 128 bytes: %w", string(a), ErrInvalid)
	}
	for _, r := range a {
		if !isNodeRune(r) && !strings.ContainsRune(":@./", r) {
			return fmt.Errorf("agent id %q: character %q is not allowed: %w", string(a), r, ErrInvalid)
		}
	}
	if strings.Contains(string(a), "..") || strings.HasPrefix(string(a), "/") {
		return fmt.Errorf("agent id %q: no \"..\" and no leading '/': %w", string(a), ErrInvalid)
	}
	switch a {
	case "daemon", "system", "federation-catchup", "subscription-dispatch", "ai:http-internal",
		"ai:migrate", "export-internal", "governance-internal":
		return fmt.Errorf("agent id %q is reserved: %w", string(a), ErrInvalid)
	}
	return nil
}
