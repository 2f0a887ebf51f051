package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// values calls yield for every object of a part: of a list, of lines, of what
// follows one another. A line that is no JSON is reported, and the rest read; a
// document that breaks off is an error.
func (c *carrier) values(p part, yield func(raw json.RawMessage, where string)) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := bufio.NewReaderSize(f, 64<<10)
	if head, _ := in.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	if head, _ := in.Peek(64 << 10); oneALine(head) {
		return c.lines(in, p.name, yield)
	}
	if err := c.document(in, p.name, yield); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// document reads a list element by element, for it may be large, or values that
// follow one another.
func (c *carrier) document(in *bufio.Reader, name string, yield func(json.RawMessage, string)) error {
	list, err := beginsList(in)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(in)
	if list {
		if _, err := dec.Token(); err != nil {
			return err
		}
	}
	for n := 0; !c.ended; n++ {
		if list && !dec.More() {
			_, err := dec.Token()
			return broken(err)
		}
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if !list && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		yield(raw, fmt.Sprintf("%s[%d]", name, n))
	}
	return nil
}

// broken is err, said so that nobody takes the end of the file for that of the list.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func beginsList(in *bufio.Reader) (bool, error) {
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b == '[', in.UnreadByte()
		}
	}
}

// oneALine reports whether a text begins with a line that is an object.
func oneALine(head []byte) bool {
	line, _, found := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	line = bytes.TrimSpace(line)
	return found && len(line) > 0 && line[0] == '{' && json.Valid(line)
}

func (c *carrier) lines(in io.Reader, name string, yield func(json.RawMessage, string)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16*maxLine)
	for n := 1; !c.ended && lines.Scan(); n++ {
		raw := bytes.TrimSpace(lines.Bytes())
		where := fmt.Sprintf("%s line %d", name, n)
		switch {
		case len(raw) == 0:
		case !json.Valid(raw):
			c.bad(where, errNotAnObject)
		default:
			yield(bytes.Clone(raw), where)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
