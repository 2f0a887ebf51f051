package importer

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// aiMemoryExport reads the export of ai-memory: memories, then the links
// between them.
func (c *carrier) aiMemoryExport(parts []part) error {
	for _, p := range parts {
		err := c.values(p, func(raw json.RawMessage, where string) {
			doc := objectOf(raw)
			if doc == nil {
				c.bad(where, errNotAnObject)
				return
			}
			c.aiMemoryDocument(doc, where)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *carrier) aiMemoryDocument(doc fields, where string) {
	for _, raw := range doc.list("memories") {
		c.aiMemory(objectOf(raw), where+" memories", "")
	}
	for _, raw := range doc.list("archived") {
		m := objectOf(raw)
		c.aiMemory(m, where+" archived", first(m.text("archive_reason"), "archive"))
	}
	for _, raw := range doc.list("links", "memory_links") {
		c.aiMemoryLink(objectOf(raw), where+" links")
	}
}

// aiMemory carries one memory over, from the fields that its JSON and its
// database have in common.
func (c *carrier) aiMemory(m fields, where, archived string) {
	if m == nil {
		c.bad(where, errNotAnObject)
		return
	}
	id := m.text("id")
	f := &found{where: strings.TrimSpace(where + " " + id), archive: archived, meta: m.object("metadata")}
	f.ID, f.Title, f.Content, f.Namespace = id, m.text("title"), m.text("content"), m.text("namespace")
	f.Tier, f.Source, f.Kind = first(m.text("original_tier"), m.text("tier")), m.text("source"), first(m.text("memory_kind"), m.text("kind"))
	f.Tags, f.Priority, f.Confidence = m.texts("tags"), priorityOf(m), confidenceOf(m)
	f.SourceURI, f.EntityID = m.text("source_uri"), m.text("entity_id")
	if v, ok := m.number("reflection_depth"); ok && v > 0 && v < 1000 {
		f.Depth = int32(v)
	}
	if raw := unquoted(m["citations"]); len(raw) > 0 && json.Unmarshal(raw, &f.Citations) != nil {
		f.Citations = nil
		c.lose(f.where, "citations that cannot be read", string(raw))
	}
	if raw := unquoted(m["source_span"]); len(raw) > 0 && json.Unmarshal(raw, &f.SourceSpan) != nil {
		f.SourceSpan = nil
	}
	f.created, f.expires = m.time("created_at"), m.time("original_expires_at", "expires_at")
	if f.owner = owner(f.meta); f.owner != "" && !validAgent(f.owner) {
		c.note(f, "agent_id", f.owner)
		c.lose(f.where, "an owner with a name that no agent can have: the memory becomes that of who imports it", f.owner)
		f.owner = ""
	}
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

// owner is whose a memory is: nobody's if its agent was none with a name.
func owner(meta fields) string {
	id := meta.text("agent_id")
	if id == "anonymous" || strings.HasPrefix(id, "anonymous:") {
		return ""
	}
	return id
}

// validAgent reports whether a node takes id for an agent.
func validAgent(id string) bool {
	reserved := []string{
		"daemon", "system", "federation-catchup", "subscription-dispatch", "ai:http-internal", "ai:migrate", "export-internal", "governance-internal",
	}
	return len(id) <= 128 && !slices.Contains(reserved, id) && !strings.HasPrefix(id, "/") && !strings.Contains(id, "..") &&
		!strings.ContainsFunc(id, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-:@./", r)
		})
}

func (c *carrier) aiMemoryLink(l fields, where string) {
	source, target := l.text("source_id", "from"), l.text("target_id", "to")
	if source == "" || target == "" {
		c.bad(where, errNoEnds)
		return
	}
	where += " " + source + " → " + target
	relation := first(l.text("relation", "rel_type"), relations()[0])
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
