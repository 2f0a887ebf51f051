package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// SyntaxError says where a file cannot be read. What cannot be read is not edited.
type SyntaxError struct {
	Line int // from 1
	Text string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// jsonNode is a value in a text, by its place there.
type jsonNode struct {
	kind       byte // '{', '[', or 'v' for what holds nothing
	start, end int
	members    []jsonMember
}

// jsonMember is a member of an object, or an element of a list, which has no key.
type jsonMember struct {
	key   string
	start int // of the key, or of the element
	value *jsonNode
}

// find is the member of an object that counts: of several with a key the last one.
func (n *jsonNode) find(key string) *jsonMember {
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.members[i].key == key {
			return &n.members[i]
		}
	}
	return nil
}

// jsonParser reads JSON with comments and with commas behind the last member, as
// editors allow it in their settings.
type jsonParser struct {
	text  []byte
	at    int
	depth int
}

const deepest = 200 // levels of a document

const byteOrderMark = "\xef\xbb\xbf"

// parseJSON reads a document. An empty one has no node.
func parseJSON(text []byte) (*jsonNode, error) {
	p := &jsonParser{text: text}
	if !utf8.Valid(text) {
		return nil, &SyntaxError{Line: 1, Text: "this is no UTF-8"}
	}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		p.at = len(byteOrderMark)
	}
	if err := p.space(); err != nil {
		return nil, err
	}
	if p.at == len(text) {
		return nil, nil //nolint:nilnil // nothing there
	}
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	if err := p.space(); err != nil {
		return nil, err
	}
	if p.at < len(text) {
		return nil, p.fail("there is something behind the end of the document")
	}
	return n, nil
}

func (p *jsonParser) fail(text string) error {
	return &SyntaxError{Line: 1 + bytes.Count(p.text[:min(p.at, len(p.text))], []byte("\n")), Text: text}
}

// peek is the byte that comes next, 0 at the end.
func (p *jsonParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// space passes white space and comments.
func (p *jsonParser) space() error {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch {
		case bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0:
			p.at++
		case bytes.HasPrefix(rest, []byte("//")):
			if end := bytes.IndexByte(rest, '\n'); end >= 0 {
				p.at += end
			} else {
				p.at = len(p.text)
			}
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				return p.fail("a comment that does not end")
			}
			p.at += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (p *jsonParser) value() (*jsonNode, error) {
	n := &jsonNode{kind: 'v', start: p.at}
	var err error
	switch c := p.peek(); c {
	case '{', '[':
		n.kind = c
		err = p.members(n)
	case '"':
		_, err = p.str()
	default:
		err = p.word()
	}
	n.end = p.at
	return n, err
}

// members reads what an object or a list holds.
func (p *jsonParser) members(n *jsonNode) error {
	if p.depth++; p.depth > deepest {
		return p.fail("nested too deep")
	}
	defer func() { p.depth-- }()
	last := byte('}')
	if n.kind == '[' {
		last = ']'
	}
	p.at++
	for comma := true; ; {
		if err := p.space(); err != nil {
			return err
		}
		switch {
		case p.peek() == last:
			p.at++
			return nil
		case p.at == len(p.text):
			return p.fail(fmt.Sprintf("the file ends, and %q is still open", string(n.kind)))
		case !comma:
			return p.fail(fmt.Sprintf("want a comma or %q", string(last)))
		}
		m, err := p.member(n.kind)
		if err != nil {
			return err
		}
		n.members = append(n.members, m)
		if err := p.space(); err != nil {
			return err
		}
		if comma = p.peek() == ','; comma {
			p.at++
		}
	}
}

func (p *jsonParser) member(kind byte) (m jsonMember, err error) {
	m.start = p.at
	if kind == '{' {
		if p.peek() != '"' {
			return m, p.fail("want a name in double quotes")
		}
		if m.key, err = p.str(); err != nil {
			return m, err
		}
		if err := p.space(); err != nil {
			return m, err
		}
		if p.peek() != ':' {
			return m, p.fail(fmt.Sprintf("want a colon behind %q", m.key))
		}
		p.at++
		if err := p.space(); err != nil {
			return m, err
		}
	}
	m.value, err = p.value()
	return m, err
}

func (p *jsonParser) str() (string, error) {
	start := p.at
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			p.at++
		case '\n':
			return "", p.fail("a text in quotes that does not end on its line")
		case '"':
			p.at++
			var s string
			if err := json.Unmarshal(p.text[start:p.at], &s); err != nil {
				return "", p.fail("a text in quotes that is no JSON")
			}
			return s, nil
		}
	}
	return "", p.fail("a text in quotes that does not end")
}

// word reads a number, true, false or null.
func (p *jsonParser) word() error {
	start := p.at
	for p.at < len(p.text) && bytes.IndexByte([]byte(" \t\r\n,:{}[]\"/"), p.text[p.at]) < 0 {
		p.at++
	}
	if start == p.at || !json.Valid(p.text[start:p.at]) {
		p.at = start
		return p.fail("want a value")
	}
	return nil
}

// plain is a node without comments and spare commas, as other readers take it.
func plain(text []byte, n *jsonNode) json.RawMessage {
	switch n.kind {
	case '{', '[':
	default:
		return text[n.start:n.end]
	}
	out := []byte{n.kind}
	for i, m := range n.members {
		if i > 0 {
			out = append(out, ',')
		}
		if n.kind == '{' {
			key, _ := json.Marshal(m.key) // a text
			out = append(append(out, key...), ':')
		}
		out = append(out, plain(text, m.value)...)
	}
	if n.kind == '{' {
		return append(out, '}')
	}
	return append(out, ']')
}
