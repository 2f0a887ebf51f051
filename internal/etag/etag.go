// Package etag reads and writes entity tags (RFC 9110, 8.8.3) that stand for the
// versions of a memory.
package etag

import (
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// Any stands among versions for whichever there is: "*".
const Any = -1

// ErrSyntax says that a header holds something other than entity tags.
var ErrSyntax = errors.New("not a list of entity tags")

// Tag is an entity tag, without its quotes.
type Tag struct {
	Weak bool
	Text string
}

// Of is the tag of a version. Where an answer shows more than what has the
// version, more tells such answers apart.
func Of(version int64, more []byte) string {
	s := strconv.FormatInt(version, 10)
	if len(more) > 0 {
		h := fnv.New64a()
		_, _ = h.Write(more) // it cannot fail
		s += "-" + strconv.FormatUint(h.Sum64(), 36)
	}
	return `"` + s + `"`
}

// Parse reads the values of If-Match or If-None-Match. A bare number, which is no
// entity tag, is taken for one: clients have always sent it.
func Parse(values []string) ([]Tag, error) {
	var list []Tag
	for rest := strings.TrimSpace(strings.Join(values, ",")); ; {
		t, after, ok := next(rest)
		if !ok {
			return nil, ErrSyntax
		}
		list = append(list, t)
		after = strings.TrimSpace(after)
		if after == "" {
			return list, nil
		}
		if rest, ok = strings.CutPrefix(after, ","); !ok {
			return nil, ErrSyntax
		}
		rest = strings.TrimSpace(rest)
	}
}

// next reads the tag with which s begins.
func next(s string) (t Tag, rest string, ok bool) {
	quoted, weak := strings.CutPrefix(s, "W/")
	t.Weak = weak
	if body, is := strings.CutPrefix(quoted, `"`); is {
		t.Text, rest, ok = strings.Cut(body, `"`)
		return t, rest, ok
	}
	end := strings.IndexAny(s+",", ", ")
	t.Text, rest = s[:end], s[end:]
	_, err := strconv.ParseUint(t.Text, 10, 63)
	return t, rest, !t.Weak && (err == nil || t.Text == "*")
}

// Versions are those that tags stand for, never nil. A weak tag stands for none
// where the comparison is strong, nor does one that is not ours.
func Versions(tags []Tag, strong bool) []int64 {
	out := []int64{}
	for _, t := range tags {
		number, _, _ := strings.Cut(t.Text, "-")
		v, err := strconv.ParseInt(number, 10, 64)
		switch {
		case t.Text == "*" && !t.Weak:
			out = append(out, Any)
		case err == nil && v > 0 && (!t.Weak || !strong):
			out = append(out, v)
		}
	}
	return out
}

// Has reports whether own, a tag with its quotes, is among tags by the weak
// comparison.
func Has(tags []Tag, own string) bool {
	return slices.ContainsFunc(tags, func(t Tag) bool { return t.Text == "*" || `"`+t.Text+`"` == own })
}
