package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// BenchmarkCreate is the whole path of a create on a node of its own, without
// the network: 64 clients, texts of 1 KiB.
func BenchmarkCreate(b *testing.B) {
	n := open(b, options{})
	text := strings.Repeat("lorem ipsum ", 85)
	var serial atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body := fmt.Sprintf(`{"title":"title %d","content":"%s","tags":["a","b"],"metadata":{"k":"v"}}`, serial.Add(1), text)
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/v1/memories", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			n.api.ServeHTTP(w, r)
			if w.Code != http.StatusCreated {
				b.Error(w.Code, w.Body.String())
				return
			}
		}
	})
}
