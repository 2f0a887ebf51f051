package deploy_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parseYAML reads the part of YAML that the files here are written in: block
// mappings and sequences, one-line scalars, literal and folded text, lists in
// brackets, anchors and merges of mappings. All else is an error, so that a file
// that it reads is one that every other reader reads in the same way.
func parseYAML(text string) (docs []any, err error) {
	for doc := range strings.SplitSeq("\n"+text, "\n---\n") {
		p := &yamlParser{lines: strings.Split(doc, "\n"), anchors: map[string]any{}}
		v, err := p.node(-1)
		if err == nil && p.next() {
			err = errors.New("does not belong to what is before it")
		}
		if err != nil {
			return nil, fmt.Errorf("document %d, line %d: %w", len(docs)+1, p.at, err)
		}
		docs = append(docs, v)
	}
	return docs, nil
}

type yamlParser struct {
	lines   []string
	at      int // the line that is read
	anchors map[string]any
}

// next moves to the next line that says something.
func (p *yamlParser) next() bool {
	for ; p.at < len(p.lines); p.at++ {
		if s := strings.TrimSpace(p.lines[p.at]); s != "" && s[0] != '#' {
			return true
		}
	}
	return false
}

func (p *yamlParser) indent() int {
	line := p.lines[p.at]
	return len(line) - len(strings.TrimLeft(line, " "))
}

// node reads what stands deeper than the line that it belongs to, or a sequence
// at its level.
func (p *yamlParser) node(outer int) (any, error) {
	if !p.next() {
		return nil, nil
	}
	in := p.indent()
	if line := p.lines[p.at][in:]; line == "-" || strings.HasPrefix(line, "- ") {
		if in < outer {
			return nil, nil
		}
		return p.sequence(in)
	}
	if in <= outer {
		return nil, nil
	}
	return p.mapping(in)
}

func (p *yamlParser) sequence(in int) (any, error) {
	out := []any{}
	for p.next() && p.indent() == in {
		line := p.lines[p.at][in:]
		if line != "-" && !strings.HasPrefix(line, "- ") {
			break
		}
		rest := strings.TrimLeft(line[1:], " ")
		var v any
		var err error
		if _, _, ok := yamlKey(rest); ok {
			// A mapping that begins on the line of its dash.
			deeper := in + len(line) - len(rest)
			p.lines[p.at] = strings.Repeat(" ", deeper) + rest
			v, err = p.mapping(deeper)
		} else {
			v, err = p.value(in, rest)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p *yamlParser) mapping(in int) (any, error) {
	out := map[string]any{}
	var merged []map[string]any
	for p.next() && p.indent() == in {
		key, rest, ok := yamlKey(p.lines[p.at][in:])
		if !ok {
			return nil, errors.New("no key")
		}
		if _, ok := out[key]; ok {
			return nil, fmt.Errorf("the key %q is there twice", key)
		}
		v, err := p.value(in, rest)
		if err != nil {
			return nil, err
		}
		if key != "<<" {
			out[key] = v
			continue
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("only a mapping can be merged")
		}
		merged = append(merged, m)
	}
	for _, m := range merged {
		for k, v := range m {
			if _, ok := out[k]; !ok {
				out[k] = v
			}
		}
	}
	return out, nil
}

// yamlKey cuts "key: rest".
func yamlKey(line string) (key, rest string, ok bool) {
	if line == "" || strings.ContainsRune("\"'[]{}#&*!|>%@`-?\t", rune(line[0])) {
		return "", "", false
	}
	if key, rest, ok = strings.Cut(line, ": "); ok {
		return key, strings.TrimSpace(rest), true
	}
	key, ok = strings.CutSuffix(strings.TrimSpace(line), ":")
	return key, "", ok
}

// value reads what follows a key or a dash on its line, which is then done, or
// below it. in is the level of the key.
func (p *yamlParser) value(in int, rest string) (any, error) {
	rest = uncomment(rest)
	name, anchored := strings.CutPrefix(rest, "&")
	if anchored {
		name, rest, _ = strings.Cut(name, " ")
	}
	p.at++
	var v any
	var err error
	switch rest {
	case "":
		v, err = p.node(in)
	case "|", "|-", ">", ">-":
		v, err = p.text(in, rest)
	default:
		v, err = p.scalar(rest)
		if err != nil {
			p.at--
		}
	}
	if anchored {
		p.anchors[name] = v
	}
	return v, err
}

// uncomment cuts a comment off; a # in quotes is none.
func uncomment(s string) string {
	var quote rune
	for i, r := range s {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case (r == '"' || r == '\'') && (i == 0 || strings.ContainsRune(" [,", rune(s[i-1]))):
			quote = r
		case r == '#' && (i == 0 || s[i-1] == ' '):
			return strings.TrimSpace(s[:i])
		}
	}
	return strings.TrimSpace(s)
}

// text reads the lines below that stand deeper.
func (p *yamlParser) text(outer int, style string) (any, error) {
	if p.at == len(p.lines) || p.indent() <= outer {
		return nil, errors.New("text is missing")
	}
	in := p.indent()
	var lines []string
	for ; p.at < len(p.lines); p.at++ {
		line := p.lines[p.at]
		if strings.TrimSpace(line) == "" {
			line = strings.Repeat(" ", in)
		} else if p.indent() < in {
			break
		}
		lines = append(lines, line[in:])
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	glue := "\n"
	if style[0] == '>' {
		glue = " "
	}
	s := strings.Join(lines, glue)
	if !strings.HasSuffix(style, "-") {
		s += "\n"
	}
	return s, nil
}

func (p *yamlParser) scalar(s string) (any, error) {
	switch {
	case strings.ContainsRune(s, '\t'):
		return nil, errors.New("a tab")
	case s[0] == '"':
		return strconv.Unquote(s)
	case s[0] == '\'':
		if len(s) < 2 || s[len(s)-1] != '\'' || strings.Count(s, "'")%2 != 0 {
			return nil, fmt.Errorf("%s: a quote is open", s)
		}
		return strings.ReplaceAll(s[1:len(s)-1], "''", "'"), nil
	case s[0] == '[':
		return p.flow(s)
	case s[0] == '*':
		v, ok := p.anchors[s[1:]]
		if !ok {
			return nil, fmt.Errorf("%s: no such anchor", s)
		}
		return v, nil
	case strings.ContainsRune("{}]!|>%@`&,?", rune(s[0])) || strings.Contains(s, ": ") || strings.HasSuffix(s, ":"):
		return nil, fmt.Errorf("%s: wants quotes, or is beyond what is read here", s)
	case s == "true" || s == "false":
		return s == "true", nil
	case s == "null" || s == "~":
		return nil, nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f, nil
	}
	return s, nil
}

// flow reads a list in brackets: of scalars, without brackets and commas in them.
func (p *yamlParser) flow(s string) (any, error) {
	inner, ok := strings.CutSuffix(s[1:], "]")
	if !ok || strings.ContainsAny(inner, "[]{}") {
		return nil, fmt.Errorf("%s: not a list of scalars on one line", s)
	}
	out := []any{}
	if strings.TrimSpace(inner) == "" {
		return out, nil
	}
	for part := range strings.SplitSeq(inner, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, fmt.Errorf("%s: an empty element", s)
		}
		v, err := p.scalar(part)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func TestYAMLIsReadAsWritten(t *testing.T) {
	docs, err := parseYAML(`# a comment
base: &base # and another
  command: ["CMD", "/x", "a # b"]
  each:
  - 1
  -   two
  - k: v
    l:
      - deep
    # between
    m: "q: \"x\""
use:
  <<: *base
  each: 'it''s'
text: |
  a = "b"

  [c]
folded: >-
  up
  down
url: http://x:1
yes: true
share: 0.5
nothing:
empty: []
---
second: null
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		map[string]any{
			"base": map[string]any{
				"command": []any{"CMD", "/x", "a # b"},
				"each":    []any{int64(1), "two", map[string]any{"k": "v", "l": []any{"deep"}, "m": `q: "x"`}},
			},
			"use":    map[string]any{"command": []any{"CMD", "/x", "a # b"}, "each": "it's"},
			"text":   "a = \"b\"\n\n[c]\n",
			"folded": "up down",
			"url":    "http://x:1", "yes": true, "share": 0.5, "nothing": nil, "empty": []any{},
		},
		map[string]any{"second": nil},
	}
	if d := cmp.Diff(want, docs); d != "" {
		t.Error(d)
	}
}

func TestBadYAMLIsRefused(t *testing.T) {
	tests := map[string]string{
		"a key in quotes":        "\"a\": 1\n",
		"a key twice":            "a: 1\na: 2\n",
		"wrong indentation":      "a:\n    b: 1\n  c: 2\n",
		"deeper than its scalar": "a: 1\n  b: 2\n",
		"a tab":                  "a: x\ty\n",
		"tab as indentation":     "a:\n\tb: 1\n",
		"an open quote":          "a: \"b\n",
		"an open single quote":   "a: 'b\n",
		"an open bracket":        "a: [b\n",
		"a colon in plain text":  "a: b: c\n",
		"text without a key":     "a: 1\nb\n",
		"an unknown anchor":      "a: *b\n",
		"a merge of a scalar":    "a: &b 1\nc:\n  <<: *b\n",
		"a tag":                  "a: !secret b\n",
		"a mapping in braces":    "a: {b: c}\n",
		"a list after a map":     "a: 1\n- b\n",
		"text that is missing":   "a: |\nb: 1\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			if v, err := parseYAML(text); err == nil {
				t.Errorf("read as %v", v)
			}
		})
	}
}
