package tool

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
)

// filesAnswer is a text for the model, and nothing else: its words are those that
// the model knows.
type filesAnswer struct {
	Text string `json:"text"`
}

func (a filesAnswer) plain() string { return a.Text }

// fileTools is the one tool of the profile.
func fileTools(table []verb.Verb) []Tool {
	return []Tool{{
		Name: "memory", Title: "Memory", Text: "Keep notes for later sessions as files below " + filesRoot + ", on every machine. View the folder before other work.",
		Input: rendered(filesSchema()), Output: rendered(filesOutput()), project: true,
		run: func(ctx context.Context, call *verb.Call, args json.RawMessage) (any, error) {
			in, err := filesInputOf(args)
			if err != nil {
				return nil, err
			}
			f := files{&session{table: table, call: call}, filesSpace + in.Namespace}
			text, err := f.run(ctx, in)
			return filesAnswer{text}, err
		},
	}}
}

func filesSchema() *openapi.Schema {
	of := func(kind, text string) *openapi.Schema {
		return &openapi.Schema{Type: openapi.Types{kind}, Description: text}
	}
	command := of("string", "What to do.")
	command.Enum = []any{"view", "create", "str_replace", "insert", "delete", "rename"}
	lines := listOf(of("integer", ""))
	lines.Description = "view: first and last line, from 1; -1 is the end."
	s := object(
		member("command", command),
		member("path", of("string", "Of all but rename: a file or folder, as /memories/plan.md.")),
		member("view_range", lines),
		member("file_text", of("string", "create: what the new file has.")),
		member("old_str", of("string", "str_replace: text that stands in the file once.")),
		member("new_str", of("string", "str_replace: what comes in its place.")),
		member("insert_line", of("integer", "insert: after which line; 0 is the beginning.")),
		member("insert_text", of("string", "insert: the text.")),
		member("old_path", of("string", "rename: from.")),
		member("new_path", of("string", "rename: to.")),
	)
	s.Required = []string{"command"}
	return s
}

// filesOutput requires nothing, because clients hold refusals against it, too.
func filesOutput() *openapi.Schema {
	s := object(member("text", &openapi.Schema{Type: openapi.Types{"string"}}))
	s.Required = nil
	return s
}

func filesInputOf(args json.RawMessage) (*filesInput, error) {
	schema := filesSchema()
	schema.Properties = append(schema.Properties, member("namespace", &openapi.Schema{}))
	in := &filesInput{}
	if err := strictly(args, schema, in); err != nil {
		return nil, err
	}
	if in.Namespace == "" {
		in.Namespace = memory.DefaultNamespace
	}
	return in, nil
}

// run carries a command out.
func (f files) run(ctx context.Context, in *filesInput) (string, error) {
	if in.Command == "rename" {
		return f.rename(ctx, in)
	}
	if in.Command == "view" && in.Path == "" {
		in.Path = filesRoot
	}
	name, err := fileName("path", in.Path)
	if err != nil {
		return "", err
	}
	switch in.Command {
	case "view":
		return f.view(ctx, name, in.ViewRange)
	case "create":
		return f.create(ctx, name, in)
	case "str_replace":
		return f.replace(ctx, name, in)
	case "insert":
		return f.insert(ctx, name, in)
	case "delete":
		return f.remove(ctx, name)
	}
	return "", verb.BadField("command", "command: there is no %.40q; there are view, create, str_replace, insert, delete and rename", in.Command)
}
