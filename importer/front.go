package importer

import (
	"strings"
	"time"
)

// frontOf separates the front matter from the body of a note. Of YAML it knows
// what notes use: texts, quoted texts, and lists in both of their forms; what is
// nested deeper is left as it stands.
func frontOf(text string) (front map[string][]string, body string) {
	front = map[string][]string{}
	lines := strings.Split(text, "\n")
	n := frontMatter(lines)
	if n == 0 {
		return front, text
	}
	key := ""
	for _, line := range lines[1 : n-1] {
		trimmed := strings.TrimSpace(line)
		indented := line != strings.TrimLeft(line, " \t")
		switch item, isItem := strings.CutPrefix(trimmed, "- "); {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case isItem && key != "":
			front[key] = append(front[key], scalar(item))
		case indented && key != "":
			front[key] = append(front[key], trimmed)
		default:
			name, value, ok := strings.Cut(line, ":")
			if key = strings.ToLower(strings.TrimSpace(name)); !ok || key == "" {
				key = ""
				continue
			}
			front[key] = valuesOf(strings.TrimSpace(value), key == "tags")
		}
	}
	return front, strings.TrimLeft(strings.Join(lines[n:], "\n"), "\n")
}

// valuesOf reads what stands behind a key. Tags may be a text with commas.
func valuesOf(value string, commas bool) []string {
	inner, list := value, len(value) > 1 && value[0] == '[' && value[len(value)-1] == ']'
	if list {
		inner = value[1 : len(value)-1]
	}
	if !list && !commas {
		if v := scalar(value); v != "" {
			return []string{v}
		}
		return nil
	}
	var out []string
	for v := range strings.SplitSeq(inner, ",") {
		if v = scalar(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// scalar takes a text out of its quotes.
func scalar(s string) string {
	s = strings.TrimSpace(s)
	for _, q := range []string{`"`, "'"} {
		if in, ok := strings.CutPrefix(s, q); ok {
			if in, ok = strings.CutSuffix(in, q); ok {
				return in
			}
		}
	}
	switch s {
	case "|", ">", "|-", ">-", "null", "~":
		return ""
	}
	return s
}

func firstTime(front map[string][]string, keys ...string) time.Time {
	for _, key := range keys {
		if t := moment(one(front[key])); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
