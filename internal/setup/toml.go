package setup

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlTable is a table in a TOML text: from its header to the next one.
type tomlTable struct {
	path       []string
	start, end int
}

// readTOML reads a document and says where its tables are.
func readTOML(text []byte) (map[string]any, []tomlTable, error) {
	doc := map[string]any{}
	if err := toml.Unmarshal(text, &doc); err != nil {
		if e, ok := errors.AsType[*toml.DecodeError](err); ok {
			row, _ := e.Position()
			return nil, nil, &SyntaxError{Line: row, Text: strings.TrimPrefix(e.Error(), "toml: ")}
		}
		return nil, nil, &SyntaxError{Line: 1, Text: err.Error()}
	}
	var list []tomlTable
	p := &unstable.Parser{}
	p.Reset(text)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		t := tomlTable{end: len(text)}
		for it := e.Key(); it.Next(); {
			if t.path == nil {
				at := p.Shape(it.Node().Raw).Start.Offset
				t.start = bytes.LastIndexByte(text[:at], '\n') + 1
			}
			t.path = append(t.path, string(it.Node().Data))
		}
		if n := len(list); n > 0 {
			list[n-1].end = t.start
		}
		list = append(list, t)
	}
	return doc, list, p.Error()
}

func below(doc map[string]any, path ...string) (any, bool) {
	var v any = doc
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[key]; !ok {
			return nil, false
		}
	}
	return v, true
}

// setTOML puts the server into a table of its own at the end of the document.
func setTOML(text []byte, s Server, path ...string) ([]byte, error) {
	doc, tables, err := readTOML(text)
	if err != nil {
		return nil, err
	}
	if there, ok := below(doc, path...); ok {
		command, _ := below(map[string]any{"": there}, "", "command")
		switch old, _ := command.(string); {
		case old == s.Command:
			return text, nil
		case !isTally(old):
			return nil, errForeign
		}
		return recommandTOML(text, tables, s, path)
	}
	nl := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		nl = "\r\n"
	}
	out := append([]byte(nil), text...)
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, nl...)
	}
	if len(out) > 0 {
		out = append(out, nl...)
	}
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = Quote(a)
	}
	out = fmt.Appendf(out, "[%s]%scommand = %s%sargs = [%s]%s", strings.Join(path, "."), nl, Quote(s.Command), nl, strings.Join(args, ", "), nl)
	if _, _, err := readTOML(out); err != nil {
		return nil, fmt.Errorf("there is no room for [%s]: %s is written in braces; make a table of it", strings.Join(path, "."), path[0])
	}
	return out, nil
}

// recommandTOML changes what a table of ours starts, and nothing else in it.
func recommandTOML(text []byte, tables []tomlTable, s Server, path []string) ([]byte, error) {
	line := regexp.MustCompile(`(?m)^([ \t]*command[ \t]*=[ \t]*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*')`)
	for _, t := range tables {
		if strings.Join(t.path, "\x00") != strings.Join(path, "\x00") {
			continue
		}
		at := line.FindSubmatchIndex(text[t.start:t.end])
		if at == nil {
			break
		}
		return bytes.Join([][]byte{text[:t.start+at[4]], []byte(Quote(s.Command)), text[t.start+at[5]:]}, nil), nil
	}
	return nil, fmt.Errorf("[%s] is there and starts another program: correct its command", strings.Join(path, "."))
}

// removeTOML takes a table out, with those below it.
func removeTOML(text []byte, path ...string) ([]byte, error) {
	_, tables, err := readTOML(text)
	if err != nil {
		return nil, err
	}
	out := text
	for _, t := range slices.Backward(tables) {
		if len(t.path) < len(path) || strings.Join(t.path[:len(path)], "\x00") != strings.Join(path, "\x00") {
			continue
		}
		lead := out[:t.start]
		if t.end == len(text) { // the empty line that set it apart goes, too
			lead = bytes.TrimSuffix(bytes.TrimSuffix(lead, []byte("\n")), []byte("\r"))
			if len(lead) > 0 && !bytes.HasSuffix(lead, []byte("\n")) {
				lead = out[:t.start]
			}
		}
		out = append(append([]byte(nil), lead...), out[t.end:]...)
	}
	return out, nil
}

// Quote returns a text as TOML and YAML take it in double quotes.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\u` + fmt.Sprintf("%04s", strconv.FormatInt(int64(r), 16)))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
