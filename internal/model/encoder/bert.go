package encoder

import (
	"fmt"

	"github.com/tallystick/tallystick/internal/model/kernel"
	"github.com/tallystick/tallystick/internal/model/safetensors"
	"github.com/tallystick/tallystick/internal/model/token"
)

// bertDimensions are those of all-MiniLM-L6-v2; how many pieces and positions there
// are follows from its arrays.
func bertDimensions() dimensions {
	return dimensions{width: 384, layers: 6, heads: 12, inner: 1536}
}

// bertWindow is how many pieces it was taught to read at a time.
const bertWindow = 256

// ReadBERT reads all-MiniLM-L6-v2: its arrays in float32, of which every number
// becomes a byte here, and its list of pieces.
func ReadBERT(arrays, pieces []byte) (*Model, error) {
	cut, err := token.ReadWordPiece(pieces)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFile)
	}
	f, err := safetensors.Read(arrays)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFile)
	}
	m, err := readBERT(f, cut, bertDimensions(), bertWindow)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrFile)
	}
	return m, nil
}

func readBERT(f *safetensors.File, cut *token.WordPiece, d dimensions, window int) (*Model, error) {
	r := bert{file: f}
	words := r.rows("embeddings.word_embeddings.weight", cut.Pieces(), d.width)
	m := &Model{cut: cut.Encode, window: window}
	m.begin, m.end = cut.Ends()
	m.net = network{
		width: d.width, heads: d.heads, inner: d.inner, positions: window, epsilon: 1e-12, pieces: cut.Pieces(),
		word:     func(id int32, out []float32) { words.Row(int(id), out) },
		position: r.floats("embeddings.position_embeddings.weight", -1, d.width),
		segment:  r.floats("embeddings.token_type_embeddings.weight", -1, d.width),
		norm:     r.norm("embeddings.LayerNorm", d.width),
	}
	m.net.layers = layersOf(&r, d, &names{
		layer: "encoder.layer.%d.", query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
		out: "attention.output.dense", up: "intermediate.dense", down: "output.dense",
		attended: "attention.output.LayerNorm", done: "output.LayerNorm",
	})
	if r.err == nil && (len(m.net.position) < window*d.width || len(m.net.segment) < d.width) {
		r.err = fmt.Errorf("positions for %d pieces, want %d", len(m.net.position)/d.width, window)
	}
	if r.err != nil {
		return nil, r.err
	}
	m.net.segment = m.net.segment[:d.width] // a text alone is all of the first kind
	m.net.begin()
	return m, nil
}

// bert reads arrays and remembers the first error.
type bert struct {
	file *safetensors.File
	err  error
}

func (r *bert) floats(name string, shape ...int) []float32 {
	v, err := r.file.Floats(name, shape...)
	if r.err == nil {
		r.err = err
	}
	return v
}

// rows reads a matrix, and keeps each of its numbers in a byte.
func (r *bert) rows(name string, n, width int) kernel.Rows {
	v := r.floats(name, n, width)
	if r.err != nil {
		return kernel.Rows{}
	}
	out := kernel.NewRows(n, width)
	for i := range n {
		out.Set(i, v[i*width:(i+1)*width])
	}
	return out
}

func (r *bert) linear(name string, out, in int) linear {
	return linear{w: r.rows(name+".weight", out, in), bias: r.floats(name+".bias", out)}
}

func (r *bert) norm(name string, n int) norm {
	return norm{weight: r.floats(name+".weight", n), bias: r.floats(name+".bias", n)}
}
