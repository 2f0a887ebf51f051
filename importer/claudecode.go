package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// claudeProject is a folder that Claude Code keeps for a project.
type claudeProject struct {
	dir         string // in the tree
	transcripts []string
	memory      bool // it has a folder of notes
}

// projects are the folders of projects in ~/.claude, in its folder of projects,
// or the one that the tree is itself.
func (t *tree) projects() []claudeProject {
	dirs := slices.Concat([]string{"."}, t.folders("projects"), t.folders("."))
	var out []claudeProject
	for _, dir := range dirs {
		p := claudeProject{dir: dir, transcripts: t.transcripts(dir), memory: t.has(path.Join(dir, "memory", "MEMORY.md"))}
		if p.memory || len(p.transcripts) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// folders are the folders in one, by their paths.
func (t *tree) folders(in string) []string {
	var out []string
	entries, _ := fs.ReadDir(t.fsys, in) // one that is not there has none
	for _, e := range entries {
		if e.IsDir() && passedOver(e.Name()) == "" {
			out = append(out, path.Join(in, e.Name()))
		}
	}
	return out
}

func (t *tree) transcripts(dir string) []string {
	var out []string
	entries, _ := fs.ReadDir(t.fsys, dir) // one that cannot be read is reported by the walk
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.Type().IsRegular() && path.Ext(name) == ".jsonl" && t.kind(name, t.file(name)) == ClaudeCode {
			out = append(out, name)
		}
	}
	return out
}

// hasProjects tells what Claude Code keeps: transcripts of sessions, and notes,
// by project.
func hasProjects(t *tree) ([]file, bool) { return nil, len(t.projects()) > 0 }

// isTranscript tells the lines of a session of Claude Code.
func isTranscript(f fields) bool {
	switch f.text("type") {
	case "user", "assistant", "system":
		return f.has("sessionId", "uuid")
	case "summary":
		return f.has("leafUuid", "summary")
	case "file-history-snapshot":
		return f.has("messageId", "snapshot")
	}
	return false
}

// readClaudeCode reads transcripts, and the notes that are kept beside them.
func readClaudeCode(c *carrier, s *Source) error {
	return sessionReader{chatReader{c}}.read(s)
}

// sessionReader reads sessions, which are conversations too.
type sessionReader struct{ chatReader }

func (c sessionReader) read(s *Source) error {
	for _, f := range s.files {
		project := ""
		if dir := filepath.Base(filepath.Dir(f.disk)); strings.HasPrefix(dir, "-") {
			project = dir // as it would be from the folder of projects
		}
		if err := c.transcript(f, project); err != nil {
			return err
		}
	}
	if s.tree == nil {
		return nil
	}
	used := map[string]bool{}
	for _, p := range s.tree.projects() {
		name := path.Base(p.dir)
		if p.dir == "." {
			name = s.tree.project()
		}
		for _, file := range p.transcripts {
			used[file] = true
			if err := c.transcript(s.tree.file(file), name); err != nil {
				c.bad(file, err)
			}
		}
		if p.memory {
			used[path.Join(p.dir, "memory")] = true
			sub := *c.carrier // its notes are those of Claude's memory
			sub.format, sub.room = ClaudeMemory, c.room+p.dir+"/memory/"
			if err := sub.folder(s.tree.sub(path.Join(p.dir, "memory")), "claude-memory/"+segment(name)); err != nil {
				c.bad(p.dir, err)
			}
			c.ended = sub.ended
		}
	}
	return c.besides(s.tree, used)
}

// besides reads the instructions of the user, and reports what else is there.
func (c sessionReader) besides(t *tree, used map[string]bool) error {
	return t.walk(func(rel string) error {
		if used[rel] || used[path.Dir(rel)] || strings.Contains(rel, "/memory/") {
			return nil
		}
		if !markdown(rel) {
			c.lose(rel, "a file that is neither a transcript nor a note", "")
			return nil
		}
		text, err := t.file(rel).whole()
		if err != nil {
			c.bad(rel, err)
			return nil
		}
		f := &found{ref: rel, where: rel}
		f.Title, f.Content, f.Namespace, f.SourceURI = rel, text, "claude-memory", fileURI(rel)
		c.memory(f)
		return nil
	}, func(rel, reason string) { c.lose(rel, reason, "") })
}

var errNoMessages = errors.New("a session without messages")

// transcript reads a session: what was asked, and what was answered in words.
func (c sessionReader) transcript(f file, project string) error {
	h := &chat{program: "claude-code", facts: map[string]string{}}
	titles := map[string]string{}
	full := false
	err := c.values(f, nil, func(raw json.RawMessage, where string) {
		o := objectOf(raw)
		if o == nil {
			c.bad(where, errNotAnObject)
			return
		}
		switch kind := o.text("type"); kind {
		case "summary":
			h.title = cmp.Or(o.text("summary"), h.title)
		case "custom-title", "ai-title":
			titles[kind] = cmp.Or(o.text("customTitle", "aiTitle", "title"), titles[kind])
		case "user", "assistant":
			if full = full || c.held > maxHeld; !full {
				c.said(h, o, where)
			}
		}
	})
	if full {
		c.bad(f.name, errTooMuch)
	}
	if err != nil {
		return err
	}
	stem, _, _ := strings.Cut(path.Base(f.name), ".")
	h.id = cmp.Or(h.id, stem)
	if len(h.messages) == 0 {
		c.lose(f.name, errNoMessages.Error(), h.title)
		return nil
	}
	h.title = cmp.Or(titles["custom-title"], titles["ai-title"], h.title, Headline(h.messages[0].text))
	h.space = "chats/claude-code"
	if at := cmp.Or(project, path.Base(strings.ReplaceAll(h.facts["cwd"], `\`, "/"))); at != "" && at != "." {
		h.space += "/" + segment(at)
	}
	c.carry(h, f.name)
	c.held = 0
	return nil
}

// said adds a line of a session that a person would see.
func (c sessionReader) said(h *chat, o fields, where string) {
	m := o.object("message")
	id := o.text("uuid")
	switch {
	case string(o["isMeta"]) == "true" || string(o["isCompactSummary"]) == "true":
		return
	case string(o["isSidechain"]) == "true":
		c.lose(where, "messages of agents below the one that was asked", "")
		return
	case id != "" && !c.once("message\x00"+id):
		return // a session that goes on in another file repeats what was said
	}
	out := message{id: id, asked: o.text("type") == "user", created: o.time("timestamp")}
	out.text = strings.TrimSpace(c.spoken(m, where))
	if out.text == "" {
		return
	}
	c.held += len(out.text)
	if h.id == "" {
		h.id = o.text("sessionId")
	}
	if h.created.IsZero() {
		h.created = out.created
	}
	for key, names := range map[string][]string{"cwd": {"cwd"}, "branch": {"gitBranch"}, "client_version": {"version"}} {
		h.facts[key] = cmp.Or(h.facts[key], o.text(names...))
	}
	h.facts["model"] = cmp.Or(h.facts["model"], m.text("model"))
	h.messages = append(h.messages, out)
}

// spoken is the text of a message without tools and reasoning.
func (c sessionReader) spoken(m fields, where string) string {
	if s := m.text("content"); s != "" && len(m.list("content")) == 0 {
		return s
	}
	var texts []string
	for _, raw := range m.list("content") {
		b := objectOf(raw)
		switch kind := b.text("type"); {
		case kind == "text":
			texts = append(texts, b.text("text"))
		case slices.Contains([]string{"image", "document"}, kind):
			texts = append(texts, "["+kind+"]")
			c.lose(where, "images, audio and other attachments", kind)
		case kind == "thinking" || kind == "redacted_thinking":
			c.lose(where, "messages of reasoning", kind)
		default:
			c.lose(where, "messages of tools", cmp.Or(b.text("name"), kind))
		}
	}
	return strings.Join(texts, "\n")
}
