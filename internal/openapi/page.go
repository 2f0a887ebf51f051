package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the parts of the page
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// Page renders doc as one HTML page that needs nothing else: no network, no
// framework, and without JavaScript it still reads. Raw is where the document
// itself is served. The policy is the Content-Security-Policy to send with it.
func Page(doc *Document, raw string) (html []byte, policy string, err error) {
	p := &painter{doc: doc}
	t, err := template.New("page").Funcs(template.FuncMap{"prose": prose, "type": p.typeOf, "slug": slug, "short": short, "key": keyOf, "choices": choices, "hint": hint}).Parse(pageHTML)
	if err != nil {
		return nil, "", fmt.Errorf("the template of the page: %w", err)
	}
	view := struct {
		*Document
		Raw     string
		Groups  []group
		Schemas []schemaView
		Codes   *Schema
		CSS     template.CSS
		JS      template.JS
	}{
		Document: doc, Raw: raw, Groups: p.groups(), Schemas: p.schemas(), Codes: doc.Components.Schemas["ErrorCode"],
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS), //nolint:gosec // our own files
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, "", fmt.Errorf("render the page: %w", err)
	}
	policy = "default-src 'none'; style-src '" + hashOf(pageCSS) + "'; script-src '" + hashOf(pageJS) + "'; connect-src 'self'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return b.Bytes(), policy, nil
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// painter turns a document into what the template shows.
type painter struct{ doc *Document }

type group struct {
	Name       string
	Operations []operationView
}

type operationView struct {
	*Operation
	Method, Path string
	Inputs       []Parameter
	Request      *Schema
	Example      string // of a request, in JSON
	Answers      []answerView
}

type answerView struct {
	Status string
	Response
	Media  string
	Schema *Schema
	Sample string // an example, in JSON
	Bad    bool
}

type schemaView struct {
	Name string
	*Schema
}

// groups are the operations by tag, those of a tag in the order of their paths.
func (p *painter) groups() []group {
	var out []group
	for _, tag := range p.doc.Tags {
		g := group{Name: tag.Name}
		for _, path := range p.doc.Paths {
			for _, method := range []string{"get", "post", "put", "patch", "delete"} {
				if op := path.Operations[method]; op != nil && slices.Contains(op.Tags, tag.Name) {
					g.Operations = append(g.Operations, p.operation(method, path.Path, op))
				}
			}
		}
		out = append(out, g)
	}
	return out
}

func (p *painter) operation(method, path string, op *Operation) operationView {
	v := operationView{Operation: op, Method: strings.ToUpper(method), Path: path}
	for _, in := range op.Parameters {
		if in.Ref != "" {
			in = p.doc.Components.Parameters[strings.TrimPrefix(in.Ref, "#/components/parameters/")]
		}
		v.Inputs = append(v.Inputs, in)
	}
	if op.Body != nil {
		for _, m := range op.Body.Content {
			v.Request, v.Example = m.Schema, indented(m.Example)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		a := answerView{Status: status, Response: op.Responses[status], Bad: status >= "4"}
		for media, m := range a.Content {
			a.Media, a.Schema, a.Sample = media, m.Schema, indented(m.Example)
		}
		v.Answers = append(v.Answers, a)
	}
	return v
}

func (p *painter) schemas() []schemaView {
	var out []schemaView
	for _, name := range slices.Sorted(maps.Keys(p.doc.Components.Schemas)) {
		if s := p.doc.Components.Schemas[name]; len(s.Properties) > 0 {
			out = append(out, schemaView{name, s})
		}
	}
	return out
}

// short is a method in a narrow column.
func short(method string) string { return strings.Replace(method, "DELETE", "DEL", 1) }

// keyOf says which key an operation wants, where it is not that of the node.
func keyOf(op *Operation) string {
	switch {
	case op.Security == nil:
		return ""
	case len(op.Security) == 0:
		return "open"
	}
	return "operator"
}

// choices are the values that a parameter may have, if they are few.
func choices(s *Schema) []string {
	if slices.Contains(s.Type, "boolean") {
		return []string{"true", "false"}
	}
	var out []string
	for _, v := range s.Enum {
		if text := fmt.Sprint(v); v != nil && text != "" {
			out = append(out, text)
		}
	}
	return out
}

// hint is what somebody might type.
func hint(s *Schema) string {
	if len(s.Examples) == 0 {
		return ""
	}
	if list, is := s.Examples[0].([]any); is && len(list) > 0 {
		return fmt.Sprint(list[0])
	}
	return fmt.Sprint(s.Examples[0])
}

// typeOf says in words, and links, which values s stands for.
func (p *painter) typeOf(s *Schema) template.HTML {
	if s == nil {
		return ""
	}
	return template.HTML(typeText(s)) //nolint:gosec // escaped part by part
}

func typeText(s *Schema) string {
	esc := template.HTMLEscapeString
	switch {
	case s.Ref != "":
		name := esc(s.Component())
		return `<a href="#schema-` + name + `">` + name + `</a>`
	case len(s.AnyOf) > 0:
		parts := make([]string, len(s.AnyOf))
		for i, one := range s.AnyOf {
			parts[i] = typeText(one)
		}
		return strings.Join(parts, " or ")
	case slices.Contains(s.Type, "array") && s.Items != nil:
		return "array of " + typeText(s.Items) + bounds(s)
	case s.Additional != nil && !isAny(s.Additional):
		return "object of " + typeText(s.Additional)
	case len(s.Enum) > 0:
		parts := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			parts[i] = "<code>" + esc(fmt.Sprint(v)) + "</code>"
		}
		return strings.ReplaceAll(strings.Join(parts, " · "), "&lt;nil&gt;", "null")
	}
	text := esc(s.Type.String())
	if s.Format == "date-time" {
		text += ", a time"
	}
	return text + bounds(s)
}

func isAny(s *Schema) bool { return len(s.Type) == 0 && s.Ref == "" && len(s.AnyOf) == 0 }

func bounds(s *Schema) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf(", %v to %v", *s.Minimum, int64(*s.Maximum))
	case s.Minimum != nil:
		return fmt.Sprintf(", %v or more", *s.Minimum)
	case s.MaxLength != nil:
		return fmt.Sprintf(", at most %d characters", *s.MaxLength)
	case s.MinItems != nil && s.MaxItems != nil:
		return fmt.Sprintf(", %d to %d", *s.MinItems, *s.MaxItems)
	case s.MaxItems != nil:
		return fmt.Sprintf(", at most %d", *s.MaxItems)
	}
	return ""
}

// prose renders the little of Markdown that descriptions use: paragraphs, code
// and bold.
func prose(s string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(s, "\n\n") {
		b.WriteString("<p>")
		for i, part := range strings.Split(paragraph, "`") {
			if i%2 == 1 {
				b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
				continue
			}
			for j, bold := range strings.Split(template.HTMLEscapeString(part), "**") {
				if j%2 == 1 {
					bold = "<strong>" + bold + "</strong>"
				}
				b.WriteString(bold)
			}
		}
		b.WriteString("</p>")
	}
	return template.HTML(b.String()) //nolint:gosec // escaped part by part
}

func slug(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }
