package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// embedder is a model behind the interface of OpenAI, for nodes of ai-memory: the
// vector of a text is that of its digest, but for one word.
type embedder struct {
	url string

	mu    sync.Mutex
	asked []string
}

const (
	dimensions = 64
	modelName  = "contrast-embed"
	needle     = "needle" // texts with this word are all alike
)

// modelLabel is how ai-memory names the model in what it pushes.
func modelLabel() string { return fmt.Sprintf("%s (%d-dim, remote)", modelName, dimensions) }

// newEmbedder serves until ctx is done.
func newEmbedder(ctx context.Context) (*embedder, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &embedder{url: "http://" + l.Addr().String() + "/v1"}
	const patience = 10 * time.Second
	server := &http.Server{Handler: e, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(l) }() // until it is closed
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return e, nil
}

func vectorOf(text string) []float32 {
	out := make([]float32, dimensions)
	if strings.Contains(text, needle) {
		out[0] = 1
		return out
	}
	sum := sha256.Sum256([]byte(text))
	for i := range out {
		out[i] = float32(sum[i/2]>>(4*(i%2))&15) - 7.5
	}
	return out
}

func (e *embedder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Input json.RawMessage `json:"input"`
	}
	const most = 1 << 20
	if err := json.NewDecoder(io.LimitReader(r.Body, most)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var texts []string
	var one string
	if json.Unmarshal(q.Input, &texts) != nil && json.Unmarshal(q.Input, &one) == nil {
		texts = []string{one}
	}
	e.mu.Lock()
	e.asked = append(e.asked, texts...)
	e.mu.Unlock()
	var data []any
	for i, t := range texts {
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": vectorOf(t)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"object": "list", "model": modelName, "data": data}) // the other side has gone
}

// timesAsked is how often the vector of a text with this in it was wanted.
func (e *embedder) timesAsked(part string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, t := range e.asked {
		if strings.Contains(t, part) {
			n++
		}
	}
	return n
}

// env are the settings of a node of ai-memory that uses the model.
func (e *embedder) env() []string {
	return []string{"AI_MEMORY_EMBED_BACKEND=openai", "AI_MEMORY_EMBED_BASE_URL=" + e.url, "AI_MEMORY_EMBED_MODEL=" + modelName, "AI_MEMORY_EMBED_API_KEY=none"}
}

// recalls reports whether a node finds a memory by a question.
func (n *node) recalls(ctx context.Context, ns, question, id string) bool {
	_, got := n.call(ctx, http.MethodGet, "/api/v1/recall?namespace="+url.QueryEscape(ns)+"&context="+url.QueryEscape(question), alice, nil)
	rows, _ := got["memories"].([]any)
	return slices.ContainsFunc(rows, func(r any) bool {
		m, ok := r.(object)
		return ok && m["id"] == id
	})
}

// vectorsKept counts the vectors of the model in the complete export of a node of ours.
func (n *node) vectorsKept(ctx context.Context) int {
	key, err := os.ReadFile(filepath.Join(n.home, "data", "operator.key"))
	if err != nil {
		return 0
	}
	_, got := n.send(ctx, http.MethodGet, "/api/v1/export?format=complete", "", nil, http.Header{"Authorization": {"Bearer " + strings.TrimSpace(string(key))}})
	return strings.Count(fmt.Sprint(got["text"]), modelLabel())
}

// vectorsTravel makes a memory with a vector on a node of each kind, and looks whether
// the others use it without asking the model.
func vectorsTravel(ctx context.Context, f *federation, ns string) string {
	var ours, reals []*node
	for _, n := range f.nodes {
		if n.real {
			reals = append(reals, n)
		} else {
			ours = append(ours, n)
		}
	}
	if f.embedder == nil || len(ours) == 0 || len(reals) == 0 {
		return ""
	}
	const text = "sharp and easily lost"
	id, status := ours[0].store(ctx, ns, "brought along", text, object{"embedding": object{"model": modelLabel(), "vector": vectorOf(needle)}})
	var found []string
	for _, n := range reals {
		word := "not by"
		if wait(ctx, f.watch, func() bool { return n.recalls(ctx, ns, needle, id) }) {
			word = "by"
		}
		found = append(found, word+" "+n.name)
	}
	before := map[*node]int{}
	for _, n := range ours {
		before[n] = n.vectorsKept(ctx)
	}
	const theirs = "made over there"
	_, second := reals[0].store(ctx, ns, "of the other kind", theirs, nil)
	var kept []string
	for _, n := range ours {
		word := "not by"
		if wait(ctx, f.watch, func() bool { return n.vectorsKept(ctx) > before[n] }) {
			word = "by"
		}
		kept = append(kept, word+" "+n.name)
	}
	rest(ctx, f.watch/4) // a node without the vector would ask for it now
	return fmt.Sprintf("%d: a vector of %s used %s, who asked the model %d times; %d: one of %s kept %s, and the model was asked %d times",
		status, ours[0].name, strings.Join(found, ", "), f.embedder.timesAsked(text), second, reals[0].name, strings.Join(kept, ", "), f.embedder.timesAsked(theirs))
}
