package importer

import (
	"cmp"
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// IsTranscript reports whether a format is that of sessions that a program for
// agents keeps.
func IsTranscript(f Format) bool {
	return slices.Contains([]Format{ClaudeCode, Codex, Cursor, Gemini}, f)
}

// isRollout tells a session of Codex.
func isRollout(f fields) bool { return f.text("type") == "session_meta" && f.has("payload") }

// isGeminiSession tells a session of the Gemini CLI: a document, or since lines.
func isGeminiSession(f fields) bool { return f.has("sessionId", "projectHash") }

// isCursorSession tells a session of Cursor.
func isCursorSession(f fields) bool {
	role := f.text("role")
	return (role == "user" || role == "assistant") && !f.has("type") && len(f.object("message").list("content")) > 0
}

// sessionsIn are the sessions that a program keeps in a folder, by their names.
func sessionsIn(match func(rel string) bool) func(*tree) ([]file, bool) {
	return func(t *tree) ([]file, bool) {
		var out []file
		for _, name := range t.names(match) {
			out = append(out, t.file(name))
		}
		return out, len(out) > 0
	}
}

func isRolloutFile(rel string) bool {
	ok, _ := path.Match("rollout-*.jsonl", path.Base(rel))
	return ok
}

func isGeminiFile(rel string) bool {
	ok, _ := path.Match("session-*.json*", path.Base(rel))
	return ok && path.Base(path.Dir(rel)) == "chats"
}

func isCursorFile(rel string) bool {
	return path.Ext(rel) == ".jsonl" && strings.Contains("/"+rel, "/agent-transcripts/")
}

// readCodex reads sessions of Codex: a line for each event.
func readCodex(c *carrier, s *Source) error {
	return sessions(c, s, "codex", func(r sessionReader, h *chat) func(fields, string) {
		var shown, sent []message // what a person has seen, and what the model has
		return func(o fields, where string) {
			p := o.object("payload")
			m := message{created: o.time("timestamp")}
			switch kind := p.text("type"); {
			case o.text("type") == "session_meta":
				h.id, h.created = cmp.Or(p.text("id"), h.id), p.time("timestamp")
				h.facts["cwd"], h.facts["client_version"] = p.text("cwd"), p.text("cli_version")
				h.facts["branch"] = p.object("git").text("branch")
			case o.text("type") == "turn_context":
				h.facts["model"] = cmp.Or(p.text("model"), h.facts["model"])
			case kind == "user_message" || kind == "agent_message":
				m.asked, m.text = kind == "user_message", p.text("message")
				shown = r.kept(shown, m)
			case kind == "message" && o.text("type") == "response_item":
				m.asked, m.text = p.text("role") == "user", textOf(p.list("content"))
				if p.text("role") != "developer" && !strings.HasPrefix(m.text, "<") && !strings.HasPrefix(m.text, "# AGENTS.md") {
					sent = r.kept(sent, m)
				}
			case strings.Contains(kind, "reasoning"):
				c.lose(where, "messages of reasoning", kind)
			case strings.Contains(kind, "call"):
				c.lose(where, "messages of tools", cmp.Or(p.text("name"), kind))
			}
			if h.messages = shown; !slices.ContainsFunc(shown, func(m message) bool { return m.asked }) {
				h.messages = sent
			}
		}
	})
}

// readGemini reads sessions of the Gemini CLI.
func readGemini(c *carrier, s *Source) error {
	return sessions(c, s, "gemini", func(r sessionReader, h *chat) func(fields, string) {
		return func(o fields, where string) {
			if !o.has("sessionId") {
				if o.has("type", "content") {
					r.geminiSaid(h, o, where)
				}
				return
			}
			h.id, h.created, h.title = o.text("sessionId"), o.time("startTime"), o.text("summary")
			h.project = cmp.Or(h.project, o.text("projectHash"))
			for _, raw := range o.list("messages") {
				r.geminiSaid(h, objectOf(raw), where)
			}
		}
	})
}

func (c sessionReader) geminiSaid(h *chat, o fields, where string) {
	kind := o.text("type")
	if kind != "user" && kind != "gemini" {
		c.lose(where, "messages of the program", kind)
		return
	}
	m := message{id: o.text("id"), asked: kind == "user", created: o.time("timestamp"), text: textOf(o.list("content"))}
	if m.text == "" {
		m.text = o.text("content")
	}
	if len(o.list("toolCalls")) > 0 {
		c.lose(where, "messages of tools", "")
	}
	if len(o.list("thoughts")) > 0 {
		c.lose(where, "messages of reasoning", "")
	}
	h.facts["model"] = cmp.Or(o.text("model"), h.facts["model"])
	h.messages = c.kept(h.messages, m)
}

// readCursor reads sessions of Cursor's agent.
func readCursor(c *carrier, s *Source) error {
	return sessions(c, s, "cursor", func(r sessionReader, h *chat) func(fields, string) {
		return func(o fields, where string) {
			list := o.object("message").list("content")
			m := message{asked: o.text("role") == "user", text: textOf(list), created: o.time("timestamp")}
			for _, raw := range list {
				if kind := objectOf(raw).text("type"); kind != "text" {
					c.lose(where, "messages of tools", cmp.Or(objectOf(raw).text("name"), kind))
				}
			}
			if _, query, ok := strings.Cut(m.text, "<user_query>"); ok && m.asked {
				m.text, _, _ = strings.Cut(query, "</user_query>")
			}
			h.messages = r.kept(h.messages, m)
		}
	})
}

// kept adds a message that says something.
func (c sessionReader) kept(list []message, m message) []message {
	m.text = strings.TrimSpace(m.text)
	if m.text == "" || c.held > maxHeld {
		return list
	}
	c.held += len(m.text)
	return append(list, m)
}

// textOf is what the blocks of a message say in words.
func textOf(blocks []json.RawMessage) string {
	var out []string
	for _, raw := range blocks {
		b := objectOf(raw)
		switch b.text("type") {
		case "text", "input_text", "output_text", "":
			if s := b.text("text"); s != "" {
				out = append(out, s)
			}
		}
	}
	return strings.Join(out, "\n")
}

// sessions reads the files of a source, each of which is a session; line makes what
// reads the objects of one.
func sessions(c *carrier, s *Source, program string, line func(sessionReader, *chat) func(fields, string)) error {
	r := sessionReader{chatReader{c}}
	for _, f := range s.files {
		stem, _, _ := strings.Cut(path.Base(f.name), ".")
		h := &chat{program: program, id: stem, facts: map[string]string{}, project: projectFolder(f)}
		take := line(r, h)
		err := c.values(f, nil, func(raw json.RawMessage, where string) {
			if o := objectOf(raw); o != nil {
				take(o, where)
			} else {
				c.bad(where, errNotAnObject)
			}
		})
		switch {
		case err != nil:
			c.bad(f.name, err)
		case c.held > maxHeld:
			c.bad(f.name, errTooMuch)
		}
		c.held = 0
		if len(h.messages) == 0 {
			c.lose(f.name, errNoMessages.Error(), h.title)
			continue
		}
		h.title = cmp.Or(h.title, Headline(h.messages[0].text))
		h.space = "chats/" + program
		if at := cmp.Or(path.Base(strings.ReplaceAll(h.facts["cwd"], `\`, "/")), h.project); at != "" && at != "." {
			h.space += "/" + segment(at)
		} else if h.project != "" {
			h.space += "/" + segment(h.project)
		}
		r.carry(h, f.name)
		if c.ended {
			return nil
		}
	}
	return nil
}

// projectFolder is the folder that a program keeps the sessions of a project in.
func projectFolder(f file) string {
	dir := path.Dir(filepath.ToSlash(cmp.Or(f.disk, f.name)))
	for at := dir; at != "." && at != "/"; at = path.Dir(at) {
		switch path.Base(at) {
		case "chats", "agent-transcripts":
			if base := path.Base(path.Dir(at)); base != "." && base != "/" {
				return base
			}
		}
	}
	return ""
}
