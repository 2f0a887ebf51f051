package console_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tallystick/tallystick/internal/api"
)

var update = flag.Bool("update", false, "write the types of the console anew")

const typesFile = "../../console/src/api.gen.ts"

// What the console believes of requests and answers is what our own OpenAPI
// document says. Fields that come on top are no fault; one that goes or changes is.
func TestTheConsoleKnowsTheAPI(t *testing.T) {
	now := typesOf(t)
	if *update {
		if err := os.WriteFile(typesFile, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(typesFile)
	if err != nil {
		t.Fatal(err)
	}
	have := facts(now)
	for key, alternatives := range facts(string(raw)) {
		there, is := have[key]
		if !is {
			t.Errorf("the console counts on %s, which is no more: run make console", key)
			continue
		}
		for _, a := range alternatives {
			if !slices.Contains(there, a) {
				t.Errorf("the console takes %s for %s; now it is %s: run make console", key, a, strings.Join(there, " | "))
			}
		}
	}
}

// facts are the lines of types, by where they stand, with the alternatives that
// each allows.
func facts(text string) map[string][]string {
	out := map[string][]string{}
	var at []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ";")
		switch {
		case strings.HasSuffix(line, "{"):
			at = append(at, strings.TrimRight(line, " :{"))
		case line == "}":
			at = at[:len(at)-1]
		case line != "" && !strings.HasPrefix(line, "//"):
			name, kinds, _ := strings.Cut(line, ": ")
			if after, is := strings.CutPrefix(line, "export type "); is {
				name, kinds, _ = strings.Cut(after, " = ")
			}
			out[strings.Join(append(slices.Clone(at), strings.TrimSuffix(name, "?")), " / ")] = strings.Split(kinds, " | ")
		}
	}
	return out
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"`
	Enum       []any              `json:"enum"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Additional *schema            `json:"additionalProperties"`
}

type param struct {
	Ref, Name, In string
	Required      bool
	Schema        *schema
}

type content map[string]struct{ Schema *schema }

type operation struct {
	Parameters []json.RawMessage
	Body       *struct{ Content content } `json:"requestBody"`
	Responses  map[string]struct{ Content content }
}

type document struct {
	Paths      map[string]map[string]operation
	Components struct {
		Schemas    map[string]*schema
		Parameters map[string]param
	}
}

// typesOf reads the document as clients get it and writes it in TypeScript.
func typesOf(t *testing.T) string {
	t.Helper()
	a := api.New(api.Config{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody))
	var doc document
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("// Made of the OpenAPI document by `make console`. Do not edit.\n\n")
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		s := doc.Components.Schemas[name]
		if len(s.Properties) == 0 {
			fmt.Fprintf(&b, "export type %s = %s;\n\n", name, s.ts())
			continue
		}
		fmt.Fprintf(&b, "export interface %s {\n", name)
		s.members(&b, "  ")
		b.WriteString("}\n\n")
	}
	b.WriteString("export interface Routes {\n")
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			doc.route(t, &b, strings.ToUpper(method)+" "+path, doc.Paths[path][method])
		}
	}
	b.WriteString("}\n")
	return b.String()
}

func (d *document) route(t *testing.T, b *strings.Builder, name string, op operation) {
	t.Helper()
	fmt.Fprintf(b, "  %q: {\n    query: {\n", name)
	for _, raw := range op.Parameters {
		var p param
		var ref struct {
			Ref string `json:"$ref"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &ref); err != nil {
			t.Fatal(err)
		}
		if ref.Ref != "" {
			p = d.Components.Parameters[ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]]
		}
		if p.In == "query" {
			fmt.Fprintf(b, "      %s?: %s;\n", key(p.Name), cmp.Or(p.Schema, &schema{Type: "string"}).ts())
		}
	}
	b.WriteString("    };\n")
	body := "never"
	if op.Body != nil {
		body = op.Body.Content.ts()
	}
	fmt.Fprintf(b, "    body: %s;\n", body)
	var outs []string
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if strings.HasPrefix(status, "2") {
			outs = append(outs, strings.Split(op.Responses[status].Content.ts(), " | ")...)
		}
	}
	slices.Sort(outs)
	fmt.Fprintf(b, "    out: %s;\n  };\n", cmp.Or(strings.Join(slices.Compact(outs), " | "), "never"))
}

func (c content) ts() string {
	if m, is := c["application/json"]; is && m.Schema != nil {
		return m.Schema.ts()
	}
	return "string"
}

func key(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		return fmt.Sprintf("%q", name)
	}
	return name
}

func (s *schema) members(b *strings.Builder, indent string) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		mark := "?"
		if slices.Contains(s.Required, name) {
			mark = ""
		}
		fmt.Fprintf(b, "%s%s%s: %s;\n", indent, key(name), mark, s.Properties[name].ts())
	}
}

func (s *schema) ts() string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case len(s.AnyOf) > 0:
		return union(s.AnyOf, (*schema).ts)
	case len(s.Enum) > 0:
		return union(s.Enum, func(v any) string { return fmt.Sprintf("%q", v) })
	}
	kinds, is := s.Type.([]any)
	if !is {
		kinds = []any{s.Type}
	}
	return union(kinds, func(v any) string { return s.kind(v) })
}

func (s *schema) kind(v any) string {
	switch v {
	case "integer", "number":
		return "number"
	case "string", "boolean", "null":
		return v.(string)
	case "array":
		if s.Items == nil {
			return "unknown[]"
		}
		inner := s.Items.ts()
		if strings.Contains(inner, " ") {
			inner = "(" + strings.ReplaceAll(inner, " | ", "|") + ")"
		}
		return inner + "[]"
	case "object":
		if s.Additional != nil {
			return "Record<string, " + strings.ReplaceAll(s.Additional.ts(), " | ", "|") + ">"
		}
		return "Record<string, unknown>"
	}
	return "unknown"
}

func union[T any](list []T, word func(T) string) string {
	var out []string
	for _, v := range list {
		if w := word(v); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " | ")
}
