package replicate

import (
	"maps"
	"slices"
	"sync"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/replicate/core"
)

// mailbox hands events to the loop. Putting one in never blocks. What could come
// faster than it is read is coalesced: of commits the last reading and all
// waits, of what is heard from a member the last reading.
type mailbox struct {
	wake chan struct{} // holds one token while there is mail

	mu        sync.Mutex
	committed core.Committed
	fresh     bool // committed holds something
	heard     map[memory.Node]memory.View
	events    []core.Event
	effects   []core.Effect
}

func newMailbox() *mailbox {
	return &mailbox{wake: make(chan struct{}, 1), heard: map[memory.Node]memory.View{}}
}

func (b *mailbox) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *mailbox) post(ev core.Event) {
	b.mu.Lock()
	b.events = append(b.events, ev)
	b.mu.Unlock()
	b.ring()
}

// carry hands over effects of a step that was taken elsewhere.
func (b *mailbox) carry(effects []core.Effect) {
	b.mu.Lock()
	b.effects = append(b.effects, effects...)
	b.mu.Unlock()
	b.ring()
}

// carried returns the effects that wait to be carried out.
func (b *mailbox) carried() []core.Effect {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.effects
	b.effects = nil
	return out
}

func (b *mailbox) commit(c memory.Committed, waits []core.Wait) {
	b.mu.Lock()
	b.fresh = true
	b.committed.View = c.View
	b.committed.Waits = append(b.committed.Waits, waits...)
	b.committed.Own = append(b.committed.Own, c.Own...)
	b.committed.Moved = append(b.committed.Moved, c.Moved...)
	b.committed.Conceded = append(b.committed.Conceded, c.Conceded...)
	b.mu.Unlock()
	b.ring()
}

func (b *mailbox) hear(from memory.Node, v memory.View) {
	b.mu.Lock()
	b.heard[from] = v
	b.mu.Unlock()
	b.ring()
}

// take empties the box. Commits come first: other events may depend on them.
func (b *mailbox) take() ([]core.Event, []memory.OwnEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var events []core.Event
	if b.fresh {
		events = append(events, b.committed)
	}
	events = append(events, b.events...)
	for _, m := range slices.Sorted(maps.Keys(b.heard)) {
		events = append(events, core.Heard{Member: m, View: b.heard[m]})
	}
	own := b.committed.Own
	b.committed, b.fresh, b.events = core.Committed{}, false, nil
	clear(b.heard)
	return events, own
}
