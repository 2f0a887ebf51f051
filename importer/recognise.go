package importer

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The formats of other programs.
const (
	AIMemoryDB   Format = "ai-memory-db" // its SQLite database
	AIMemory     Format = "ai-memory"    // its export
	MCPMemory    Format = "mcp-memory"   // the knowledge graph of the MCP memory server
	Mem0         Format = "mem0"
	OpenMemory   Format = "openmemory"
	Engram       Format = "engram"
	Chunks       Format = "chunks" // texts with metadata
	BasicMemory  Format = "basic-memory"
	ClaudeMemory Format = "claude-memory" // a folder with a MEMORY.md
	ChatGPT      Format = "chatgpt"
	ClaudeChats  Format = "claude"
)

// part is a file of a source: on disk, or in an archive.
type part struct {
	name string // as messages show it
	open func() (io.ReadCloser, error)
}

// foreign is a source that another program has written.
type foreign struct {
	format Format
	parts  []part
	root   string // of a folder or a database
}

func (f *foreign) items(o Options, yield func(Item, error) bool) error {
	c := newCarrier(f.format, o, yield)
	switch f.format {
	case Markdown, JSONL, JSON: // these are read elsewhere
	case AIMemoryDB:
		return c.database(f.root)
	case BasicMemory, ClaudeMemory:
		return c.notes(f.root)
	case AIMemory:
		return c.aiMemoryExport(f.parts)
	case MCPMemory:
		return c.graph(f.parts)
	case Mem0, OpenMemory, Chunks:
		return c.records(f.parts)
	case Engram:
		return c.engram(f.parts)
	case ChatGPT, ClaudeChats:
		return c.chats(f.parts)
	}
	return fmt.Errorf("no reader for %s", f.format)
}

// recognise tells whether name was written by a program that is known here; nil
// if it was not.
func recognise(name string, folder bool) (*foreign, error) {
	if folder {
		return recogniseFolder(name)
	}
	head, err := headOf(name)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("SQLite format 3\x00")):
		return &foreign{format: AIMemoryDB, root: name}, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return recogniseZip(name)
	}
	return recogniseParts([]part{onDisk(name)})
}

func headOf(name string) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the user named this file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:n], nil
}

func onDisk(name string) part {
	return part{name: filepath.Base(name), open: func() (io.ReadCloser, error) {
		f, err := os.Open(name) //nolint:gosec // the user named this file
		if err != nil {
			return nil, err
		}
		return unzipped(f)
	}}
}

// unzipped reads through gzip if that is what f is.
func unzipped(f io.ReadCloser) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(2)
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return both{in, f}, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return both{z, f}, nil
}

// both reads from one and closes the other.
type both struct {
	io.Reader
	io.Closer
}

// wanted are the files of exports that hold memories, by the form of their names.
func wanted(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, form := range []string{"conversations*.json", "memories.json", "memories.jsonl.gz", "memory.jsonl", "memory.json"} {
		if ok, _ := path.Match(form, base); ok {
			return true
		}
	}
	return false
}

func recogniseZip(name string) (*foreign, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = z.Close() }()
	var parts []part
	for _, f := range z.File {
		if wanted(f.Name) && !strings.HasPrefix(path.Base(f.Name), "._") {
			parts = append(parts, inZip(name, f.Name))
		}
	}
	f, err := recogniseParts(preferred(parts))
	if err == nil && f == nil {
		err = fmt.Errorf("%s: an archive without memories that are known here", filepath.Base(name))
	}
	return f, err
}

func inZip(archive, name string) part {
	return part{name: name, open: func() (io.ReadCloser, error) {
		z, err := zip.OpenReader(archive)
		if err != nil {
			return nil, err
		}
		f, err := z.Open(name)
		if err != nil {
			return nil, errors.Join(err, z.Close())
		}
		in, err := unzipped(f)
		if err != nil {
			return nil, errors.Join(err, z.Close())
		}
		return both{in, z}, nil
	}}
}

// preferred leaves out what another part says better.
func preferred(parts []part) []part {
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	full := slices.ContainsFunc(parts, func(p part) bool { return path.Base(p.name) == "memories.json" })
	return slices.DeleteFunc(parts, func(p part) bool { return full && path.Base(p.name) == "memories.jsonl.gz" })
}

func recogniseFolder(name string) (*foreign, error) {
	for _, dir := range []string{name, filepath.Join(name, ".engram")} {
		if list, _ := filepath.Glob(filepath.Join(globbed(dir), "chunks", "*.json*")); len(list) > 0 {
			return &foreign{format: Engram, parts: chunkParts(dir, list)}, nil
		}
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, e := range entries {
		if !e.IsDir() && e.Name() == "MEMORY.md" {
			return &foreign{format: ClaudeMemory, root: name}, nil
		}
		if e.Type().IsRegular() && wanted(e.Name()) {
			parts = append(parts, onDisk(filepath.Join(name, e.Name())))
		}
	}
	if f, err := recogniseParts(preferred(parts)); f != nil || err != nil {
		return f, err
	}
	if permalinks(name) {
		return &foreign{format: BasicMemory, root: name}, nil
	}
	return nil, nil //nolint:nilnil // nobody's
}

// globbed makes name stand for itself in a pattern.
func globbed(name string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// permalinks reports whether most of the first notes of a folder look like those
// of basic-memory, which gives each a permanent name.
func permalinks(root string) bool {
	const look = 50
	seen, found := 0, 0
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && foreignFolder(d.Name()):
			return filepath.SkipDir
		case !d.Type().IsRegular() || !markdown(name):
			return nil
		}
		raw, err := os.ReadFile(name) //nolint:gosec // the user named this folder
		if err != nil {
			return err
		}
		front, _ := frontOf(clean(string(raw)))
		if seen++; front["permalink"] != nil {
			found++
		}
		if seen == look {
			return filepath.SkipAll
		}
		return nil
	})
	return 2*found > seen
}

// recogniseParts tells a format by the first object of the first part that has
// one; the other parts must be of the same.
func recogniseParts(parts []part) (*foreign, error) {
	for _, p := range parts {
		f, err := p.format()
		if err != nil {
			return nil, err
		}
		if f != "" {
			return &foreign{format: f, parts: parts}, nil
		}
	}
	return nil, nil //nolint:nilnil // nobody's
}

func (p part) format() (Format, error) {
	f, err := p.open()
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReaderSize(f, 64<<10)
	head, _ := in.Peek(3)
	if bytes.Equal(head, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	return shape(json.NewDecoder(in)), nil
}

// shape tells a format by how a document begins. It reads no further than to
// the first object that says so.
func shape(dec *json.Decoder) Format {
	t, err := dec.Token()
	if err != nil {
		return ""
	}
	switch t {
	case json.Delim('['):
		for range 3 {
			var raw json.RawMessage
			if !dec.More() || dec.Decode(&raw) != nil {
				return ""
			}
			if f := formatOf(objectOf(raw)); f != "" {
				return f
			}
		}
	case json.Delim('{'):
		return documentShape(dec)
	}
	return ""
}

// documentShape reads the keys of an object, and of what stands under those that
// hold a list only the first element.
func documentShape(dec *json.Decoder) Format {
	doc := fields{}
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return ""
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return ""
		}
		doc[name] = raw
	}
	return formatOf(doc)
}

// formatOf tells the format of a source by one of its objects.
func formatOf(f fields) Format {
	kind := f.text("type")
	switch {
	case f == nil, f.has("sample_id"), f.has("conversation"):
		return ""
	case f.has("mapping"):
		return ChatGPT
	case f.has("chat_messages"), f.has("conversations_memory"):
		return ClaudeChats
	case kind == "entity" && f.has("name"), kind == "relation" && f.has("from", "to"), f.has("entities", "relations"):
		return MCPMemory
	case f.has("sessions", "observations"), f.has("observations", "prompts"), f.has("mutations"):
		return Engram
	case f.has("memories"):
		return formatOfList(f)
	case f.has("results"), f.has("items"):
		return formatOfElements(f)
	}
	return formatOfRecord(f)
}

// formatOfList tells the format of a document with memories in it.
func formatOfList(f fields) Format {
	if f.has("apps") || f.has("export_meta") || f.has("memory_categories") {
		return OpenMemory
	}
	list := f.list("memories")
	if len(list) == 0 {
		return ""
	}
	m := objectOf(list[0])
	if m.has("title", "content") {
		if m.has("tier", "created_at") {
			return AIMemory
		}
		return ""
	}
	return formatOfRecord(m)
}

func formatOfElements(f fields) Format {
	list := f.list("results", "items")
	if len(list) == 0 {
		return ""
	}
	return formatOfRecord(objectOf(list[0]))
}

// formatOfRecord tells the format of one memory.
func formatOfRecord(f fields) Format {
	switch {
	case f.text("title") != "" && !f.has("state", "app"):
		return ""
	case f.text("memory") != "":
		return Mem0
	case f.text("content") != "" && (f.has("state", "categories") || f.has("app_id") || f.has("app_name") || f.has("primary_sector")):
		return OpenMemory
	case f.text("text", "content", "chunk", "page_content") != "" && (f.has("metadata") || f.has("meta")):
		return Chunks
	}
	return ""
}
