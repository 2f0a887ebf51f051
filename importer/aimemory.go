package importer

import (
	"cmp"
	"encoding/json"
	"strings"
)

// readAIMemory reads the export of ai-memory: memories, then the links
// between them.
func readAIMemory(c *carrier, s *Source) error {
	return aiMemoryReader{c}.read(s)
}

// aiMemoryReader reads what ai-memory exports, and what its database has.
type aiMemoryReader struct{ *carrier }

func (c aiMemoryReader) read(s *Source) error {
	for _, f := range s.files {
		err := c.values(f, []string{"memories", "archived", "links", "memory_links"}, func(raw json.RawMessage, where string) {
			doc := objectOf(raw)
			if doc == nil {
				c.bad(where, errNotAnObject)
				return
			}
			c.document(doc, where)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c aiMemoryReader) document(doc fields, where string) {
	for _, raw := range doc.list("memories") {
		c.record(objectOf(raw), where+" memories", "")
	}
	for _, raw := range doc.list("archived") {
		m := objectOf(raw)
		c.record(m, where+" archived", cmp.Or(m.text("archive_reason"), "archive"))
	}
	for _, raw := range doc.list("links", "memory_links") {
		c.edge(objectOf(raw), where+" links")
	}
}

// record carries one memory over, from the fields that its JSON and its
// database have in common.
func (c aiMemoryReader) record(m fields, where, archived string) {
	if m == nil {
		c.bad(where, errNotAnObject)
		return
	}
	id := m.text("id")
	f := &found{where: strings.TrimSpace(where + " " + id), archive: archived}
	f.ID, f.Title, f.Content, f.Namespace = id, m.text("title"), m.text("content"), m.text("namespace")
	f.Tier, f.Source, f.Kind = cmp.Or(m.text("original_tier"), m.text("tier")), m.text("source"), cmp.Or(m.text("memory_kind"), m.text("kind"))
	f.Tags, f.Priority, f.Confidence = m.texts("tags"), priorityOf(m), confidenceOf(m)
	f.SourceURI, f.EntityID = m.text("source_uri"), m.text("entity_id")
	if v, ok := m.number("reflection_depth"); ok && v > 0 && v < 1000 {
		f.Depth = int32(v)
	}
	c.evidence(f, m)
	c.facts(f, m)
	f.created, f.expires = m.time("created_at"), m.time("original_expires_at", "expires_at")
	f.owner = owner(f.meta)
	for _, key := range []string{
		"updated_at", "version", "access_count", "last_accessed_at", "archived_at", "persona_version", "confidence_source", "confidence_decayed_at",
	} {
		if v := m.text(key); v != "" && (key != "confidence_source" || v != "caller_provided") {
			c.note(f, key, v)
		}
	}
	if sig := m.object("confidence_signals"); sig != nil {
		c.note(f, "confidence_signals", sig)
	}
	c.memory(f)
}

func (c aiMemoryReader) edge(l fields, where string) {
	source, target := l.text("source_id", "from"), l.text("target_id", "to")
	if source == "" || target == "" {
		c.bad(where, errNoEnds)
		return
	}
	where += " " + source + " → " + target
	relation := cmp.Or(l.text("relation", "rel_type"), relations()[0])
	if oneOf(relation, "", relations()...) == "" {
		c.lose(where, "a relation that is not known: it becomes related_to", relation)
	}
	if sig := l.list("signature"); len(sig) > 0 || l.text("signature") != "" {
		c.lose(where, "the signature of a link", relation)
	}
	if l.text("valid_from", "valid_until") != "" {
		c.lose(where, "the time for which a link holds", l.text("valid_from")+" – "+l.text("valid_until"))
	}
	c.link(c.id(source, 0), c.id(target, 0), relation, where)
}
