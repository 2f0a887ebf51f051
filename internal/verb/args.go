package verb

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/near"
)

// Args are the arguments of a call, in the forms in which surfaces have them.
type Args struct {
	Body   []byte                   // a JSON object, or nothing
	Query  map[string][]string      // by name; nothing in it belongs to the surface
	Path   func(name string) string // "" is none; nil has none
	Header func(name string) string // the same

	// Flat says that fields have no places: those of the path and of the query stand
	// in the body too.
	Flat bool
}

// arguments is how the input of a verb is read. It is made once.
type arguments struct {
	typ     reflect.Type // a struct
	fields  []field
	aliases map[string]string // other names, and the fields that they mean
	list    string            // the field that a body means which is an array
	lenient bool              // what is not understood is left out, and named
}

// reading is the input of one call while it is being read.
type reading struct {
	*arguments

	in      reflect.Value // the struct
	given   map[string]bool
	ignored []string
	doubled []string // of ignored: known, and there twice
}

// read makes the input of a verb of args: a pointer to a struct. It names what was
// given, and what was left out because nobody knows it.
func (a *arguments) read(args Args, caller memory.AgentID) (in any, given map[string]bool, ignored []string, err error) {
	p := reflect.New(a.typ)
	r := &reading{arguments: a, in: p.Elem(), given: map[string]bool{}}
	if len(args.Body) > 0 {
		if err := r.body(args.Body, args.Flat); err != nil {
			return nil, nil, nil, err
		}
	}
	if err := r.texts(args); err != nil {
		return nil, nil, nil, err
	}
	if len(r.ignored) > 0 && !a.lenient {
		return nil, nil, nil, Unknown(r.ignored, r.takenFor)
	}
	if err := r.rules(caller); err != nil {
		return nil, nil, nil, err
	}
	composed(r.in)
	return p.Interface(), r.given, r.ignored, nil
}

// Unknown refuses a change of which a part was not understood: what was meant by
// it might be what keeps it from doing harm.
// Meant says which names somebody may have meant by one; nil knows none. Itself is one
// that is there twice.
func Unknown(fields []string, meant func(string) []string) *Problem {
	said := make([]string, 0, len(fields))
	for _, name := range fields {
		if meant != nil {
			switch found := meant(name); {
			case slices.Contains(found, name):
				name += " (given twice)"
			case len(found) > 0:
				name += " (" + near.Question(found) + ")"
			}
		}
		said = append(said, name)
	}
	return &Problem{Code: client.CodeUnknownField, Text: "unknown_field", Fields: fields, Extra: map[string]any{
		"detail": "nothing was changed: unknown field " + strings.Join(said, ", "),
	}}
}

// takenFor returns what may have been meant by a name that is not understood where it
// stands.
func (r *reading) takenFor(name string) []string {
	if slices.Contains(r.doubled, name) {
		return []string{name}
	}
	return slices.DeleteFunc(r.meant(name), func(s string) bool { return s == name })
}

// meant returns the names that are near one which is not known, such as
// "citations[1].urll".
func (a *arguments) meant(name string) []string {
	parts := strings.Split(name, ".")
	fields, last := a.fields, len(parts)-1
	for _, part := range parts[:last] {
		part, _, _ = strings.Cut(part, "[")
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == part })
		if i < 0 {
			return nil
		}
		t := fields[i].typ
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields = fieldsOf(t)
	}
	var known []string
	for i := range fields {
		if fields[i].in != inHeader {
			known = append(known, fields[i].name)
		}
	}
	found := near.To(parts[last], known)
	for i := range found {
		found[i] = strings.Join(append(slices.Clone(parts[:last]), found[i]), ".")
	}
	return found
}

// narrowed refuses a change with a null where something would narrow what it is done to:
// as if it had not been given, it would be done to more.
func narrowed(fields []string) *Problem {
	p := BadField(fields[0], "%s: null does not say which are meant; leave it out, or give a value", strings.Join(fields, ", "))
	p.Fields = fields
	return p
}

// says reports whether a value is of a kind, or a list with an item that is.
func says(value []byte, kind byte) bool {
	found := kindOf(value) == kind
	if kindOf(value) == '[' {
		items(value, func(item []byte) { found = found || kindOf(item) == kind })
	}
	return found
}

// body reads a JSON body into the struct.
func (r *reading) body(body []byte, flat bool) error {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return malformed(body, int64(len(body)), "it is not UTF-8")
	}
	if at := halfSurrogate(body); at >= 0 {
		return malformed(body, int64(at), "half of a surrogate pair, which is no character")
	}
	if r.list != "" && kindOf(body) == '[' {
		if !json.Valid(body) {
			return r.decode(body, new(any))
		}
		body = slices.Concat([]byte(`{"`+r.list+`":`), body, []byte("}"))
	}
	if err := r.decode(body, r.in.Addr().Interface()); err != nil {
		return err
	}
	var odd, empty []string
	renamed := false
	members(body, func(key string, value []byte) {
		_, alias := r.aliases[key]
		renamed = renamed || alias
		f := r.field(key)
		switch {
		case f != nil && f.only && says(value, 'n'):
			odd, empty = append(odd, key), append(empty, key)
		case alias:
		case f == nil || f.in == inHeader || f.in != "" && !flat:
			odd = append(odd, key)
		case r.given[key]:
			odd, r.doubled = append(odd, key), append(r.doubled, key)
		default:
			r.given[key] = kindOf(value) != 'n' || slices.Contains(f.rules.Type, "null")
			odd = append(odd, strangers(f.typ, value, key+".")...)
		}
	})
	if len(empty) > 0 && !r.lenient {
		return narrowed(empty)
	}
	if len(odd) == 0 && !renamed {
		return nil
	}
	r.ignored = odd
	return r.again(body, odd)
}

// again reads a body that has other names for fields, or keys that are not known,
// which encoding/json may have taken for known ones: it does not mind their case.
func (r *reading) again(body []byte, odd []string) error {
	known, others := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	names := map[string]string{} // by field: under which other name it was given
	var twice []string
	members(body, func(key string, value []byte) {
		to, is := r.aliases[key]
		switch {
		case kindOf(value) == 'n':
		case is:
			if was, has := others[to]; has && !sameJSON(was, value) {
				twice = append(twice, key)
			}
			others[to], names[to] = value, key
		case !slices.Contains(odd, key):
			known[key] = value
		}
	})
	for name, value := range known {
		if was, has := others[name]; has && !sameJSON(was, value) {
			twice = append(twice, names[name])
		}
	}
	if len(twice) > 0 && !r.lenient {
		slices.Sort(twice)
		p := BadField(twice[0], "%s: given twice, under two names, and not the same", strings.Join(twice, ", "))
		p.Fields = twice
		return p
	}
	r.ignored = append(r.ignored, twice...)
	maps.Copy(others, known) // the proper name goes before
	clean, err := json.Marshal(others)
	if err != nil {
		return Bad("invalid request body: %s", err)
	}
	r.in.SetZero()
	r.given = map[string]bool{}
	for name := range others {
		r.given[name] = true
	}
	return r.decode(clean, r.in.Addr().Interface())
}

// decode is json.Unmarshal with errors that a caller can use. Whole numbers may
// be written as 5.0, or as text.
func (r *reading) decode(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if e, is := errors.AsType[*json.UnmarshalTypeError](err); is && strings.Contains(e.Type.String(), "int") {
		if relaxed, changed := r.relax(body); changed {
			r.in.SetZero()
			err = json.Unmarshal(relaxed, v)
		}
	}
	if err == nil {
		return nil
	}
	if e, is := errors.AsType[*json.SyntaxError](err); is {
		return malformed(body, e.Offset, e.Error())
	}
	if e, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		return wrongType(e)
	}
	return r.blame(body, err)
}

// blame finds the field whose value says of itself that it is none.
func (r *reading) blame(body []byte, err error) error {
	found := Bad("invalid request body: %s", err)
	members(body, func(key string, value []byte) {
		f := r.field(key)
		if f == nil || len(found.Fields) > 0 {
			return
		}
		why := json.Unmarshal(value, reflect.New(f.typ).Interface())
		if e, is := errors.AsType[*client.TimeError](why); is {
			found = BadField(f.name, "%s %.64q: want a time in RFC 3339, such as 2026-01-31T12:00:00Z", f.name, e.Text)
		} else if why != nil {
			found = BadField(f.name, "%s: %s", f.name, why)
		}
	})
	return found
}

// relax writes whole numbers as encoding/json wants them: 5.0, 5e0 and, where the
// tag of the field says so, "5" are 5.
func (r *reading) relax(body []byte) ([]byte, bool) {
	all := map[string]json.RawMessage{}
	if json.Unmarshal(body, &all) != nil {
		return nil, false
	}
	changed := false
	for name, raw := range all {
		f := r.field(name)
		if f == nil || !isInteger(f.typ) {
			continue
		}
		text := string(raw)
		if slices.Contains(f.rules.Type, "string") {
			text = strings.Trim(text, `"`)
		}
		var n float64
		if json.Unmarshal([]byte(text), &n) == nil && n == float64(int64(n)) && n < 1<<53 && n > -1<<53 {
			if whole, err := json.Marshal(int64(n)); err == nil && string(whole) != string(raw) {
				all[name], changed = whole, true
			}
		}
	}
	out, err := json.Marshal(all)
	return out, changed && err == nil
}

// sameJSON reports whether two values are the same but for the space in them.
func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

func isInteger(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Int || t.Kind() == reflect.Int32 || t.Kind() == reflect.Int64
}

func (r *reading) field(name string) *field {
	if to, is := r.aliases[name]; is {
		name = to
	}
	for i := range r.fields {
		if r.fields[i].name == name {
			return &r.fields[i]
		}
	}
	return nil
}

// texts reads what stands in the path, in headers and in the query.
func (r *reading) texts(args Args) error {
	for i := range r.fields {
		f := &r.fields[i]
		var text string
		switch {
		case f.in != inHeader && f.in != inQuery && args.Path != nil:
			text = args.Path(f.name)
		case f.in == inHeader && args.Header != nil:
			text = args.Header(f.name)
		}
		if text == "" {
			continue
		}
		if err := f.set(r.in, []string{text}); err != nil {
			return err
		}
		r.given[f.name] = true
	}
	// A field under its own name goes before the same under another.
	for _, proper := range []bool{true, false} {
		for _, name := range slices.Sorted(maps.Keys(args.Query)) {
			if _, alias := r.aliases[name]; alias == proper {
				continue
			}
			if err := r.parameter(name, args.Query[name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) parameter(name string, texts []string) error {
	f := r.field(name)
	if f == nil || f.in == inPath || f.in == inHeader {
		r.ignored = append(r.ignored, name)
		return nil
	}
	if !r.lenient && f.isSwitch() && slices.Contains(texts, "") {
		return BadField(f.name, "%s: want true or false", name) // not all who name a switch mean to turn it on
	}
	if r.given[f.name] {
		return r.twice(f, name, texts)
	}
	if err := f.set(r.in, texts); err != nil {
		return err
	}
	r.given[f.name] = true
	return nil
}

// twice judges a parameter for which there is a value already: of the body, or under
// another name. Where both say the same, nothing is lost; else nobody can tell which of
// them was meant.
func (r *reading) twice(f *field, name string, texts []string) error {
	other := reflect.New(r.typ).Elem()
	err := f.set(other, texts)
	switch {
	case err == nil && reflect.DeepEqual(other.FieldByIndex(f.index).Interface(), r.in.FieldByIndex(f.index).Interface()):
		return nil
	case r.lenient:
		r.ignored = append(r.ignored, name)
		return nil
	case err != nil:
		return err
	}
	return BadField(f.name, "%s: given twice, and not the same", name)
}

// rules checks what the tags say.
func (r *reading) rules(caller memory.AgentID) error {
	var lacking []string
	for i := range r.fields {
		f := &r.fields[i]
		if !r.given[f.name] {
			if f.need {
				lacking = append(lacking, f.name)
			}
			continue
		}
		if f.claim {
			if err := claims(r.in.FieldByIndex(f.index).String(), caller); err != nil {
				return err
			}
		}
	}
	if len(lacking) > 0 {
		return Missing(lacking...)
	}
	for i := range r.fields {
		if f := &r.fields[i]; r.given[f.name] {
			if err := f.check(r.in); err != nil {
				return err
			}
		}
	}
	return nil
}

// claims refuses an agent id in an input that is not the caller's.
func claims(id string, caller memory.AgentID) error {
	if id == "" || id == string(caller) {
		return nil
	}
	p := Forbidden("agent_id %.140q is not the caller's: the X-Agent-Id header says %q", id, string(caller))
	p.Code = client.CodeAgentMismatch
	p.Extra = map[string]any{"caller": caller}
	return p
}

// StrictInput reads the input of something that is no verb: a stream or a dump. What it
// does not know is refused.
func StrictInput[In any](args Args, caller memory.AgentID) (in *In, err error) {
	t := reflect.TypeFor[In]()
	a := arguments{typ: t, fields: fieldsOf(t)}
	v, _, _, err := a.read(args, caller)
	if err != nil {
		return nil, err
	}
	return v.(*In), nil //nolint:forcetypeassert // read made it
}
