package api

import (
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/openapi"
)

// param is an input of a route beside its body, as documents describe it. What
// the handler does with it is the handler's business; a test compares the two.
type param struct {
	name     string
	in       string // "": query
	text     string // what it means
	schema   openapi.Schema
	required bool
}

func textParam(name, text string) param {
	return param{name: name, text: text, schema: openapi.Schema{Type: openapi.Types{"string"}}}
}

func choiceParam[T ~string](name, text string, values ...T) param {
	return param{name: name, text: text, schema: openapi.Schema{Type: openapi.Types{"string"}, Enum: enum(values...)}}
}

// header makes a header of a parameter.
func (p param) header() param {
	p.in = "header"
	return p
}

// path makes a part of the path of a parameter.
func (p param) path() param {
	p.in, p.required = "path", true
	return p
}

func (p param) def(v any) param {
	p.schema.Default = v
	return p
}

func enum[T ~string](values ...T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

func idParam() param {
	p := textParam("id", "Of the memory, the proposal, the key or the token.")
	p.schema.MaxLength = new(memory.MaxID)
	p.schema.Examples = []any{"gate-code"}
	return p.path()
}

func dotParam() param {
	p := textParam("dot", "The identity of an op, as in a receipt: node.incarnation.seq.")
	p.schema.Examples = []any{"north.mwtmd819.1"}
	return p.path()
}

func nodeParam() param { return textParam("node", "The name of a member.").path() }

func teamParam() param { return textParam("name", "The name of a team.").path() }

func namespacePath() param {
	p := textParam("namespace", "Slashes as they are, or as %2F. `*` is the root: the standard of all namespaces.")
	p.schema.Examples = []any{"house"}
	return p.path()
}

func eventParams() []param {
	return []param{
		textParam("since", "The id of the event behind which to start, or its local sequence number behind which to start; 0 is the beginning. Without it: with what comes next. An id of another node, or one that this node has not got to, starts from the beginning, after an event `reset`."),
		textParam("after", "Another name of since."),
		textParam("Last-Event-ID", "The same, as browsers send it.").header(),
	}
}

// conditionParams are what [request.conditions] reads.
func conditionParams() []param {
	return []param{
		textParam("If-Match", "The versions of which the memory must be at one, as in an ETag; `*` is any. Otherwise 412, and nothing is written.").header(),
		textParam("If-None-Match", "The versions of which the memory must be at none; `*`: it must not be there. Otherwise 412, and nothing is written.").header(),
	}
}
