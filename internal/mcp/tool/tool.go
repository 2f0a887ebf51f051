// Package tool has what agents can do, in no protocol's terms: a tool is called with
// JSON, and gives a text and a value. Which tools there are is a profile; what one
// takes, gives and refuses is its verb's.
package tool

import (
	"context"
	"encoding/json"

	"github.com/tallystick/tallystick/internal/verb"
)

// Tool is something that an agent can do.
type Tool struct {
	Name   string
	Title  string
	Text   string // what it does, and when to use it
	Input  json.RawMessage
	Output json.RawMessage // nil: it does not say

	Reads    bool // it changes nothing
	Destroys bool // what it takes away cannot be brought back
	Again    bool // a repetition with the same arguments changes nothing more
	project  bool // it is about the project that the caller works in, unless it says otherwise
	run      handler
}

// handler carries a tool out.
type handler func(ctx context.Context, call *verb.Call, args json.RawMessage) (any, error)
