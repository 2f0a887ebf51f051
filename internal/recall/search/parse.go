package search

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/text"
)

// Query is a query as it was understood.
type Query struct {
	must []clause
	not  []clause

	tags, notTags []string
	owner         string
	namespace     string
	since, until  time.Time
	never         bool // it contradicts itself
}

// clause is one thing that must, or must not, stand in a text.
type clause struct {
	words  [][]byte // one behind the other
	wholes [][]byte // or one of these
}

// Parse reads a query. Nothing is an error: what is no syntax is words.
func Parse(s string, now time.Time) *Query {
	q := &Query{}
	for s = strings.TrimLeftFunc(s, unicode.IsSpace); s != ""; s = strings.TrimLeftFunc(s, unicode.IsSpace) {
		negative := false
		if len(s) > 1 && s[0] == '-' && s[1] != '-' && !startsWithSpace(s[1:]) {
			negative = true
			s = s[1:]
		}
		key, rest := field(s)
		value, quoted, after := token(rest)
		s = after
		if !q.restrict(key, value, negative, now) {
			if key != "" {
				value = key + ":" + value
			}
			q.add(value, quoted, negative)
		}
	}
	return q
}

func startsWithSpace(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsSpace(r)
}

// field cuts a known "key:" off s.
func field(s string) (key, rest string) {
	for _, k := range []string{"tag", "from", "namespace", "ns", "before", "after"} {
		if len(s) > len(k)+1 && strings.EqualFold(s[:len(k)], k) && s[len(k)] == ':' && !startsWithSpace(s[len(k)+1:]) {
			return k, s[len(k)+1:]
		}
	}
	return "", s
}

// token takes one token off s: up to the next space, or in quotes.
func token(s string) (value string, quoted bool, rest string) {
	if open, size := utf8.DecodeRuneInString(s); isQuote(open) {
		body := s[size:]
		if end := strings.IndexFunc(body, isQuote); end >= 0 {
			_, n := utf8.DecodeRuneInString(body[end:])
			return body[:end], true, body[end+n:]
		}
		return body, true, ""
	}
	if end := strings.IndexFunc(s, unicode.IsSpace); end >= 0 {
		return s[:end], false, s[end:]
	}
	return s, false, ""
}

func isQuote(r rune) bool {
	return r == '"' || r == '“' || r == '”' || r == '„' || r == '«' || r == '»'
}

// restrict takes what is no word, and reports whether it was that.
func (q *Query) restrict(key, value string, negative bool, now time.Time) bool {
	switch {
	case key == "" || value == "":
		return false
	case key == "tag" && negative:
		q.notTags = append(q.notTags, value)
		return true
	case key == "tag":
		q.tags = append(q.tags, value)
		return true
	case negative:
		return false
	case key == "from":
		q.never = q.never || q.owner != "" && q.owner != value
		q.owner = value
		return true
	case key == "namespace", key == "ns":
		q.never = q.never || q.namespace != "" && q.namespace != value
		q.namespace = value
		return true
	}
	day, ok := parseDay(value, now)
	if !ok {
		return false
	}
	if key == "after" && day.After(q.since) {
		q.since = day
	}
	if key == "before" && (q.until.IsZero() || day.Before(q.until)) {
		q.until = day
	}
	return true
}

func parseDay(s string, now time.Time) (time.Time, bool) {
	today := now.UTC().Truncate(24 * time.Hour)
	switch strings.ToLower(s) {
	case "today":
		return today, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006/01/02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// add makes clauses of words: one for each chunk, or one for all if they are quoted.
func (q *Query) add(s string, quoted, negative bool) {
	var t text.Terms
	t.Add(s)
	var list []clause
	last := -1
	for i := range t.Len() {
		w, kind := t.At(i)
		if quoted {
			if len(list) == 0 {
				list = append(list, clause{})
			}
		} else if t.Chunk(i) != last {
			list = append(list, clause{})
			last = t.Chunk(i)
		}
		c := &list[len(list)-1]
		switch kind {
		case text.Word, text.Sign:
			c.words = append(c.words, w)
		case text.Whole:
			if !quoted {
				c.wholes = append(c.wholes, w)
			}
		case text.Part:
		}
	}
	for _, c := range list {
		switch {
		case len(c.words) == 0:
		case negative:
			q.not = append(q.not, c)
		default:
			q.must = append(q.must, c)
		}
	}
}

// Empty reports whether the query selects nothing, whatever there is: it has
// nothing that can be looked for, or contradicts itself.
func (q *Query) Empty() bool {
	return q.never || len(q.must) == 0 && len(q.tags) == 0 && q.owner == "" && q.namespace == "" && q.since.IsZero() && q.until.IsZero()
}

// narrow adds what the query says to a filter, and reports whether anything can
// fit both.
func (q *Query) narrow(f *index.Filter) bool {
	f.Tags = append(slices.Clip(f.Tags), q.tags...)
	if q.owner != "" {
		if f.Owner != "" && f.Owner != q.owner {
			return false
		}
		f.Owner = q.owner
	}
	if q.namespace != "" {
		if f.Namespace != "" && f.Namespace != q.namespace && (!f.Subtree || !strings.HasPrefix(q.namespace, f.Namespace+"/")) {
			return false
		}
		f.Namespace, f.Subtree = q.namespace, false
	}
	if !q.since.IsZero() {
		f.Since = max(f.Since, q.since.UnixNano())
	}
	if !q.until.IsZero() {
		if until := q.until.UnixNano() - 1; f.Until == 0 || until < f.Until {
			f.Until = until
		}
	}
	return true
}

// Words returns a query for all words of s, in which nothing is syntax.
func Words(s string) *Query {
	q := &Query{}
	q.add(s, false, false)
	return q
}
