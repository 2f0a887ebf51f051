package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"

	"github.com/tallystick/tallystick/client"
)

// describer is the API as far as it describes itself.
type describer struct{ *API }

const about = "A federated memory for AI agents. Any node takes a write, every member gets it, and the receipt says who holds it on disk. " +
	"The routes and bodies are those of ai-memory 0.7, so that its clients work, and more.\n\n" +
	"`X-Agent-Id` says who calls; without it the caller is `anonymous`, whose memories belong to nobody and are visible to everybody. " +
	"A memory that has an owner is private unless `metadata.scope` says otherwise.\n\n" +
	"Bodies are JSON of at most 2 MiB; in requests null is as good as absent, where nothing else is said. Times are RFC 3339; the node writes nine fractional digits and +00:00, so that text order is time order. " +
	"Answers may get new fields: clients should ignore what they do not know. `HEAD` works wherever `GET` does, and `X-Request-Id` is taken over, " +
	"or made, and comes back."

// describe builds the OpenAPI document of the table of routes. The error lists
// what it says nothing about.
func (a describer) describe() (*openapi.Document, error) {
	r := verb.Registry()
	doc := &openapi.Document{
		OpenAPI: openapi.Version,
		Info: openapi.Info{
			Title: "Tallystick", Version: cmp.Or(a.cfg.Version, "0"), Description: about,
			License: &openapi.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
		},
		Servers:  []openapi.Server{{URL: "/"}},
		Security: []openapi.Requirement{{"apiKey": {}}, {"bearer": {}}, {"apiKeyInQuery": {}}},
		Components: openapi.Components{
			Parameters: map[string]openapi.Parameter{},
			SecuritySchemes: map[string]openapi.SecurityScheme{
				"apiKey":        {Type: "apiKey", In: "header", Name: "x-api-key", Description: "The API key of the node, if it has one."},
				"bearer":        {Type: "http", Scheme: "bearer", Description: "The same as a bearer token. The operator's key, which also opens what is for the operator alone, is sent so too."},
				"apiKeyInQuery": {Type: "apiKey", In: "query", Name: "api_key", Description: "The same, for clients that cannot set headers."},
			},
		},
	}
	if a.cfg.APIKey == "" {
		doc.Security = append(doc.Security, openapi.Requirement{})
	}
	for _, p := range commonParams() {
		doc.Components.Parameters[componentOf(p)] = *shownParam(p)
	}
	ids := map[string]bool{}
	for _, rt := range a.routes {
		if !slices.ContainsFunc(doc.Tags, func(t openapi.Tag) bool { return t.Name == rt.group }) {
			doc.Tags = append(doc.Tags, openapi.Tag{Name: rt.group})
		}
		op := rt.operation(r)
		for ids[op.ID] {
			op.ID += "_too"
		}
		ids[op.ID] = true
		doc.Paths.Add(rt.shownPath(), rt.method, op)
	}
	doc.Components.Schemas = r.Schemas()
	a.exemplify(doc)
	doc.Components.Schemas["ErrorCode"] = &openapi.Schema{Type: openapi.Types{"string"}, Enum: codeEnum(), Description: codeMeanings(client.Codes())}
	return doc, r.Err()
}

// exemplify adds examples, now that all schemas are known.
func (a describer) exemplify(doc *openapi.Document) {
	paths := map[string]map[string]*openapi.Operation{}
	for _, p := range doc.Paths {
		paths[p.Path] = p.Operations
	}
	for i := range a.routes {
		rt := &a.routes[i]
		op := paths[rt.shownPath()][strings.ToLower(rt.method)]
		if op.Body != nil {
			for media, m := range op.Body.Content {
				m.Example = doc.Example(m.Schema, false)
				op.Body.Content[media] = m
			}
		}
		for status, res := range op.Responses {
			if m, is := res.Content[mediaJSON]; is && status < "3" {
				m.Example = doc.Example(m.Schema, true)
				res.Content[mediaJSON] = m
			}
		}
		op.Samples = samples(rt, op, doc)
	}
}

func codeEnum() []any {
	var out []any
	for _, c := range client.Codes() {
		out = append(out, c.Code)
	}
	return out
}

func codeMeanings(codes []client.CodeRow) string {
	lines := make([]string, len(codes))
	for i, c := range codes {
		lines[i] = "`" + string(c.Code) + "`: " + c.Meaning
	}
	return strings.Join(lines, "\n\n")
}

// operationID names an operation for programs that are made from the document.
func (rt *route) operationID() string {
	path := strings.TrimPrefix(rt.shownPath(), "/api/v1")
	words := []string{strings.ToLower(rt.method)}
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			part = "by_" + strings.TrimSuffix(name, "}")
		}
		words = append(words, strings.NewReplacer("-", "_", ".", "_").Replace(part))
	}
	return strings.Join(words, "_")
}

// parameters are all inputs of a route beside its body.
func (rt *route) parameters() []param {
	list := slices.Clone(rt.query)
	for _, p := range pathParams() {
		if strings.Contains(rt.shownPath(), "{"+p.name+"}") {
			list = append([]param{p}, list...)
		}
	}
	return list
}

func pathParams() []param {
	return []param{idParam(), dotParam(), nodeParam(), namespacePath(), teamParam()}
}

// commonParams are those of whole kinds of routes: who calls, and the options of
// writes.
func commonParams() []param {
	return []param{
		textParam("X-Agent-Id", "Who calls: at most 128 bytes of letters, digits and _:@./-. Without it: anonymous.").header(),
		choiceParam("durability", "How far to wait: until the write is on this node's disk, on those of a quorum of members, or of all. "+
			"It is owed to all members whatever this says.", engine.DurableLocal, engine.DurableQuorum, engine.DurableAll).def("quorum"),
		choiceParam("when_short", "What a missed quorum is, for which the write is kept and owed all the same: an error 503 (fail), or a 202 that says so (local). "+
			"The node's setting holds where nothing is said; it is fail at first.", client.ShortFails, client.ShortLocal),
		textParam("Idempotency-Key", "1 to 255 printable ASCII characters. The same key with the same request returns the first outcome, and Idempotency-Replayed.").header(),
	}
}

func componentOf(p param) string { return strings.ReplaceAll(p.name, "-", "") }

func shownParam(p param) *openapi.Parameter {
	schema := p.schema
	return &openapi.Parameter{Name: p.name, In: cmp.Or(p.in, "query"), Description: p.text, Required: p.required, Schema: &schema}
}

func (rt *route) operation(r *openapi.Registry) *openapi.Operation {
	op := &openapi.Operation{ID: rt.operationID(), Summary: strings.ToUpper(rt.summary[:1]) + rt.summary[1:], Tags: []string{rt.group}}
	for _, p := range rt.parameters() {
		op.Parameters = append(op.Parameters, *shownParam(p))
	}
	if rt.single() {
		for _, p := range conditionParams() {
			op.Parameters = append(op.Parameters, *shownParam(p))
		}
	}
	for i, p := range commonParams() {
		if i == 0 && !rt.open || i > 0 && rt.mutates {
			op.Parameters = append(op.Parameters, openapi.Parameter{Ref: "#/components/parameters/" + componentOf(p)})
		}
	}
	if rt.in != nil {
		schema := r.Request(rt.in, rt.need...)
		r.Alias(schema, rt.aliases, rt.needOne)
		if rt.list != "" {
			schema = &openapi.Schema{AnyOf: []*openapi.Schema{schema, r.Field(schema, rt.list)}}
		}
		op.Body = &openapi.Body{Required: rt.body == bodyRequired, Content: map[string]openapi.Media{mediaJSON: {Schema: schema}}}
	}
	switch {
	case rt.open:
		op.Security = []openapi.Requirement{}
	case rt.operator:
		op.Security = []openapi.Requirement{{"bearer": {}}}
	}
	op.Responses = rt.responses(r)
	return op
}

func (rt *route) responses(r *openapi.Registry) map[string]openapi.Response {
	out := map[string]openapi.Response{}
	for _, an := range rt.out {
		res, is := out[strconv.Itoa(an.status)]
		if !is {
			res = openapi.Response{Description: http.StatusText(an.status), Content: map[string]openapi.Media{}}
		}
		schemas := []*openapi.Schema{an.schema(r)}
		if m, is := res.Content[an.media]; is {
			schemas = append([]*openapi.Schema{m.Schema}, schemas...)
		}
		res.Content[an.media] = openapi.Media{Schema: oneOf(schemas)}
		if rt.mutates {
			res.Headers = map[string]openapi.Header{
				"Idempotency-Replayed": {Description: "true: an earlier request with the same key did it.", Schema: &openapi.Schema{Type: openapi.Types{"string"}}},
			}
		}
		if there, is := out[strconv.Itoa(an.status)]; is { // the same in another format
			maps.Copy(res.Content, there.Content)
		}
		out[strconv.Itoa(an.status)] = res
	}
	if rt.mutates {
		rt.keeps(r, out)
	}
	if rt.method == get && rt.path == memoryPath {
		out[strconv.Itoa(http.StatusNotModified)] = openapi.Response{Description: "If-None-Match names the tag that it has: the client has it already."}
	}
	byStatus := map[int][]client.CodeRow{}
	for _, c := range rt.failures() {
		byStatus[c.Status] = append(byStatus[c.Status], c)
	}
	for status, codes := range byStatus {
		out[strconv.Itoa(status)] = rt.failure(r, status, codes, out[strconv.Itoa(status)])
	}
	return out
}

// keeps adds the answer to a write that missed its quorum, and whose client takes
// it for a success that it is kept.
func (rt *route) keeps(r *openapi.Registry, out map[string]openapi.Response) {
	kept := r.Response(client.Shortfall{})
	r.Schemas()[kept.Component()].Additional = &openapi.Schema{} // what the answer says besides
	accepted := strconv.Itoa(http.StatusAccepted)
	res, is := out[accepted]
	if !is {
		res = openapi.Response{Description: http.StatusText(http.StatusAccepted), Content: map[string]openapi.Media{}}
	}
	schemas := []*openapi.Schema{kept}
	if m, is := res.Content[mediaJSON]; is {
		schemas = append([]*openapi.Schema{m.Schema}, schemas...)
	}
	res.Content[mediaJSON] = openapi.Media{Schema: oneOf(schemas)}
	res.Description += "; with when_short=local also: fewer members hold it than were asked for, and it is kept and owed"
	out[accepted] = res
}

// failure is the answer of a status that says no. There may be an answer of that
// status already which is none of the common shape.
func (rt *route) failure(r *openapi.Registry, status int, codes []client.CodeRow, there openapi.Response) openapi.Response {
	res := openapi.Response{Description: codeMeanings(codes), Content: map[string]openapi.Media{}}
	for _, c := range codes {
		res.Codes = append(res.Codes, string(c.Code))
	}
	bodies := []*openapi.Schema{}
	if m, is := there.Content[mediaJSON]; is {
		bodies = append(bodies, m.Schema)
	}
	if rt.mutates && status == http.StatusServiceUnavailable {
		bodies = append(bodies, r.Response(client.QuorumMissed{}))
		res.Description = "The quorum was missed: **the write is kept**, owed to the others, and will arrive. Do not repeat it without its idempotency key.\n\n" + res.Description
	}
	if status == http.StatusPreconditionFailed && rt.single() {
		bodies = append(bodies, r.Response(client.VersionConflict{}))
	}
	bodies = append(bodies, r.Response(client.ErrorBody{}))
	res.Content[mediaJSON] = openapi.Media{Schema: oneOf(bodies)}
	if slices.ContainsFunc(codes, func(c client.CodeRow) bool { return slices.Contains([]int{429, 502, 503}, c.Status) }) {
		res.Headers = map[string]openapi.Header{
			"Retry-After": {Description: "Seconds until it is worth trying again.", Schema: &openapi.Schema{Type: openapi.Types{"string"}}},
		}
	}
	return res
}

func oneOf(list []*openapi.Schema) *openapi.Schema {
	if len(list) == 1 {
		return list[0]
	}
	return &openapi.Schema{AnyOf: list}
}

func (an answer) schema(r *openapi.Registry) *openapi.Schema {
	if an.bodies[0] == nil && an.media == mediaJSON {
		return &openapi.Schema{Type: openapi.Types{"object"}}
	}
	if an.media != mediaJSON {
		for _, b := range an.bodies {
			if b != nil {
				r.Response(b)
			}
		}
		return &openapi.Schema{Type: openapi.Types{"string"}}
	}
	var list []*openapi.Schema
	for _, b := range an.bodies {
		list = append(list, r.Response(b))
	}
	return oneOf(list)
}

func (a *API) openAPI(*request) (reply, error) {
	doc, err := a.document()
	if err != nil {
		return reply{}, err
	}
	return ok(json.RawMessage(doc))
}

// renderDocument is what [API.openAPI] sends. What could not be described fails
// a test, not a request.
func (a describer) renderDocument() ([]byte, error) {
	doc, _ := a.describe()
	return json.Marshal(doc)
}

func (a *API) showDocs(q *request) (reply, error) {
	d, err := a.docs()
	if err != nil {
		return reply{}, err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", d.policy)
	h.Set("Referrer-Policy", "no-referrer")
	return ok(d.html)
}

// renderDocs is what [API.showDocs] sends.
func (a describer) renderDocs() (docsPage, error) {
	doc, _ := a.describe()
	html, policy, err := openapi.Page(doc, openAPIPath)
	return docsPage{html, policy}, err
}

const openAPIPath = "/openapi.json"
