package memory

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of a [Glob].
const (
	maxGlob         = 512 // bytes
	maxGlobSegments = 16
)

// Glob is a pattern of namespaces: a path of segments of which "*" is any one and
// "**" is any number, none included. "work/**" is work and all below it.
type Glob string

// Valid reports why g is no pattern, or nil.
func (g Glob) Valid() error {
	segments := strings.Split(string(g), "/")
	if len(g) > maxGlob || len(segments) > maxGlobSegments {
		return fmt.Errorf("namespaces %.40q: too long: %w", string(g), ErrInvalid)
	}
	for _, s := range segments {
		if s == "" || s != "*" && s != "**" && strings.Contains(s, "*") {
			return fmt.Errorf("namespaces %q: want segments, of which * is any one and ** any number: %w", string(g), ErrInvalid)
		}
	}
	return nil
}

// Match reports whether the namespace lies in g. Its cost is the product of the
// numbers of segments, whatever the pattern.
func (g Glob) Match(namespace string) bool {
	if namespace == "" {
		return false
	}
	path := strings.Split(namespace, "/")
	// reached[i]: the segments of the pattern so far can stand for the first i of path.
	reached := make([]bool, len(path)+1)
	reached[0] = true
	for s := range strings.SplitSeq(string(g), "/") {
		next := make([]bool, len(path)+1)
		if s == "**" {
			open := false
			for i := range reached {
				open = open || reached[i]
				next[i] = open
			}
		} else {
			for i, segment := range path {
				next[i+1] = reached[i] && (s == "*" || s == segment)
			}
		}
		reached = next
	}
	return reached[len(path)]
}

// Tree returns the one namespace that g means, and whether all below it are meant
// too; false if g is no such pattern. "**" is the tree of "".
func (g Glob) Tree() (root string, below, ok bool) {
	if g == "**" {
		return "", true, true
	}
	root, below = strings.CutSuffix(string(g), "/**")
	return root, below, !strings.Contains(root, "*")
}

// Within is the namespaces that somebody may know of. Nil is all of them; one that
// is empty is none.
type Within []Glob

// Covers reports whether a namespace lies in w.
func (w Within) Covers(namespace string) bool {
	return w == nil || slices.ContainsFunc(w, func(g Glob) bool { return g.Match(namespace) })
}
