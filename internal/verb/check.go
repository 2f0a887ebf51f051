package verb

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
)

// check holds a value that was given against what the tags of its field say.
func (f *field) check(v reflect.Value) error {
	to := v.FieldByIndex(f.index)
	for to.Kind() == reflect.Pointer {
		if to.IsNil() {
			return nil
		}
		to = to.Elem()
	}
	switch to.Kind() { //nolint:exhaustive // the others have no rules
	case reflect.String:
		return f.checkText(to.String(), f.rules.Enum)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return f.checkNumber(to, float64(to.Int()))
	case reflect.Uint64:
		return f.checkNumber(to, float64(to.Uint()))
	case reflect.Float64:
		return f.checkNumber(to, to.Float())
	case reflect.Struct:
		return f.checkTime(to)
	case reflect.Slice:
		if raw, is := reflect.TypeAssert[json.RawMessage](to); is {
			return f.checkRaw(raw)
		}
		return f.checkList(to)
	}
	return nil
}

// checkTime refuses the one time that reads as none: what was given is never taken for
// absent.
func (f *field) checkTime(to reflect.Value) error {
	if t, is := reflect.TypeAssert[client.Time](to); is && t.IsZero() {
		return farAway(f.name, t)
	}
	return nil
}

func (f *field) checkText(s string, enum []any) error {
	switch {
	case len(enum) > 0 && !slices.Contains(enum, any(s)) && f.bad != "":
		return &Problem{Code: f.bad, Text: strings.ToLower(string(f.bad)), Fields: []string{f.name}, Extra: map[string]any{"got": s, "allowed": enum}}
	case len(enum) > 0 && !slices.Contains(enum, any(s)):
		return BadField(f.name, "%s %.40q: want %s", f.name, s, alternatives(enum))
	case s == "" && f.rules.MinLength != nil:
		return BadField(f.name, "%s: must not be empty", f.name)
	}
	return nil
}

func (f *field) checkNumber(to reflect.Value, n float64) error {
	least, most := f.rules.Minimum, f.rules.Maximum
	if f.clamp && most != nil && n > *most {
		to.SetInt(int64(*most))
		return nil
	}
	if least != nil && n < *least || most != nil && n > *most {
		if most == nil {
			return BadField(f.name, "%s %v: want %v or more", f.name, to.Interface(), *least)
		}
		return BadField(f.name, "%s %v: want %v to %v", f.name, to.Interface(), *least, int64(*most))
	}
	return nil
}

// checkRaw checks a value that is kept as it came: an object, where its tag says so.
func (f *field) checkRaw(raw json.RawMessage) error {
	kind := kindOf(raw)
	text := slices.Contains(f.rules.Type, "string")
	switch {
	case !slices.Contains(f.rules.Type, "object"), kind == '{', kind == 'n', text && kind == '"':
		return nil
	case text:
		return BadField(f.name, "%s: want a string or an object", f.name)
	}
	return BadField(f.name, "%s: want a JSON object", f.name)
}

// checkList counts the items. The length of texts is a matter of the vocabulary,
// which knows what is counted in bytes.
func (f *field) checkList(to reflect.Value) error {
	least, most := f.rules.MinItems, f.rules.MaxItems
	switch n := to.Len(); {
	case least != nil && most != nil && (n < *least || n > *most):
		return BadField(f.name, "%s: %d, want %d to %d", f.name, n, *least, *most)
	case most != nil && n > *most:
		return BadField(f.name, "%s: %d, at most %d", f.name, n, *most)
	}
	if f.rules.Items == nil || to.Type().Elem().Kind() != reflect.String {
		return nil
	}
	for i := range to.Len() {
		if err := f.checkText(to.Index(i).String(), f.rules.Items.Enum); err != nil {
			return err
		}
	}
	return nil
}
