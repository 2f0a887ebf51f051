// Package static makes vectors of texts by adding up one vector for each piece:
// no network, some hundredths of a millisecond a text, and the same on every
// processor to the last bits.
package static

import (
	"context"
	"fmt"
	"math"

	"github.com/tallystick/tallystick/internal/model/safetensors"
	"github.com/tallystick/tallystick/internal/model/token"
)

// Model is a table of vectors. It is safe for concurrent use.
type Model struct {
	pieces *token.BPE
	rows   []uint16 // float16
	width  int
	values []float32 // of each float16
}

// maxText is how many bytes of a text count.
const maxText = 64 << 10

// Read makes a model of a table of pieces and a file of arrays that has their
// vectors as "embedding.weight".
func Read(pieces, vectors []byte) (*Model, error) {
	p, err := token.ReadBPE(pieces)
	if err != nil {
		return nil, err
	}
	f, err := safetensors.Read(vectors)
	if err != nil {
		return nil, err
	}
	rows, shape, err := f.Halves("embedding.weight", -1, -1)
	if err != nil {
		return nil, err
	}
	if p.Top() >= shape[0] || shape[1] == 0 {
		return nil, fmt.Errorf("%d vectors for pieces up to %d", shape[0], p.Top())
	}
	m := &Model{pieces: p, rows: rows, width: shape[1], values: make([]float32, 1<<16)}
	for i := range m.values {
		m.values[i] = safetensors.Half(uint16(i))
	}
	return m, nil
}

// Width is how many numbers a vector has.
func (m *Model) Width() int { return m.width }

// Query returns the vector of a question, of length 1; zeros if it has no pieces.
func (m *Model) Query(ctx context.Context, text string) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(text) > maxText {
		text = text[:maxText]
	}
	out := make([]float32, m.width)
	for _, id := range m.pieces.Encode(text) {
		for i, h := range m.rows[int(id)*m.width : (int(id)+1)*m.width] {
			out[i] += m.values[h]
		}
	}
	unit(out)
	return out, nil
}

// Passage returns the vector of a text that may answer: here the same.
func (m *Model) Passage(ctx context.Context, text string) ([]float32, error) {
	return m.Query(ctx, text)
}

// unit makes x of length 1, if it is not of length 0.
func unit(x []float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}
	f := float32(1 / math.Sqrt(sum))
	for i := range x {
		x[i] *= f
	}
}
