package verb

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// members calls f with each member of a JSON object, which must be valid. The
// value is a part of raw.
func members(raw []byte, f func(key string, value []byte)) {
	each(raw, '{', func(s *scanner) {
		key := keyOf(s.value())
		s.space()
		s.at++ // the colon
		s.space()
		f(key, s.value())
	})
}

// items calls f with each item of a JSON array, which must be valid.
func items(raw []byte, f func(value []byte)) {
	each(raw, '[', func(s *scanner) { f(s.value()) })
}

// each calls f where each part of an object or array begins, as open says; f moves
// behind it. It calls nothing for another kind of value.
func each(raw []byte, open byte, f func(s *scanner)) {
	s := scanner{raw: raw}
	s.space()
	if s.peek() != open {
		return
	}
	s.at++
	for {
		s.space()
		switch s.peek() {
		case ',':
			s.at++
			continue
		case '}', ']', 0:
			return
		}
		f(&s)
	}
}

// keyOf is the text of a quoted key.
func keyOf(quoted []byte) string {
	if !slices.Contains(quoted, '\\') {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	_ = json.Unmarshal(quoted, &key) // it is valid
	return key
}

// scanner walks over JSON that is known to be valid: it looks for ends only.
type scanner struct {
	raw []byte
	at  int
}

func (s *scanner) peek() byte {
	if s.at < len(s.raw) {
		return s.raw[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.raw) && (s.raw[s.at] == ' ' || s.raw[s.at] == '\t' || s.raw[s.at] == '\n' || s.raw[s.at] == '\r') {
		s.at++
	}
}

// value is the value that begins here, a part of raw; the scanner moves behind it.
func (s *scanner) value() []byte {
	from := s.at
	s.skip()
	return s.raw[from:s.at]
}

// skip moves behind the value that begins here.
func (s *scanner) skip() {
	depth := 0
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case '"':
			s.quoted()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return
			}
			s.at++
			continue
		default:
			s.at++
			continue // within a number or a word
		}
		if depth == 0 {
			return
		}
	}
}

func (s *scanner) quoted() {
	for s.at++; s.at < len(s.raw); s.at++ {
		switch s.raw[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return
		}
	}
}

// kindOf is the first byte of a JSON value, or 0.
func kindOf(raw []byte) byte {
	s := scanner{raw: raw}
	s.space()
	return s.peek()
}

// strangers lists the keys in raw that the type has no field for, or that stand
// there twice, with where they are: "citations[1].urll".
func strangers(t reflect.Type, raw []byte, at string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []string
	switch {
	case readsItself(t):
	case t.Kind() == reflect.Struct && kindOf(raw) == '{':
		known := fieldsOf(t)
		seen := map[string]bool{}
		members(raw, func(key string, value []byte) {
			i := slices.IndexFunc(known, func(f field) bool { return f.name == key })
			if i < 0 || seen[key] {
				out = append(out, at+key)
				return
			}
			seen[key] = true
			out = append(out, strangers(known[i].typ, value, at+key+".")...)
		})
	case t.Kind() == reflect.Slice && kindOf(raw) == '[' && holdsStructs(t.Elem()):
		n := 0
		items(raw, func(value []byte) {
			out = append(out, strangers(t.Elem(), value, strings.TrimSuffix(at, ".")+"["+strconv.Itoa(n)+"].")...)
			n++
		})
	}
	return out
}

func holdsStructs(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

// readsItself reports whether values of t decode themselves, so that their
// fields say nothing about their JSON.
func readsItself(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}
