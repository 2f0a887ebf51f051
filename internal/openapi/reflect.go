package openapi

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Registry turns Go types into schemas. Named structs become components, other
// types stand where they are used. It is not safe for concurrent use.
type Registry struct {
	known   map[reflect.Type]Schema // how a type is written that has no fields to look at
	names   map[reflect.Type]string
	words   map[string]Schema
	used    map[string]bool // of words
	schemas map[string]*Schema
	owners  map[string]reflect.Type // of component names
	errs    []error
}

// NewRegistry returns a registry. Words say what a field means and which values
// it takes, by the name of the field, or more specific as "Component.field".
// What a word leaves open is as the Go type says.
func NewRegistry(words map[string]Schema) *Registry {
	return &Registry{
		known: map[reflect.Type]Schema{}, names: map[reflect.Type]string{}, words: words, used: map[string]bool{},
		schemas: map[string]*Schema{}, owners: map[string]reflect.Type{},
	}
}

// Define says how values of T are written.
func Define[T any](r *Registry, s Schema) { r.known[reflect.TypeFor[T]()] = s }

// Name gives T, a struct, the name of its component. Without one the name is
// made of that of the type.
func Name[T any](r *Registry, name string) { r.names[reflect.TypeFor[T]()] = name }

// Schemas are the components so far.
func (r *Registry) Schemas() map[string]*Schema { return maps.Clone(r.schemas) }

// Err reports everything that could not be described.
func (r *Registry) Err() error {
	errs := slices.Clone(r.errs)
	for _, w := range slices.Sorted(maps.Keys(r.words)) {
		if !r.used[w] {
			errs = append(errs, fmt.Errorf("the word %q describes no field", w))
		}
	}
	return errors.Join(errs...)
}

// Response is the schema of v, a value that the API writes: a field without
// omitempty or omitzero is always there.
func (r *Registry) Response(v any) *Schema { return r.schema(reflect.TypeOf(v), shape{}) }

// Request is the schema of v, a body that the API reads, in which the needed
// fields must be present. The others may be absent; so in structs of the same
// package that it is made of.
func (r *Registry) Request(v any, need ...string) *Schema {
	t := reflect.TypeOf(v)
	elem := t
	for elem.Kind() == reflect.Slice || elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	return r.schema(t, shape{request: true, pkg: elem.PkgPath(), top: elem, need: need})
}

// Alias adds to a component properties that stand for others of it. One of the
// names of a needed property must be there.
func (r *Registry) Alias(s *Schema, aliases map[string]string, need []string) {
	object := r.schemas[s.Component()]
	for _, alias := range slices.Sorted(maps.Keys(aliases)) {
		p := object.Properties.Get(aliases[alias])
		if p == nil || object.Properties.Get(alias) != nil {
			continue
		}
		if of := aliases[alias]; slices.Contains(need, of) && !strings.Contains(p.Description, "Required") {
			p.Description += needsOne
		}
		other := *p
		other.Description = aliasOf + aliases[alias] + "."
		object.Properties = append(object.Properties, Property{alias, &other})
	}
}

// What descriptions say of names that stand for each other.
const (
	needsOne = " Required, under one of its names."
	aliasOf  = "Another name of "
)

// Field is the schema of a property of a component, nil if it has none of that name.
func (r *Registry) Field(s *Schema, name string) *Schema {
	return r.schemas[s.Component()].Properties.Get(name)
}

// shape says how to look at structs.
type shape struct {
	request bool
	pkg     string       // whose structs are requests
	top     reflect.Type // the one that need is about
	need    []string
}

func (s shape) lenient(t reflect.Type) bool { return s.request && t.PkgPath() == s.pkg }

func (r *Registry) fail(format string, args ...any) *Schema {
	r.errs = append(r.errs, fmt.Errorf(format, args...))
	return &Schema{}
}

func (r *Registry) schema(t reflect.Type, in shape) *Schema {
	if t == nil {
		return r.fail("nothing is known of an untyped nil")
	}
	if s, ok := r.known[t]; ok {
		return &s
	}
	if t.Kind() != reflect.Pointer && writesItself(t) {
		return r.fail("%s writes its own JSON: define its schema", t)
	}
	switch t.Kind() { //nolint:exhaustive // the rest has no JSON form, or none that can be told
	case reflect.Pointer:
		return r.schema(t.Elem(), in)
	case reflect.Bool:
		return &Schema{Type: Types{"boolean"}}
	case reflect.String:
		return &Schema{Type: Types{"string"}}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: Types{"number"}, Format: "double"}
	case reflect.Int32:
		return &Schema{Type: Types{"integer"}, Format: "int32"}
	case reflect.Int, reflect.Int64:
		return &Schema{Type: Types{"integer"}, Format: "int64"}
	case reflect.Uint32, reflect.Uint64:
		return &Schema{Type: Types{"integer"}, Format: "int64", Minimum: new(float64)}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Type: Types{"string"}, Format: "byte"} // base64
		}
		return &Schema{Type: Types{"array"}, Items: r.schema(t.Elem(), in)}
	case reflect.Map:
		return &Schema{Type: Types{"object"}, Additional: r.schema(t.Elem(), in)}
	case reflect.Struct:
		return r.component(t, in)
	}
	return r.fail("%s says nothing about its JSON: use a type with fields", t)
}

func writesItself(t reflect.Type) bool {
	for _, i := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[json.Unmarshaler]()} {
		if t.Implements(i) || reflect.PointerTo(t).Implements(i) {
			return true
		}
	}
	return false
}

// component describes a struct once, and refers to it from then on.
func (r *Registry) component(t reflect.Type, in shape) *Schema {
	name := r.nameOf(t)
	if name == "" {
		return r.fail("a struct without a name, with %d fields: give its type a name", t.NumField())
	}
	switch owner, taken := r.owners[name]; {
	case taken && owner != t:
		return r.fail("%s and %s both want to be the component %s: name one of them", owner, t, name)
	case taken:
		return RefTo(name)
	}
	r.owners[name] = t
	s := &Schema{Type: Types{"object"}}
	r.schemas[name] = s // before the fields: they may refer to it
	r.fields(s, t, name, in, nil)
	if in.top == t {
		for _, need := range in.need {
			if s.Properties.Get(need) == nil {
				r.fail("%s: there is no field %q, which is said to be needed", t, need)
			}
		}
		s.Required = in.need
	}
	if len(s.Properties) == 0 {
		r.fail("%s has no fields that JSON shows", t)
	}
	return RefTo(name)
}

func (r *Registry) nameOf(t reflect.Type) string {
	if n, ok := r.names[t]; ok {
		return n
	}
	n := strings.TrimSuffix(t.Name(), "View")
	if base, ok := strings.CutSuffix(n, "Body"); ok {
		n = base + "Request"
	}
	first, size := utf8.DecodeRuneInString(n)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + n[size:]
}

// fields adds the fields of t to s, but for those that are hidden. Fields of
// embedded structs count as fields of t, unless t has one of that name.
func (r *Registry) fields(s *Schema, t reflect.Type, component string, in shape, hidden []string) {
	below := slices.Clone(hidden)
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		below = append(below, tag)
	}
	for f := range t.Fields() {
		tag, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "-", in.request && f.Tag.Get("in") != "":
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			r.fields(s, f.Type, component, in, below)
		case !f.IsExported(), slices.Contains(hidden, tag) && tag != "":
		case tag == "":
			r.fail("%s.%s has no name in JSON", t, f.Name)
		default:
			r.field(s, f, tag+","+opts, component, in, in.lenient(t))
		}
	}
}

func (r *Registry) field(s *Schema, f reflect.StructField, tag, component string, in shape, lenient bool) {
	name, opts, _ := strings.Cut(tag, ",")
	in.need = nil
	sometimes := lenient || strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")
	p := r.property(f, component, name, in)
	if strings.Contains(opts, "string") {
		p.Type, p.Format, p.Minimum = Types{"string"}, "", nil
	}
	if f.Type.Kind() == reflect.Pointer && !sometimes {
		p = nullable(p)
	}
	s.Properties = append(s.Properties, Property{name, p})
	if !sometimes {
		s.Required = append(s.Required, name)
	}
}

// property is the schema of a field, with what its tags say, or else the words
// about its name.
func (r *Registry) property(f reflect.StructField, component, name string, in shape) *Schema {
	word, err := Tagged(f)
	if err != nil {
		r.fail("%s.%s: %w", component, name, err)
	}
	if word.Description == "" {
		word = r.word(component, name)
	}
	var s *Schema
	if word.whole() {
		s = &word
	} else {
		before := len(r.errs)
		if f.Tag.Get("doc") != "" {
			in = shape{} // what such a field holds is whole in requests too
		}
		s = r.schema(f.Type, in).with(&word)
		if _, nested := r.owners[s.Component()]; !nested {
			for i, err := range r.errs[before:] {
				r.errs[before+i] = fmt.Errorf("%s.%s: %w", component, name, err)
			}
		}
	}
	if s.Description == "" {
		r.fail("%s.%s: no word says what it is", component, name)
	}
	return s
}

// word is what the words say of a field.
func (r *Registry) word(component, name string) Schema {
	word, has := r.words[component+"."+name]
	if has {
		r.used[component+"."+name] = true
	} else if word, has = r.words[name]; has {
		r.used[name] = true
	}
	return word
}

// whole reports whether s says by itself what there may be.
func (s *Schema) whole() bool { return len(s.Type) > 0 || len(s.AnyOf) > 0 || s.Ref != "" }

// with is s with what more says on top.
func (s *Schema) with(more *Schema) *Schema {
	if more.whole() {
		return more
	}
	out := *s
	if more.Items != nil && out.Items != nil {
		out.Items = out.Items.with(more.Items)
	}
	to, from := reflect.ValueOf(&out).Elem(), reflect.ValueOf(more).Elem()
	for i := range from.NumField() {
		if f := from.Field(i); !f.IsZero() && to.Type().Field(i).Name != "Items" {
			to.Field(i).Set(f)
		}
	}
	return &out
}

// nullable is s, or null.
func nullable(s *Schema) *Schema {
	switch {
	case s.Ref != "":
		return &Schema{Description: s.Description, AnyOf: []*Schema{{Ref: s.Ref}, {Type: Types{"null"}}}}
	case len(s.AnyOf) > 0 || slices.Contains(s.Type, "null"):
		return s
	}
	out := *s
	out.Type = append(slices.Clone(s.Type), "null")
	if len(out.Enum) > 0 {
		out.Enum = append(slices.Clone(out.Enum), nil)
	}
	return &out
}
