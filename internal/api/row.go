package api

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/tallystick/tallystick/client"
)

// Route is what may be known of a route from outside.
type Route struct {
	Method   string
	Path     string // a pattern of [http.ServeMux], without the method
	Shown    string // the path as documents write it
	Summary  string
	Verb     string // the verb that it does; "": its handler is its own
	Mutates  bool   // changes what the federation agrees on
	Strict   bool   // refuses what it does not understand
	Open     bool   // served without an API key
	Operator bool   // served to the operator alone
	Stream   bool   // answers for as long as the client listens
	Request  any    // zero value of the JSON body it takes, or nil
}

// route is one line of the table.
type route struct {
	method, path, summary string

	handle   func(*API, *request) (reply, error)
	mutates  bool // takes ?durability= and Idempotency-Key
	open     bool // no key
	anyKey   bool // no right either
	operator bool // the operator's key
	stream   bool // no timeout
	body     bodyMode
	in       any    // zero value of the body
	verb     string // the verb that it does; "": its handler is its own
	args     from
	aliases  map[string]string // other names of fields of the body
	needOne  []string          // fields that the body must have, under one of their names
	strict   bool              // what is not understood is refused

	// What follows is for documents alone, and compared with the code by tests.
	// What the rest of the row says already is not repeated: durability and
	// idempotency of a write, the id in a path, the errors that all routes have.
	group string
	shown string        // the path as clients should write it, where the pattern is wider
	need  []string      // fields that the body must have
	list  string        // the field that a body means which is an array
	query []param       // of the query, and headers
	out   answers       // what it answers when it did what was asked for
	codes []client.Code // of errors, beside those of the kind of route
}

// shownPath is the path as documents write it.
func (rt *route) shownPath() string { return cmp.Or(rt.shown, rt.path) }

// answer is what a route says when it did what it was asked for.
type answer struct {
	status int
	media  string // of the body
	bodies []any  // zero values: one of them
}

type answers []answer

// gives is an answer in JSON, with one of the bodies.
func gives(status int, bodies ...any) answers {
	return answers{{status: status, media: "application/json", bodies: bodies}}
}

// streams is an answer in another format; body is one event or line of it, or
// nil if it has no such thing.
func streams(media string, body any) answers {
	return answers{{status: http.StatusOK, media: media, bodies: []any{body}}}
}

// or is another answer.
func (a answers) or(status int, bodies ...any) answers { return append(a, gives(status, bodies...)...) }

// waits is the answer to a write that needs approval.
func (a answers) waits() answers { return a.or(http.StatusAccepted, client.Waiting{}) }

// bodyMode says what a route does with a request body.
type bodyMode uint8

const (
	bodyNone     bodyMode = iota // read (for the idempotency hash) and not looked at
	bodyRequired                 // JSON
	bodyOptional                 // JSON, or nothing and the parameters in the query
	bodyStream                   // left to the handler, which reads it as it comes
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// from says where a route finds the arguments of its verb that have no place of
// their own.
type from uint8

const (
	fromQuery  from = iota // of a GET, mostly
	fromBody               // a JSON object, which must be there if the verb needs anything
	fromEither             // a body, or without one the query
)

// single reports whether a route changes one memory, or creates one.
func (rt *route) single() bool {
	return rt.mutates && (strings.Contains(rt.path, "{id}") || rt.method == post && rt.path == "/api/v1/memories")
}

const memoryPath = "/api/v1/memories/{id}"
