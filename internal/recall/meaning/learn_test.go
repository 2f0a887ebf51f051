package meaning_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/meaning"
)

// together is a model that reads many texts at a time, and cannot after so many.
type together struct {
	words

	batches []int
	left    int    // batches until it fails; < 0 is never
	during  func() // called in each batch, if not nil

	mu     sync.Mutex
	asked  []string        // texts
	cannot map[string]bool // texts that it cannot read
}

// lately are the texts that it was asked about since the last call.
func (m *together) lately() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.asked
	m.asked = nil
	return strings.Join(asked, ", ")
}

func (*together) Ready(ctx context.Context) error { return ctx.Err() }

var errAway = errors.New("away")

func (m *together) Passages(ctx context.Context, texts []string) ([][]float32, error) {
	if m.left == 0 {
		return nil, errAway
	}
	m.left--
	m.batches = append(m.batches, len(texts))
	m.mu.Lock()
	m.asked = append(m.asked, texts...)
	cannot := m.cannot
	m.mu.Unlock()
	if m.during != nil {
		m.during()
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		if !cannot[t] {
			out[i] = m.vector(t)
		}
	}
	return out, ctx.Err()
}

func documents(n int, text func(i int) string) []index.Change {
	out := make([]index.Change, n)
	for i := range out {
		out[i] = index.Change{Document: index.Document{ID: fmt.Sprint("id-", i), Namespace: "n", Body: text(i)}}
	}
	return out
}

func TestManyTextsAreReadTogether(t *testing.T) {
	m := &together{left: -1}
	s := meaning.NewSpace(config(m))
	changes := documents(100, func(i int) string { return fmt.Sprint("text ", i) })
	if err := s.Learn(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.batches); got != "[32 32 32 4]" || s.Status().Vectors != 100 || m.made.Load() > 0 {
		t.Errorf("batches %s, %d vectors, %d alone", got, s.Status().Vectors, m.made.Load())
	}
	m.batches = nil
	long := documents(3, func(int) string { return strings.Repeat("word ", 5000) })
	if err := s.Learn(t.Context(), append(changes[3:], long...)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.batches); got != "[2 1]" {
		t.Errorf("batches of long texts alone: %s", got)
	}
}

// What was made before the model was away is not made again.
func TestAModelThatIsAwayGoesOnWhereItWas(t *testing.T) {
	m := &together{left: 2}
	s := meaning.NewSpace(config(m))
	changes := documents(100, func(i int) string { return fmt.Sprint("text ", i) })
	if err := s.Learn(t.Context(), changes); !errors.Is(err, errAway) || s.Status().Vectors != 64 {
		t.Fatalf("%v, %d vectors", err, s.Status().Vectors)
	}
	m.left, m.batches = -1, nil
	if err := s.Learn(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.batches); got != "[32 4]" || s.Status().Vectors != 100 {
		t.Errorf("batches %s, %d vectors", got, s.Status().Vectors)
	}
}
