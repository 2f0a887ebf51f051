package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// jsonDoc is a JSON document that is edited as a text: what an edit is not about
// stays as it is, comments and the order of names included.
type jsonDoc struct{ text []byte }

// root is the object that the document is; an empty document becomes one.
func (d *jsonDoc) root() (*jsonNode, error) {
	n, err := parseJSON(d.text)
	if err != nil {
		return nil, err
	}
	if n == nil {
		head := string(bytes.TrimRight(d.text, " \t\r\n"))
		if strings.TrimPrefix(head, byteOrderMark) != "" { // comments
			head += "\n"
		}
		d.text = []byte(head + "{}\n")
		return parseJSON(d.text)
	}
	if n.kind != '{' {
		return nil, &SyntaxError{Line: d.line(n.start), Text: "want an object"}
	}
	return n, nil
}

func (d *jsonDoc) line(at int) int { return 1 + bytes.Count(d.text[:at], []byte("\n")) }

// get is the value at a path of names, nil if there is none.
func (d *jsonDoc) get(path ...string) (*jsonNode, error) {
	n, err := d.root()
	if err != nil {
		return nil, err
	}
	for _, key := range path {
		if n.kind != '{' {
			return nil, &SyntaxError{Line: d.line(n.start), Text: fmt.Sprintf("want an object, to look for %q in it", key)}
		}
		m := n.find(key)
		if m == nil {
			return nil, nil //nolint:nilnil // nothing there
		}
		n = m.value
	}
	return n, nil
}

// set puts a value at a path, and makes the objects on the way to it.
func (d *jsonDoc) set(value any, path ...string) error {
	n, err := d.get(path...)
	if err != nil {
		return err
	}
	if n != nil {
		return d.replace(n, value)
	}
	parent, err := d.get(path[:len(path)-1]...)
	if err != nil {
		return err
	}
	key := path[len(path)-1]
	if parent == nil {
		return d.set(object{{key, value}}, path[:len(path)-1]...)
	}
	if parent.kind != '{' {
		return &SyntaxError{Line: d.line(parent.start), Text: fmt.Sprintf("want an object, to put %q into it", key)}
	}
	name, err := json.Marshal(key)
	if err != nil {
		return err
	}
	return d.insert(parent, string(name)+": ", value)
}

// add puts a value at the end of the list at a path, and makes the list if there is none.
func (d *jsonDoc) add(value any, path ...string) error {
	n, err := d.get(path...)
	if err != nil {
		return err
	}
	if n == nil {
		return d.set([]any{value}, path...)
	}
	if n.kind != '[' {
		return &SyntaxError{Line: d.line(n.start), Text: "want a list of " + path[len(path)-1]}
	}
	return d.insert(n, "", value)
}

func (d *jsonDoc) replace(n *jsonNode, value any) error {
	raw, err := d.render(value, d.indentOf(n.start), d.single(n))
	if err != nil {
		return err
	}
	d.splice(n.start, n.end, raw)
	return nil
}

// insert puts a value behind the last member of an object or a list.
func (d *jsonDoc) insert(n *jsonNode, name string, value any) error {
	single := d.single(n) && len(n.members) > 0
	indent := d.indentOf(n.start)
	if len(n.members) > 0 && !single {
		indent = d.indentOf(n.members[len(n.members)-1].start)
	} else if !single {
		indent += d.unit()
	}
	raw, err := d.render(value, indent, single)
	if err != nil {
		return err
	}
	nl, member := d.newline(), name+string(raw)
	if len(n.members) == 0 {
		inner := bytes.TrimRight(d.text[n.start+1:n.end-1], " \t\r\n")
		d.splice(n.start+1, n.end-1, []byte(string(inner)+nl+indent+member+nl+d.indentOf(n.start)))
		return nil
	}
	last := n.members[len(n.members)-1].value.end
	comma := last // where it is, or has to go
	p := &jsonParser{text: d.text, at: last}
	_ = p.space() // it was read before
	spare := p.peek() == ','
	if spare {
		comma = p.at + 1
	}
	if single {
		if spare {
			d.splice(comma, comma, []byte(" "+member+","))
		} else {
			d.splice(comma, comma, []byte(", "+member))
		}
		return nil
	}
	behind := d.restOfLine(comma) // a comment on the line of the last member stays with it
	if spare {
		d.splice(behind, behind, []byte(nl+indent+member+","))
		return nil
	}
	d.splice(behind, behind, []byte(nl+indent+member))
	d.splice(comma, comma, []byte(","))
	return nil
}

// restOfLine is the end of the comment that follows on a line, or at if there is none.
func (d *jsonDoc) restOfLine(at int) int {
	end := len(d.text)
	if i := bytes.IndexByte(d.text[at:], '\n'); i >= 0 {
		end = at + i
	}
	rest := bytes.TrimSpace(d.text[at:end])
	if bytes.HasPrefix(rest, []byte("//")) || bytes.HasPrefix(rest, []byte("/*")) && bytes.HasSuffix(rest, []byte("*/")) {
		return at + len(bytes.TrimRight(d.text[at:end], " \t\r"))
	}
	return at
}

// remove takes out what is at a path. Objects that have nothing left but that go too.
func (d *jsonDoc) remove(path ...string) error {
	n, err := d.get(path...)
	if err != nil || n == nil {
		return err
	}
	parent, err := d.get(path[:len(path)-1]...)
	if err != nil {
		return err
	}
	if len(parent.members) == 1 && len(path) > 1 {
		return d.remove(path[:len(path)-1]...)
	}
	for i := range parent.members {
		if parent.members[i].value.start == n.start {
			d.cut(parent, i)
		}
	}
	return nil
}

// drop takes the elements out of the list at a path for which ours says yes, and
// reports how many there were. A list that has nothing left goes, too.
func (d *jsonDoc) drop(ours func(json.RawMessage) bool, path ...string) (n int, err error) {
	for {
		list, err := d.get(path...)
		if err != nil || list == nil || list.kind != '[' {
			return n, err
		}
		at := -1
		for i, m := range list.members {
			if ours(plain(d.text, m.value)) {
				at = i
			}
		}
		switch {
		case at < 0:
			return n, nil
		case len(list.members) == 1:
			return n + 1, d.remove(path...)
		}
		d.cut(list, at)
		n++
	}
}

// cut takes member i out of n, with the comma that set it apart.
func (d *jsonDoc) cut(n *jsonNode, i int) {
	start, end := n.members[i].start, n.members[i].value.end
	p := &jsonParser{text: d.text, at: end}
	_ = p.space() // it was read before
	switch {
	case p.peek() == ',':
		end = p.at + 1
	case i > 0: // the last one, without a comma behind it: that of the one before goes
		before := &jsonParser{text: d.text, at: n.members[i-1].value.end}
		_ = before.space()
		defer d.splice(before.at, before.at+1, nil)
	}
	lead := bytes.TrimRight(d.text[:start], " \t")
	if bytes.HasSuffix(lead, []byte("\n")) && (i > 0 || bytes.IndexByte(d.text[end:], '\n') >= 0) {
		start = len(bytes.TrimSuffix(bytes.TrimSuffix(lead, []byte("\n")), []byte("\r")))
	} else if i > 0 {
		start = len(lead)
	}
	if len(n.members) == 1 { // what is left is {} or []
		start, end = n.start+1, n.end-1
	}
	d.splice(start, end, nil)
}

func (d *jsonDoc) splice(start, end int, with []byte) {
	d.text = append(append(append([]byte(nil), d.text[:start]...), with...), d.text[end:]...)
}

// single reports whether a node stands on one line.
func (d *jsonDoc) single(n *jsonNode) bool { return bytes.IndexByte(d.text[n.start:n.end], '\n') < 0 }

func (d *jsonDoc) newline() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// indentOf is the white space that the line of a place begins with.
func (d *jsonDoc) indentOf(at int) string {
	line := d.text[bytes.LastIndexByte(d.text[:at], '\n')+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

// unit is what a level is indented by: as in the first line that is, else two spaces.
func (d *jsonDoc) unit() string {
	for line := range bytes.Lines(d.text) {
		rest := bytes.TrimLeft(line, " \t")
		if lead := line[:len(line)-len(rest)]; len(lead) > 0 && len(bytes.TrimSpace(rest)) > 0 && rest[0] == '"' {
			return string(lead)
		}
	}
	return "  "
}

// render is a value as text, its lines behind the first one indented.
func (d *jsonDoc) render(value any, indent string, single bool) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	raw := bytes.TrimSpace(b.Bytes())
	if single {
		return raw, nil
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, indent, d.unit()); err != nil {
		return nil, err
	}
	return []byte(strings.ReplaceAll(out.String(), "\n", d.newline())), nil
}

// object is a JSON object whose members have an order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), bytes.TrimSpace(b.Bytes())...)
	}
	return append(out, '}'), nil
}
