package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/api"
)

// document is /openapi.json, as a client reads it.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas    map[string]schema    `json:"schemas"`
		Parameters map[string]parameter `json:"parameters"`
	} `json:"components"`
}

type operation struct {
	ID          string      `json:"operationId"`
	Summary     string      `json:"summary"`
	Tags        []string    `json:"tags"`
	Parameters  []parameter `json:"parameters"`
	RequestBody *struct {
		Required bool `json:"required"`
		Content  map[string]struct{ Schema schema }
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string   `json:"description"`
		Codes       []string `json:"x-codes"`
		Content     map[string]struct{ Schema schema }
	} `json:"responses"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Schema      schema `json:"schema"`
}

// schema is one as JSON has it: what is not understood must not be overlooked.
type schema map[string]any

const mediaJSON = "application/json"

// theDocument is read once: every answer in these tests is held against it.
var theDocument = sync.OnceValue(func() document {
	h := api.New(api.Config{Metrics: prometheus.NewRegistry(), Version: "test", Log: slog.New(slog.DiscardHandler)})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var d document
	if err := json.Unmarshal(rec.Body.Bytes(), &d); err != nil {
		panic(err)
	}
	return d
})

// operationOf finds the operation that a request belongs to.
func (d document) operationOf(method, path string) (operation, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	_, pattern, _ := strings.Cut(patternOf(method, path), " ")
	for _, rt := range allRoutes() {
		if rt.Method == method && rt.Path == pattern {
			op, ok := d.Paths[rt.Shown][strings.ToLower(method)]
			return op, ok
		}
	}
	return operation{}, false
}

// parameters of an operation, references followed.
func (d document) parameters(op operation) []parameter {
	out := slices.Clone(op.Parameters)
	for i, p := range out {
		if p.Ref != "" {
			out[i] = d.Components.Parameters[p.Ref[strings.LastIndexByte(p.Ref, '/')+1:]]
		}
	}
	return out
}

// conforms fails the test unless an answer, and the request if it was a good
// one, are what the document says.
func (d document) conforms(tb testing.TB, method, target, sent string, a answer) {
	tb.Helper()
	path, query, _ := strings.Cut(target, "?")
	op, found := d.operationOf(method, path)
	if !found || a.status == http.StatusMethodNotAllowed {
		page := path == "/" || strings.HasPrefix(path, "/console") // for people, and no part of the API
		if a.status < 400 && !page {
			tb.Errorf("%s %s: the document has no such operation", method, path)
		}
		return
	}
	res, described := op.Responses[strconv.Itoa(a.status)]
	if !described {
		tb.Errorf("%s %s: the document says nothing about status %d: %.300s", method, path, a.status, a.raw)
		return
	}
	if code, is := a.body["code"].(string); is && a.status >= 400 && !slices.Contains(res.Codes, code) {
		tb.Errorf("%s %s: the document does not list code %s of status %d", method, path, code, a.status)
	}
	if len(res.Content) == 0 && a.raw == "" {
		return
	}
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if media == "application/problem+json" {
		media = mediaJSON
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(res.Content)), func(m string) bool { return strings.HasPrefix(m, media) }) {
		tb.Errorf("%s %s: %d as %s, and the document says %v", method, path, a.status, media, slices.Collect(maps.Keys(res.Content)))
	}
	if media == mediaJSON && method != http.MethodHead {
		d.check(tb, method+" "+path+" → "+strconv.Itoa(a.status), res.Content[mediaJSON].Schema, a.raw, true)
	}
	if a.status/100 != 2 {
		return
	}
	if op.RequestBody != nil && sent != "" && len(asList(a.body["errors"])) == 0 {
		d.check(tb, "body of "+method+" "+path, op.RequestBody.Content[mediaJSON].Schema, sent, false)
	}
	d.knows(tb, method+" "+path, op, query)
}

// knows fails the test if a good request had a parameter that is not described.
func (d document) knows(tb testing.TB, what string, op operation, query string) {
	tb.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		return
	}
	for name := range values {
		if name != "api_key" && name != "durability" && !slices.ContainsFunc(d.parameters(op), func(p parameter) bool { return p.In == "query" && p.Name == name }) {
			tb.Errorf("%s: the document does not describe ?%s=", what, name)
		}
	}
}

func (d document) check(tb testing.TB, what string, s schema, raw string, strict bool) {
	tb.Helper()
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		tb.Errorf("%s: no JSON: %.300s", what, raw)
		return
	}
	c := checker{d, strict}
	if problems := c.problems(s, v, ""); len(problems) > 0 {
		tb.Errorf("%s is not as the document says:\n  %s\nin %.800s", what, strings.Join(problems, "\n  "), raw)
	}
}

// checker holds values against schemas. A strict one refuses fields that a
// schema does not list: documents must list them all, clients must not mind.
type checker struct {
	doc    document
	strict bool
}

func (c checker) problems(s schema, v any, at string) []string {
	if ref, is := s["$ref"].(string); is {
		target, found := c.doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if !found {
			return []string{at + ": no component " + ref}
		}
		return c.problems(target, v, at)
	}
	if list, is := s["anyOf"].([]any); is {
		var all []string
		for _, one := range list {
			found := c.problems(one.(map[string]any), v, at)
			if len(found) == 0 {
				return nil
			}
			all = append(all, found...)
		}
		return all
	}
	if types := typesOf(s); len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return isOfType(v, t) }) {
		return []string{fmt.Sprintf("%s: %s, want %v", at, show(v), types)}
	}
	if list, is := s["enum"].([]any); is && !slices.Contains(list, v) {
		return []string{fmt.Sprintf("%s: %s, want one of %v", at, show(v), list)}
	}
	switch v := v.(type) {
	case map[string]any:
		return c.object(s, v, at)
	case []any:
		return c.array(s, v, at)
	case string:
		return text(s, v, at)
	case float64:
		return numeric(s, v, at)
	}
	return nil
}

func typesOf(s schema) []string {
	switch t := s["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, one := range t {
			out = append(out, one.(string))
		}
		return out
	}
	return nil
}

func isOfType(v any, t string) bool {
	switch v := v.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && v == math.Trunc(v)
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return false
}

func show(v any) string {
	b, _ := json.Marshal(v)
	return fmt.Sprintf("%.60s", b)
}

func (c checker) object(s schema, v map[string]any, at string) []string {
	var out []string
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, has := v[name.(string)]; !has {
			out = append(out, fmt.Sprintf("%s.%s: missing", at, name))
		}
	}
	properties, listed := s["properties"].(map[string]any)
	additional, free := s["additionalProperties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		switch p, has := properties[name].(map[string]any); {
		case has && v[name] == nil && !c.strict && !slices.Contains(required, any(name)):
			// In requests null is as good as absent.
		case has:
			out = append(out, c.problems(p, v[name], at+"."+name)...)
		case free:
			out = append(out, c.problems(additional, v[name], at+"."+name)...)
		case listed && c.strict:
			out = append(out, fmt.Sprintf("%s.%s: not in the document", at, name))
		}
	}
	return out
}

func (c checker) array(s schema, v []any, at string) []string {
	var out []string
	if most, is := s["maxItems"].(float64); is && float64(len(v)) > most {
		out = append(out, fmt.Sprintf("%s: %d items, at most %v", at, len(v), most))
	}
	if least, is := s["minItems"].(float64); is && float64(len(v)) < least {
		out = append(out, fmt.Sprintf("%s: %d items, at least %v", at, len(v), least))
	}
	items, _ := s["items"].(map[string]any)
	for i, one := range v {
		out = append(out, c.problems(items, one, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return out
}

func text(s schema, v, at string) []string {
	if most, is := s["maxLength"].(float64); is && float64(utf8.RuneCountInString(v)) > most {
		return []string{fmt.Sprintf("%s: %d characters, at most %v", at, len(v), most)}
	}
	if pattern, is := s["pattern"].(string); is && !regexp.MustCompile(pattern).MatchString(v) {
		return []string{fmt.Sprintf("%s: %q, want %s", at, v, pattern)}
	}
	if s["format"] == "date-time" {
		if _, err := time.Parse(time.RFC3339Nano, v); err != nil {
			return []string{fmt.Sprintf("%s: %v", at, err)}
		}
	}
	return nil
}

func numeric(s schema, v float64, at string) []string {
	if least, is := s["minimum"].(float64); is && v < least {
		return []string{fmt.Sprintf("%s: %v, at least %v", at, v, least)}
	}
	if most, is := s["maximum"].(float64); is && v > most {
		return []string{fmt.Sprintf("%s: %v, at most %v", at, v, most)}
	}
	return nil
}

// The checker must be able to fail.
func TestWhatTheDocumentDoesNotSayIsFound(t *testing.T) {
	var doc document
	if err := json.Unmarshal([]byte(`{"components":{"schemas":{"Thing":{
		"type":"object","required":["id"],"properties":{
			"id":{"type":"string","maxLength":3},"n":{"type":"integer","minimum":1,"maximum":9},"at":{"type":"string","format":"date-time"},
			"kind":{"type":["string","null"],"enum":["a","b",null]},"list":{"type":"array","maxItems":1,"items":{"$ref":"#/components/schemas/Thing"}},
			"either":{"anyOf":[{"type":"boolean"},{"type":"string","pattern":"^x"}]},"free":{"type":"object","additionalProperties":{"type":"number"}}}}}}}`), &doc); err != nil {
		t.Fatal(err)
	}
	for raw, problem := range map[string]string{
		`{"id":"a","n":3,"at":"2026-01-01T00:00:00Z","kind":null,"list":[{"id":"b"}],"either":"xy","free":{"z":1}}`: "",
		`{}`:                          ".id: missing",
		`{"id":"a","other":1}`:        ".other: not in the document",
		`{"id":1}`:                    ".id: 1, want",
		`{"id":"abcd"}`:               "at most 3",
		`{"id":"a","n":0}`:            "at least 1",
		`{"id":"a","n":10}`:           "at most 9",
		`{"id":"a","n":1.5}`:          ".n: 1.5",
		`{"id":"a","at":"yesterday"}`: ".at: parsing",
		`{"id":"a","kind":"c"}`:       ".kind",
		`{"id":"a","list":[{}]}`:      ".list[0].id: missing",
		`{"id":"a","list":[{"id":"b"},{"id":"c"}]}`: "2 items",
		`{"id":"a","either":"y"}`:                   ".either",
		`{"id":"a","free":{"z":"1"}}`:               ".free.z",
		`[]`:                                        "want [object]",
	} {
		var v any
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(checker{doc, true}.problems(schema{"$ref": "#/components/schemas/Thing"}, v, ""), "; ")
		if (problem == "") != (got == "") || !strings.Contains(got, problem) {
			t.Errorf("%s: %q, want %q", raw, got, problem)
		}
	}
}

func TestTheDocumentHasEveryRouteOnce(t *testing.T) {
	doc := theDocument()
	ids := map[string]bool{}
	n := 0
	for _, rt := range allRoutes() {
		op, ok := doc.Paths[rt.Shown][strings.ToLower(rt.Method)]
		if !ok || op.ID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Tags[0] == "" {
			t.Errorf("%s %s: %+v: in the table, give its row a summary, and its list a group", rt.Method, rt.Path, op)
		}
		if ids[op.ID] {
			t.Errorf("two operations are called %s", op.ID)
		}
		ids[op.ID] = true
		if (rt.Request != nil) != (op.RequestBody != nil) {
			t.Errorf("%s %s: takes a body %v, has one in the document %v", rt.Method, rt.Path, rt.Request != nil, op.RequestBody != nil)
		}
		good := slices.ContainsFunc(slices.Collect(maps.Keys(op.Responses)), func(s string) bool { return s[0] == '2' || s == "501" })
		if !good {
			t.Errorf("%s %s: the document does not say what it answers: give its row an `out`", rt.Method, rt.Path)
		}
	}
	for _, methods := range doc.Paths {
		n += len(methods)
	}
	if n != len(allRoutes()) {
		t.Errorf("%d operations for %d routes", n, len(allRoutes()))
	}
}

func TestPathParametersAreThoseOfThePath(t *testing.T) {
	doc := theDocument()
	for path, methods := range doc.Paths {
		var want []string
		for _, m := range regexp.MustCompile(`\{([a-z_]+)\}`).FindAllStringSubmatch(path, -1) {
			want = append(want, m[1])
		}
		for method, op := range methods {
			var got []string
			for _, p := range doc.parameters(op) {
				if p.Description == "" || p.Name == "" || len(typesOf(p.Schema)) == 0 {
					t.Errorf("%s %s: parameter %+v says too little", method, path, p)
				}
				if p.In == "path" {
					got = append(got, p.Name)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: path parameters %v, want %v", method, path, got, want)
			}
		}
	}
}

// A field that the document says must be there is one that the route misses by
// name, and what a route misses is in the document.
func TestRequiredFieldsAreRequired(t *testing.T) {
	n := alone(t)
	doc := theDocument()
	for _, rt := range allRoutes() {
		op := doc.Paths[rt.Shown][strings.ToLower(rt.Method)]
		if op.RequestBody == nil {
			continue
		}
		s := op.RequestBody.Content[mediaJSON].Schema
		if ref, is := s["$ref"].(string); is {
			s = doc.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]]
		}
		var want []string
		for _, name := range asList(s["required"]) {
			want = append(want, name.(string))
		}
		got := missed(n, rt, s)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%s %s: the document requires %s, the route does not miss it", rt.Method, rt.Path, name)
			}
		}
		for _, name := range got {
			properties, _ := s["properties"].(map[string]any)
			p, _ := properties[name].(map[string]any)
			says, _ := p["description"].(string)
			if properties != nil && !slices.Contains(want, name) && !strings.Contains(says, "Required") {
				t.Errorf("%s %s: misses %s: name it in `need` of its row, or say in its word when it is Required", rt.Method, rt.Path, name)
			}
		}
	}
}

// missed lists the fields that a route misses one after the other, as they are
// filled in with something of their type.
func missed(n *node, rt api.Route, s schema) []string {
	var out []string
	body := map[string]any{}
	for range 10 {
		raw, err := json.Marshal(body)
		if err != nil {
			n.t.Fatal(err)
		}
		a := n.call(rt.Method, concrete(rt.Path), string(raw))
		if e, _ := a.body["error"].(string); !strings.HasPrefix(e, "missing required field") {
			break
		}
		properties, _ := s["properties"].(map[string]any)
		for _, v := range asList(a.body["fields"]) {
			name := v.(string)
			out = append(out, name)
			p, _ := properties[name].(map[string]any)
			body[name] = "x"
			if t := typesOf(p); slices.Contains(t, "integer") {
				body[name] = 1
			} else if slices.Contains(t, "array") {
				body[name] = []any{}
			}
		}
	}
	return out
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func TestErrorCodesAreAllDescribed(t *testing.T) {
	doc := theDocument()
	seen := map[string]bool{"UNKNOWN_ROUTE": true, "METHOD_NOT_ALLOWED": true, "CANCELED": true, "QUORUM_NOT_MET": true} // of no operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			for status, res := range op.Responses {
				if status >= "4" && len(res.Codes) == 0 {
					t.Errorf("%s %s: status %s has no codes", method, path, status)
				}
				for _, code := range res.Codes {
					seen[code] = true
				}
			}
		}
	}
	all := asList(doc.Components.Schemas["ErrorCode"]["enum"])
	for _, c := range client.Codes() {
		if !slices.Contains(all, any(string(c.Code))) || !seen[string(c.Code)] || c.Meaning == "" {
			t.Errorf("%s is of no operation: name it in `codes` of the rows of the routes that answer so", c.Code)
		}
	}
}

func TestTheDocumentSaysWhetherAKeyIsNeeded(t *testing.T) {
	for key, want := range map[string]int{"": 4, "s3cret": 3} {
		n := open(t, options{api: func(c *api.Config) { c.APIKey = key }})
		a := n.call("GET", "/openapi.json", "").want(http.StatusOK)
		if got := len(asList(a.at("security"))); got != want {
			t.Errorf("with key %q: %d alternatives, want %d", key, got, want)
		}
		if strings.Contains(a.raw, "s3cret") {
			t.Error("the document tells the key")
		}
		if got := asList(a.at("paths", "/api/v1/health", "get", "security")); got == nil || len(got) != 0 {
			t.Errorf("health wants %v", got)
		}
	}
}

func TestTheDocsAreOnePageOfTheirOwn(t *testing.T) {
	n := alone(t)
	a := n.call("GET", "/docs", "").want(http.StatusOK)
	if ct := a.header.Get("Content-Type"); ct != "text/html; charset=utf-8" {
		t.Errorf("content type %s", ct)
	}
	if m := regexp.MustCompile(`(?i)(src|href|action)="(https?:)?//[^"]*|@import|url\(`).FindString(a.raw); m != "" {
		t.Errorf("the page needs something from elsewhere: %s", m)
	}
	if p := a.header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
		t.Errorf("policy %s", p)
	}
	for _, rt := range allRoutes() {
		if !strings.Contains(a.raw, `data-method="`+rt.Method+`" data-path="`+rt.Shown+`"`) {
			t.Errorf("the page does not show %s %s", rt.Method, rt.Shown)
		}
	}
	for name, s := range theDocument().Components.Schemas {
		if s["properties"] != nil && !strings.Contains(a.raw, `id="schema-`+name+`"`) {
			t.Errorf("the page does not show the schema %s", name)
		}
	}
}
