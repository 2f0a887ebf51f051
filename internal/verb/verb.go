package verb

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/openapi"
)

// Access says what a caller must be for a verb, and what the verb may do.
type Access uint8

// The kinds of access.
const (
	Read     Access = iota // changes nothing that members agree on; what it does not know it leaves out, and says so
	Change                 // changes what members agree on; an input that is not wholly understood is refused
	Operator               // spans agents: for the operator of the node; as strict as a change
)

// Verb is one thing that a caller can do. [Of] makes it.
type Verb struct {
	Name    string // such as memory_store: what tools call it
	Family  string
	Summary string // a line, lower case, without a full stop
	Access  Access
	Answers []Answer          // what it gives when it did what was asked for
	Writes  bool              // with Operator: it changes what members agree on
	Drops   bool              // with Read: it drops something that this node alone has; as strict as a change
	Waits   bool              // where rules want approval it gives a [client.Waiting], and nothing has changed
	Codes   []client.Code     // problems beside those that its access and its fields bring
	List    string            // the field that a body means which is an array
	Aliases map[string]string // other names of fields; [Table] fills them in

	// OnlyHTTP, if not "", is why tools do not offer the verb.
	OnlyHTTP string
	// NoClient, if not "", is why package client has no method for the verb.
	NoClient string

	args arguments
	do   func(context.Context, *Call, any) (Done, error)
}

// How says which of its answers a verb gives.
type How uint8

// The ways to have done something.
const (
	Fine     How = iota // it is done, or here is what was asked for
	Created             // something is there that was not
	Accepted            // it is asked for, and not done yet
)

// Answer is what a verb may give: one of the shapes, zero values of structs
// whose tags say what they are.
type Answer struct {
	How    How
	Shapes []any
}

// Gives is an answer.
func Gives(how How, shapes ...any) Answer { return Answer{how, shapes} }

// Done is what a verb gives.
type Done struct {
	How      How
	Body     any
	Tried    bool   // the call was to change nothing, and has not
	Replayed bool   // an earlier call with the same idempotency key did it
	Version  int64  // of the memory that it is about; 0: of none
	Beside   []byte // what the answer shows beside that version, so that answers can be told apart
	// Ignored names what was given and is not known. Only reads leave out something.
	Ignored []string
}

// Call says on whose behalf, and how, a verb is to act.
type Call struct {
	engine.Caller

	Operator bool   // who calls is the operator of the node
	Rights   Rights // of the caller's key; nil: all
	// Given names the fields that the caller gave. A zero that was given is not absent.
	Given map[string]bool
	// Unseen says that nobody is shown the answer, so that it is not noted as shown.
	Unseen bool
}

// Of completes a verb with its input, the struct In, and with what does it.
func Of[In any](v Verb, do func(context.Context, *Call, *In) (Done, error)) Verb {
	t := reflect.TypeFor[In]()
	v.args = arguments{typ: t, fields: fieldsOf(t), list: v.List, lenient: !v.Strict()}
	v.do = func(ctx context.Context, c *Call, in any) (Done, error) { return do(ctx, c, in.(*In)) } //nolint:forcetypeassert // read made it
	return v
}

// Strict reports whether an input that is not wholly understood is refused.
func (v *Verb) Strict() bool { return v.Access != Read || v.Drops }

// Input is a zero value of the struct that the verb takes.
func (v *Verb) Input() any { return reflect.Zero(v.args.typ).Interface() }

// Do reads the arguments and does it. Any error can be told by [ProblemOf]. The
// call's Given is filled in.
func (v *Verb) Do(ctx context.Context, c *Call, args Args) (Done, error) {
	if v.Access == Operator && !c.Operator {
		return Done{}, &Problem{
			Code: client.CodeOperatorOnly,
			Text: v.Name + " is for the operator of the node: send the key in operator.key of its data directory as Authorization: Bearer KEY",
		}
	}
	if err := c.Rights.Check(v.Needs(), v.Name); err != nil {
		return Done{}, err
	}
	in, given, ignored, err := v.args.read(args, c.Agent)
	if err != nil {
		return Done{}, err
	}
	c.Given = given
	// A trial is an option of the caller, which the engine obeys whatever the verb
	// does: none can forget it.
	if f := reflect.ValueOf(in).Elem().FieldByName("DryRun"); f.IsValid() && f.Bool() {
		c.DryRun, c.Idempotency = true, nil
	}
	done, err := v.do(ctx, c, in)
	if err != nil {
		err = v.args.accuse(err, in, c.Agent)
	}
	done.Tried = c.DryRun
	done.Ignored = ignored
	return done, err
}

// Field is what is to be known of an argument of a verb.
type Field struct {
	Name   string
	In     string // path, query or header; "": it has no place of its own
	Need   bool   // it must be given
	Schema openapi.Schema
}

// FieldsOf lists the fields of an input, in the order of the struct.
func FieldsOf[In any]() []Field { return shownFields(fieldsOf(reflect.TypeFor[In]())) }

func shownFields(fields []field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		rules := f.rules
		if f.clamp { // what is over the limit is no error
			rules.Maximum = nil
		}
		out[i] = Field{Name: f.name, In: f.in, Need: f.need, Schema: openapi.Inline(f.typ, rules)}
	}
	return out
}

// Fields lists the arguments of the verb, in the order of the struct, and then
// their other names.
func (v *Verb) Fields() []Field {
	out := shownFields(v.args.fields)
	for _, alias := range slices.Sorted(maps.Keys(v.Aliases)) {
		i := slices.IndexFunc(out, func(f Field) bool { return f.Name == v.Aliases[alias] })
		if i < 0 {
			panic("verb " + v.Name + ": " + alias + " is another name of nothing")
		}
		f := out[i]
		f.Name, f.Need, f.Schema.Description = alias, false, "Another name of "+f.Name+"."
		out = append(out, f)
	}
	return out
}

// OtherName is another name of a field, false if it has none.
func (v *Verb) OtherName(field string) (string, bool) {
	for _, alias := range slices.Sorted(maps.Keys(v.Aliases)) {
		if v.Aliases[alias] == field {
			return alias, true
		}
	}
	return "", false
}
