package book_test

import (
	"testing"

	"github.com/tallystick/tallystick/internal/engine"
	"github.com/tallystick/tallystick/internal/memory"
)

// An op of a kind that no book keeps cannot be carried out after its approval, and
// of two books either could be asked.
func TestEveryKindHasExactlyOneBook(t *testing.T) {
	n := alone(t)
	keepers := map[memory.Kind]int{}
	for _, b := range []engine.Book{n.recordsBook, n.graphBook, n.governanceBook} {
		for _, k := range b.Kinds() {
			keepers[k]++
		}
	}
	for _, k := range memory.Kinds() {
		if keepers[k] != 1 {
			t.Errorf("%s is kept by %d books", k, keepers[k])
		}
	}
}

// Only what a book keeps can be done for somebody else.
func TestABookRefusesTheKindsOfOthers(t *testing.T) {
	n := alone(t)
	for _, b := range []engine.Book{n.recordsBook, n.graphBook, n.governanceBook} {
		own := map[memory.Kind]bool{}
		for _, k := range b.Kinds() {
			own[k] = true
		}
		for _, k := range memory.Kinds() {
			if own[k] {
				continue
			}
			_, err := b.Redo(t.Context(), "alice", memory.New(k))
			wantErr(t, err, memory.ErrInvalid)
		}
	}
}
