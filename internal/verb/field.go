package verb

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/openapi"
)

// Where surfaces with several places for arguments find one. The empty place is
// the body, or the query of a request without one.
const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
)

// field is an argument of a verb, as the tags of its Go field have it:
//
//	json     its name
//	in       path, query or header, where it is found there and nowhere else
//	need     it must be given
//	claim    it names who calls, and is refused if it names somebody else
//	clamp    a number over max counts as max
//	bad      the code of the problem where the value is none of enum
//	narrows  without it more is meant: a null is not as good as nothing
//	commas   a text of a list may hold several, with commas between them
//
// and those of [openapi.Tagged].
type field struct {
	name  string
	index []int
	typ   reflect.Type
	in    string
	need  bool
	claim bool
	clamp bool
	comma bool
	only  bool        // it narrows what is meant
	bad   client.Code // of the problem where the value is none of the enum; "": the common one
	rules openapi.Schema
}

// fieldsOf lists the fields of a struct, those of embedded structs among them.
// A tag that cannot be read is a bug of this program.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		rules, err := openapi.Tagged(f)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", t, err))
		}
		has := func(tag string) bool { return f.Tag.Get(tag) == "true" }
		out = append(out, field{
			name: name, index: f.Index, typ: f.Type, in: f.Tag.Get("in"),
			need: has("need"), claim: has("claim"), clamp: has("clamp"), comma: has("commas"), only: has("narrows"), bad: client.Code(f.Tag.Get("bad")), rules: rules,
		})
	}
	return out
}

// unescaped is a time of a query in which the sign of "+00:00" was not escaped. A space
// between date and time is one.
func unescaped(text string) string {
	const date = len("2026-01-31")
	if len(text) <= date {
		return text
	}
	return text[:date+1] + strings.ReplaceAll(text[date+1:], " ", "+")
}

// isSwitch reports whether the field is true or false.
func (f *field) isSwitch() bool {
	t := f.typ
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Bool
}

// set gives the field the value that texts stand for.
func (f *field) set(v reflect.Value, texts []string) error {
	to := v.FieldByIndex(f.index)
	for to.Kind() == reflect.Pointer {
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		to = to.Elem()
	}
	if to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.String {
		return f.setList(to, texts)
	}
	if len(texts) > 1 {
		return BadField(f.name, "%s: given %d times", f.name, len(texts))
	}
	return f.setOne(to, texts[0])
}

func (f *field) setList(to reflect.Value, texts []string) error {
	list := reflect.MakeSlice(to.Type(), 0, len(texts))
	for _, text := range texts {
		parts := []string{text}
		if f.comma {
			parts = strings.Split(text, ",")
		}
		for _, part := range parts {
			if f.comma {
				part = strings.TrimSpace(part)
			}
			if part == "" {
				return BadField(f.name, "%s: must not be empty", f.name)
			}
			list = reflect.Append(list, reflect.ValueOf(part).Convert(to.Type().Elem()))
		}
	}
	to.Set(list)
	return nil
}

func (f *field) setOne(to reflect.Value, text string) error {
	if u, is := reflect.TypeAssert[encoding.TextUnmarshaler](to.Addr()); is {
		if strings.HasSuffix(to.Type().Name(), "Time") {
			text = unescaped(text)
		}
		if u.UnmarshalText([]byte(text)) != nil {
			return f.wrong(text)
		}
		return nil
	}
	switch to.Kind() { //nolint:exhaustive // a query has no other values
	case reflect.String:
		to.SetString(text)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if text == "" { // present without a value
			b, err = true, nil
		}
		to.SetBool(b)
		return f.unless(err, text)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(wholeOf(text), 10, to.Type().Bits())
		to.SetInt(n)
		return f.unless(err, text)
	case reflect.Uint64:
		n, err := strconv.ParseUint(wholeOf(text), 10, 64)
		to.SetUint(n)
		return f.unless(err, text)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		to.SetFloat(n)
		return f.unless(err, text)
	}
	return BadField(f.name, "%s: want it in the body", f.name)
}

// wholeOf writes a whole number as package strconv wants it: 5.0 and 5e0 are 5.
func wholeOf(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if !strings.ContainsAny(text, ".eE") || err != nil || n != float64(int64(n)) || n >= 1<<53 || n <= -1<<53 {
		return text
	}
	return strconv.FormatInt(int64(n), 10)
}

func (f *field) unless(err error, text string) error {
	if err != nil {
		return f.wrong(text)
	}
	return nil
}

// wrong says what a text should have been.
func (f *field) wrong(text string) error {
	return BadField(f.name, "%s %.64q: want %s", f.name, text, f.wanted())
}

// wanted names in words the values that the field takes.
func (f *field) wanted() string {
	t := f.typ
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	least, most := f.rules.Minimum, f.rules.Maximum
	switch {
	case len(f.rules.Enum) > 0:
		return alternatives(f.rules.Enum)
	case strings.HasSuffix(t.Name(), "Time"):
		return "a time in RFC 3339, such as 2026-01-31T12:00:00Z"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case least != nil && most != nil:
		return fmt.Sprintf("a number from %v to %v", *least, int64(*most))
	case least != nil:
		return fmt.Sprintf("a number of %v or more", *least)
	case t.Kind() == reflect.String:
		return "a text"
	}
	return "a number"
}

// alternatives are words with commas, and "or" before the last.
func alternatives(words []any) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, w)
	}
	return b.String()
}
