package mcp

import (
	"bytes"
	"net/http"
	"sync"
	"time"
)

// beatEvery is how long a stream is silent at most: proxies take one for dead that has said
// nothing for a minute.
const beatEvery = 15 * time.Second

// beating is a stream of events that puts a comment between two of them when there is
// nothing to tell.
type beating struct {
	http.ResponseWriter

	mu      sync.Mutex
	between bool // an event has ended, and no other has begun
}

// beats makes a stream of w; until end it beats, which it does not afterwards.
func beats(w http.ResponseWriter, every time.Duration) (b *beating, end func()) {
	b = &beating{ResponseWriter: w}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b.beat()
			case <-quit:
				return
			}
		}
	}()
	return b, func() {
		close(quit)
		<-done
	}
}

func (b *beating) beat() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.between && b.Header().Get("Content-Type") == "text/event-stream" {
		_, _ = b.ResponseWriter.Write([]byte(": \n\n")) // who is gone need not know
		_ = http.NewResponseController(b.ResponseWriter).Flush()
	}
}

// Write implements [http.ResponseWriter].
func (b *beating) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.between = bytes.HasSuffix(p, []byte("\n\n"))
	return b.ResponseWriter.Write(p)
}

// Flush implements [http.Flusher].
func (b *beating) Flush() { _ = b.FlushError() }

// FlushError is what [http.ResponseController] looks for.
func (b *beating) FlushError() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return http.NewResponseController(b.ResponseWriter).Flush()
}

// Unwrap returns the writer below, for what else a controller may ask of it.
func (b *beating) Unwrap() http.ResponseWriter { return b.ResponseWriter }
