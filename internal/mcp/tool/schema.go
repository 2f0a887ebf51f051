package tool

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
)

// inputSchema is the JSON Schema of what a tool takes: the fields of the verb that
// the tool offers, each whole in itself. A field that the verb does not have is a
// bug of this package, and panics. Project: the namespace is that of the project, unless
// a call says otherwise.
func inputSchema(v *verb.Verb, fields []string, project bool) json.RawMessage {
	reg := verb.Registry()
	body := reg.Request(v.Input())
	whole := inliner{reg.Schemas()}
	object := whole.of(body, 0)
	out := &openapi.Schema{Type: openapi.Types{"object"}, Properties: openapi.Properties{}, Required: []string{}}
	for _, f := range v.Fields() {
		if f.In == "header" || fields != nil && !slices.Contains(fields, f.Name) || isAlias(v, f.Name) {
			continue
		}
		p := object.Properties.Get(f.Name)
		if p == nil {
			p = &f.Schema
		}
		p = worded(p, fields != nil)
		p.Description = forAgents(p.Description, project)
		out.Properties = append(out.Properties, openapi.Property{Name: f.Name, Schema: p})
		if f.Need {
			out.Required = append(out.Required, f.Name)
		}
	}
	for _, name := range fields {
		if out.Properties.Get(name) == nil {
			panic(fmt.Sprintf("verb %s has no field %s", v.Name, name))
		}
	}
	return rendered(out)
}

// worded is the schema of a field without what only the node needs to check: an
// agent reads the words. A short one also has one form where there are several, and
// no bounds but those that a model might try to pass.
func worded(s *openapi.Schema, short bool) *openapi.Schema {
	out := *s
	out.Examples, out.MaxLength, out.Format = nil, nil, ""
	if !short {
		return &out
	}
	out.MinLength, out.MinItems, out.MaxItems, out.Default = nil, nil, nil, nil
	if len(out.AnyOf) > 0 {
		first := *out.AnyOf[0]
		first.Description = out.Description
		out = first
	}
	if len(out.Type) > 1 {
		out.Type = out.Type[:1]
	}
	if out.Items != nil {
		out.Items = worded(out.Items, short)
	}
	if out.Maximum != nil && *out.Maximum > maxBound {
		out.Maximum, out.Minimum = nil, nil
	}
	return &out
}

// forAgents is what is said of a field where that is otherwise for a tool than for a
// program: what a call that names no namespace is about, and what knows no HTTP.
func forAgents(text string, project bool) string {
	words := []string{"error is 409", "error refuses", "Goes into the metadata: private", "Who sees it: private"}
	if project {
		words = append(words, "global if it is absent", "the project's if it is absent")
	}
	return strings.NewReplacer(words...).Replace(text)
}

// maxBound is the highest bound that is worth its words.
const maxBound = 1000

// outputSchema is the JSON Schema of what a tool gives: the members of all its
// answers, without words and without what is within them. None is required, because
// clients hold refusals against it, too. With a list, only those that it names are
// there.
func outputSchema(v *verb.Verb, only []string) json.RawMessage {
	reg := verb.Registry()
	out := &openapi.Schema{Type: openapi.Types{"object"}, Properties: openapi.Properties{}}
	var shapes []any
	for _, a := range v.Answers {
		shapes = append(shapes, a.Shapes...)
	}
	if v.Waits {
		shapes = append(shapes, client.Waiting{})
	}
	for _, shape := range shapes {
		s := reg.Response(shape)
		if target, known := reg.Schemas()[s.Component()]; known {
			s = target
		}
		for _, p := range s.Properties {
			if only == nil || slices.Contains(only, p.Name) {
				out.Properties = joined(out.Properties, openapi.Property{Name: p.Name, Schema: shallow(p.Schema)})
			}
		}
	}
	return rendered(out)
}

// joined adds a property to those of other answers. One that two of them have with
// different types may be anything.
func joined(all openapi.Properties, p openapi.Property) openapi.Properties {
	for i := range all {
		if all[i].Name != p.Name {
			continue
		}
		if !slices.Equal(all[i].Schema.Type, p.Schema.Type) {
			all[i].Schema = &openapi.Schema{}
		}
		return all
	}
	return append(all, p)
}

// shallow is the type of a schema.
func shallow(s *openapi.Schema) *openapi.Schema {
	out := &openapi.Schema{Type: slices.Clone(s.Type)}
	switch {
	case s.Ref != "" && s.Component() == "ErrorCode":
		out.Type = openapi.Types{"string"}
	case s.Ref != "":
		out.Type = openapi.Types{"object"}
	case len(s.AnyOf) > 0:
		out.Type = nil // one of several: the words say which
	}
	return out
}

// rendered is a schema as JSON. It is made of values that have one.
func rendered(s *openapi.Schema) json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return raw
}

func isAlias(v *verb.Verb, name string) bool {
	_, is := v.Aliases[name]
	return is
}

// inliner puts components where they are referred to.
type inliner struct{ components map[string]*openapi.Schema }

// maxDepth ends schemas that refer to themselves.
const maxDepth = 6

func (in inliner) of(s *openapi.Schema, depth int) *openapi.Schema {
	if s == nil || depth > maxDepth {
		return &openapi.Schema{}
	}
	if s.Ref != "" {
		target, known := in.components[s.Component()]
		if !known {
			return &openapi.Schema{Description: s.Description}
		}
		whole := *in.of(target, depth+1)
		if s.Description != "" {
			whole.Description = s.Description
		}
		return &whole
	}
	out := *s
	if s.Items != nil {
		out.Items = in.of(s.Items, depth+1)
	}
	out.AnyOf = nil
	for _, one := range s.AnyOf {
		out.AnyOf = append(out.AnyOf, in.of(one, depth+1))
	}
	out.Properties = nil
	for _, p := range s.Properties {
		out.Properties = append(out.Properties, openapi.Property{Name: p.Name, Schema: in.of(p.Schema, depth+1)})
	}
	return &out
}
