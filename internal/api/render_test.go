package api

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/tallystick/tallystick/client"
)

// What was found is encoded once, and the answer is as if it had been encoded twice.
func TestWhatIsFoundStandsUnderBothNames(t *testing.T) {
	lag := 3
	hits := []client.Hit{
		{Memory: client.Memory{ID: "a", Content: `<b> & "quotes"`, Metadata: json.RawMessage(`{"x": 1}`)}, Score: 0.5},
		{Memory: client.Memory{ID: "b", Tags: []string{}}, Score: 0.25, SupersededBy: []string{"a"}},
	}
	for name, f := range map[string]client.Found{
		"two":         {Results: hits, Memories: hits, Count: 2, Query: "a <b>", IndexLag: &lag, Damaged: []string{"c"}},
		"one":         {Results: hits[:1], Memories: hits[:1], Count: 1, SourceURI: "doc:"},
		"none":        {Results: []client.Hit{}, Memories: []client.Hit{}},
		"two of each": {Results: hits[:1], Memories: hits[1:], Count: 1},
	} {
		var want, got bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
		if err := render(&got, f); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("%s:\n%s\nwant\n%s", name, got.String(), want.String())
		}
	}
}
