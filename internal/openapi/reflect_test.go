package openapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	Deep string `json:"deep,omitempty"`
}

type thingView struct {
	inner

	ID    string            `json:"id"`
	Maybe *int              `json:"maybe"`
	Later *int64            `json:"later,omitempty"`
	List  []other           `json:"list"`
	Map   map[string]uint64 `json:"map,omitzero"`
	Stamp uint64            `json:"stamp,string"`
	Skip  string            `json:"-"`
	Raw   []byte            `json:"raw"`
	At    time.Time         `json:"at"`
	note  string
}

type other struct {
	Name  string `json:"name"`
	Again *other `json:"again,omitempty"`
}

type askBody struct {
	other // hidden: Name is below

	Name *string `json:"name"`
	N    int     `json:"n"`
}

func described(words ...string) map[string]Schema {
	all := map[string]Schema{}
	for _, w := range words {
		all[w] = Schema{Description: "the " + w}
	}
	return all
}

func render(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFieldsBecomeProperties(t *testing.T) {
	words := described("id", "maybe", "later", "list", "map", "stamp", "raw", "at", "again")
	words["deep"] = Schema{Description: "down", Enum: []any{"a"}}
	words["name"] = Schema{Description: "a name"}
	words["Other.name"] = Schema{Description: "another name"}
	delete(words, "name")
	r := NewRegistry(words)
	Define[time.Time](r, Schema{Type: Types{"string"}, Format: "date-time"})
	if got := r.Response(thingView{note: "not seen"}); got.Component() != "Thing" {
		t.Errorf("got %+v, want the component Thing", got)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	want := `{
 "type": "object",
 "properties": {
  "deep": {
   "type": "string",
   "description": "down",
   "enum": [
    "a"
   ]
  },
  "id": {
   "type": "string",
   "description": "the id"
  },
  "maybe": {
   "type": [
    "integer",
    "null"
   ],
   "description": "the maybe",
   "format": "int64"
  },
  "later": {
   "type": "integer",
   "description": "the later",
   "format": "int64"
  },
  "list": {
   "type": "array",
   "description": "the list",
   "items": {
    "$ref": "#/components/schemas/Other"
   }
  },
  "map": {
   "type": "object",
   "description": "the map",
   "additionalProperties": {
    "type": "integer",
    "format": "int64",
    "minimum": 0
   }
  },
  "stamp": {
   "type": "string",
   "description": "the stamp"
  },
  "raw": {
   "type": "string",
   "description": "the raw",
   "format": "byte"
  },
  "at": {
   "type": "string",
   "description": "the at",
   "format": "date-time"
  }
 },
 "required": [
  "id",
  "maybe",
  "list",
  "stamp",
  "raw",
  "at"
 ]
}`
	if diff := cmp.Diff(want, render(t, r.Schemas()["Thing"])); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsOfRequestsMayBeAbsentUnlessNeeded(t *testing.T) {
	r := NewRegistry(described("name", "n", "again"))
	r.Request(askBody{}, "name")
	s := r.Schemas()["AskRequest"]
	if err := r.Err(); err != nil || !cmp.Equal(s.Required, []string{"name"}) || len(s.Properties) != 3 {
		t.Errorf("%v: %s", err, render(t, s))
	}
	if diff := cmp.Diff(Types{"string"}, s.Properties.Get("name").Type); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeToldIsReported(t *testing.T) {
	type unnamed struct {
		A string
	}
	type loose struct {
		A any `json:"a"`
	}
	type written struct {
		A json.RawMessage `json:"a"`
	}
	type Other struct {
		Name string `json:"name"`
	}
	type both struct {
		A other `json:"a"`
		B Other `json:"b"`
	}
	words := described("a", "b", "name", "again")
	for problem, try := range map[string]func(*Registry){
		"has no name in JSON":          func(r *Registry) { r.Response(unnamed{}) },
		"Loose.a: interface":           func(r *Registry) { r.Response(loose{}) },
		"writes its own JSON":          func(r *Registry) { r.Response(written{}) },
		"both want to be":              func(r *Registry) { r.Response(both{}) },
		"untyped nil":                  func(r *Registry) { r.Response(nil) },
		"give its type a name":         func(r *Registry) { r.Response(struct{ A int }{}) },
		`there is no field "b"`:        func(r *Registry) { r.Request(Other{}, "b") },
		`"again" describes no field`:   func(r *Registry) { r.Response(Other{}) },
		"no fields that JSON shows":    func(r *Registry) { r.Response(inner2{}) },
		"Extra.x: no word says what":   func(r *Registry) { r.Response(extra{}) },
		"chan int says nothing about ": func(r *Registry) { r.Response(make(chan int)) },
	} {
		r := NewRegistry(words)
		try(r)
		if err := r.Err(); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("got %v, want %q", err, problem)
		}
	}
}

type inner2 struct{}

type extra struct {
	X int `json:"x"`
}

func TestThePageShowsNothingAsMarkup(t *testing.T) {
	doc := &Document{
		Info: Info{Title: "<i>T</i>", Description: "a `<b>` and **<u>**\n\nnext", License: &License{}},
		Tags: []Tag{{Name: "Group"}},
		Paths: Paths{{"/x/{id}", map[string]*Operation{"post": {
			ID: "post_x", Summary: "<em>do</em>", Tags: []string{"Group"},
			Parameters: []Parameter{{Name: "id", In: "path", Description: "which", Schema: &Schema{Type: Types{"string"}}}},
			Body:       &Body{Content: map[string]Media{"application/json": {Schema: RefTo("Ask"), Example: map[string]any{"name": "<s>"}}}},
			Responses:  map[string]Response{"200": {Description: "OK", Content: map[string]Media{"application/json": {Schema: &Schema{AnyOf: []*Schema{RefTo("Ask"), {Type: Types{"null"}}}}}}}},
		}}}},
		Components: Components{Schemas: map[string]*Schema{"Ask": {
			Type: Types{"object"}, Required: []string{"name"},
			Properties: Properties{{"name", &Schema{Type: Types{"string"}, Enum: []any{"<s>"}, Description: "x"}}},
		}}},
	}
	html, policy, err := Page(doc, "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<i>", "<b>", "<u>", "<em>", "<s>"} {
		if strings.Contains(string(html), bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, want := range []string{
		`<code>&lt;b&gt;</code> and <strong>&lt;u&gt;</strong></p><p>next</p>`,
		`data-method="POST" data-path="/x/{id}"`,
		`<a href="#schema-Ask">Ask</a> or null`,
		`id="schema-Ask"`,
		"{\n  &#34;name&#34;: &#34;\\u003cs\\u003e&#34;\n}",
	} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if !strings.Contains(policy, "script-src 'sha256-") {
		t.Errorf("policy %s", policy)
	}
}
