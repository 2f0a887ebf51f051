// Package openapi describes an HTTP API in the terms of OpenAPI 3.1. Schemas are
// read from Go types by reflection, so that a document cannot say of a body what
// the code does not do; what a type does not tell – meanings, limits, the values
// of an enumeration – is added by the name of the field.
//
// The package knows no routes and serves nothing.
package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// Document is an OpenAPI document: the parts of it that we use.
type Document struct {
	OpenAPI    string        `json:"openapi"` // the version of the format
	Info       Info          `json:"info"`
	Servers    []Server      `json:"servers,omitempty"`
	Security   []Requirement `json:"security,omitempty"`
	Tags       []Tag         `json:"tags,omitempty"`
	Paths      Paths         `json:"paths"`
	Components Components    `json:"components"`
}

// Version is the version of the format that documents are in.
const Version = "3.1.0"

// Info says what a document is about.
type Info struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Version     string   `json:"version"` // of the API
	License     *License `json:"license,omitempty"`
}

// License names a licence by its SPDX identifier.
type License struct {
	Name       string `json:"name"`
	Identifier string `json:"identifier"`
}

// Server is where the API is served.
type Server struct {
	URL string `json:"url"`
}

// Requirement names security schemes that are needed together. An empty one
// stands for none.
type Requirement map[string][]string

// Tag names a group of operations.
type Tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// Paths are the paths of a document, in its order.
type Paths []Path

// Path is a path with its operations by method, in lower case.
type Path struct {
	Path       string
	Operations map[string]*Operation
}

// Add adds an operation.
func (p *Paths) Add(path, method string, op *Operation) {
	i := slices.IndexFunc(*p, func(q Path) bool { return q.Path == path })
	if i < 0 {
		i = len(*p)
		*p = append(*p, Path{path, map[string]*Operation{}})
	}
	(*p)[i].Operations[strings.ToLower(method)] = op
}

// MarshalJSON writes an object, in order.
func (p Paths) MarshalJSON() ([]byte, error) {
	return ordered(len(p), func(i int) (string, any) { return p[i].Path, p[i].Operations })
}

// Operation is a method of a path.
type Operation struct {
	ID          string              `json:"operationId"`
	Summary     string              `json:"summary"`
	Description string              `json:"description,omitempty"`
	Tags        []string            `json:"tags,omitempty"`
	Parameters  []Parameter         `json:"parameters,omitempty"`
	Body        *Body               `json:"requestBody,omitempty"`
	Responses   map[string]Response `json:"responses"` // by status
	Security    []Requirement       `json:"security,omitzero"`
	Samples     []Sample            `json:"x-codeSamples,omitempty"`
}

// Sample is a way to ask for an operation, in the extension that pages of documents know.
type Sample struct {
	Lang   string `json:"lang"`
	Label  string `json:"label"`
	Source string `json:"source"`
}

// Parameter is an input beside the body.
type Parameter struct {
	Ref         string  `json:"$ref,omitempty"` // set: nothing else is
	Name        string  `json:"name,omitempty"`
	In          string  `json:"in,omitempty"` // path, query or header
	Description string  `json:"description,omitempty"`
	Required    bool    `json:"required,omitempty"`
	Schema      *Schema `json:"schema,omitempty"`
}

// Body is the body of a request.
type Body struct {
	Required bool             `json:"required,omitempty"`
	Content  map[string]Media `json:"content"` // by media type
}

// Media is a body in one media type.
type Media struct {
	Schema  *Schema `json:"schema"`
	Example any     `json:"example,omitempty"`
}

// Response is an answer of one status.
type Response struct {
	Description string            `json:"description"`
	Headers     map[string]Header `json:"headers,omitempty"`
	Content     map[string]Media  `json:"content,omitempty"`
	Codes       []string          `json:"x-codes,omitempty"` // error codes, where the status is an error
}

// Header is a header of a response.
type Header struct {
	Description string  `json:"description,omitempty"`
	Schema      *Schema `json:"schema"`
}

// Components are the parts that others refer to.
type Components struct {
	Schemas         map[string]*Schema        `json:"schemas,omitempty"`
	Parameters      map[string]Parameter      `json:"parameters,omitempty"`
	SecuritySchemes map[string]SecurityScheme `json:"securitySchemes,omitempty"`
}

// SecurityScheme is a way to prove who asks.
type SecurityScheme struct {
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	In          string `json:"in,omitempty"`     // of an apiKey
	Name        string `json:"name,omitempty"`   // of an apiKey
	Scheme      string `json:"scheme,omitempty"` // of http
}

// Schema says which JSON values there may be. The zero value allows all.
type Schema struct {
	Ref         string     `json:"$ref,omitempty"`
	Type        Types      `json:"type,omitempty"`
	Description string     `json:"description,omitempty"`
	Format      string     `json:"format,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Default     any        `json:"default,omitempty"`
	Examples    []any      `json:"examples,omitempty"`
	Minimum     *float64   `json:"minimum,omitempty"`
	Maximum     *float64   `json:"maximum,omitempty"`
	MinLength   *int       `json:"minLength,omitempty"` // characters
	MaxLength   *int       `json:"maxLength,omitempty"`
	MinItems    *int       `json:"minItems,omitempty"`
	MaxItems    *int       `json:"maxItems,omitempty"`
	Items       *Schema    `json:"items,omitempty"`
	AnyOf       []*Schema  `json:"anyOf,omitempty"`
	Properties  Properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	Additional  *Schema    `json:"additionalProperties,omitempty"` // of the properties that are not listed
}

// Types are the names of JSON types: any of them.
type Types []string

// MarshalJSON writes one type as a string, as most readers expect.
func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

func (t Types) String() string { return strings.Join(t, " or ") }

// Property is a member of an object.
type Property struct {
	Name   string
	Schema *Schema
}

// Properties are the members of an object, in the order of the Go type.
type Properties []Property

// Get returns the schema of a property, or nil.
func (p Properties) Get(name string) *Schema {
	for i := range p {
		if p[i].Name == name {
			return p[i].Schema
		}
	}
	return nil
}

// Names returns the names of the members.
func (p Properties) Names() []string {
	out := make([]string, 0, len(p))
	for i := range p {
		out = append(out, p[i].Name)
	}
	return out
}

// MarshalJSON writes an object, in order.
func (p Properties) MarshalJSON() ([]byte, error) {
	return ordered(len(p), func(i int) (string, any) { return p[i].Name, p[i].Schema })
}

// ordered writes an object whose members come in an order.
func ordered(n int, member func(int) (string, any)) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		name, v := member(i)
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

const refPrefix = "#/components/schemas/"

// RefTo is a reference to the component of that name.
func RefTo(name string) *Schema { return &Schema{Ref: refPrefix + name} }

// Component is the name of the component that s refers to, or "".
func (s *Schema) Component() string { return strings.TrimPrefix(s.Ref, refPrefix) }
