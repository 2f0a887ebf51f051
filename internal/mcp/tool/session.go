package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/near"
	"github.com/tallystick/tallystick/internal/openapi"
	"github.com/tallystick/tallystick/internal/verb"
)

// editRetries bounds how often an edit is made again because another was faster.
const editRetries = 64

// session is one call of a tool that is several of verbs.
type session struct {
	table []verb.Verb
	call  *verb.Call
	item  string // of those that the call is about
}

// at is the session for one item of those that the call is about.
func (s *session) at(item string) *session {
	return &session{table: s.table, call: s.call, item: item}
}

// do calls a verb, a change once for an item. Where the caller gave an idempotency
// key, the change of each item has one of its own, so that a repeated call does what
// is left to do, and nothing twice. A change that waits for approval is an error: what
// the tool would do next rests on it.
func (s *session) do(ctx context.Context, name string, in map[string]any) (any, error) {
	args, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	c := *s.call
	c.Given, c.Caller = nil, c.Part(name, s.item)
	done, err := verb.Find(s.table, name).Do(ctx, &c, verb.Args{Body: args, Flat: true})
	if w, waits := done.Body.(client.Waiting); waits && err == nil {
		return nil, &verb.Problem{Code: client.CodeForbidden, Text: "the rules of " + w.Namespace + " ask for approval: the proposal is " + w.ID}
	}
	return done.Body, err
}

// edit changes the memory of a title, and reports whether there is one. What changes
// is said by change, of the memory as it is: no field is no change. An edit that was
// made of a version which is no longer there begins anew.
func (s *session) edit(ctx context.Context, in map[string]any, title string, change func(*client.Memory) (map[string]any, error)) (found bool, err error) {
	for try := 1; ; try++ {
		m, err := s.titled(ctx, in, title)
		if err != nil || m == nil {
			return false, err
		}
		fields, err := change(m)
		if err != nil || len(fields) == 0 {
			return true, err
		}
		fields["id"] = m.ID
		faster, err := s.update(ctx, m.Version, fields)
		if !faster || try == editRetries {
			return true, err
		}
	}
}

// update edits a memory if it still has the version that the edit was made of, and
// reports whether another edit was faster.
func (s *session) update(ctx context.Context, version int64, in map[string]any) (faster bool, err error) {
	seen := s.call.If
	s.call.If.Match = []int64{version}
	_, err = s.do(ctx, "memory_update", in)
	s.call.If = seen
	if err == nil {
		return false, nil
	}
	code := verb.ProblemOf(err, s.call.Agent).Code
	return code == client.CodePreconditionFailed || code == client.CodeStale, err
}

// titled is the memory of a title in a selection, nil if there is none.
func (s *session) titled(ctx context.Context, in map[string]any, title string) (*client.Memory, error) {
	if title == "" {
		return nil, nil //nolint:nilnil // no memory is without a title
	}
	in = maps.Clone(in)
	in["title"] = title
	list, err := s.listed(ctx, in, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// listed lists the memories of a selection, at most a number of them.
func (s *session) listed(ctx context.Context, in map[string]any, most int) ([]client.Memory, error) {
	var out []client.Memory
	in = maps.Clone(in)
	in["limit"], in["order"] = listPage, "id"
	for len(out) < most {
		body, err := s.do(ctx, "memory_list", in)
		if err != nil {
			return nil, err
		}
		page, is := body.(client.Page)
		if !is {
			break
		}
		out = append(out, page.Memories...)
		if page.Next == "" || len(page.Memories) == 0 {
			break
		}
		in["cursor"] = page.Next
	}
	return out, nil
}

// listPage is how many memories are read at once.
const listPage = 500

// strictly reads arguments as strictly as a verb does: nothing that the schema does
// not know, and all that it requires.
func strictly(args json.RawMessage, schema *openapi.Schema, into any) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(args, &all); err != nil {
		return verb.Bad("arguments: want a JSON object: %s", err)
	}
	var odd []string
	for name := range all {
		if schema.Properties.Get(name) == nil {
			odd = append(odd, name)
		}
	}
	if len(odd) > 0 {
		slices.Sort(odd)
		return verb.Unknown(odd, func(name string) []string { return near.To(name, schema.Properties.Names()) })
	}
	for _, name := range schema.Required {
		if all[name] == nil || string(all[name]) == "null" {
			return verb.Missing(name)
		}
	}
	r := json.NewDecoder(bytes.NewReader(args))
	r.DisallowUnknownFields()
	if err := r.Decode(into); err != nil {
		if name, is := strings.CutPrefix(err.Error(), "json: unknown field "); is {
			return verb.Unknown([]string{strings.Trim(name, `"`)}, nil)
		}
		return verb.Bad("arguments: %s", err)
	}
	return nil
}
