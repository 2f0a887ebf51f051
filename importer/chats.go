package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// readChats reads the conversations that ChatGPT and Claude export: a memory for
// each exchange, that is what was asked and what was answered to it.
func readChats(c *carrier, s *Source) error {
	return chatReader{c}.read(s)
}

// chatReader reads conversations.
type chatReader struct{ *carrier }

func (c chatReader) read(s *Source) error {
	for _, f := range s.files {
		err := c.values(f, nil, func(raw json.RawMessage, where string) {
			o := objectOf(raw)
			switch {
			case o == nil:
				c.bad(where, errNotAnObject)
			case o.has("mapping"):
				c.chatGPT(o, where)
			case o.has("chat_messages"):
				c.claude(o, where)
			case o.has("conversations_memory"), o.has("project_memories"):
				c.claudeMemories(o, where)
			default:
				c.lose(where, "an object that is no conversation", o.text("name", "title", "uuid", "id"))
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// chat is a conversation as it was led.
type chat struct {
	program  string // chatgpt, claude or claude-code
	space    string // the namespace; "": that of the program
	project  string // the folder that the program keeps it in
	id       string
	title    string
	created  time.Time
	facts    map[string]string
	messages []message
}

type message struct {
	id      string
	asked   bool // by the human
	text    string
	created time.Time
}

// carry yields the exchanges of a chat.
func (c chatReader) carry(h *chat, where string) {
	if len(h.messages) == 0 {
		c.lose(where, "a conversation without messages", cmp.Or(h.title, h.id))
		return
	}
	title := cmp.Or(oneLine(clean(h.title)), "Untitled conversation")
	n := 0
	for begin := 0; begin < len(h.messages); {
		end := begin + 1
		for end < len(h.messages) && !h.messages[end].asked {
			end++
		}
		n++
		if !c.exchange(h, title, n, h.messages[begin:end], where) {
			return
		}
		begin = end
	}
}

func (c chatReader) exchange(h *chat, title string, n int, list []message, where string) bool {
	f := &found{vague: true, where: fmt.Sprintf("%s %s exchange %d", where, h.id, n), created: list[0].created}
	if f.created.IsZero() {
		f.created = h.created
	}
	f.ID = h.program + ":" + cmp.Or(h.id, short(title+h.created.String())) + ":" + cmp.Or(list[0].id, strconv.Itoa(n))
	suffix := fmt.Sprintf(" › %d", n)
	f.Title = fit(title, suffix)
	f.Namespace, f.Kind, f.Tags = cmp.Or(h.space, "chats/"+h.program), "conversation", []string{h.program}
	var texts []string
	for _, m := range list {
		who := "Assistant"
		if m.asked {
			who = "User"
		}
		texts = append(texts, who+": "+m.text)
	}
	f.Content = strings.Join(texts, "\n\n")
	c.note(f, "conversation", h.id)
	c.note(f, "conversation_title", title)
	c.note(f, "exchange", n)
	f.meta = inSession(cmp.Or(h.id, h.created.String()), n, f.created)
	for key, v := range h.facts {
		if v != "" {
			c.note(f, key, v)
		}
	}
	return c.memory(f)
}

// inSession are the metadata by which recall knows what was said before and after.
func inSession(id string, n int, at time.Time) fields {
	name, err := json.Marshal(id)
	if err != nil {
		return nil
	}
	out := fields{"session": name, "sequence": json.RawMessage(strconv.Itoa(n))}
	if !at.IsZero() {
		out["said_at"] = json.RawMessage(strconv.Quote(at.UTC().Format(time.RFC3339)))
	}
	return out
}

// chatGPT reads a conversation of ChatGPT, which is a tree: where a message was
// edited or an answer asked for again, it branches. What leads to the current
// message is what the user sees.
func (c chatReader) chatGPT(f fields, where string) {
	h := &chat{program: "chatgpt", id: f.text("conversation_id", "id"), title: f.text("title"), created: f.time("create_time")}
	h.facts = map[string]string{"model": f.text("default_model_slug"), "gizmo": f.text("gizmo_id"), "project": f.text("conversation_template_id")}
	where += " " + h.id
	tree := f.object("mapping")
	nodes := map[string]fields{}
	for id, raw := range tree {
		nodes[id] = objectOf(raw)
	}
	way := pathTo(nodes, f.text("current_node"))
	on := map[string]bool{}
	for _, id := range way {
		on[id] = true
		if m, ok := c.chatGPTMessage(nodes[id], where); ok {
			h.messages = append(h.messages, m)
		}
	}
	beside := 0
	for id, node := range nodes {
		if m := node.object("message"); !on[id] && oneOf(m.object("author").text("role"), "", "user", "assistant") != "" {
			beside++
		}
	}
	if beside > 0 {
		c.lose(where, "messages of branches that were left", fmt.Sprintf("%d in %s", beside, cmp.Or(h.title, h.id)))
	}
	c.carry(h, where)
}

// pathTo returns the nodes from the root to one, or without one to the latest leaf.
func pathTo(nodes map[string]fields, current string) []string {
	if nodes[current] == nil {
		current = ""
		var latest time.Time
		for id, n := range nodes {
			t := n.object("message").time("create_time")
			if len(n.list("children")) == 0 && (current == "" || t.After(latest) || t.Equal(latest) && id > current) {
				current, latest = id, t
			}
		}
	}
	var out []string
	seen := map[string]bool{}
	for id := current; nodes[id] != nil && !seen[id]; id = nodes[id].text("parent") {
		seen[id] = true
		out = append(out, id)
	}
	slices.Reverse(out)
	return out
}

// chatGPTMessage reads a message that a person would see.
func (c chatReader) chatGPTMessage(node fields, where string) (message, bool) {
	m := node.object("message")
	role := m.object("author").text("role")
	content := m.object("content")
	kind := content.text("content_type")
	weight, weighed := m.number("weight")
	switch {
	case strings.HasSuffix(kind, "_editable_context"):
		c.lose(where, "what the program was told about its user", cmp.Or(content.text("user_profile", "user_instructions", "model_set_context"), kind))
		return message{}, false
	case m == nil || role == "system" || weighed && weight == 0:
		return message{}, false
	case role != "user" && role != "assistant":
		c.lose(where, "messages of tools", cmp.Or(m.object("author").text("name"), role)+" "+kind)
		return message{}, false
	case kind == "thoughts" || kind == "reasoning_recap" || m.text("channel") == "commentary":
		c.lose(where, "messages of reasoning", kind)
		return message{}, false
	}
	var texts []string
	for _, raw := range content.list("parts") {
		if s := (fields{"": raw}).text(""); s != "" {
			texts = append(texts, s)
		} else if o := objectOf(raw); o != nil {
			if s := o.text("text"); s != "" {
				texts = append(texts, s)
				continue
			}
			texts = append(texts, "["+cmp.Or(o.text("content_type"), "attachment")+"]")
			c.lose(where, "images, audio and other attachments", cmp.Or(o.text("asset_pointer"), o.text("content_type")))
		}
	}
	if len(texts) == 0 {
		texts = append(texts, content.text("text", "result"))
	}
	out := message{id: m.text("id"), asked: role == "user", text: strings.TrimSpace(strings.Join(texts, "\n")), created: m.time("create_time")}
	return out, out.text != ""
}

// claude reads a conversation of Claude.
func (c chatReader) claude(f fields, where string) {
	h := &chat{program: "claude", id: f.text("uuid", "id"), title: f.text("name", "title"), created: f.time("created_at")}
	h.facts = map[string]string{"model": f.text("model"), "project": cmp.Or(f.text("project_uuid"), f.object("project").text("uuid"))}
	where += " " + h.id
	for _, raw := range f.list("chat_messages") {
		m := objectOf(raw)
		out := message{id: m.text("uuid", "id"), asked: m.text("sender") == "human", created: m.time("created_at")}
		out.text = strings.TrimSpace(c.claudeText(m, where))
		if out.text != "" {
			h.messages = append(h.messages, out)
		}
	}
	c.carry(h, where)
}

func (c chatReader) claudeText(m fields, where string) string {
	var texts []string
	for _, raw := range m.list("content") {
		b := objectOf(raw)
		switch kind := b.text("type"); kind {
		case "text":
			texts = append(texts, b.text("text"))
		case "tool_use", "tool_result", "token_budget":
			c.lose(where, "messages of tools", kind+" "+b.text("name"))
		default:
			c.lose(where, "messages of reasoning", kind)
		}
	}
	if len(texts) == 0 {
		texts = append(texts, m.text("text"))
	}
	for _, raw := range m.list("attachments") {
		a := objectOf(raw)
		name := cmp.Or(a.text("file_name", "name"), "attachment")
		if s := a.text("extracted_content"); s != "" {
			texts = append(texts, "["+name+"]\n"+s)
			continue
		}
		texts = append(texts, "["+name+"]")
		c.lose(where, "images, audio and other attachments", name)
	}
	for _, raw := range slices.Concat(m.list("files"), m.list("files_v2")) {
		c.lose(where, "images, audio and other attachments", objectOf(raw).text("file_name", "file_uuid"))
	}
	return strings.Join(texts, "\n")
}

// claudeMemories reads what Claude has written down about its user.
func (c chatReader) claudeMemories(f fields, where string) {
	put := func(name, id, text string) {
		m := &found{where: where + " " + name}
		m.Title, m.Content, m.Namespace, m.Source = name, text, "chats/claude/memory", "claude"
		if id != "" {
			c.note(m, "project", id)
		}
		c.memory(m)
	}
	if s := f.text("conversations_memory"); s != "" {
		put("Claude's memory of the conversations", "", s)
	}
	projects := f.object("project_memories")
	for _, id := range sorted(projects) {
		put("Claude's memory of project "+id, id, fields{"": projects[id]}.text(""))
	}
}

func sorted(f fields) []string {
	var out []string
	for key := range f {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
