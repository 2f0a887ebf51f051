package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
	"github.com/tallystick/tallystick/internal/verb/aimemory"
)

// aiMemoryTools are the tools of ai-memory, under its names and with its
// parameters. Those that are nothing here say why.
func aiMemoryTools(table []verb.Verb) []Tool {
	var out []Tool
	for _, theirs := range aimemory.Tools() {
		t := Tool{Name: theirs.Name, Title: theirs.Name, Text: "Not here: " + theirs.Why + ".", Reads: true, run: absent(theirs.Why)}
		var v *verb.Verb
		if theirs.Verb != "" {
			v = verb.Find(table, theirs.Verb)
			t = toolOf(v, nil, nil)
			t.Name, t.run = theirs.Name, translated(&theirs, t.run)
		}
		t.Input = theirSchema(&theirs, v)
		out = append(out, t)
	}
	return out
}

// absent refuses what this server does not do.
func absent(why string) handler {
	return func(context.Context, *verb.Call, json.RawMessage) (any, error) {
		return nil, &verb.Problem{Code: client.CodeAbsent, Text: "not implemented: " + why}
	}
}

// theirSchema has the parameters as ai-memory lists them, and our words for them.
func theirSchema(theirs *aimemory.Tool, v *verb.Verb) json.RawMessage {
	words := map[string]string{}
	if v != nil {
		for _, f := range v.Fields() {
			words[f.Name] = f.Schema.Description
		}
	}
	out := &openapi.Schema{Type: openapi.Types{"object"}, Properties: openapi.Properties{}, Required: []string{}}
	for _, p := range theirs.Params {
		name := p.Name
		if to, is := theirs.Renames[name]; is {
			name = to
		}
		s := &openapi.Schema{Description: words[name]}
		switch {
		case p.Type != "" && p.Need:
			s.Type = openapi.Types{p.Type}
		case p.Type != "":
			s.Type = openapi.Types{p.Type, "null"}
		}
		if p.Type == "array" {
			s.Items = &openapi.Schema{}
		}
		out.Properties = append(out.Properties, openapi.Property{Name: p.Name, Schema: s})
		if p.Need {
			out.Required = append(out.Required, p.Name)
		}
	}
	return rendered(out)
}

// translated calls a verb with the arguments of a tool of ai-memory.
func translated(theirs *aimemory.Tool, run handler) handler {
	return func(ctx context.Context, call *verb.Call, args json.RawMessage) (any, error) {
		var all map[string]json.RawMessage
		if json.Unmarshal(args, &all) != nil {
			return run(ctx, call, args) // which says what is wrong with them
		}
		out := map[string]json.RawMessage{}
		for name, raw := range all {
			if err := translate(theirs, call, out, name, raw); err != nil {
				return nil, err
			}
		}
		clean, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("arguments of %s: %w", theirs.Name, err)
		}
		return run(ctx, call, clean)
	}
}

// translate puts an argument where the verb looks for it. A null is as good as
// nothing; what asks for something that this server does not do is refused, because
// an answer as if it had not been asked would be a wrong one.
func translate(theirs *aimemory.Tool, call *verb.Call, out map[string]json.RawMessage, name string, raw json.RawMessage) error {
	text := string(raw)
	switch {
	case text == "null" || slices.Contains(theirs.Ignored, name):
	case slices.Contains(theirs.Refused, name):
		if text != "false" && text != `""` && text != "[]" {
			return &verb.Problem{Code: client.CodeNotSupported, Text: name + ": not supported by this server", Fields: []string{name}}
		}
	case name == theirs.Version && name != "":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return verb.BadField(name, "%s: want a whole number", name)
		}
		call.If.Match = []int64{n}
	default:
		if to, is := theirs.Renames[name]; is {
			name = to
		}
		out[name] = raw
	}
	return nil
}
