package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Tagged is what the tags of a field say of its values:
//
//	doc       what it means
//	enum      the values there are, with commas between them
//	min, max  of a number
//	minlen, maxlen      characters of a text
//	minitems, maxitems  of a list
//	default, example    a value: JSON, or a text as it is
//	format, pattern     of a text, as JSON Schema has them
//	type                JSON types in place of that of the field, with commas
//
// Of a list, enum, maxlen and pattern are about its items.
func Tagged(f reflect.StructField) (Schema, error) {
	p := tagReader{tag: f.Tag, list: isList(f.Type)}
	s := Schema{
		Description: f.Tag.Get("doc"), Format: f.Tag.Get("format"),
		Minimum: p.number("min"), Maximum: p.number("max"), MinItems: p.count("minitems"), MaxItems: p.count("maxitems"), MinLength: p.count("minlen"),
		Default: p.value("default", f.Type),
	}
	if e := p.value("example", f.Type); e != nil {
		s.Examples = []any{e}
	}
	if types := f.Tag.Get("type"); types != "" {
		s.Type = strings.Split(types, ",")
		if slices.Contains(s.Type, "object") {
			s.Additional = &Schema{}
		}
		if slices.Contains(s.Type, "array") {
			s.Items = &Schema{}
		}
	}
	of := Schema{Pattern: f.Tag.Get("pattern"), MaxLength: p.count("maxlen")}
	for word := range strings.SplitSeq(f.Tag.Get("enum"), ",") {
		if word != "" {
			of.Enum = append(of.Enum, word)
		}
	}
	switch {
	case p.list && (of.Pattern != "" || of.MaxLength != nil || len(of.Enum) > 0):
		s.Items = &of
	case !p.list:
		s.Pattern, s.MaxLength, s.Enum = of.Pattern, of.MaxLength, of.Enum
	}
	if p.err != nil {
		return s, fmt.Errorf("field %s: %w", f.Name, p.err)
	}
	return s, nil
}

func isList(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8
}

// tagReader reads the tags of one field; the first error stays.
type tagReader struct {
	tag  reflect.StructTag
	list bool
	err  error
}

func (p *tagReader) number(name string) *float64 {
	s, has := p.tag.Lookup(name)
	if !has {
		return nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("tag %s: %w", name, err)
	}
	return &n
}

func (p *tagReader) count(name string) *int {
	n := p.number(name)
	if n == nil {
		return nil
	}
	return new(int(*n))
}

// value is the value of a tag: for a text as it stands there, else as JSON.
func (p *tagReader) value(name string, t reflect.Type) any {
	s, has := p.tag.Lookup(name)
	if !has {
		return nil
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var v any
	if t.Kind() == reflect.String || json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}
