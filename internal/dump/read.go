package dump

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"github.com/tallystick/tallystick/internal/memory"
)

// Reader reads the lines of a dump, once and in order. What is wrong with a line
// is an *[Error]; what is wrong with the source is the source's error.
type Reader struct {
	lines *bufio.Scanner
	sum   hash.Hash // of all lines but the one just read
	last  []byte
	n     int
}

// NewReader reads from in. It holds no more than a line and a batch of entries.
func NewReader(in io.Reader) *Reader {
	r := &Reader{lines: bufio.NewScanner(in), sum: sha256.New()}
	r.lines.Buffer(nil, MaxLine)
	r.lines.Split(wholeLines)
	return r
}

// Broken is the error with which the source itself ended, if it did.
func (r *Reader) Broken() error { return r.lines.Err() }

// wholeLines splits behind LF. What follows the last one was cut off: it is a
// line of its own, which the digest of the file shows.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func (r *Reader) next() bool {
	r.sum.Write(r.last)
	if !r.lines.Scan() {
		r.last = nil
		return false
	}
	r.n++
	r.last = r.lines.Bytes()
	if r.n == 1 { // an editor may have put a byte order mark there
		r.last = bytes.TrimPrefix(r.last, []byte("\ufeff"))
	}
	return true
}

func (r *Reader) bad(format string, args ...any) error {
	return &Error{Line: r.n, Text: fmt.Sprintf(format, args...)}
}

// unread is an error of the source, but for a line that is too long: that is of the dump.
func (r *Reader) unread(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return r.bad("a line of more than %d MiB", MaxLine>>20)
	}
	return fmt.Errorf("behind line %d: %w", r.n, err)
}

// Manifest reads the first line of a complete export. Its version is one that this
// program reads, and its heads are of origins that can be.
func (r *Reader) Manifest() (*Manifest, error) {
	m, err := r.ManifestOfAny()
	if err == nil && m.Format != Format {
		return nil, r.bad("an increment of a backup alone is no complete export: use tally restore with the folder")
	}
	return m, err
}

// ManifestOfAny is [Reader.Manifest], of a [Part] as well.
func (r *Reader) ManifestOfAny() (*Manifest, error) {
	if !r.next() {
		if err := r.lines.Err(); err != nil {
			return nil, r.unread(err)
		}
		return nil, &Error{Text: "the body is empty: want a complete export"}
	}
	m := &Manifest{}
	if err := json.Unmarshal(r.last, m); err != nil || m.Type != typeManifest || m.Format != Format && m.Format != Part {
		if err := r.lines.Err(); err != nil {
			return nil, r.unread(err)
		}
		return nil, r.bad("not the manifest of a complete export")
	}
	if m.Version != Version {
		return nil, r.bad("format version %d, this program reads %d", m.Version, Version)
	}
	for o := range m.Heads {
		if err := o.Valid(); err != nil {
			return nil, r.bad("heads: %v", err)
		}
	}
	return m, nil
}

// Line is an entry of a dump, and what its line says of it: who logged it under which
// number is not compared with its bytes.
type Line struct {
	memory.Shipment

	Dot    memory.Dot
	Digest memory.Digest
}

// Batches yields the entries of a dump whose manifest, which has been read, says
// how many there are. They end with an error unless the last line says that all
// have come as they were written. An entry that is not hollow has the bytes of
// its digest; whether they can be decoded is not looked at.
func (r *Reader) Batches(entries int) iter.Seq2[[]memory.Shipment, error] {
	return func(yield func([]memory.Shipment, error) bool) {
		for lines, err := range r.Lines(entries) {
			var ops []memory.Shipment
			for i := range lines {
				ops = append(ops, lines[i].Shipment)
			}
			if !yield(ops, err) {
				return
			}
		}
	}
}

// Lines is [Reader.Batches] with what the lines say.
func (r *Reader) Lines(entries int) iter.Seq2[[]Line, error] {
	return func(yield func([]Line, error) bool) {
		for n := 0; ; {
			ops, err := r.batch()
			if n += len(ops); len(ops) > 0 && !yield(ops, nil) {
				return
			}
			if errors.Is(err, errEnd) {
				err = r.end(n, entries)
				if err == nil {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// batch reads some entries, up to the end or an error.
func (r *Reader) batch() ([]Line, error) {
	var ops []Line
	for size := 0; len(ops) < batch && size < maxBatch; {
		if !r.next() {
			return ops, r.cutOff()
		}
		op, err := r.entry()
		if err != nil {
			return ops, err
		}
		ops, size = append(ops, op), size+len(op.Raw)
	}
	return ops, nil
}

// errEnd says that the last line has been read.
var errEnd = errors.New("end of the export")

func (r *Reader) entry() (Line, error) {
	var line struct {
		Type      string        `json:"type"`
		Dot       memory.Dot    `json:"dot"`
		Digest    memory.Digest `json:"digest"`
		Hollow    *memory.Dot   `json:"hollow"`
		Raw       []byte        `json:"raw"`
		Embedding *Embedding    `json:"embedding"`
	}
	err := json.Unmarshal(r.last, &line)
	// Behind the last line an editor may have left no line end. Any other has one.
	if !bytes.HasSuffix(r.last, []byte("\n")) && (err != nil || line.Type != typeEnd) {
		return Line{}, r.cutOff()
	}
	switch {
	case err != nil:
		return Line{}, r.bad("%v", err)
	case line.Type == typeEnd:
		return Line{}, errEnd
	case line.Type != typeEntry || len(line.Raw) == 0:
		return Line{}, r.bad("not an entry of a complete export")
	case line.Hollow == nil && line.Digest != sha256.Sum256(line.Raw):
		return Line{}, r.bad("the bytes of the entry are not those of its digest")
	}
	return Line{memory.Shipment{Raw: line.Raw, Embedding: line.Embedding.unpacked()}, line.Dot, line.Digest}, nil
}

// cutOff says that the last line is missing, unless the source could not be read on: that
// says nothing of what is in it.
func (r *Reader) cutOff() error {
	if err := r.lines.Err(); err != nil {
		return r.unread(err)
	}
	return r.bad("the export is cut off: its last line is missing. What came before may have been taken in; import the whole file")
}

func (r *Reader) end(n, entries int) error {
	var line End
	if err := json.Unmarshal(r.last, &line); err != nil {
		return r.bad("%v", err)
	}
	switch {
	case line.Lines != r.n-1 || n != entries:
		return r.bad("%d lines and %d entries came, the export has %d and %d", r.n-1, n, line.Lines, entries)
	case line.SHA256 != hex.EncodeToString(r.sum.Sum(nil)):
		return r.bad("the lines are not those that were exported: their SHA-256 differs")
	}
	for r.next() { // blank lines are of an editor
		if len(bytes.TrimSpace(r.last)) > 0 {
			return r.bad("the file goes on behind its last line")
		}
	}
	return r.lines.Err()
}
