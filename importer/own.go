package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tallystick/tallystick/client"
)

// readOwn reads memories and links as an export of ours has them, or as people
// write them, and conversations in the format of LoCoMo.
func readOwn(c *carrier, s *Source) error {
	return ownReader{c}.read(s)
}

// ownReader reads what people write as we do.
type ownReader struct{ *carrier }

func (c ownReader) read(s *Source) error {
	for _, f := range s.files {
		err := c.values(f, []string{"memories", "links"}, func(raw json.RawMessage, where string) { c.value(raw, where, 0) })
		if err != nil {
			return err
		}
	}
	return nil
}

// value reads a memory, a link, a conversation, or a list or a document of them.
func (c ownReader) value(raw json.RawMessage, where string, depth int) {
	if raw = bytes.TrimSpace(raw); raw[0] == '[' && depth < 2 {
		for i, one := range (fields{"": raw}).list("") {
			c.value(one, fmt.Sprintf("%s[%d]", where, i), depth+1)
		}
		return
	}
	f := objectOf(raw)
	switch {
	case f == nil:
		c.bad(where, errNotAnObject)
	case f.has("conversation") && !f.has("content"):
		c.conversation(f, where)
	case lists(f, "memories", "links") && !f.has("content"):
		for _, key := range []string{"memories", "links"} {
			for i, one := range f.list(key) {
				c.value(one, fmt.Sprintf("%s %s[%d]", where, key, i), 2)
			}
		}
	case f.text("type") == "damaged" && f.has("id") && !f.has("content"):
		c.lose(where, "what was damaged on the node that was exported", f.text("id"))
	case f.has("source_id") || f.has("target_id"):
		c.edge(f, where)
	default:
		if err := c.record(f, where); err != nil {
			c.bad(where, err)
		}
	}
}

func (c ownReader) edge(f fields, where string) {
	l := client.Link{Source: f.text("source_id"), Target: f.text("target_id"), Relation: f.text("relation")}
	switch {
	case l.Source == "" || l.Target == "":
		c.bad(where, errNoEnds)
		return
	case l.Relation != "" && !slices.Contains(relations(), l.Relation):
		c.bad(where, fmt.Errorf("relation %q: want one of %s", l.Relation, strings.Join(relations(), ", ")))
		return
	}
	if !c.once("link\x00" + l.Source + "\x00" + l.Target + "\x00" + cmp.Or(l.Relation, relations()[0])) {
		c.lose(where, "a duplicate in the source: the first one counts", l.Source+" → "+l.Target)
		return
	}
	c.put(Item{Link: &l, Where: where, Owner: c.owners[l.Source]}, nil)
}

var (
	errNoTitle   = errors.New("no title")
	errNoContent = errors.New("no content")
)

func (c ownReader) record(o fields, where string) error {
	f := &found{own: true, where: where}
	f.Title, f.Content = o.text("title"), o.text("content")
	switch {
	case strings.TrimSpace(clean(f.Title)) == "":
		return errNoTitle
	case strings.TrimSpace(clean(f.Content)) == "":
		return errNoContent
	}
	f.ID, f.Namespace, f.Tier, f.EntityID = o.text("id"), o.text("namespace"), o.text("tier"), o.text("entity_id")
	f.Source, f.Kind = o.text("source"), cmp.Or(o.text("kind"), o.text("memory_kind"))
	f.SourceURI, f.Scope, f.OnConflict = o.text("source_uri"), o.text("scope"), o.text("on_conflict")
	f.Tags, f.Priority, f.Confidence = o.texts("tags"), priorityOf(o), confidenceOf(o)
	if err := ownWords(f); err != nil {
		return err
	}
	if v, ok := o.number("reflection_depth"); ok && v > 0 && v < 1000 {
		f.Depth = int32(v)
	}
	if err := f.ownTimes(o, c.now); err != nil {
		return err
	}
	c.evidence(f, o)
	c.facts(f, o)
	if o.text("state") == "archived" {
		c.put(Item{Archived: true, Where: where, Draft: f.Draft}, nil)
		return nil
	}
	if reserved(f.Namespace) {
		c.lose(where, "a memory of a reserved namespace, which a complete export has", f.Namespace+": "+f.Title)
		return nil
	}
	c.unknown(o, where)
	f.owner = owner(f.meta)
	if f.owner == "" && len(f.meta["agent_id"]) == 0 {
		f.owner = owner(fields{"agent_id": o["agent_id"]})
	}
	c.memory(f)
	return nil
}

// ownWords refuses words that are no choice: whoever wrote them meant something.
func ownWords(f *found) error {
	for _, w := range []struct {
		field, word string
		list        []string
	}{
		{"tier", f.Tier, []string{"short", "mid", "long"}},
		{"source", f.Source, sources()},
		{"kind", f.Kind, kinds()},
		{"on_conflict", f.OnConflict, []string{"error", "merge", "version"}},
	} {
		if w.word != "" && !slices.Contains(w.list, w.word) {
			return fmt.Errorf("%s %q: want one of %s", w.field, w.word, strings.Join(w.list, ", "))
		}
	}
	if f.ID != "" && (!validID(f.ID) || len(f.ID) > 128) {
		return fmt.Errorf("id %.80q: want up to 128 letters, digits and _:.@-", f.ID)
	}
	return nil
}

// maxTTL is the longest time to live that a node takes, and farTTL one that ends later
// than anything that a node can keep. Both are in seconds.
const (
	maxTTL = 31_536_000
	farTTL = 9e9
)

func (f *found) ownTimes(o fields, now time.Time) error {
	f.expires, f.created = o.time("expires_at"), o.time("created_at")
	for key, t := range map[string]time.Time{"expires_at": f.expires, "created_at": f.created} {
		if s := o.text(key); s != "" && t.IsZero() {
			return fmt.Errorf("%s %q: want RFC 3339", key, s)
		}
	}
	v, ok := o.number("ttl_secs")
	switch {
	case !ok:
	case v < 1:
		return fmt.Errorf("ttl_secs %v: want 1 or more", v)
	case v > maxTTL: // a node wants the time itself then
		if f.expires.IsZero() {
			f.expires = now.Add(time.Duration(min(v, farTTL)) * time.Second)
		}
	default:
		f.TTL = int64(v)
	}
	return nil
}

// evidence reads citations and the place in the source.
func (c *carrier) evidence(f *found, o fields) {
	if raw := unquoted(o["citations"]); len(raw) > 0 && json.Unmarshal(raw, &f.Citations) != nil {
		f.Citations = nil
		c.lose(f.where, "citations that cannot be read", string(raw))
	}
	if raw := unquoted(o["source_span"]); len(raw) > 0 && json.Unmarshal(raw, &f.SourceSpan) != nil {
		f.SourceSpan = nil
		c.lose(f.where, "a source_span that cannot be read", string(raw))
	}
}

// facts reads metadata and tags, and reports what they are not.
func (c *carrier) facts(f *found, o fields) {
	f.meta = o.object("metadata")
	if raw := bytes.TrimSpace(unquoted(o["metadata"])); f.meta == nil && len(raw) > 0 && string(raw) != "null" && string(raw) != "{}" {
		c.note(f, "metadata", string(raw))
		c.lose(f.where, "metadata that are no JSON object, which are kept as a text", string(raw))
	}
	s := strings.TrimSpace(o.text("tags"))
	if s == "" || len(o.list("tags")) > 0 || s == "[]" {
		return
	}
	if f.Tags == nil {
		f.Tags = []string{s}
	}
	if strings.HasPrefix(s, "[") || strings.HasPrefix(s, "{") {
		c.lose(f.where, "tags that are no list, which are taken as they stand", s)
	}
}

// unknown reports fields that a memory does not have, and a signature that would hold.
func (c ownReader) unknown(o fields, where string) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		switch {
		case !slices.Contains(ownFields(), key):
			c.lose(where, "a field that memories do not have", key)
		case key == "signature" && o.text(key) == client.SignatureValid:
			c.lose(where, "the signature of its author, which a complete export brings along", "")
		}
	}
}

func ownFields() []string {
	return strings.Fields(`id title content namespace tier tags priority confidence source kind memory_kind ttl_secs expires_at metadata scope
		citations source_uri source_span on_conflict created_at entity_id reflection_depth agent_id type state version updated_at
		access_count last_accessed_at persona_version confidence_source confidence_signals confidence_decayed_at conflicts
		archived_at archive_reason mentioned_entity_id signature masked`)
}

// reserved reports whether a namespace is written by verbs of its own only.
func reserved(namespace string) bool {
	top, _, _ := strings.Cut(namespace, "/")
	switch top {
	case "_subscriptions", "_agents", "_messages", "_inbox", "_shared":
		return true
	}
	return false
}
