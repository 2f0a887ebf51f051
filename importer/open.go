package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var (
	errNoReader = errors.New("a complete export: import it by itself")
	errOnce     = errors.New("a stream can be read only once")
)

// completeMark stands in the first line of a complete export.
const completeMark = `"format":"tallystick-complete"`

// Open looks at name, which is a folder, a file, or "-" for what comes from
// stdin, and tells its format by what is in it. Close the source when it has
// been read.
func Open(name string, stdin io.Reader) (*Source, error) {
	if name == "-" {
		return openStream("stdin", stdin)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return openTree((&tree{name: filepath.Base(name), disk: name, fsys: os.DirFS(name)}))
	case info.Mode().IsRegular():
		return openFile(onDisk(filepath.Base(name), name))
	}
	f, err := os.Open(name) //nolint:gosec // the user named this pipe
	if err != nil {
		return nil, err
	}
	s, err := openStream(filepath.Base(name), f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.closers = append(s.closers, f)
	return s, nil
}

// openStream reads lines of our own as they come. What else there is has to be
// read more than once, and is put into a file first.
func openStream(name string, in io.Reader) (*Source, error) {
	f := file{name: name, raw: func() (io.ReadCloser, error) { return io.NopCloser(in), nil }}
	plain, err := f.plain()
	if err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(plain, headSize)
	head, err := b.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !isZip(head) && !database(head) {
		if err := refusal(head); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	f.raw, f.stream = once(b), true
	switch start := startOf(head); {
	case completes(start):
		return &Source{Format: Complete, files: []file{f}}, nil
	case lineByLine(start, ".jsonl") && told(bytes.NewReader(start), ".jsonl", JSONL) == JSONL:
		return &Source{Format: JSONL, files: []file{f}}, nil
	}
	return spooled(name, b)
}

// once opens a stream, which cannot be done again.
func once(in io.Reader) func() (io.ReadCloser, error) {
	used := false
	return func() (io.ReadCloser, error) {
		if used {
			return nil, errOnce
		}
		used = true
		return io.NopCloser(in), nil
	}
}

// spooled puts a stream into a file that goes when the source is closed.
func spooled(name string, in io.Reader) (*Source, error) {
	tmp, err := os.CreateTemp("", "tally-import-*")
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(tmp, &bounded{in, maxUnpack})
	var s *Source
	if err = errors.Join(err, tmp.Close()); err == nil {
		s, err = openFile(onDisk(name, tmp.Name()))
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(tmp.Name()))
	}
	s.closers = append(s.closers, removal(tmp.Name()))
	return s, nil
}

// removal removes a file when it is closed.
type removal string

func (r removal) Close() error { return os.Remove(string(r)) }

// startOf is the head of a file as text, as far as it is one.
func startOf(head []byte) []byte {
	start, _ := io.ReadAll(decoded(bufio.NewReaderSize(bytes.NewReader(head), headSize)))
	return start
}

// completes reports whether a text begins as a complete export does.
func completes(start []byte) bool {
	return bytes.Contains(start[:min(len(start), 256)], []byte(completeMark))
}

func database(head []byte) bool { return bytes.HasPrefix(head, []byte("SQLite format 3\x00")) }

// openFile tells the format of a file.
func openFile(f file) (*Source, error) {
	head, err := f.head()
	switch {
	case err != nil:
		return nil, err
	case isZip(head) && f.disk != "" && !strings.HasSuffix(strings.ToLower(f.disk), ".gz"):
		return openArchive(f)
	case database(head):
		return &Source{Format: AIMemoryDB, files: []file{f}}, nil
	case completes(startOf(head)):
		return &Source{Format: Complete, files: []file{f}}, nil
	}
	if err := refusal(head); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	s := &Source{Format: byName(f.ext()), files: []file{f}}
	if s.Format == Markdown || s.Format == CursorRules {
		return s, nil
	}
	in, err := f.text()
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	s.Format = told(in, f.ext(), s.Format)
	return s, nil
}

// byName is the format of a file by its extension, as far as that says it.
func byName(ext string) Format {
	switch ext {
	case ".md", ".markdown", ".txt":
		return Markdown
	case ".mdc":
		return CursorRules
	case ".jsonl", ".ndjson":
		return JSONL
	case ".json":
		return JSON
	}
	return ""
}

func openArchive(f file) (*Source, error) {
	z, err := openZip(f)
	if err != nil {
		return nil, err
	}
	s, err := openTree((&tree{name: f.name, fsys: z, packed: true}).unwrapped())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.name, err), z.Close())
	}
	s.closers = append(s.closers, z)
	return s, nil
}

// openTree tells the format of a folder or of what an archive holds.
func openTree(t *tree) (*Source, error) {
	if _, err := fs.ReadDir(t.fsys, "."); err != nil {
		return nil, err
	}
	for _, f := range formats() {
		if f.folder == nil {
			continue
		}
		if files, yes := f.folder(t); yes {
			return &Source{Format: f.name, tree: t, files: files}, nil
		}
	}
	notes := t.names(markdown)
	if len(notes) == 0 {
		if s, err := openSeveral(t, t.names(data)); s != nil || err != nil {
			return s, err
		}
		if t.packed {
			if s, err := openSeveral(t, t.names(func(string) bool { return true })); s != nil && err == nil {
				return s, nil
			}
			return nil, errors.New("an archive without memories that are known here")
		}
	}
	return &Source{Format: Markdown, tree: t}, nil
}

// openSeveral opens each of some files of a tree; nil if there are none.
func openSeveral(t *tree, names []string) (*Source, error) {
	s := &Source{Format: Several}
	for _, name := range names {
		sub, err := openFile(t.file(name))
		if err != nil {
			return nil, err
		}
		s.several = append(s.several, sub)
	}
	switch len(s.several) {
	case 0:
		return nil, nil //nolint:nilnil // nothing there
	case 1:
		return s.several[0], nil
	}
	return s, nil
}
