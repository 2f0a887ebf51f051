// Package importer reads text that is to become memories: folders of Markdown,
// JSONL files of memories, conversations in the format of LoCoMo, and what other
// programs that remember things have written. What it yields fits the limits of
// the data model as far as cutting and cleaning can make it fit; the rest is for
// the node to judge.
package importer

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
)

// Limits of the data model that the readers cut to.
const (
	maxTitle   = 512   // characters
	maxContent = 65536 // bytes
)

// Format is how a corpus is written down.
type Format string

// The formats.
const (
	Markdown Format = "markdown" // cut into sections by headings
	JSONL    Format = "jsonl"    // one memory, or link, per line
	JSON     Format = "json"     // LoCoMo conversations, or memories in one document
)

// Options say where the memories go.
type Options struct {
	// Namespace replaces the namespace of what is read; conversations go into one
	// namespace each below it. "": what the text itself says, else a default.
	Namespace string
	Tier      string // for what names none itself
}

// Item is one thing that was read: a memory or a link.
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

// ItemError says that one item cannot be read. The reader goes on behind it.
type ItemError struct {
	Where string
	Err   error
}

func (e *ItemError) Error() string { return e.Where + ": " + e.Err.Error() }

func (e *ItemError) Unwrap() error { return e.Err }

// Source is a corpus that was found. It can be read more than once, unless it is
// standard input.
type Source struct {
	Format Format
	root   string
	stdin  io.Reader
	other  *foreign // set: another program has written it
}

// Open looks at name, which is a folder, a file, or "-" for JSONL on stdin, and
// tells its format by its extension or its first character.
func Open(name string, stdin io.Reader) (*Source, error) {
	if name == "-" {
		return &Source{Format: JSONL, stdin: stdin}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	s := &Source{root: name, Format: Markdown}
	if s.other, err = recognise(name, info.IsDir()); err != nil {
		return nil, err
	}
	if s.other != nil {
		s.Format = s.other.format
		return s, nil
	}
	if info.IsDir() {
		return s, nil
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".md", ".markdown", ".txt":
	case ".jsonl", ".ndjson":
		s.Format = JSONL
	case ".json":
		s.Format = JSON
	default:
		s.Format, err = sniff(name)
	}
	return s, err
}

func sniff(name string) (Format, error) {
	f, err := os.Open(name) //nolint:gosec // the user named this file
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReader(f)
	for {
		r, _, err := in.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return Markdown, nil
		case err != nil:
			return "", err
		case unicode.IsSpace(r) || r == '\ufeff':
		case r == '[':
			return JSON, nil
		case r == '{':
			return JSONL, nil
		default:
			return Markdown, nil
		}
	}
}

// Items yields what the source holds, in a stable order. A *[ItemError] is about
// one item; any other error ends the sequence.
func (s *Source) Items(o Options) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		var err error
		switch {
		case s.stdin != nil:
			err = readLines(s.stdin, "stdin", o, yield)
		case s.other != nil:
			err = s.other.items(o, yield)
		case s.Format == Markdown:
			err = s.walk(o, yield)
		default:
			err = s.file(o, yield)
		}
		if err != nil {
			yield(Item{}, err)
		}
	}
}

func (s *Source) file(o Options, yield func(Item, error) bool) error {
	f, err := os.Open(s.root)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	where := filepath.Base(s.root)
	if s.Format == JSONL {
		err = readLines(f, where, o, yield)
	} else {
		_, err = readDocument(bufio.NewReader(f), where, o, yield)
	}
	return err
}

// walk reads the Markdown files below the root, or the one that the root is.
func (s *Source) walk(o Options, yield func(Item, error) bool) error {
	return filepath.WalkDir(s.root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == s.root && !d.IsDir():
			name = filepath.Base(s.root)
		case d.IsDir() && name != s.root && foreignFolder(d.Name()):
			return filepath.SkipDir
		case d.IsDir() || !d.Type().IsRegular() || !markdown(name):
			return nil
		default:
			if name, err = filepath.Rel(s.root, name); err != nil {
				return err
			}
		}
		return s.read(name, o, yield)
	})
}

// foreignFolder tells folders that are not anybody's notes: hidden ones,
// dependencies, the data of tests.
func foreignFolder(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "node_modules" || folder == "vendor" || folder == "testdata"
}

func markdown(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".md" || ext == ".markdown"
}

func (s *Source) read(rel string, o Options, yield func(Item, error) bool) error {
	file := s.root
	if info, err := os.Stat(file); err != nil {
		return err
	} else if info.IsDir() {
		file = filepath.Join(file, rel)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the user named this folder
	if err != nil {
		return err
	}
	for _, item := range sections(filepath.ToSlash(rel), string(raw), o) {
		if !yield(item, nil) {
			return filepath.SkipAll
		}
	}
	return nil
}

// clean makes s what the data model takes: UTF-8, lines ended by LF, no control
// characters but LF and TAB.
func clean(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.ToValidUTF8(s, "\ufffd")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// oneLine joins the words of s with single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// fit cuts title so that it takes suffix within the limit.
func fit(title, suffix string) string {
	room := maxTitle - utf8.RuneCountInString(suffix)
	if utf8.RuneCountInString(title) <= room {
		return title + suffix
	}
	return string([]rune(title)[:room-1]) + "…" + suffix
}

// pieces cuts s into parts of at most limit bytes, at a paragraph if there is
// one in the second half of the part, else at a line, a space, a character.
func pieces(s string, limit int) []string {
	var out []string
	for len(s) > limit {
		cut := 0
		for _, at := range []string{"\n\n", "\n", " "} {
			if i := strings.LastIndex(s[:limit], at); i >= limit/2 {
				cut = i
				break
			}
		}
		if cut == 0 {
			for cut = limit; !utf8.RuneStart(s[cut]); cut-- {
			}
		}
		out = append(out, strings.TrimRight(s[:cut], "\n "))
		s = strings.TrimLeft(s[cut:], "\n ")
	}
	if strings.TrimSpace(s) != "" {
		out = append(out, s)
	}
	return out
}
