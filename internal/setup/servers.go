package setup

import (
	"encoding/json"
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// typed is a server as clients want it that ask for the transport.
func typed(s Server) object {
	return append(object{{"type", "stdio"}}, untyped(s)...)
}

func untyped(s Server) object { return object{{"command", s.Command}, {"args", s.Args}} }

// setServer puts the server below the names of an object of servers. One that is
// there keeps what people have added to it: only its command follows the program.
func setServer(entry func(Server) object, path ...string) func([]byte, Server) ([]byte, error) {
	return func(text []byte, s Server) ([]byte, error) {
		d := &jsonDoc{text}
		at := append(append([]string(nil), path...), serverName)
		n, err := d.get(at...)
		if err != nil {
			return nil, err
		}
		if n == nil {
			err := d.set(entry(s), at...)
			return d.text, err
		}
		var there struct {
			Command json.RawMessage `json:"command"`
		}
		var command string
		if json.Unmarshal(plain(d.text, n), &there) != nil || json.Unmarshal(there.Command, &command) != nil {
			return nil, errForeign
		}
		switch {
		case command == s.Command:
			return text, nil
		case !isTally(command):
			return nil, errForeign
		}
		err = d.set(s.Command, append(at, "command")...)
		return d.text, err
	}
}

func dropServer(path ...string) func([]byte) ([]byte, error) {
	return func(text []byte) ([]byte, error) {
		d := &jsonDoc{text}
		err := d.remove(append(append([]string(nil), path...), serverName)...)
		return d.text, err
	}
}

// opencodePath is where opencode lists servers: its second version has them one
// level deeper.
func opencodePath(d *jsonDoc) ([]string, error) {
	n, err := d.get("mcp", "servers")
	if err != nil || n == nil || n.kind != '{' || n.find("type") != nil {
		return []string{"mcp", serverName}, err
	}
	return []string{"mcp", "servers", serverName}, nil
}

func setOpencode(text []byte, s Server) ([]byte, error) {
	d := &jsonDoc{text}
	path, err := opencodePath(d)
	if err != nil {
		return nil, err
	}
	n, err := d.get(path...)
	if err != nil {
		return nil, err
	}
	command := append([]string{s.Command}, s.Args...)
	if n == nil {
		err := d.set(object{{"type", "local"}, {"command", command}, {"enabled", true}}, path...)
		return d.text, err
	}
	var there struct {
		Command []string `json:"command"`
	}
	switch {
	case json.Unmarshal(plain(d.text, n), &there) != nil || len(there.Command) == 0:
		return nil, errForeign
	case there.Command[0] == s.Command:
		return text, nil
	case !isTally(there.Command[0]):
		return nil, errForeign
	}
	err = d.replace(n.find("command").value.members[0].value, s.Command)
	return d.text, err
}

func dropOpencode(text []byte) ([]byte, error) {
	d := &jsonDoc{text}
	path, err := opencodePath(d)
	if err != nil {
		return nil, err
	}
	err = d.remove(path...)
	return d.text, err
}

// yamlEntry is an entry of ours in a YAML document.
type yamlEntry struct {
	under   string // the name that it is below
	find    func(*yaml.Node) *yaml.Node
	command string // the key of what it starts
	lines   func(Server) []string
}

func (e yamlEntry) set(text []byte, s Server) ([]byte, error) {
	d, err := readYAML(text)
	if err != nil {
		return nil, err
	}
	_, list := under(d.top, e.under)
	there := e.find(list)
	if there == nil {
		out, err := d.put(e.under, e.lines(s))
		if err != nil {
			return nil, err
		}
		return out, e.check(text, out)
	}
	key, command := under(there, e.command)
	switch {
	case command == nil:
		return nil, errForeign
	case command.Value == s.Command:
		return text, nil
	case !isTally(command.Value):
		return nil, errForeign
	case command.Line != key.Line || command.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return nil, &SyntaxError{Line: key.Line, Text: "starts another program: correct it by hand"}
	}
	lines := d.lines()
	lines[key.Line-1] = lines[key.Line-1][:command.Column-1] + Quote(s.Command) + d.newline()
	return []byte(strings.Join(lines, "")), nil
}

func (e yamlEntry) drop(text []byte) ([]byte, error) {
	d, err := readYAML(text)
	if err != nil {
		return nil, err
	}
	parent, list := under(d.top, e.under)
	there := e.find(list)
	if there == nil {
		return text, nil
	}
	n := len(list.Content)
	line, indent := there.Line, there.Column-3 // the dash of an element
	if list.Kind == yaml.MappingNode {
		key, _ := under(list, serverName)
		line, indent, n = key.Line, key.Column-1, n/2
	}
	return d.take(line, indent, parent, n == 1), nil
}

var errLayout = errors.New("it is laid out in a way that is not known here: add the server by hand")

// check sees that an edit by lines has put in the entry, and that the document says
// what it said in everything else.
func (e yamlEntry) check(before, after []byte) error {
	d, err := readYAML(after)
	if err != nil {
		return errLayout
	}
	if _, list := under(d.top, e.under); e.find(list) == nil {
		return errLayout
	}
	rest, err := e.drop(after)
	if err != nil {
		return errLayout
	}
	was, errWas := canonical(before, e.under)
	is, errIs := canonical(rest, e.under)
	if errWas != nil || errIs != nil || was != is {
		return errLayout
	}
	return nil
}

// canonical is what a document says, without a name that has nothing below it.
func canonical(text []byte, name string) (string, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return "", err
	}
	switch v := doc[name].(type) {
	case nil:
		delete(doc, name)
	case []any:
		if len(v) == 0 {
			delete(doc, name)
		}
	case map[string]any:
		if len(v) == 0 {
			delete(doc, name)
		}
	}
	out, err := yaml.Marshal(doc)
	return string(out), err
}

func goose() yamlEntry {
	return yamlEntry{
		under: "extensions", command: "cmd",
		find: func(list *yaml.Node) *yaml.Node { _, v := under(list, serverName); return v },
		lines: func(s Server) []string {
			return append([]string{
				serverName + ":", "  enabled: true", "  type: stdio", "  name: " + serverName, "  description: Memory that lasts, on every machine",
				"  cmd: " + Quote(s.Command),
			}, append(yamlArgs(s), "  envs: {}", "  timeout: 300")...)
		},
	}
}

func yamlArgs(s Server) []string {
	out := []string{"  args:"}
	for _, a := range s.Args {
		out = append(out, "    - "+Quote(a))
	}
	return out
}

func setGoose(text []byte, s Server) ([]byte, error) { return goose().set(text, s) }
func dropGoose(text []byte) ([]byte, error)          { return goose().drop(text) }

func continueEntry() yamlEntry {
	return yamlEntry{
		under: "mcpServers", command: "command",
		find: func(list *yaml.Node) *yaml.Node {
			if list == nil || list.Kind != yaml.SequenceNode {
				return nil
			}
			for _, n := range list.Content {
				if _, name := under(n, "name"); name != nil && name.Value == serverName {
					return n
				}
			}
			return nil
		},
		lines: func(s Server) []string {
			return append([]string{"- name: " + serverName, "  type: stdio", "  command: " + Quote(s.Command)}, yamlArgs(s)...)
		},
	}
}

// setContinue adds the server to the configuration of Continue, and the names that
// one must have if there is none yet.
func setContinue(text []byte, s Server) ([]byte, error) {
	if len(text) == 0 {
		text = []byte("name: Local Assistant\nversion: 1.0.0\nschema: v1\n")
	}
	return continueEntry().set(text, s)
}

func dropContinue(text []byte) ([]byte, error) { return continueEntry().drop(text) }
