package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// values calls yield for every object of a file: the elements of a list, lines,
// what follows one another. Of an object at the top, the lists under keys come
// element by element, each as an object with that one key, and what else it has
// comes last, with empty lists in their places: so a document may be larger than
// what is held of it. A value that is broken or too long is reported, and the
// rest read; a document that breaks off is an error.
func (c *carrier) values(f file, keys []string, yield func(raw json.RawMessage, where string)) error {
	in, err := f.text()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	b := bufio.NewReaderSize(in, headSize)
	v := &valueReader{c: c, name: f.name, keys: keys, yield: yield}
	if head, _ := b.Peek(headSize); lineByLine(head, f.ext()) {
		err = v.lines(b)
	} else {
		err = v.document(b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

type valueReader struct {
	c     *carrier
	name  string
	keys  []string
	yield func(json.RawMessage, string)
}

// take hands a value on, or reports why it cannot.
func (v *valueReader) take(raw json.RawMessage, where string, err error) bool {
	if err == nil {
		err = sound(raw)
	}
	switch {
	case err != nil:
		v.c.bad(where, err)
	case halves(raw):
		v.c.lose(where, "half of a surrogate pair, which is no character: U+FFFD stands there", "")
		fallthrough
	default:
		v.yield(raw, where)
	}
	return !v.c.ended
}

// lineByLine reports whether a text that begins so has one value on each line.
func lineByLine(head []byte, ext string) bool {
	line, rest, found := bytes.Cut(bytes.TrimLeft(head, "\r\n\t "), []byte("\n"))
	line, rest = bytes.TrimSpace(line), bytes.TrimSpace(rest)
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if found && (json.Valid(line) || broken(line, rest)) {
		return true
	}
	return (ext == ".jsonl" || ext == ".ndjson") && len(line) > 1
}

// broken reports whether a line is an object that is none: it closes, but is not
// well formed, and another one follows, which is no document; or it ends within a text,
// where no document has a line end.
func broken(line, rest []byte) bool {
	var e extent
	n, done := e.scan(line)
	if !done {
		return e.text
	}
	return n == len(line) && !json.Valid(line) && len(rest) > 0 && rest[0] == '{'
}

func (v *valueReader) lines(in *bufio.Reader) error {
	for n := 1; !v.c.ended; n++ {
		line, long, err := nextLine(in, maxValue)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		where := fmt.Sprintf("%s line %d", v.name, n)
		if long {
			v.take(nil, where, errTooLong)
			continue
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		for _, raw := range glued(line) {
			if !v.take(raw, where, nil) {
				return nil
			}
		}
	}
	return nil
}

// glued are the values of a line: more than one where a line end got lost, and
// only if each of them is whole.
func glued(line []byte) []json.RawMessage {
	if json.Valid(line) {
		return []json.RawMessage{line}
	}
	s := &splitter{in: bufio.NewReader(bytes.NewReader(line)), limit: maxValue}
	var out []json.RawMessage
	for {
		raw, err := s.value()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil || raw[0] != '{' || !json.Valid(raw) {
			return []json.RawMessage{line}
		}
		out = append(out, raw)
	}
}

// document reads a list, an object, or values that follow one another.
func (v *valueReader) document(in *bufio.Reader) error {
	s := &splitter{in: in, limit: maxValue}
	for n := 0; !v.c.ended; n++ {
		first, err := s.peek()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case first == '[':
			if _, err = in.Discard(1); err != nil {
				return err
			}
			err = s.list(func(n int, raw json.RawMessage, err error) bool {
				return v.take(raw, fmt.Sprintf("%s[%d]", v.name, n), err)
			})
		case first == '{' && len(v.keys) > 0:
			err = v.object(s, fmt.Sprintf("%s[%d]", v.name, n))
		default:
			var raw json.RawMessage
			if raw, err = s.value(); err == nil || errors.Is(err, errTooLong) {
				v.take(raw, fmt.Sprintf("%s[%d]", v.name, n), err)
				err = nil
			}
		}
		if err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// object reads an object at the top, its lists element by element.
func (v *valueReader) object(s *splitter, where string) error {
	if _, err := s.in.Discard(1); err != nil {
		return err
	}
	rest := fields{}
	room := maxValue
	err := s.members(func(key string) error {
		if first, err := s.peek(); err != nil {
			return err
		} else if first == '[' && slices.Contains(v.keys, key) {
			if _, err := s.in.Discard(1); err != nil {
				return err
			}
			rest[key] = json.RawMessage("[]")
			return s.list(func(n int, raw json.RawMessage, err error) bool {
				return v.element(key, n, raw, where, err)
			})
		}
		raw, err := s.value()
		if err == nil && len(raw) > room {
			err = errTooLong
		}
		if errors.Is(err, errTooLong) {
			v.c.bad(where+" "+key, err)
			return nil
		}
		room -= len(raw)
		rest[key] = raw
		return err
	})
	if err != nil || v.c.ended {
		return err
	}
	for key, raw := range rest {
		if err := sound(raw); err != nil {
			v.c.bad(where+" "+key, err)
			delete(rest, key)
		}
	}
	v.take(rest.raw(), where, nil)
	return nil
}

func (v *valueReader) element(key string, n int, raw json.RawMessage, where string, err error) bool {
	if err == nil {
		err = sound(raw)
	}
	if err != nil {
		v.c.bad(fmt.Sprintf("%s %s[%d]", where, key, n), err)
		return !v.c.ended
	}
	list := slices.Concat([]byte{'['}, raw, []byte{']'})
	return v.take(fields{key: list}.raw(), where, nil)
}
