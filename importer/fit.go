package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tallystick/tallystick/client"
)

// Limits of the data model that the readers cut to.
const (
	maxTitle     = 512   // characters
	maxContent   = 65536 // bytes
	maxTags      = 50
	maxTag       = 128 // bytes
	maxNamespace = 512 // characters
	maxSegments  = 8   // of a namespace
	maxMetadata  = 60 << 10
	maxDepth     = 30 // of metadata
	maxURI       = 4096
	maxEntity    = 128 // bytes
	maxCitations = 64
)

// draft is what f says beside its text, made to fit.
func (c *carrier) draft(f *found, title string) client.Draft {
	d := f.Draft
	d.Namespace = c.space(f.where, f.Namespace)
	d.Tier = c.choice(f, "tier", f.Tier, c.Tier, "short", "mid", "long")
	d.Source = c.choice(f, "source", f.Source, "import", sources()...)
	d.Kind = c.choice(f, "kind", f.Kind, "", kinds()...)
	d.Tags = c.tags(f)
	if d.Priority = min(max(f.Priority, 0), 10); d.Priority != f.Priority {
		c.lose(f.where, "a priority that is not from 1 to 10", fmt.Sprintf("%s: %d", title, f.Priority))
	}
	if f.Confidence != nil {
		v := min(max(*f.Confidence, 0), 1)
		if v != *f.Confidence {
			c.lose(f.where, "a confidence that is not from 0 to 1", fmt.Sprintf("%s: %v", title, *f.Confidence))
		}
		d.Confidence = &v
	}
	if len(d.EntityID) > maxEntity {
		c.lose(f.where, "an entity_id over 128 bytes", d.EntityID)
		d.EntityID = ""
	}
	c.provenance(f, &d)
	c.times(f, &d)
	c.metadata(f, &d)
	return d
}

// choice is one of a list of words. What else the source says is kept as a fact.
func (c *carrier) choice(f *found, field, s, otherwise string, list ...string) string {
	if slices.Contains(list, s) {
		return s
	}
	if s != "" {
		c.note(f, field, s)
	}
	return otherwise
}

func (c *carrier) provenance(f *found, d *client.Draft) {
	if uri := uriOf(f.SourceURI); uri != f.SourceURI {
		if uri == "" {
			c.lose(f.where, "a source_uri that cannot be one", f.SourceURI)
		}
		d.SourceURI = uri
	}
	if s := d.SourceSpan; s != nil && s.Start >= s.End {
		c.lose(f.where, "a source_span that is empty", fmt.Sprint(*s))
		d.SourceSpan = nil
	}
	d.Citations = slices.DeleteFunc(slices.Clone(f.Citations), func(x client.Citation) bool {
		wrong := uriOf(x.URI) != x.URI || x.URI == "" || x.AccessedAt.Before(time.Unix(1, 0)) || x.Span != nil && x.Span.Start >= x.Span.End ||
			x.Hash != "" && !isSHA256(x.Hash)
		if wrong {
			c.lose(f.where, "a citation that cannot be one", x.URI)
		}
		return wrong
	})
	if len(d.Citations) > maxCitations {
		c.lose(f.where, "citations beyond the first 64", fmt.Sprintf("%d of them", len(d.Citations)-maxCitations))
		d.Citations = d.Citations[:maxCitations]
	}
	if len(d.Citations) == 0 {
		d.Citations = nil
	}
}

func isSHA256(s string) bool {
	return len(s) == 64 && !strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) })
}

// cleaned makes s what the data model takes, and reports what that costs.
func (c *carrier) cleaned(f *found, field, s string) string {
	out := clean(s)
	if !utf8.ValidString(s) {
		c.lose(f.where, "bytes that are not UTF-8: U+FFFD stands there", field+" of "+cmp.Or(oneLine(out), f.ID))
	} else if strings.ContainsFunc(s, unprintable) {
		c.lose(f.where, "control characters, which are left out", field+" of "+cmp.Or(oneLine(out), f.ID))
	}
	if field != "text" {
		out = norm.NFC.String(out) // names of one look are one name
	}
	return out
}

// unprintable tells the characters that no text may have. CR is not one of them:
// it ends lines.
func unprintable(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
}

// clean makes s what the data model takes: UTF-8, lines ended by LF, no control
// characters but LF and TAB.
func clean(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.ToValidUTF8(s, "\ufffd")
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s)
}

// space is the namespace of a memory: the one that was asked for, or the
// source's, made to fit. Two names of the source do not become one.
func (c *carrier) space(where, namespace string) string {
	if c.Namespace != "" || namespace == "" {
		return c.Namespace
	}
	if out, again := c.spaces[namespace]; again {
		return out
	}
	out := spaceOf(namespace)
	if c.seen["space\x00"+out] {
		out = spaceOf(out + "-" + short(namespace))
	}
	c.seen["space\x00"+out] = true
	c.spaces[namespace] = out
	if out != namespace {
		c.lose(where, "a namespace with signs that none can have: it gets another name", namespace+" → "+cmp.Or(out, "global"))
	}
	return out
}

func spaceOf(namespace string) string {
	var out []string
	for s := range strings.SplitSeq(namespace, "/") {
		if s = segment(s); s != "" && len(out) < maxSegments {
			out = append(out, s)
		}
	}
	full := []rune(strings.Join(out, "/"))
	return strings.Trim(string(full[:min(len(full), maxNamespace)]), "/.-")
}

// segment makes s one segment of a namespace.
func segment(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '/' || r == '\\' {
			return '-'
		}
		return r
	}, norm.NFC.String(clean(s)))
	return strings.Trim(s, ".-")
}

// note keeps a fact that has no field.
func (c *carrier) note(f *found, key string, v any) {
	if f.imported == nil {
		f.imported = map[string]any{}
	}
	f.imported[key] = v
}

func (c *carrier) tags(f *found) []string {
	var out []string
	for _, t := range f.Tags {
		full := strings.TrimPrefix(oneLine(c.cleaned(f, "tag", t)), "#")
		t = full
		for len(t) > maxTag {
			_, n := utf8.DecodeLastRuneInString(t)
			t = t[:len(t)-n]
		}
		if t != full {
			c.lose(f.where, "a tag over 128 bytes, which is cut", full)
		}
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	if len(out) > maxTags {
		c.lose(f.where, "tags beyond the first 50", strings.Join(out[maxTags:], ", "))
		out = out[:maxTags]
	}
	return out
}

func (c *carrier) times(f *found, d *client.Draft) {
	if t := f.created; !t.IsZero() {
		if t.Before(time.Unix(1, 0)) || t.After(c.now) {
			c.lose(f.where, "a creation before 1970 or in the future", t.Format(time.RFC3339))
		} else {
			d.CreatedAt = client.When(t)
		}
	}
	switch t := f.expires; {
	case t.IsZero():
	case f.archive != "":
		c.note(f, "expires_at", t.Format(time.RFC3339Nano))
	case !t.After(c.now.Add(expiresSoon)):
		f.archive = "ttl_expired"
		c.note(f, "expires_at", t.Format(time.RFC3339Nano))
	case t.Year() > 2261:
		c.lose(f.where, "an expiry after 2261: the memory stays", t.Format(time.RFC3339))
	default:
		d.ExpiresAt = client.When(t)
	}
}

// expiresSoon is how much is left of a memory that will be gone before it is
// written.
const expiresSoon = time.Second

// oneLine joins the words of s with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// fit cuts title so that it takes suffix within the limit.
func fit(title, suffix string) string {
	room := maxTitle - utf8.RuneCountInString(suffix)
	if utf8.RuneCountInString(title) <= room {
		return title + suffix
	}
	return string([]rune(title)[:room-1]) + "…" + suffix
}

// pieces cuts s into parts of at most limit bytes, at a paragraph if there is
// one in the second half of the part, else at a line, a space, a character.
func pieces(s string, limit int) []string {
	var out []string
	for len(s) > limit {
		cut := 0
		for _, at := range []string{"\n\n", "\n", " "} {
			if i := strings.LastIndex(s[:limit], at); i >= limit/2 {
				cut = i
				break
			}
		}
		if cut == 0 {
			for cut = limit; !utf8.RuneStart(s[cut]); cut-- {
			}
		}
		out = append(out, strings.TrimRight(s[:cut], "\n "))
		s = strings.TrimLeft(s[cut:], "\n ")
	}
	if strings.TrimSpace(s) != "" {
		out = append(out, s)
	}
	return out
}

// Headline makes a title of a text: its first line without the marks of Markdown,
// or as much of it as one sees in a line; "untitled" for none.
func Headline(text string) string {
	const columns = 80
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.TrimSpace(strings.TrimLeft(oneLine(line), "#>-* "))
	r := []rune(line)
	if len(r) <= columns {
		return cmp.Or(line, "untitled")
	}
	cut := string(r[:columns])
	if i := strings.LastIndex(cut, " "); i > columns/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// oneOf returns s if it is one of the list, else other.
func oneOf(s, other string, list ...string) string {
	if slices.Contains(list, s) {
		return s
	}
	return other
}

// priorityOf reads a priority; 0 is none. One that is out of range stays so.
func priorityOf(f fields) int32 {
	v, ok := f.number("priority")
	if !ok {
		return 0
	}
	return int32(max(min(v, math.MaxInt16), math.MinInt16))
}

func confidenceOf(f fields) *float64 {
	v, ok := f.number("confidence")
	if !ok || math.IsNaN(v) {
		return nil
	}
	return &v
}

// uriOf makes a source URI of s, "" if it cannot be one.
func uriOf(s string) string {
	s = oneLine(clean(s))
	switch {
	case s == "" || len(s) > maxURI-len("uri:"):
		return ""
	case strings.HasPrefix(s, "uri:"), strings.HasPrefix(s, "doc:"), strings.HasPrefix(s, "file:"):
		return s
	case strings.Contains(s, "://"):
		return "uri:" + s
	}
	return "doc:" + s
}
