package api

import (
	"slices"

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

// listParam may be repeated.
func listParam(name, text string) param {
	s := openapi.Schema{Type: openapi.Types{"array"}, Items: &openapi.Schema{Type: openapi.Types{"string"}}}
	return param{name: name, text: text, schema: s}
}

func flagParam(name, text string) param {
	return param{name: name, text: text, schema: openapi.Schema{Type: openapi.Types{"boolean"}, Default: false}}
}

// numberParam takes least to most; what is over most counts as most, which is
// why documents do not call it an error.
func numberParam(name, text string, least int) param {
	s := openapi.Schema{Type: openapi.Types{"integer"}, Minimum: number(least)}
	return param{name: name, text: text, schema: s}
}

func timeParam(name, text string) param {
	return param{name: name, text: text, schema: openapi.Schema{Type: openapi.Types{"string"}, Format: "date-time"}}
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

// needed makes a parameter one that must be there.
func (p param) needed() param {
	p.required = true
	return p
}

func (p param) def(v any) param {
	p.schema.Default = v
	return p
}

func number(n int) *float64 {
	return new(float64(n))
}

func enum[T ~string](values ...T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// filterParams are what [API.filter] reads.
func filterParams() []param {
	return []param{
		textParam("namespace", "Only memories of this namespace."),
		flagParam("subtree", "With namespace: and of all namespaces below."),
		choiceParam("tier", "Only memories of this tier.", memory.Short, memory.Mid, memory.Long),
		listParam("tags", "Only memories that have this tag; repeated: all of them."),
		listParam("kinds", "Only memories of one of these kinds; also as one value with commas. `all` is any."),
		numberParam("min_priority", "Only memories of this priority (1 to 10) and above.", 1),
		timeParam("since", "Only memories created at this time or later."),
		timeParam("until", "Only memories created at this time or earlier."),
		textParam("agent_id", "Only memories that this agent owns; it must be the caller."),
		textParam("title", "Only memories with exactly this title."),
		textParam("source_uri", "Only memories whose source_uri begins with this."),
	}
}

// pageParams are what [request.page] reads.
func pageParams(def int) []param {
	return []param{
		numberParam("limit", "At most so many, and no more than 1,000.", 1).def(def),
		numberParam("offset", "Leave out so many at the start.", 0).def(0),
		textParam("cursor", "The `next` of the page before."),
		choiceParam("order", "priority: by priority, then by last edit, both falling; id: stable under writes.", "priority", "id").def("priority"),
	}
}

func params(lists ...[]param) []param { return slices.Concat(lists...) }

func idParam() param {
	p := textParam("id", "Of the memory or the proposal.")
	p.schema.MaxLength = new(memory.MaxID)
	return p.path()
}

func dotParam() param {
	return textParam("dot", "The identity of an op, as in a receipt: node.incarnation.seq.").path()
}

func memberParam() []param {
	return []param{textParam("member", "The name of the other member.").needed()}
}

func namespacePath() param {
	return textParam("namespace", "Slashes as they are, or as %2F. `*` is the root: the standard of all namespaces.").path()
}

func namespaceParam() param {
	return textParam("namespace", "The namespace that the standard is for. `*` is the root.")
}

// recallParams are what [API.recall] reads beside the filters.
func recallParams() []param {
	own := []param{
		textParam("context", "What to find memories for; any of its words may occur. Required, under one of its three names."),
		textParam("query", "Another name of context."),
		textParam("q", "Another name of context."),
		textParam("source_uri_prefix", "Only memories whose source_uri begins with this."),
		numberParam("limit", "At most so many hits, and no more than 50.", 1).def(defaultRecall),
		numberParam("budget_tokens", "Keep the best hits that fit into so many tokens of 4 bytes. The first one always stays, unless this is 0.", 0),
		textParam("as_agent", "Must be the caller."),
		flagParam("has_citations", "Not supported: true is refused."),
		flagParam("include_archived", "Not supported: true is refused."),
		textParam("confidence_tier", "Not supported: refused."),
	}
	return params(own, filterParams())
}

func searchParams() []param {
	return params([]param{
		textParam("q", "What to find; all words must occur. Required, unless source_uri is there."),
		numberParam("limit", "At most so many, and no more than 1,000.", 1).def(defaultList),
	}, filterParams())
}

func forgetParams() []param {
	return []param{
		textParam("namespace", "Archive the memories of this namespace."),
		textParam("pattern", "Archive the memories in which these words occur."),
		choiceParam("tier", "Archive the memories of this tier.", memory.Short, memory.Mid, memory.Long),
	}
}

func linkParams() []param {
	return []param{
		textParam("source_id", "If there is no body: where the link begins."),
		textParam("from", "Another name of source_id."),
		textParam("target_id", "If there is no body: where the link ends."),
		textParam("to", "Another name of target_id."),
		choiceParam("relation", "If there is no body: the relation; all of them if there is none.", memory.Relations()...),
		choiceParam("rel_type", "Another name of relation.", memory.Relations()...),
	}
}

func preferParam() []param {
	return []param{choiceParam("Prefer", "`return=minimal` leaves out all but id, tier, namespace, title, owner, version and receipt.", "return=minimal").header()}
}

func ifMatchParam() []param {
	return []param{textParam("If-Match", "The version that the edit is for; it is refused with 409 if there is another.").header()}
}

func eraseParam() []param {
	return []param{flagParam("erase", "Erase instead: nothing is kept, on any member.")}
}

func allParam() []param {
	return []param{flagParam("all", "Also the private memories of others. For the operator, who sends the key of the node as a bearer token.")}
}

func inheritParam() []param {
	return []param{flagParam("inherit", "Also the standards of the namespaces above.")}
}

func standardParams() []param { return params([]param{namespaceParam()}, inheritParam()) }

func pendingParams() []param {
	return []param{
		choiceParam("status", "Only proposals that stand so.", "all", statusPending, memory.OutcomeApproved, memory.OutcomeRejected, memory.OutcomeFailed).def("all"),
		textParam("namespace", "Only proposals for this namespace."),
		numberParam("limit", "At most so many, and no more than 1,000.", 1).def(defaultPending),
	}
}

func eventParams() []param {
	return []param{
		numberParam("since", "The local sequence number behind which to start; 0 is the beginning. Without it: with what comes next.", 0),
		numberParam("after", "Another name of since.", 0),
		textParam("Last-Event-ID", "The same, as browsers send it.").header(),
	}
}
