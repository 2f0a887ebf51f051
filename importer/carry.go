package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
)

// Loss is something in a source that has no place in a memory, or no right one.
type Loss struct {
	Reason string // the same for all of a kind: they are counted by it
	Detail string // which one
}

// Standard makes a memory of the source the standard of a namespace.
type Standard struct {
	Namespace string
	Ref       string // of the memory
	Parent    string
}

// carrier makes what other programs have written fit the data model, and says
// what it cannot make fit.
type carrier struct {
	Options

	yield  func(Item, error) bool
	format Format
	ended  bool // the reader of the items wants no more
	titles map[string]bool
	owners map[string]string // by ref: who wrote it
	now    time.Time
}

func newCarrier(f Format, o Options, yield func(Item, error) bool) *carrier {
	return &carrier{Options: o, yield: yield, format: f, titles: map[string]bool{}, owners: map[string]string{}, now: time.Now()}
}

func (c *carrier) put(it Item, err error) bool {
	if !c.ended {
		c.ended = !c.yield(it, err)
	}
	return !c.ended
}

func (c *carrier) lose(where, reason, detail string) {
	c.put(Item{Where: where, Loss: &Loss{Reason: reason, Detail: oneLine(clean(detail))}}, nil)
}

func (c *carrier) bad(where string, err error) {
	c.put(Item{}, &ItemError{Where: where, Err: err})
}

func (c *carrier) link(source, target, relation, where string) {
	if source == target {
		c.lose(where, "a link of a memory with itself", source)
		return
	}
	l := client.Link{Source: source, Target: target, Relation: relation}
	if !slices.Contains(relations(), relation) {
		l.Relation = relations()[0]
	}
	c.put(Item{Where: where, Link: &l, Owner: c.owners[source], Loose: true}, nil)
}

// found is a memory as its source has it.
type found struct {
	client.Draft

	ref      string // "": the id
	owner    string
	archive  string // why it was archived
	created  time.Time
	expires  time.Time
	meta     fields
	imported map[string]any // facts that have no field of their own
	where    string
	vague    bool // the title was made up, or is often the same: the id says what is the same
}

// memory yields f, cut into as many memories as its text needs.
func (c *carrier) memory(f *found) bool {
	text := clean(f.Content)
	if strings.TrimSpace(text) == "" {
		c.lose(f.where, "a memory without text", first(f.Title, f.ref, f.ID))
		return !c.ended
	}
	d := f.Draft
	d.Namespace = c.space(f.Namespace)
	d.Tier = oneOf(f.Tier, c.Tier, "short", "mid", "long")
	d.Source = oneOf(f.Source, "import", sources()...)
	c.kind(f, &d)
	d.Tags = c.tags(f)
	d.Priority = min(max(f.Priority, 0), 10)
	if f.Confidence != nil {
		v := min(max(*f.Confidence, 0), 1)
		d.Confidence = &v
	}
	c.times(f, &d)
	c.metadata(f, &d)
	ref := first(f.ref, c.id(f.ID, 0))
	c.owners[ref] = f.owner
	title := oneLine(clean(f.Title))
	if title == "" {
		title = headline(text)
	}
	parts := pieces(strings.Trim(text, "\n"), maxContent)
	for i, p := range parts {
		it := Item{Draft: d, Where: f.where, Owner: f.owner, Archive: f.archive}
		it.Draft.Content = p
		suffix := ""
		if i == 0 {
			it.Ref = ref
		}
		if len(parts) > 1 {
			suffix = fmt.Sprintf(" (part %d)", i+1)
		}
		it.Draft.ID = c.id(f.ID, i)
		it.Draft.Title = c.title(d.Namespace, title, suffix, f)
		if f.ID != "" && (f.vague || f.archive != "") {
			it.Otherwise = fit(title, mark(f.ID)+suffix)
		}
		if !c.put(it, nil) {
			return false
		}
	}
	return true
}

// title makes a title that the source has once: a second one gets a suffix that
// does not depend on the order of the source, where there is one.
func (c *carrier) title(namespace, title, suffix string, f *found) string {
	full := fit(title, suffix)
	for n := 2; c.titles[namespace+"\x00"+full]; n++ {
		after := fmt.Sprintf(" (%d)", n)
		if id := first(f.ID, f.ref); id != "" && n == 2 {
			after = mark(id)
		}
		full = fit(title, after+suffix)
	}
	c.titles[namespace+"\x00"+full] = true
	return full
}

// id is the id of part n of a memory: that of the source where it can be one.
func (c *carrier) id(id string, n int) string {
	if id == "" {
		return ""
	}
	if !validID(id) || len(id) > 120 {
		sum := sha256.Sum256([]byte(string(c.format) + "\x00" + id))
		id = string(c.format) + ":" + hex.EncodeToString(sum[:16])
	}
	if n > 0 {
		id += fmt.Sprintf(":%d", n+1)
	}
	return id
}

// mark tells a memory from others of the same title.
func mark(id string) string { return " · " + short(id) }

func validID(id string) bool {
	return !strings.Contains(id, "..") && !strings.ContainsFunc(id, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_:.@-", r)
	})
}

// short is enough of an id to tell two memories apart.
func short(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

// space is the namespace of a memory: the one that was asked for, or the
// source's, made to fit.
func (c *carrier) space(namespace string) string {
	const maxDepth = 8
	if c.Namespace != "" {
		return c.Namespace
	}
	var out []string
	for s := range strings.SplitSeq(namespace, "/") {
		if s = segment(s); s != "" && len(out) < maxDepth {
			out = append(out, s)
		}
	}
	full := []rune(strings.Join(out, "/"))
	return strings.Trim(string(full[:min(len(full), 512)]), "/.-")
}

func (c *carrier) kind(f *found, d *client.Draft) {
	d.Kind = oneOf(f.Kind, "", kinds()...)
	if f.Kind != "" && d.Kind == "" {
		c.note(f, "kind", f.Kind)
	}
}

// note keeps a fact that has no field.
func (c *carrier) note(f *found, key string, v any) {
	if f.imported == nil {
		f.imported = map[string]any{}
	}
	f.imported[key] = v
}

func (c *carrier) tags(f *found) []string {
	const maxTags, maxTag = 50, 128
	var out []string
	for _, t := range f.Tags {
		t = strings.TrimPrefix(oneLine(clean(t)), "#")
		for len(t) > maxTag {
			_, n := utf8.DecodeLastRuneInString(t)
			t = t[:len(t)-n]
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
			d.CreatedAt = &t
		}
	}
	switch t := f.expires; {
	case t.IsZero():
	case f.archive != "":
		c.note(f, "expires_at", t.Format(time.RFC3339Nano))
	case !t.After(c.now):
		f.archive = "ttl_expired"
		c.note(f, "expires_at", t.Format(time.RFC3339Nano))
	case t.Year() > 2261:
	default:
		d.ExpiresAt = &t
	}
}

// metadata joins what the source has as metadata with the facts that have no
// field, which go under "imported".
func (c *carrier) metadata(f *found, d *client.Draft) {
	const limit = 60 << 10
	all := maps.Clone(f.meta)
	if all == nil {
		all = fields{}
	}
	delete(all, "agent_id") // the owner, whose name the write bears
	c.note(f, "from", string(c.format))
	raw, err := json.Marshal(f.imported)
	if err != nil {
		raw = nil
	}
	for key, v := range all {
		if v = compact(v); v == nil || nesting(v) > 30 {
			c.lose(f.where, "metadata that is nested too deeply", key)
			delete(all, key)
			continue
		}
		all[key] = v
	}
	if raw != nil {
		all["imported"] = raw
	}
	out, err := json.Marshal(all)
	if err != nil || len(out) > limit {
		c.lose(f.where, "metadata larger than 60 KiB", first(f.Title, f.ID))
		if out, err = json.Marshal(fields{"imported": raw}); err != nil || len(out) > limit {
			return
		}
	}
	d.Metadata = out
}

// nesting is how deep arrays and objects go.
func nesting(raw []byte) int {
	depth, most, text := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch ch := raw[i]; {
		case text && ch == '\\':
			i++
		case ch == '"':
			text = !text
		case text:
		case ch == '{' || ch == '[':
			depth++
			most = max(most, depth)
		case ch == '}' || ch == ']':
			depth--
		}
	}
	return most
}

// headline makes a title of a text: its first line, or as much of it as one
// takes in at a glance.
func headline(text string) string {
	const glance = 80
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = strings.TrimSpace(strings.TrimLeft(oneLine(line), "#>-* "))
	r := []rune(line)
	if len(r) <= glance {
		return first(line, "untitled")
	}
	cut := string(r[:glance])
	if i := strings.LastIndex(cut, " "); i > glance/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

func first(list ...string) string {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

// oneOf returns s if it is one of the list, else other.
func oneOf(s, other string, list ...string) string {
	if slices.Contains(list, s) {
		return s
	}
	return other
}

// What the data model takes, as the API documents it.

func sources() []string {
	return []string{"user", "nhi", "claude", "hook", "api", "cli", "import", "consolidation", "system", "chaos", "notify"}
}

func kinds() []string {
	return []string{"observation", "reflection", "persona", "concept", "entity", "claim", "relation", "event", "conversation", "decision"}
}

func relations() []string {
	return []string{"related_to", "supersedes", "contradicts", "derived_from", "reflects_on", "derives_from"}
}

// priorityOf reads a priority; 0 is none.
func priorityOf(f fields) int32 {
	v, ok := f.number("priority")
	if !ok || v < 1 {
		return 0
	}
	return int32(min(v, 10))
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
	case s == "" || len(s) > 4000:
		return ""
	case strings.HasPrefix(s, "uri:"), strings.HasPrefix(s, "doc:"), strings.HasPrefix(s, "file:"):
		return s
	case strings.Contains(s, "://"):
		return "uri:" + s
	}
	return "doc:" + s
}

var errNotAnObject = errors.New("not a JSON object")
