package tool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// Request is a call of a tool.
type Request struct {
	Args    json.RawMessage
	Project string // the namespace where the call names none; "": the node's default
}

// Answer is what a tool gives: a text for a model, and the same as a value.
type Answer struct {
	Text   string
	Body   any
	Failed bool // the value says why
}

// Set is the tools over a table of verbs. It is safe for concurrent use.
type Set struct {
	log   *slog.Logger
	table []verb.Verb
	tools map[string][]Tool // by profile
}

// NewSet makes the tools of every profile.
func NewSet(log *slog.Logger, table []verb.Verb) *Set {
	s := &Set{log: log, table: table, tools: map[string][]Tool{}}
	for _, profile := range Profiles() {
		s.tools[profile] = toolsOf(profile, table)
	}
	return s
}

// Tools lists the tools of a profile, in an order that never changes.
func (s *Set) Tools(profile string) []Tool { return s.tools[profile] }

// Read carries out a verb that reads, for a surface that is no tool. Unseen says that
// nobody is shown the answer.
func (s *Set) Read(ctx context.Context, name string, args map[string]any, unseen bool) (any, error) {
	raw, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx)
	c.Unseen = unseen
	return doing(verb.Find(s.table, name))(ctx, &c, raw)
}

// Call carries a tool out for the caller that the context names. What goes wrong is
// an answer too: the model is to read it.
func (s *Set) Call(ctx context.Context, t *Tool, r Request) Answer {
	c := callOf(ctx)
	args := argumentsOf(t, r)
	if key := c.Idempotency; key != nil {
		sum := sha256.Sum256(slices.Concat([]byte(t.Name+"\x00"), args))
		c.Idempotency = &memory.Idempotency{Key: key.Key, Hash: sum}
	}
	body, err := t.run(ctx, &c, args)
	if err != nil {
		return s.Refusal(ctx, err)
	}
	return Answer{Text: Show(body), Body: body}
}

// callOf says for whom a request is: no argument can say otherwise.
func callOf(ctx context.Context) verb.Call {
	c := verb.CallOf(ctx)
	if c.Agent == "" {
		c.Agent = memory.Anonymous
	}
	return c
}

// argumentsOf are the arguments of a call, with the namespace of the project where
// the tool takes one and the caller names none.
func argumentsOf(t *Tool, r Request) json.RawMessage {
	args := r.Args
	if len(args) == 0 || string(args) == "null" {
		args = json.RawMessage("{}")
	}
	all := map[string]json.RawMessage{}
	if !t.project || r.Project == "" || json.Unmarshal(args, &all) != nil {
		return args
	}
	ns, given := all["namespace"]
	if given && string(ns) != "null" {
		return args
	}
	name, err := json.Marshal(r.Project)
	if err != nil {
		return args
	}
	if !given { // what is there stays as it is: a key that is there twice is to be refused
		_, rest, _ := bytes.Cut(args, []byte("{"))
		comma := ""
		if len(all) > 0 {
			comma = ","
		}
		return slices.Concat([]byte(`{"namespace":`), name, []byte(comma), rest)
	}
	if topLevel(args) > len(all) {
		return args // likewise
	}
	all["namespace"] = name
	if out, err := json.Marshal(all); err == nil {
		return out
	}
	return args
}

// topLevel is how many keys an object has, each as often as it is there.
func topLevel(object json.RawMessage) int {
	in := json.NewDecoder(bytes.NewReader(object))
	n := 0
	for _, err := in.Token(); err == nil && in.More(); n++ {
		var value json.RawMessage
		if _, err = in.Token(); err == nil {
			err = in.Decode(&value)
		}
	}
	return n
}

// doing is the handler of a verb.
func doing(v *verb.Verb) handler {
	return func(ctx context.Context, call *verb.Call, args json.RawMessage) (any, error) {
		done, err := v.Do(ctx, call, verb.Args{Body: args, Flat: true})
		if err == nil && (done.Tried || len(done.Ignored) > 0) {
			return told{done}, nil
		}
		return done.Body, err
	}
}

// told is an answer of which more has to be known than it says: that nothing was done,
// or that not all of the call was understood.
type told struct{ done verb.Done }

// MarshalJSON adds to the answer what routes add to it.
func (t told) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(t.done.Body)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil || all == nil { // it is no object
		all = map[string]json.RawMessage{"result": b}
	}
	for name, v := range map[string]any{"dry_run": t.done.Tried, "ignored": t.done.Ignored} {
		if name == "dry_run" && !t.done.Tried || name == "ignored" && len(t.done.Ignored) == 0 {
			continue
		}
		if all[name], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}

func (t told) plain() string {
	text := Show(t.done.Body)
	if t.done.Tried {
		text = "Nothing was changed: this is what would be.\n" + text
	}
	if len(t.done.Ignored) > 0 {
		text += "\n(Not known here, and left out: " + strings.Join(t.done.Ignored, ", ") + ".)"
	}
	return text
}

// Refusal says what went wrong, by a code and with the next step.
func (s *Set) Refusal(ctx context.Context, err error) Answer {
	p := verb.ProblemOf(err, callOf(ctx).Agent)
	if p.Code == client.CodeInternal {
		s.log.ErrorContext(ctx, "a tool failed", "err", err)
	}
	text := string(p.Code) + ": " + p.Text
	if detail, is := p.Extra["detail"].(string); is {
		text = string(p.Code) + ": " + detail
	}
	if allowed, is := p.Extra["allowed"]; is && len(p.Fields) == 1 {
		text = fmt.Sprintf("%s: %s %.40q: want one of %v", p.Code, p.Fields[0], p.Extra["got"], allowed)
	}
	content := map[string]any{"code": p.Code, "error": p.Text}
	if len(p.Fields) > 0 {
		content["fields"] = p.Fields
	}
	maps.Copy(content, p.Extra)
	if next := nextSteps()[p.Code]; next != "" {
		text += "\n" + next
		content["next_step"] = next
	}
	return Answer{Text: text, Body: content, Failed: true}
}

// nextSteps say by code what the model had better do.
func nextSteps() map[client.Code]string {
	const again = "Nothing was written: try again in a moment."
	const ask = "This agent may not do that: ask the person who runs the node."
	return map[client.Code]string{
		client.CodeQuorumNotMet: "The write is kept on this node and will reach the others by itself: do not repeat it.",
		client.CodeConflict:     "Read the memory that is there, then update it, or say on_conflict merge.",
		client.CodeNotFound:     "There is no such memory, or it is not yours to see: recall to find its id.",
		client.CodeInvalid:      "Nothing was changed: correct the field and call again.",
		client.CodeUnknownField: "Leave that field out, or use one that the schema of the tool has.",
		client.CodeBusy:         again,
		client.CodeShuttingDown: again,
		client.CodeTimeout:      again,
		client.CodeForbidden:    ask,
		client.CodeOperatorOnly: ask,
		client.CodeOutOfScope:   ask,
	}
}
