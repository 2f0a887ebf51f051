// Package endpointtest has a server for tests that makes vectors of texts, and speaks
// as Ollama and as OpenAI do.
package endpointtest

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Server makes vectors: texts that have words in common are near each other.
type Server struct {
	URL string

	mu       sync.Mutex
	width    int
	key      string
	fail     func(w http.ResponseWriter, texts []string) bool
	requests [][]string
}

// New starts a server whose vectors have so many numbers, until the test ends.
func New(tb testing.TB, width int) *Server {
	tb.Helper()
	s := &Server{width: width}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/embed", s.serve)
	mux.HandleFunc("POST /v1/embeddings", s.serve)
	h := httptest.NewServer(mux)
	tb.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Key is wanted of each request from now on.
func (s *Server) Key(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// Width is how many numbers vectors have from now on.
func (s *Server) Width(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.width = n
}

// Fail is asked before each answer from now on; it reports whether it has answered. Nil
// is none.
func (s *Server) Fail(f func(w http.ResponseWriter, texts []string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Requests are the texts of each request so far.
func (s *Server) Requests() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model string   `json:"model"`
		Input []string `json:"input"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Model == "" || len(in.Input) == 0 {
		http.Error(w, `{"error":"what is that?"}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	width, key, fail := s.width, s.key, s.fail
	s.requests = append(s.requests, in.Input)
	s.mu.Unlock()
	if key != "" && r.Header.Get("Authorization") != "Bearer "+key {
		http.Error(w, `{"error":{"message":"wrong key"}}`, http.StatusUnauthorized)
		return
	}
	if fail != nil && fail(w, in.Input) {
		return
	}
	type one struct {
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	data, plain := make([]one, len(in.Input)), make([][]float32, len(in.Input))
	for i, text := range in.Input {
		plain[i] = Vector(text, width)
		data[len(data)-1-i] = one{i, plain[i]} // their order is not promised
	}
	out := map[string]any{"embeddings": plain}
	if r.URL.Path == "/v1/embeddings" {
		out = map[string]any{"data": data}
	}
	_ = json.NewEncoder(w).Encode(out) // the client has gone
}

// Vector is the vector of a text: the sum of those of its words, of no certain length.
func Vector(text string, width int) []float32 {
	v := make([]float32, width)
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' && r < 128 }) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(word))             // never fails
		r := rand.New(rand.NewPCG(h.Sum64(), 1)) //nolint:gosec // the same for the same word
		for i := range v {
			v[i] += float32(r.NormFloat64())
		}
	}
	return v
}
