package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// splitter takes JSON apart into its values without holding more than one of
// them, and without asking whether they are well formed inside: a broken value
// ends where its brackets do.
type splitter struct {
	in    *bufio.Reader
	limit int // bytes of a value
}

// peek returns the next byte that is no white space, and leaves it there.
func (s *splitter) peek() (byte, error) {
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, s.in.UnreadByte()
		}
	}
}

// value returns the next value; errTooLong for one that was longer than the
// limit and is passed over; io.EOF if there is none.
func (s *splitter) value() (json.RawMessage, error) {
	first, err := s.peek()
	if err != nil {
		return nil, err
	}
	v := kept{limit: s.limit}
	e := extent{word: first != '"' && first != '{' && first != '['}
	for done := false; !done; {
		chunk, err := s.buffered()
		if errors.Is(err, io.EOF) && e.word {
			break // a number may end with the file
		}
		if err != nil {
			return nil, cutOff(err)
		}
		var n int
		n, done = e.scan(chunk)
		v.add(chunk[:n])
		if _, err := s.in.Discard(n); err != nil {
			return nil, err
		}
	}
	if v.long {
		return nil, errTooLong
	}
	return v.raw, nil
}

// buffered is what can be read without waiting, which is something.
func (s *splitter) buffered() ([]byte, error) {
	if _, err := s.in.Peek(1); err != nil {
		return nil, err
	}
	return s.in.Peek(s.in.Buffered())
}

// kept are the bytes of a value, up to a limit.
type kept struct {
	raw   []byte
	limit int
	long  bool // there were more, and none is kept
}

func (k *kept) add(chunk []byte) {
	if k.long = k.long || len(k.raw)+len(chunk) > k.limit; k.long {
		k.raw = nil
		return
	}
	k.raw = append(k.raw, chunk...)
}

// extent finds the end of a value by its brackets and quotes.
type extent struct {
	word          bool // it has neither: a number, or true
	begun         bool // something of the word has been seen
	depth         int
	text, escaped bool
}

// scan goes through more of the value, and returns how much of chunk is its own,
// and whether it ends there.
func (e *extent) scan(chunk []byte) (n int, done bool) {
	if e.word {
		return e.scanWord(chunk)
	}
	for i, b := range chunk {
		switch {
		case e.escaped:
			e.escaped = false
			continue
		case e.text:
			if b != '"' {
				e.escaped = b == '\\'
				continue
			}
			e.text = false
		case b == '"':
			e.text = true
			continue
		case b == '{' || b == '[':
			e.depth++
		case b == '}' || b == ']':
			e.depth--
		}
		if e.depth <= 0 {
			return i + 1, true
		}
	}
	return len(chunk), false
}

// scanWord takes at least one byte, also if it is a bracket, which is no value
// and is not to be met again.
func (e *extent) scanWord(chunk []byte) (n int, done bool) {
	for i, b := range chunk {
		if e.begun && delimits(b) {
			return i, true
		}
		e.begun = true
	}
	return len(chunk), false
}

func delimits(b byte) bool {
	return b == ',' || b == ']' || b == '}' || b == ':' || b == ' ' || b == '\t' || b == '\r' || b == '\n'
}

// cutOff is err, said so that nobody takes the end of the file for that of the value.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skip consumes b if it is what comes next.
func (s *splitter) skip(b byte) (bool, error) {
	next, err := s.peek()
	if err != nil || next != b {
		return false, err
	}
	_, err = s.in.Discard(1)
	return err == nil, err
}

var errNotJSON = errors.New("not JSON")

// list calls yield for each value up to the end of a list whose bracket has been
// read.
func (s *splitter) list(yield func(n int, raw json.RawMessage, err error) bool) error {
	if done, err := s.skip(']'); done || err != nil {
		return cutOff(err)
	}
	for n := 0; ; n++ {
		raw, err := s.value()
		if err != nil && !errors.Is(err, errTooLong) {
			return cutOff(err)
		}
		if !yield(n, raw, err) {
			return nil
		}
		if more, err := s.skip(','); more || err != nil {
			if err != nil {
				return cutOff(err)
			}
			continue
		}
		if done, err := s.skip(']'); done || err != nil {
			return cutOff(err)
		}
		return errNotJSON
	}
}

// members calls yield for each key of an object whose bracket has been read;
// yield reads the value.
func (s *splitter) members(yield func(key string) error) error {
	if done, err := s.skip('}'); done || err != nil {
		return cutOff(err)
	}
	for {
		raw, err := s.value()
		if err != nil {
			return cutOff(err)
		}
		var key string
		if json.Unmarshal(raw, &key) != nil {
			return errNotJSON
		}
		if ok, err := s.skip(':'); !ok {
			return errors.Join(cutOff(err), errNotJSON)
		}
		if err := yield(key); err != nil {
			return cutOff(err)
		}
		if more, err := s.skip(','); more || err != nil {
			if err != nil {
				return cutOff(err)
			}
			continue
		}
		if done, err := s.skip('}'); done || err != nil {
			return cutOff(err)
		}
		return errNotJSON
	}
}

// maxParts are the values that one value may hold: each of them takes more room
// than it has in the text.
const maxParts = 500_000

var errTooMany = errors.New("more than 500,000 values in one")

// sound returns an error if raw is no JSON value in UTF-8, or has too much in it.
func sound(raw []byte) error {
	switch {
	case bytes.Count(raw, []byte{','}) > maxParts && parts(raw) > maxParts:
		return errTooMany
	case !utf8.Valid(raw):
		return errNotText
	case !json.Valid(raw):
		return errNotJSON
	}
	return nil
}

// parts counts the commas of a value that are not in texts.
func parts(raw []byte) int {
	n, text := 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case text && b == '\\':
			i++
		case b == '"':
			text = !text
		case b == ',' && !text:
			n++
		}
	}
	return n
}

// halves reports whether raw, which is JSON, has an escape for half of a
// surrogate pair, which stands for no character.
func halves(raw []byte) bool {
	at := func(i int) byte { // the kind of the escape that begins at i
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0
		}
		return surrogate(raw[i+2 : i+6])
	}
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		switch at(i) {
		case 'h':
			if at(i+6) != 'l' {
				return true
			}
			i += 11
		case 'l':
			return true
		default:
			i++ // what is escaped
		}
	}
	return false
}

// surrogate returns h for the first half of a pair, l for the second, else 0.
func surrogate(hex []byte) byte {
	if hex[0] != 'd' && hex[0] != 'D' {
		return 0
	}
	switch hex[1] {
	case '8', '9', 'a', 'A', 'b', 'B':
		return 'h'
	case 'c', 'C', 'd', 'D', 'e', 'E', 'f', 'F':
		return 'l'
	}
	return 0
}
