package endpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// request is what both protocols are asked.
type request struct {
	Model    string   `json:"model"`
	Input    []string `json:"input"`
	Encoding string   `json:"encoding_format,omitempty"` // of OpenAI
}

// answer is what either of them answers with.
type answer struct {
	Embeddings [][]float32 `json:"embeddings"` // Ollama
	Data       []struct {  // OpenAI
		Index     *int      `json:"index"`
		Embedding []float32 `json:"embedding"`
	} `json:"data"`
}

func (s *Settings) ask(texts []string) ([]byte, error) {
	r := request{Model: s.Model, Input: texts}
	if s.Protocol == OpenAI {
		r.Encoding = "float"
	}
	return json.Marshal(r)
}

// most is how many bytes an answer about so many texts has at most: numbers are not
// written longer than this. While the width is not known it may be the greatest.
func (s *Settings) most(texts int) int64 {
	const number, rest = 32, 1 << 16
	return rest + int64(texts)*int64(cmp.Or(s.Width, maxWidth))*number
}

// read makes vectors of length 1 of an answer about n texts. The error is an
// [ErrAnswer].
func (s *Settings) read(from io.Reader, n int) ([][]float32, error) {
	var a answer
	if err := json.NewDecoder(io.LimitReader(from, s.most(n))).Decode(&a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	out := a.Embeddings
	if s.Protocol == OpenAI {
		out = make([][]float32, len(a.Data))
		for i, d := range a.Data {
			at := i
			if d.Index != nil {
				at = *d.Index
			}
			if at < 0 || at >= len(out) || out[at] != nil {
				return nil, fmt.Errorf("%w: vectors of no text", ErrAnswer)
			}
			out[at] = d.Embedding
		}
	}
	if len(out) != n {
		return nil, fmt.Errorf("%w: %d vectors for %d texts", ErrAnswer, len(out), n)
	}
	for _, v := range out {
		if s.Width > 0 && len(v) != s.Width {
			return nil, fmt.Errorf("%w: vectors of %d numbers, not of %d: its model is another one now; add it again", ErrAnswer, len(v), s.Width)
		}
		if !normalise(v) {
			return nil, fmt.Errorf("%w: numbers that are none", ErrAnswer)
		}
	}
	return out, nil
}

// normalise makes v as long as 1, unless it is of zeros, and reports whether that can
// be done.
func normalise(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	if sum == 0 {
		return true
	}
	scale := 1 / math.Sqrt(sum)
	for i, x := range v {
		v[i] = float32(float64(x) * scale)
	}
	return true
}
