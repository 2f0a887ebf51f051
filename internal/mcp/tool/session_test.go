package tool

import (
	"context"
	"slices"
	"testing"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/verb"
)

// A change of an item has the same key whenever the call is made again: however often
// somebody else was faster, and however many items are done already.
func TestChangesOfARepeatedCallHaveTheirKeysAgain(t *testing.T) {
	m := client.Memory{ID: "x", Title: "Acme", Version: 1, Content: "Acme (firm)\n", Metadata: []byte(`{"entity_type":"firm"}`)}
	var keys []string
	faster := true
	table := []verb.Verb{
		verb.Of(verb.Verb{Name: "memory_list"}, func(context.Context, *verb.Call, *client.ListInput) (verb.Done, error) {
			return verb.Done{Body: client.Page{Memories: []client.Memory{m}}}, nil
		}),
		verb.Of(verb.Verb{Name: "memory_update", Access: verb.Change}, func(_ context.Context, c *verb.Call, in *client.UpdateInput) (verb.Done, error) {
			keys = append(keys, c.Idempotency.Key)
			if faster {
				faster = false
				return verb.Done{}, &verb.Problem{Code: client.CodePreconditionFailed, Text: "somebody was faster"}
			}
			m.Content = *in.Content
			return verb.Done{Body: client.Written{}}, nil
		}),
	}
	in := &graphInput{Observations: []graphNotes{{Entity: "Acme", Contents: []string{"one"}}, {Entity: "Acme", Contents: []string{"two"}}}}
	call := func() []string {
		t.Helper()
		keys = nil
		c := &verb.Call{}
		c.Agent, c.Idempotency = "ann", &memory.Idempotency{Key: "k"}
		if _, err := (graph{}).addObservations(t.Context(), &session{table: table, call: c}, in); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	first := call()
	if len(first) != 3 || first[0] != first[1] || first[1] == first[2] {
		t.Fatalf("keys %q: want one twice, and another", first)
	}
	m.Content = "Acme (firm)\n\n- one" // the second was lost
	if again := call(); !slices.Equal(again, first[2:]) {
		t.Errorf("keys %q, want %q", again, first[2:])
	}
}
