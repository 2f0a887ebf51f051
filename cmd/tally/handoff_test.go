package main

import (
	"testing"

	"github.com/tallystick/tallystick/client"
)

// The answer of a node to a handoff is no memory. What the command shows is the one that
// was made, and no fields without a value.
func TestAHandoffShowsTheMemoryThatItMade(t *testing.T) {
	d := alone(t, "a")
	for name, args := range map[string][]string{"for all": nil, "for one": {"--to", "bob"}} {
		out := must[client.Outcome](d, append([]string{"handoff", name, "half done", "--agent", "ann"}, args...)...)
		if m := out.Memory; m == nil || m.ID != out.ID || m.Tier != "mid" || m.Content == "" || m.CreatedAt.IsZero() || m.ExpiresAt.IsZero() {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
