package importer

import (
	"encoding/json"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// matter is the front matter of a note by its keys, which are in small letters.
// What YAML takes for numbers, dates and truth values stays the text it is; the
// other values are lists and maps of such texts.
type matter map[string]any

const maxMatter = 64 << 10 // bytes

// frontOf separates the front matter from the body of a note. broken is set if it
// is not YAML; then of what it says as much is read as can be told.
func frontOf(text string) (front matter, body string, broken bool) {
	front = matter{}
	lines := strings.Split(text, "\n")
	n := frontMatter(lines)
	if n == 0 {
		return front, text, false
	}
	body = strings.TrimLeft(strings.Join(lines[n:], "\n"), "\n")
	raw := strings.Join(lines[1:n-1], "\n") + "\n"
	if len(raw) > maxMatter {
		return front, text, true
	}
	if front.read(raw) {
		return front, body, false
	}
	for _, block := range blocks(lines[1 : n-1]) {
		if !front.read(block) {
			key, value, _ := strings.Cut(block, ":")
			front[nameOf(key)] = oneLine(value)
		}
	}
	return front, body, true
}

func nameOf(key string) string { return strings.ToLower(strings.Trim(strings.TrimSpace(key), `"'`)) }

// read adds what raw says, and reports whether it is a map in YAML.
func (m matter) read(raw string) bool {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(raw), &doc) != nil {
		return false
	}
	if len(doc.Content) == 0 {
		return true // comments only
	}
	r := &yamlReader{left: 10_000}
	all, ok := r.value(doc.Content[0], 0).(map[string]any)
	for key, v := range all {
		m[nameOf(key)] = v
	}
	return ok && r.left > 0
}

// blocks cuts lines before each key that is not indented.
func blocks(lines []string) []string {
	var out []string
	for _, line := range lines {
		begins := line != "" && !strings.ContainsAny(line[:1], " \t-#]}") && strings.Contains(line, ":")
		if begins || len(out) == 0 {
			out = append(out, line)
		} else {
			out[len(out)-1] += "\n" + line
		}
	}
	return out
}

// yamlReader makes texts, lists and maps of nodes, as many as it may: an alias
// can stand for more than there is.
type yamlReader struct{ left int }

func (r *yamlReader) value(n *yaml.Node, depth int) any {
	if r.left--; r.left < 0 || depth > maxDepth || n == nil {
		return nil
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return nil // there is none in another one
	case yaml.AliasNode:
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := []any{}
		for _, one := range n.Content {
			if v := r.value(one, depth+1); v != nil {
				list = append(list, v)
			}
		}
		return list
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, ok := r.value(n.Content[i], depth+1).(string)
			if v := r.value(n.Content[i+1], depth+1); ok && v != nil {
				out[key] = v
			}
		}
		return out
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "" {
			return nil
		}
		return n.Value
	}
	return nil
}

// text is the first of the named values that is a text, or begins with one.
func (m matter) text(keys ...string) string {
	for _, key := range keys {
		v := m[key]
		if list, is := v.([]any); is && len(list) > 0 {
			v = list[0]
		}
		if s, is := v.(string); is && strings.TrimSpace(s) != "" {
			return oneLine(s)
		}
	}
	return ""
}

// list is a value that is a list of texts, or a text with commas.
func (m matter) list(keys ...string) []string {
	var out []string
	for _, key := range keys {
		switch v := m[key].(type) {
		case []any:
			for _, one := range v {
				if s, is := one.(string); is {
					out = append(out, s)
				}
			}
		case string:
			var quoted []string
			if json.Unmarshal([]byte(v), &quoted) == nil {
				out = append(out, quoted...)
				continue
			}
			for s := range strings.SplitSeq(v, ",") {
				out = append(out, strings.TrimSpace(s))
			}
		}
	}
	return out
}

func (m matter) time(keys ...string) time.Time {
	for _, key := range keys {
		if t := moment(m.text(key)); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
