package openapi

import (
	"encoding"
	"reflect"
)

// Inline is the schema of a value of type t that stands by itself, in a path, a
// header or a query: a text, a number, a truth value, or a list of them. The rules
// are those of [Tagged].
func Inline(t reflect.Type, rules Schema) Schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := Schema{Type: Types{"string"}}
	switch t.Kind() { //nolint:exhaustive // all else is a text
	case reflect.Bool:
		s.Type = Types{"boolean"}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64:
		s.Type = Types{"integer"}
	case reflect.Float64:
		s.Type = Types{"number"}
	case reflect.Slice:
		items := Inline(t.Elem(), Schema{})
		s.Type, s.Items = Types{"array"}, &items
	case reflect.Struct:
		if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			s.Format = "date-time"
		}
	}
	return *s.with(&rules)
}
