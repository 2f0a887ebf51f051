package identity

import (
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/memory"
)

// Limits of names.
const (
	MaxName     = 128 // bytes
	maxSegments = 8
	maxDomain   = 100 // bytes; a name below it must fit into a host name
)

// Name is what a certificate or a credential calls its subject: segments joined
// by '/', each of [A-Za-z0-9_:@.-]. "region/eu/b" lies below "region/eu" and below
// "region", and an authority called "region/eu/ca" may vouch for it.
type Name string

// Valid reports why n is no name, or nil.
func (n Name) Valid() error {
	if n == "" || len(n) > MaxName {
		return fmt.Errorf("name %.40q: want 1 to %d bytes: %w", string(n), MaxName, memory.ErrInvalid)
	}
	segments := strings.Split(string(n), "/")
	if len(segments) > maxSegments {
		return fmt.Errorf("name %q: want at most %d segments: %w", string(n), maxSegments, memory.ErrInvalid)
	}
	for _, s := range segments {
		if s == "" || strings.Trim(s, ".") == "" || strings.Contains(s, "..") {
			return fmt.Errorf("name %q: a segment is empty or dots: %w", string(n), memory.ErrInvalid)
		}
		for _, r := range s {
			if !isHostRune(r) && r != ':' && r != '@' && r != '.' {
				return fmt.Errorf("name %q: %q is not allowed in it: %w", string(n), r, memory.ErrInvalid)
			}
		}
	}
	return nil
}

func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// authority is the last segment of the name of every certificate authority but the root.
const authority = "ca"

// Authority reports whether n is the name of an intermediate authority, "X/ca".
// No member has such a name.
func (n Name) Authority() bool { return strings.HasSuffix(string(n), "/"+authority) }

// Scope returns the X of an authority "X/ca".
func (n Name) Scope() Name { return Name(strings.TrimSuffix(string(n), "/"+authority)) }

// MayVouch reports whether the authority n may sign for child. An intermediate
// "X/ca" may sign what lies below X, itself excluded; who is no intermediate may
// sign nothing. That a root may sign everything is for the caller to say.
func (n Name) MayVouch(child Name) bool {
	return n.Authority() && child != n && strings.HasPrefix(string(child), string(n.Scope())+"/")
}

// Last returns the last segment of n.
func (n Name) Last() string { return string(n[strings.LastIndexByte(string(n), '/')+1:]) }

// Host returns n as a host name below d: the segments in reverse order, so that
// what lies below a name is a subtree of the DNS. It is an error if a segment could
// not be told from several labels, or is none.
func (n Name) Host(d Domain) (string, error) {
	if err := n.Valid(); err != nil {
		return "", err
	}
	var labels []string
	for s := range strings.SplitSeq(string(n), "/") {
		if len(s) > 63 || strings.ContainsAny(s, ":@.") {
			return "", fmt.Errorf("name %q: %q cannot be part of a host name: %w", string(n), s, memory.ErrInvalid)
		}
		labels = append([]string{s}, labels...)
	}
	host := strings.Join(append(labels, string(d)), ".")
	if len(host) > 253 {
		return "", fmt.Errorf("name %q: too long for a host name: %w", string(n), memory.ErrInvalid)
	}
	return host, nil
}

// Domain is the trust domain of a federation: everybody in it trusts the same
// root. It looks like a host name in lower case.
type Domain string

// Valid reports why d is no trust domain, or nil.
func (d Domain) Valid() error {
	if d == "" || len(d) > maxDomain {
		return fmt.Errorf("trust domain %.40q: want 1 to %d characters: %w", string(d), maxDomain, memory.ErrInvalid)
	}
	for label := range strings.SplitSeq(string(d), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("trust domain %q: %q is no label of a host name: %w", string(d), label, memory.ErrInvalid)
		}
		for _, r := range label {
			if r >= 'A' && r <= 'Z' || r == '_' || !isHostRune(r) {
				return fmt.Errorf("trust domain %q: want lower-case letters, digits, '-' and '.': %w", string(d), memory.ErrInvalid)
			}
		}
	}
	return nil
}
