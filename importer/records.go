package importer

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// readRecords reads memories that are texts with facts beside them: those of mem0,
// of OpenMemory, and chunks of whatever origin.
func readRecords(c *carrier, s *Source) error {
	return recordReader{c}.read(s)
}

// recordReader reads records of one text each.
type recordReader struct{ *carrier }

func (c recordReader) read(s *Source) error {
	for _, f := range s.files {
		names, err := c.named(f)
		if err != nil {
			return err
		}
		err = c.values(f, recordKeys(), func(raw json.RawMessage, where string) {
			o := objectOf(raw)
			if o == nil {
				c.bad(where, errNotAnObject)
				return
			}
			c.listing(o, where, names)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// recordKeys are where documents keep lists.
func recordKeys() []string {
	return []string{"memories", "results", "items", "chunks", "data", "relations", "access_controls", "status_history"}
}

// lists reports whether one of the named fields is a list.
func lists(f fields, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return len(f[name]) > 0 && f[name][0] == '[' })
}

// named are the names of apps and categories of a document, by their ids: they
// may stand behind the memories that refer to them.
func (c recordReader) named(f file) (map[string]string, error) {
	out := map[string]string{}
	if c.format != OpenMemory {
		return out, nil
	}
	quiet := newCarrier(c.format, c.Options, func(Item, error) bool { return true })
	err := quiet.values(f, []string{"memories", "apps", "categories"}, func(raw json.RawMessage, _ string) {
		doc := objectOf(raw)
		for _, one := range slices.Concat(doc.list("apps"), doc.list("categories")) {
			o := objectOf(one)
			out[o.text("id")] = o.text("name")
		}
	})
	return out, err
}

// listing reads a document: one memory, or an object that lists them.
func (c recordReader) listing(f fields, where string, names map[string]string) {
	listed := false
	for _, key := range []string{"memories", "results", "items", "chunks", "data"} {
		for _, raw := range f.list(key) {
			m := objectOf(raw)
			if m == nil {
				c.bad(where+" "+key, errNotAnObject)
				continue
			}
			listed = true
			c.record(m, where+" "+key, names)
		}
	}
	if !listed && !lists(f, recordKeys()...) {
		c.record(f, where, names)
	}
	for _, l := range []struct{ key, reason string }{
		{"relations", "an edge of a graph of entities"},
		{"access_controls", "a rule of who may read"},
		{"status_history", "a change of state in the past"},
	} {
		for _, raw := range f.list(l.key) {
			c.lose(where+" "+l.key, l.reason, cmp.Or(edgeOf(objectOf(raw)), string(raw)))
		}
	}
}

func edgeOf(f fields) string {
	return strings.Join(slices.DeleteFunc([]string{
		f.text("source", "memory_id", "subject_id"), f.text("relationship", "relation", "old_state", "effect"),
		f.text("target", "destination", "new_state", "object_id"),
	}, func(s string) bool { return s == "" }), " ")
}

// record carries one memory over.
func (c recordReader) record(m fields, where string, names map[string]string) {
	id := m.text("id", "memory_id", "uuid", "chunk_id")
	f := &found{vague: id != "", where: strings.TrimSpace(where + " " + id), meta: m.object("metadata", "metadata_", "meta")}
	if id != "" {
		f.ID = string(c.format) + ":" + id
	}
	f.Content = m.text("memory", "text", "content", "chunk", "page_content", "data")
	f.Title = cmp.Or(m.text("title"), f.meta.text("title", "name"))
	if f.Title == "" && f.ID == "" {
		f.Title = chunkTitle(f.meta)
	}
	f.Namespace = string(c.format)
	if who := m.text("user_id", "user", "namespace"); who != "" && c.format == Mem0 {
		f.Namespace += "/" + strings.ReplaceAll(who, "/", `\`) // one segment
	}
	f.Tags = append(m.texts("categories", "category"), m.texts("tags")...)
	for _, raw := range m.list("category_ids") {
		f.Tags = append(f.Tags, names[fields{"": raw}.text("")])
	}
	f.SourceURI = uriOf(cmp.Or(m.text("source_uri", "path", "url"), f.meta.text("source", "path", "url", "file_path")))
	f.Priority, f.Confidence = priorityOf(m), confidenceOf(m)
	f.created = m.time("created_at", "createdAt", "timestamp")
	if f.created.IsZero() {
		f.created = f.meta.time("created_at", "date", "timestamp")
	}
	f.expires = m.time("expiration_date", "expires_at")
	for _, key := range []string{
		"id", "hash", "user_id", "agent_id", "app_id", "app", "app_name", "run_id", "actor_id", "role", "updated_at", "primary_sector", "salience", "idx", "document_id",
	} {
		v := cmp.Or(names[m.text(key)], m.text(key))
		if v != "" {
			c.note(f, key, v)
		}
	}
	if m.has("embedding") || m.has("vector") {
		c.lose(f.where, "a vector: they are made anew", "")
	}
	switch state := m.text("state"); state {
	case "deleted":
		c.lose(f.where, "a deleted memory", Headline(f.Content))
		return
	case "archived":
		f.archive = "archive"
	case "", "active":
	case "paused":
		c.note(f, "state", state)
		c.lose(f.where, "a paused memory, which becomes live", Headline(f.Content))
	default:
		c.note(f, "state", state)
		c.lose(f.where, "a state that is not known: the memory becomes live", state)
	}
	c.memory(f)
}

// chunkTitle is what a text without id and title is a part of.
func chunkTitle(meta fields) string {
	of := meta.text("source", "path", "file_path", "file", "document", "url")
	if n := meta.text("idx", "index", "chunk", "chunk_index", "page"); of != "" && n != "" {
		return of + " #" + n
	}
	return of
}
