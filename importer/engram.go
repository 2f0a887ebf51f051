package importer

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// engramChunks are the chunk files of a folder, in the order in which its
// manifest says they were made.
func engramChunks(t *tree) ([]file, bool) {
	for _, dir := range []string{".", ".engram"} {
		list, _ := fs.Glob(t.fsys, path.Join(dir, "chunks", "*.json*"))
		if len(list) == 0 {
			continue
		}
		order := manifest(t.fsys, path.Join(dir, "manifest.json"))
		place := func(name string) int {
			id, _, _ := strings.Cut(path.Base(name), ".")
			if i := slices.Index(order, id); i >= 0 {
				return i
			}
			return len(order)
		}
		slices.SortStableFunc(list, func(a, b string) int { return place(a) - place(b) })
		var out []file
		for _, name := range list {
			out = append(out, t.file(name).called(path.Base(name)))
		}
		return out, true
	}
	return nil, false
}

// manifest is the order of chunks; without one they go by name.
func manifest(fsys fs.FS, name string) []string {
	var m struct {
		Chunks []struct {
			ID string `json:"id"`
		} `json:"chunks"`
	}
	raw, err := fs.ReadFile(fsys, name)
	if err != nil || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	var out []string
	for _, ch := range m.Chunks {
		out = append(out, ch.ID)
	}
	return out
}

// readEngram reads what Engram exports, and the chunks that it keeps in
// repositories. What a later chunk says of the same observation counts.
func readEngram(c *carrier, s *Source) error {
	h := &engrams{c: c, at: map[string]int{}}
	full := false // the rest is not kept
	for _, f := range s.files {
		err := c.values(f, []string{"sessions", "observations", "prompts", "mutations"}, func(raw json.RawMessage, where string) {
			if full = full || c.hold(raw) != nil; full {
				return
			}
			o := objectOf(raw)
			if o == nil {
				c.bad(where, errNotAnObject)
				return
			}
			h.chunk(o, where)
		})
		if err != nil {
			return err
		}
	}
	for _, n := range h.notes {
		h.carry(n)
	}
	if full {
		return errTooMuch
	}
	return nil
}

// engrams are notes in the order in which they were first seen.
type engrams struct {
	c     *carrier
	notes []engramNote
	at    map[string]int // place in notes, by kind and id
}

type engramNote struct {
	kind, id, where string // kind is observation, prompt or session
	fields          fields
	deleted         bool
}

func (h *engrams) chunk(f fields, where string) {
	any := false
	for _, l := range []struct{ key, kind string }{{"sessions", "session"}, {"observations", "observation"}, {"prompts", "prompt"}} {
		any = any || f.has(l.key)
		for _, raw := range f.list(l.key) {
			h.note(l.kind, objectOf(raw), where+" "+l.key, false)
		}
	}
	for _, raw := range f.list("mutations") {
		any = true
		m := objectOf(raw)
		kind := m.text("entity")
		if kind != "observation" && kind != "prompt" && kind != "session" {
			h.c.lose(where+" mutations", "a change of something else than a note: "+cmp.Or(kind, "unknown"), m.text("entity_key"))
			continue
		}
		payload := m.object("payload")
		if payload == nil {
			payload = fields{}
		}
		if !payload.has("sync_id") && m.has("entity_key") {
			payload["sync_id"] = m["entity_key"]
		}
		h.note(kind, payload, where+" mutations", m.text("op") == "delete")
	}
	switch {
	case any:
	case f.text("content", "text") != "":
		h.note("observation", f, where, false)
	default:
		h.c.lose(where, "an object that is no chunk", "")
	}
}

func (h *engrams) note(kind string, f fields, where string, deleted bool) {
	if f == nil {
		h.c.bad(where, errNotAnObject)
		return
	}
	n := engramNote{kind: kind, where: where, fields: f, deleted: deleted || f.text("deleted_at") != ""}
	n.id = f.text("sync_id", "id")
	if n.id == "" {
		h.notes = append(h.notes, n)
		return
	}
	key := kind + "\x00" + n.id
	i, again := h.at[key]
	if !again {
		h.at[key] = len(h.notes)
		h.notes = append(h.notes, n)
		return
	}
	if deleted {
		n.fields = h.notes[i].fields
	}
	h.notes[i] = n
}

func (h *engrams) carry(n engramNote) {
	o, c := n.fields, h.c
	text := o.text("content", "text")
	switch {
	case n.deleted:
		c.lose(n.where, "a deleted note", cmp.Or(o.text("title"), n.id))
		return
	case n.kind == "session":
		if text = o.text("summary"); text == "" {
			c.lose(n.where, "a session without a summary", n.id)
			return
		}
	}
	f := &found{where: strings.TrimSpace(n.where + " " + n.id), vague: n.id != "", meta: o.object("metadata")}
	if n.id != "" {
		f.ID = "engram:" + n.kind + ":" + n.id
	}
	f.Title, f.Content, f.Namespace = o.text("title"), text, "engram"
	if project := segment(o.text("project")); project != "" {
		f.Namespace += "/" + project
	}
	f.Kind = oneOf(o.text("type"), "", kinds()...)
	switch n.kind {
	case "prompt":
		f.Kind, f.Tags = "conversation", []string{"prompt"}
	case "session":
		f.Kind, f.Tags = "event", []string{"session"}
		f.Title = cmp.Or(f.Title, "Session "+n.id)
	default:
		f.Tags = append(o.texts("tags"), o.text("type"))
	}
	f.created = o.time("created_at", "started_at", "timestamp")
	for _, key := range []string{
		"id", "session_id", "tool_name", "project", "scope", "topic_key", "revision_count", "duplicate_count", "last_seen_at", "updated_at", "directory", "ended_at",
	} {
		if v := o.text(key); v != "" {
			c.note(f, key, v)
		}
	}
	c.memory(f)
}
