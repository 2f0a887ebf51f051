package encoder

import (
	"context"
	"math"

	"github.com/tallystick/tallystick/internal/model/kernel"
)

// Model makes vectors of texts. It is safe for concurrent use.
type Model struct {
	net        network
	cut        func(text string) []int32
	begin, end int32
	query      string // what is put before a question
	passage    string // and before a text that may answer
	window     int    // pieces at a time, with begin and end
}

// A text is cut into windows; what is behind the last one does not count.
const (
	maxWindows = 8
	maxText    = 64 << 10 // bytes
)

// Width is how many numbers a vector has.
func (m *Model) Width() int { return m.net.width }

// Query returns the vector of a question, of length 1. Only its beginning counts,
// as much as the model takes at a time. It ends early when ctx is done.
func (m *Model) Query(ctx context.Context, text string) ([]float32, error) {
	return m.vector(ctx, m.query+head(text, 16*m.window), 1)
}

// Passage returns the vector of a text that may answer, of length 1. A long one is
// taken in windows, of which each counts by its length.
func (m *Model) Passage(ctx context.Context, text string) ([]float32, error) {
	return m.vector(ctx, m.passage+head(text, maxText), maxWindows)
}

// head returns the first n bytes of text.
func head(text string, n int) string { return text[:min(n, len(text))] }

func (m *Model) vector(ctx context.Context, text string, windows int) ([]float32, error) {
	ids, size := m.cut(text), m.window-2
	ids = ids[:min(len(ids), windows*size)]
	sum := make([]float32, m.net.width)
	for first := true; first || len(ids) > 0; first = false {
		part := ids[:min(len(ids), size)]
		ids = ids[len(part):]
		pieces := append(append(append(make([]int32, 0, len(part)+2), m.begin), part...), m.end)
		mean, err := m.net.mean(ctx, pieces)
		if err != nil {
			return nil, err
		}
		kernel.Add(sum, float32(max(1, len(part))), mean)
	}
	unit(sum)
	return sum, nil
}

// unit makes x of length 1.
func unit(x []float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	f := float32(1 / math.Sqrt(max(sum, 1e-12)))
	for i := range x {
		x[i] *= f
	}
}
