package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/etag"
	"github.com/tallystick/tallystick/internal/verb"
)

// binder makes routes of verbs.
type binder struct{ table []verb.Verb }

// bound is the row of a route that does what a verb does.
func (b binder) bound(method, path, name string, in from) route {
	v := verb.Find(b.table, name)
	if v == nil {
		panic("there is no verb " + name) // the table of routes is wrong
	}
	rt := route{
		method: method, path: path, summary: v.Summary, verb: name, mutates: v.Access == verb.Change || v.Writes, strict: v.Strict(), operator: v.Access == verb.Operator, args: in, aliases: v.Aliases, list: v.List, codes: v.Codes,
		handle: func(a *API, q *request) (reply, error) { return a.do(q, name, in) },
	}
	var needBody []string
	for _, f := range v.Fields() {
		switch {
		case f.In == "path":
		case f.In == "header", in != fromBody, f.Name == "dry_run":
			rt.query = append(rt.query, param{name: f.Name, in: f.In, text: f.Schema.Description, schema: f.Schema, required: f.Need && in == fromQuery})
		}
		switch _, other := v.OtherName(f.Name); {
		case f.In != "" || !f.Need:
		case other || in == fromEither:
			rt.needOne = append(rt.needOne, f.Name)
		default:
			needBody = append(needBody, f.Name)
		}
	}
	if in != fromQuery {
		rt.in, rt.body = v.Input(), bodyOptional
		if rt.need = needBody; in == fromBody && len(needBody)+len(rt.needOne) > 0 {
			rt.body = bodyRequired
		}
	}
	for _, a := range v.Answers {
		rt.out = rt.out.or(statusOfAnswer(a.How), a.Shapes...)
		if a.How == verb.Created && slices.ContainsFunc(v.Fields(), func(f verb.Field) bool { return f.Name == "dry_run" }) {
			rt.out = rt.out.or(http.StatusOK, a.Shapes...) // what was only tried is not created
		}
	}
	if v.Waits {
		rt.out = rt.out.waits()
	}
	return rt
}

// standard is a route on the standard of the namespace in its path, whose slashes
// may stand there as they are.
func (b binder) standard(method, name string, in from) route {
	rt := b.bound(method, "/api/v1/namespaces/{rest...}", name, in)
	rt.shown = "/api/v1/namespaces/{namespace}" + standardSuffix
	rt.codes = append(slices.Clone(rt.codes), client.CodeUnknownRoute)
	rt.query = slices.DeleteFunc(rt.query, func(p param) bool { return p.name == "namespace" })
	return rt
}

const standardSuffix = "/standard"

// statusOfAnswer is how HTTP says in which way something was done.
func statusOfAnswer(how verb.How) int {
	switch how {
	case verb.Created:
		return http.StatusCreated
	case verb.Accepted:
		return http.StatusAccepted
	case verb.Fine:
	}
	return http.StatusOK
}

// do runs a verb with the arguments of a request.
func (a *API) do(q *request, name string, in from) (reply, error) {
	if rest := q.PathValue("rest"); rest != "" {
		ns, is := strings.CutSuffix(rest, standardSuffix)
		if !is {
			return reply{}, &verb.Problem{Code: client.CodeUnknownRoute, Text: "not found: no such route"}
		}
		q.SetPathValue("namespace", ns)
	}
	args := verb.Args{Path: q.PathValue, Header: q.Header.Get, Query: q.arguments()}
	if in != fromQuery {
		args.Body = q.body
	}
	c := q.call()
	done, err := verb.Find(a.verbs, name).Do(q.Context(), &c, args)
	if err != nil {
		return reply{}, err
	}
	if done.Version > 0 {
		q.w.Header().Set("ETag", etag.Of(done.Version, done.Beside))
	}
	return reply{status: statusOfAnswer(done.How), body: done.Body, replay: done.Replayed, ignored: done.Ignored, tried: done.Tried}, nil
}

// arguments are the parameters of the query that are no business of HTTP's.
func (q *request) arguments() map[string][]string {
	out := map[string][]string{}
	for name, texts := range q.query {
		if name != "api_key" && name != "durability" && name != "when_short" {
			out[name] = texts
		}
	}
	return out
}

// unknown names, in order, the parameters of the query that are none of known.
func (q *request) unknown(known []param) []string {
	var out []string
	for name := range q.arguments() {
		if !slices.ContainsFunc(known, func(p param) bool { return p.name == name }) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// input reads the arguments of a route that is bound by hand, from its path and its
// query.
func input[In any](q *request) (*In, error) {
	return verb.StrictInput[In](verb.Args{Path: q.PathValue, Query: q.arguments()}, q.agent)
}

// inputParams are the parameters of such a route.
func inputParams[In any]() []param {
	var out []param
	for _, f := range verb.FieldsOf[In]() {
		out = append(out, param{name: f.Name, in: f.In, text: f.Schema.Description, schema: f.Schema, required: f.Need})
	}
	return out
}
