package endpoint

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

// No answer makes it fail otherwise than by saying so, and what it takes are vectors
// of length 1, or of zeros.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"embeddings":[[1,2],[0,0]]}`), true)
	f.Add([]byte(`{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":[3e38,3e38]}]}`), false)
	f.Add([]byte(`{"data":[{"embedding":[1,2]},{"index":-1,"embedding":null}]}`), false)
	f.Fuzz(func(t *testing.T, raw []byte, ollama bool) {
		s := Settings{Protocol: OpenAI, Width: 2}
		if ollama {
			s.Protocol = Ollama
		}
		got, err := s.read(bytes.NewReader(raw), 2)
		if err != nil {
			if !errors.Is(err, ErrAnswer) {
				t.Error(err)
			}
			return
		}
		for _, v := range got {
			sum := 0.0
			for _, x := range v {
				sum += float64(x) * float64(x)
			}
			if len(got) != 2 || len(v) != 2 || sum != 0 && math.Abs(sum-1) > 1e-5 {
				t.Errorf("%v of %s", got, raw)
			}
		}
	})
}
