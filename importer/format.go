package importer

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// format is a kind of source: how it is told from others, and how it is read.
type format struct {
	name   Format
	object func(fields) bool          // tells it by an object that its files begin with; nil: not so
	folder func(*tree) ([]file, bool) // tells it by what is in a folder, and says what is read of it; nil: not so
	read   func(*carrier, *Source) error
}

// formats are all kinds of source. The first that says yes is it.
func formats() []format {
	return []format{
		{name: JSON, object: isLoCoMo, read: readOwn},
		{name: ChatGPT, object: hasOne("mapping"), folder: filesOf(ChatGPT), read: readChats},
		{name: ClaudeChats, object: hasOne("chat_messages", "conversations_memory"), folder: filesOf(ClaudeChats), read: readChats},
		{name: MCPMemory, object: isGraph, folder: filesOf(MCPMemory), read: readGraph},
		{name: Engram, object: isEngram, folder: engramChunks, read: readEngram},
		{name: OpenMemory, object: isOpenMemory, folder: filesOf(OpenMemory), read: readRecords},
		{name: AIMemory, object: isAIMemory, folder: filesOf(AIMemory), read: readAIMemory},
		{name: Mem0, object: isMem0, folder: filesOf(Mem0), read: readRecords},
		{name: Chunks, object: isChunk, folder: filesOf(Chunks), read: readRecords},
		{name: ClaudeCode, object: isTranscript, folder: hasProjects, read: readClaudeCode},
		{name: Codex, object: isRollout, folder: sessionsIn(isRolloutFile), read: readCodex},
		{name: Gemini, object: isGeminiSession, folder: sessionsIn(isGeminiFile), read: readGemini},
		{name: Cursor, object: isCursorSession, folder: sessionsIn(isCursorFile), read: readCursor},
		{name: ClaudeMemory, folder: hasMemoryIndex, read: readNotes},
		{name: Obsidian, folder: hasVault, read: readNotes},
		{name: CursorRules, folder: hasRules, read: readNotes},
		{name: BasicMemory, folder: hasPermalinks, read: readNotes},
		{name: AIMemoryDB, read: readDatabase},
		{name: Markdown, read: readMarkdown},
		{name: JSONL, read: readOwn},
	}
}

func known(name Format) (format, bool) {
	list := formats()
	i := slices.IndexFunc(list, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}, false
	}
	return list[i], true
}

// told tells the format of a text by the objects that it begins with. otherwise
// is what it is if they are nobody else's; "" is for this to find out.
func told(in io.Reader, ext string, otherwise Format) Format {
	const enough = 4 * maxValue // to look at, whatever there is
	b := bufio.NewReaderSize(io.LimitReader(in, enough), headSize)
	s := &splitter{in: b, limit: maxValue}
	first, err := s.peek()
	if err != nil || first != '[' && first != '{' {
		if otherwise == "" {
			return Markdown
		}
		return otherwise
	}
	objects, lines := samples(s, ext)
	for _, o := range objects {
		if isOwn(o) {
			break
		}
		for _, f := range formats() {
			if f.object != nil && f.object(o) {
				return f.name
			}
		}
	}
	switch {
	case otherwise != "":
		return otherwise
	case lines || first == '{':
		return JSONL
	case len(objects) == 0:
		return Markdown
	}
	return JSON
}

// samples are objects that a text begins with, and whether it has one on each
// line. They are read as far as they can be.
func samples(s *splitter, ext string) (out []fields, lines bool) {
	const mostLines, mostElements = 20, 3
	keep := func(raw json.RawMessage) {
		if o := objectOf(raw); o != nil {
			out = append(out, o)
		}
	}
	head, _ := s.in.Peek(headSize)
	first, err := s.peek()
	switch {
	case err != nil:
	case lineByLine(head, ext):
		for range mostLines {
			line, _, err := nextLine(s.in, maxValue)
			if err != nil {
				break
			}
			keep(line)
		}
		return out, true
	case first == '[':
		_, _ = s.in.Discard(1)
		out = elements(s, mostElements)
	default:
		_, _ = s.in.Discard(1)
		out = append(out, outline(s))
	}
	return out, false
}

// elements are the first objects of a list whose bracket has been read.
func elements(s *splitter, most int) []fields {
	var out []fields
	for len(out) < most {
		object, err := s.skip('{')
		if err != nil {
			return out
		}
		if object {
			out = append(out, outline(s))
		} else if _, err := s.value(); err != nil {
			return out
		}
		if more, _ := s.skip(','); !more {
			return out
		}
	}
	return out
}

// outline is an object whose bracket has been read, its lists with their first
// element only.
func outline(s *splitter) fields {
	o := fields{}
	_ = s.members(func(key string) error { // a broken end is for the reader to find
		o[key] = json.RawMessage("null") // what is too long to look at is there all the same
		first, err := s.peek()
		if err != nil {
			return err
		}
		if first != '[' {
			raw, err := s.value()
			if errors.Is(err, errTooLong) {
				return nil
			}
			if err == nil {
				o[key] = raw
			}
			return err
		}
		_, _ = s.in.Discard(1)
		o[key] = json.RawMessage("[]")
		return s.list(func(n int, raw json.RawMessage, _ error) bool {
			if n == 0 && json.Valid(raw) {
				o[key] = slices.Concat([]byte{'['}, raw, []byte{']'})
			}
			return true
		})
	})
	return o
}

// hasOne tells an object by one of some keys.
func hasOne(keys ...string) func(fields) bool {
	return func(f fields) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return f.has(key) })
	}
}

// isOwn reports whether an object is a memory or a link as we write them.
func isOwn(f fields) bool {
	return f.text("title") != "" && f.has("content") && !f.has("state", "app") || f.has("source_id", "target_id", "relation")
}

func isLoCoMo(f fields) bool { return f.has("sample_id") || f.has("conversation") && !f.has("state") }

func isGraph(f fields) bool {
	kind := f.text("type")
	return kind == "entity" && f.has("name") || kind == "relation" && f.has("from", "to") || f.has("entities", "relations")
}

func isEngram(f fields) bool {
	return f.has("sessions", "observations") || f.has("observations", "prompts") || f.has("mutations")
}

// firstOf is the first element of a list, nil if that is no object.
func firstOf(f fields, keys ...string) fields {
	list := f.list(keys...)
	if len(list) == 0 {
		return nil
	}
	return objectOf(list[0])
}

// listed is the first record of a document, or the document if it is one itself.
func listed(f fields) fields {
	if f.has("memories") {
		return firstOf(f, "memories")
	}
	if f.has("results") || f.has("items") {
		return firstOf(f, "results", "items")
	}
	return f
}

func isOpenMemory(f fields) bool {
	if f.has("memories") && (f.has("apps") || f.has("export_meta") || f.has("memory_categories")) {
		return true
	}
	m := listed(f)
	return !titled(m) && m.text("memory") == "" && m.text("content") != "" &&
		(m.has("state", "categories") || m.has("app_id") || m.has("app_name") || m.has("primary_sector"))
}

func isAIMemory(f fields) bool {
	return f.has("memories") && firstOf(f, "memories").has("title", "content", "tier", "created_at")
}

func isMem0(f fields) bool {
	m := listed(f)
	return !titled(m) && m.text("memory") != ""
}

func isChunk(f fields) bool {
	m := listed(f)
	return !titled(m) && m.text("text", "content", "chunk", "page_content") != "" && (m.has("metadata") || m.has("meta"))
}

// titled reports whether an object is somebody's memory with a title of its own.
func titled(f fields) bool { return f.text("title") != "" && !f.has("state", "app") }
