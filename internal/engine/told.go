package engine

import "github.com/tallystick/tallystick/internal/memory"

// Told hears of entries that this node has logged for somebody outside, so that
// rules and proposals among them count at once. It does not block.
func (e *Engine) Told(entries []*memory.Entry) { e.noticed(&Held{entries: entries}) }
