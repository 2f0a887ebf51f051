package cluster

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/memory"
)

// Limits of a membership.
const (
	MaxDocument = 256 << 10 // bytes
	maxMembers  = 64
	maxRemoved  = 1024
	maxURL      = 256
)

// Member is a node of the federation.
type Member struct {
	Node memory.Node        `json:"node"`
	Name identity.Name      `json:"name"`
	Key  identity.PublicKey `json:"key"`
	URL  string             `json:"url"` // where members call it, https; "": they cannot, it calls them
	Role Role               `json:"role,omitempty"`
	// Since is the epoch from which on it is a member.
	Since uint64 `json:"since,omitempty"`
	// Retiring is the key that it had before, and that it may go on using for a moment.
	Retiring *Retiring `json:"retiring,omitempty"`
}

// Role says whether a member counts.
type Role string

// Roles of members.
const (
	Voter    Role = "voter" // also if nothing is said
	Observer Role = "observer"
)

// Counts reports whether what the member holds counts for acknowledgements.
func (e Member) Counts() bool { return e.Role != Observer }

// Retiring is a key that has been replaced.
type Retiring struct {
	Key   identity.PublicKey `json:"key"`
	Until time.Time          `json:"until"`
}

// Seat is a member's place among those that count.
type Seat struct {
	Node  memory.Node `json:"node"`
	Since uint64      `json:"since,omitempty"`
}

// Membership is who belongs to a federation.
type Membership struct {
	Domain  identity.Domain      `json:"domain"`
	Epoch   uint64               `json:"epoch"`
	Members []Member             `json:"members"` // by node
	Removed []identity.PublicKey `json:"removed"` // keys that were members and are not
	// Former are the voters before, if this epoch has changed them: while the change is
	// under way they count, too.
	Former []Seat `json:"former,omitempty"`
}

// Voters are the seats that count, by node.
func (m Membership) Voters() []Seat {
	var out []Seat
	for _, e := range m.Members {
		if e.Counts() {
			out = append(out, Seat{Node: e.Node, Since: e.Since})
		}
	}
	slices.SortFunc(out, func(a, b Seat) int { return strings.Compare(string(a.Node), string(b.Node)) })
	return out
}

// expire takes the keys away whose time is over.
func (m *Membership) expire(now time.Time) {
	for i, e := range m.Members {
		if e.Retiring != nil && !now.Before(e.Retiring.Until) {
			m.Members[i].Retiring = nil
			m.Removed = append(m.Removed, e.Retiring.Key)
		}
	}
}

// Find returns the member of a node.
func (m Membership) Find(node memory.Node) (Member, bool) {
	i := slices.IndexFunc(m.Members, func(e Member) bool { return e.Node == node })
	if i < 0 {
		return Member{}, false
	}
	return m.Members[i], true
}

// Valid reports why m cannot be, or nil.
func (m Membership) Valid() error {
	if err := m.Domain.Valid(); err != nil {
		return err
	}
	if m.Epoch == 0 || len(m.Members) > maxMembers || len(m.Removed) > maxRemoved || len(m.Former) > maxMembers {
		return fmt.Errorf("membership of epoch %d with %d members and %d removed ones: %w", m.Epoch, len(m.Members), len(m.Removed), memory.ErrInvalid)
	}
	nodes, keys := map[memory.Node]bool{}, map[identity.PublicKey]bool{}
	for _, e := range m.Members {
		if err := e.valid(); err != nil {
			return err
		}
		if nodes[e.Node] || keys[e.Key] || slices.Contains(m.Removed, e.Key) {
			return fmt.Errorf("member %s or its key is there twice, or was removed: %w", e.Node, memory.ErrInvalid)
		}
		nodes[e.Node], keys[e.Key] = true, true
		if e.Retiring == nil {
			continue
		}
		if keys[e.Retiring.Key] {
			return fmt.Errorf("the old key of member %s is there twice: %w", e.Node, memory.ErrInvalid)
		}
		keys[e.Retiring.Key] = true
	}
	for _, s := range m.Former {
		if err := s.Node.Valid(); err != nil {
			return err
		}
	}
	return nil
}

func (e Member) valid() error {
	if err := e.Node.Valid(); err != nil {
		return err
	}
	if err := e.Name.Valid(); err != nil {
		return err
	}
	if e.Name.Last() != string(e.Node) {
		return fmt.Errorf("member %s is called %s: %w", e.Node, e.Name, memory.ErrInvalid)
	}
	if e.Role != "" && e.Role != Voter && e.Role != Observer {
		return fmt.Errorf("role %.20q of member %s: want voter or observer: %w", string(e.Role), e.Node, memory.ErrInvalid)
	}
	if e.URL == "" {
		return nil
	}
	return ValidURL(e.URL)
}

// ValidURL reports why members cannot call each other under a URL, or nil.
func ValidURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || u.Scheme != "https" || u.Host == "" || u.Port() == "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("URL %.80q: want https://HOST:PORT: %w", raw, memory.ErrInvalid)
	}
	return nil
}

// document is a membership as it is kept and sent: the very bytes that were signed.
type document struct {
	Membership string `json:"membership"` // JSON
	Signature  []byte `json:"signature"`
}

const context = "tally membership v1\x00"

// sign returns the document of a membership.
func sign(m Membership, root identity.Key) ([]byte, error) {
	if err := m.Valid(); err != nil {
		return nil, fmt.Errorf("sign membership: %w", err)
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("sign membership: %w", err)
	}
	return json.Marshal(document{Membership: string(body), Signature: root.Sign(append([]byte(context), body...))})
}

// open reads a document that one of the roots has signed.
func open(data []byte, domain identity.Domain, roots []identity.PublicKey) (Membership, error) {
	var m Membership
	if len(data) > MaxDocument {
		return m, fmt.Errorf("membership of %d bytes, limit %d: %w", len(data), MaxDocument, memory.ErrInvalid)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return m, fmt.Errorf("membership: %w: %w", err, memory.ErrInvalid)
	}
	signed := append([]byte(context), d.Membership...)
	if !slices.ContainsFunc(roots, func(k identity.PublicKey) bool { return k.Verify(signed, d.Signature) }) {
		return m, identity.Refuse(identity.SignatureBad, "the membership was not signed by the root")
	}
	if err := json.Unmarshal([]byte(d.Membership), &m); err != nil {
		return m, fmt.Errorf("membership: %w: %w", err, memory.ErrInvalid)
	}
	if m.Domain != domain {
		return m, identity.Refuse(identity.CredentialDomain, "the membership is of %.60q, want %s", m.Domain, domain)
	}
	return m, m.Valid()
}
