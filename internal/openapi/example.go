package openapi

import (
	"encoding/json"
	"slices"
	"strings"
)

// maxNested is how deep examples go.
const maxNested = 4

// Example is a value that fits s, made of the examples of its parts: of an object in an
// answer all of them.
func (d *Document) Example(s *Schema, answer bool) any { return exampler{d, answer}.of(s, 0) }

type exampler struct {
	doc    *Document
	answer bool
}

func (x exampler) of(s *Schema, depth int) any {
	if s != nil && s.Ref != "" {
		described := s
		if s = x.doc.Components.Schemas[s.Component()]; len(described.Examples) > 0 {
			return described.Examples[0]
		}
	}
	switch {
	case s == nil || depth > maxNested:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return x.of(s.AnyOf[0], depth+1)
	case len(s.Properties) > 0:
		return x.object(s, depth)
	case slices.Contains(s.Type, "array"):
		if item := x.of(s.Items, depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	}
	return s.plain()
}

func (x exampler) object(s *Schema, depth int) any {
	out := object{}
	for _, p := range s.Properties {
		if !x.answer && !shows(s, &p) {
			continue
		}
		if v := x.of(p.Schema, depth+1); v != nil {
			out = append(out, member{p.Name, v})
		}
	}
	return out
}

// shows reports whether a property is in the example of a request: what is needed, and
// where to; where nothing is needed, what has an example.
func shows(s *Schema, p *Property) bool {
	text := p.Schema.Description
	switch {
	case strings.HasPrefix(text, aliasOf):
		return false
	case slices.Contains(s.Required, p.Name), strings.HasSuffix(text, needsOne):
		return true
	case len(p.Schema.Examples) == 0 || p.Name == "agent_id":
		return false
	}
	needed := func(p Property) bool { return strings.HasSuffix(p.Schema.Description, needsOne) }
	return p.Name == "namespace" || p.Name == "tags" || len(s.Required) == 0 && !slices.ContainsFunc(s.Properties, needed)
}

// plain is a value of a type of which no more is known.
func (s *Schema) plain() any {
	switch {
	case s.Format == "date-time":
		return "2030-01-31T12:00:00.000000000+00:00"
	case slices.Contains(s.Type, "integer"), slices.Contains(s.Type, "number"):
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	case slices.Contains(s.Type, "boolean"):
		return false
	case slices.Contains(s.Type, "string"):
		return "text"
	}
	return object{}
}

// object is a JSON object in the order of its members.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes an object, in order.
func (o object) MarshalJSON() ([]byte, error) {
	return ordered(len(o), func(i int) (string, any) { return o[i].name, o[i].value })
}

// indented is v as JSON for people, "" for nothing.
func indented(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(b)
}
