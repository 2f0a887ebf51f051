// Package importer reads files that are to become memories: folders of Markdown,
// JSONL files of memories, conversations in the format of LoCoMo, and what other
// programs that remember things have written. What it yields fits the limits of
// the data model as far as cutting and cleaning can make it fit, and each cut is
// reported; the rest is for the node to judge.
//
// docs/importer-guide.md says how to add a format.
package importer

import (
	"io"
	"iter"

	"github.com/tallystick/tallystick/client"
)

// Format is how a source is written down.
type Format string

// The formats.
const (
	Markdown Format = "markdown" // cut into sections by headings
	JSONL    Format = "jsonl"    // one memory, or link, per line
	JSON     Format = "json"     // LoCoMo conversations, or memories in one document
	Complete Format = "complete" // a complete export, which is the node's to read
	Several  Format = "several"  // a folder or an archive of files of different formats

	AIMemoryDB   Format = "ai-memory-db" // its SQLite database
	AIMemory     Format = "ai-memory"    // its export
	MCPMemory    Format = "mcp-memory"   // the knowledge graph of the MCP memory server
	Mem0         Format = "mem0"
	OpenMemory   Format = "openmemory"
	Engram       Format = "engram"
	Chunks       Format = "chunks" // texts with metadata
	BasicMemory  Format = "basic-memory"
	ClaudeMemory Format = "claude-memory" // a folder with a MEMORY.md
	ClaudeCode   Format = "claude-code"   // ~/.claude, its projects, transcripts
	Codex        Format = "codex"         // ~/.codex, its sessions
	Cursor       Format = "cursor"        // ~/.cursor, transcripts of its agent
	Gemini       Format = "gemini"        // ~/.gemini, its chats
	Obsidian     Format = "obsidian"      // a vault
	CursorRules  Format = "cursor-rules"
	ChatGPT      Format = "chatgpt"
	ClaudeChats  Format = "claude"
)

// Options say where the memories go.
type Options struct {
	// Namespace replaces the namespace of what is read; conversations go into one
	// namespace each below it. "": what the text itself says, else a default.
	Namespace string
	Tier      string // for what names none itself
	// Agent is who imports: what is private and has no owner that a node knows
	// becomes that agent's. "": such memories are refused.
	Agent string
}

// Item is one thing that was read: a memory, a link, a standard or a loss.
type Item struct {
	Draft client.Draft
	Link  *client.Link // set: this is a link, and Draft is empty
	// Archived is set on memories that were in the archive when they were exported.
	Archived bool
	Where    string // file and line or section, for messages

	Ref       string    // how links and standards of the source call this memory; "": by its id
	Otherwise string    // a title to take if that of the draft is another memory's; "": then this is that memory
	Owner     string    // the agent whose it was; "" is nobody's in particular
	Archive   string    // not "": it was archived, for this reason, and is to be again
	Loose     bool      // a link that need not have both ends
	Standard  *Standard // set: this is the standard of a namespace
	Loss      *Loss     // set: this is something that cannot be carried over
}

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

// ItemError says that one item cannot be read. The reader goes on behind it.
type ItemError struct {
	Where string
	Err   error
}

func (e *ItemError) Error() string { return e.Where + ": " + e.Err.Error() }

func (e *ItemError) Unwrap() error { return e.Err }

// Source is something that was found to hold memories. It can be read more than
// once, unless it is a stream.
type Source struct {
	Format Format

	files   []file    // of formats that are read file by file, in order
	tree    *tree     // of formats that are read as a folder
	several []*Source // of [Several]
	closers []io.Closer
}

// Close lets go of what was opened or unpacked for the source.
func (s *Source) Close() error {
	var first error
	for _, c := range s.closers {
		if err := c.Close(); first == nil {
			first = err
		}
	}
	s.closers = nil
	return first
}

// Again reports whether the source can be read more than once.
func (s *Source) Again() bool { return len(s.files) == 0 || !s.files[0].stream }

// Reader opens the text of a source that is a single file, unpacked, as it was written: a
// [Complete] export is for the node, which adds up the bytes of its lines. These are in
// UTF-8 and end with LF, whatever an editor or a shell has made of them; a CR in them can
// be nothing else, as JSON has none in its values.
func (s *Source) Reader() (io.ReadCloser, error) {
	in, err := s.files[0].text()
	if err != nil {
		return nil, err
	}
	return both{withoutCR{in}, in}, nil
}

// Items yields what the source holds, in a stable order. A *[ItemError] is about
// one item; any other error ends the sequence.
func (s *Source) Items(o Options) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		c := newCarrier(s.Format, o, yield)
		if err := c.source(s); err != nil && !c.ended {
			yield(Item{}, err)
		}
	}
}

// source reads one source, or several after one another.
func (c *carrier) source(s *Source) error {
	for _, sub := range s.several {
		c.format, c.room = sub.Format, sub.files[0].name+": "
		if err := c.source(sub); err != nil {
			c.bad(sub.files[0].name, err)
		}
		if c.ended {
			return nil
		}
	}
	if len(s.several) > 0 {
		return nil
	}
	f, ok := known(s.Format)
	if !ok {
		return errNoReader
	}
	return f.read(c, s)
}
