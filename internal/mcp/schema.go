package mcp

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
)

// inputSchema is the JSON Schema of what a tool takes: the fields of the verb that
// the tool offers, each whole in itself.
func inputSchema(v *verb.Verb, fields []string) (json.RawMessage, error) {
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
		short := *p
		short.Examples, short.MaxLength, short.Format = nil, nil, "" // an agent reads the words; the node checks the rest
		out.Properties = append(out.Properties, openapi.Property{Name: f.Name, Schema: &short})
		if f.Need {
			out.Required = append(out.Required, f.Name)
		}
	}
	for _, name := range fields {
		if out.Properties.Get(name) == nil {
			return nil, fmt.Errorf("verb %s has no field %s", v.Name, name)
		}
	}
	return json.Marshal(out)
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
