package importer

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// What formats say about one thing in several places is put together, and that
// has to be held: up to a bound. What came before it is carried over.
func TestWhatHasToBeHeldIsBounded(t *testing.T) {
	tests := map[string]struct {
		read func(*carrier, *Source) error
		text string
	}{
		"a graph":   {readGraph, `{"type":"entity","name":"1","observations":["x"]}` + "\n" + `{"type":"entity","name":"2","observations":["x"]}`},
		"engram":    {readEngram, `{"observations":[{"sync_id":"1","content":"x"}]}` + "\n" + `{"observations":[{"sync_id":"2","content":"x"}]}`},
		"a session": {readClaudeCode, `{"type":"user","uuid":"1","message":{"content":"x"}}` + "\n" + `{"type":"user","uuid":"2","message":{"content":"x"}}`},
	}
	for name, tt := range tests {
		n, full := 0, false
		c := newCarrier(MCPMemory, Options{}, func(item Item, err error) bool {
			if err == nil && item.Loss == nil {
				n++
			}
			full = full || errors.Is(err, errTooMuch)
			return true
		})
		line, _, _ := strings.Cut(tt.text, "\n")
		c.held = maxHeld - len(line)
		if name == "a session" {
			c.held = maxHeld
		}
		f := file{name: "a.jsonl", raw: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(tt.text + "\n")), nil }}
		err := tt.read(c, &Source{files: []file{f}})
		if full = full || errors.Is(err, errTooMuch); n != 1 || !full {
			t.Errorf("%s: %d memories, %v", name, n, err)
		}
	}
}
