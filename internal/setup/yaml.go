package setup

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlDoc is a YAML document that is edited by lines: what an edit is not about
// stays as it is.
type yamlDoc struct {
	text []byte
	top  *yaml.Node // the mapping that the document is; nil if it is empty
}

func readYAML(text []byte) (*yamlDoc, error) {
	d := &yamlDoc{text: text}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	switch err := dec.Decode(&doc); {
	case err != nil && len(bytes.TrimSpace(text)) == 0:
		return d, nil
	case err != nil && err.Error() == "EOF": // comments only
		return d, nil
	case err != nil:
		return nil, yamlError(err)
	}
	if dec.Decode(&yaml.Node{}) == nil {
		return nil, errors.New("several documents in one file")
	}
	top := doc.Content[0]
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return d, nil
	}
	if top.Kind != yaml.MappingNode || top.Style&yaml.FlowStyle != 0 {
		return nil, &SyntaxError{Line: top.Line, Text: "want a mapping, a key on each line"}
	}
	d.top = top
	return d, nil
}

func yamlError(err error) error {
	m := regexp.MustCompile(`^yaml: line (\d+): (.*)`).FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	if m == nil {
		return &SyntaxError{Line: 1, Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	}
	line, _ := strconv.Atoi(m[1]) // digits
	if strings.HasPrefix(m[2], "did not find expected") {
		line++ // the parser counts from 0, the scanner from 1
	}
	return &SyntaxError{Line: line, Text: m[2]}
}

// under is the key and the value of a name in a mapping, nil if it is not there.
func under(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// lines are the lines of the text, each with its end.
func (d *yamlDoc) lines() []string { return slices.Collect(strings.Lines(string(d.text))) }

func (d *yamlDoc) newline() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// put inserts the lines of an entry as the first below a name at the top, and
// makes that if there is none. The lines are indented by what is there already.
func (d *yamlDoc) put(name string, entry []string) ([]byte, error) {
	nl, lines := d.newline(), d.lines()
	if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
		lines[n-1] += nl
	}
	key, value := under(d.top, name)
	indented := func(by int) []string {
		out := make([]string, len(entry))
		for i, l := range entry {
			out[i] = strings.Repeat(" ", by) + l + nl
		}
		return out
	}
	switch {
	case key == nil:
		return []byte(strings.Join(append(append(lines, name+":"+nl), indented(2)...), "")), nil
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null" && value.Value == "":
		return []byte(strings.Join(slices.Insert(lines, key.Line, indented(2)...), "")), nil
	case value.Style&yaml.FlowStyle != 0 && len(value.Content) == 0 && value.Line == key.Line:
		at := lines[key.Line-1]
		lines[key.Line-1] = strings.TrimRight(strings.Replace(at, at[value.Column-1:value.Column+1], "", 1), " \r\n") + nl
		return []byte(strings.Join(slices.Insert(lines, key.Line, indented(2)...), "")), nil
	case value.Style&yaml.FlowStyle != 0 || len(value.Content) == 0:
		return nil, &SyntaxError{Line: key.Line, Text: name + " is written in braces: write an entry on each line"}
	}
	return []byte(strings.Join(slices.Insert(lines, key.Line, indented(value.Column-1)...), "")), nil
}

// take removes the block that begins on a line, up to the next line that is not
// further in; if it was all that its parent had, that line goes as well.
func (d *yamlDoc) take(line, indent int, parent *yaml.Node, only bool) []byte {
	lines := d.lines()
	end := line
	for end < len(lines) {
		l := lines[end]
		if in := len(l) - len(strings.TrimLeft(l, " ")); strings.TrimSpace(l) == "" || in <= indent {
			break
		}
		end++
	}
	lines = slices.Delete(lines, line-1, end)
	if only {
		lines = slices.Delete(lines, parent.Line-1, parent.Line)
	}
	return []byte(strings.Join(lines, ""))
}
