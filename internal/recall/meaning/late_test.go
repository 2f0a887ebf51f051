package meaning_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/model/endpoint/endpointtest"
	"github.com/tallystick/tallystick/internal/recall"
	"github.com/tallystick/tallystick/internal/recall/meaning"
)

// journal is a log: each memory is where it was last written.
type journal struct {
	mu   sync.Mutex
	recs []memory.Record // by LSN - 1; of no ID: it was written anew
}

func (j *journal) write(id, content string, life memory.Life) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range j.recs {
		if j.recs[i].ID == id {
			j.recs[i] = memory.Record{}
		}
	}
	j.recs = append(j.recs, memory.Record{Life: life, Memory: memory.Memory{ID: id, Namespace: "n", Content: content, Priority: 5}})
}

func (j *journal) Changed(_ context.Context, after uint64, limit int) ([]memory.Record, uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	recs := j.recs[after:min(len(j.recs), int(after)+limit)]
	last := after + uint64(len(recs))
	return slices.DeleteFunc(slices.Clone(recs), func(r memory.Record) bool { return r.ID == "" }), last, nil
}

func (j *journal) View() memory.View {
	j.mu.Lock()
	defer j.mu.Unlock()
	return memory.View{LSN: uint64(len(j.recs))}
}

func (*journal) Origin() memory.Origin { return "a.1" }

// follow feeds a space from j until the returned func is called.
func follow(t *testing.T, j *journal, s *meaning.Space) (*recall.Finder, func()) {
	t.Helper()
	f := recall.NewFinder(recall.Config{Log: slog.New(slog.DiscardHandler), Projections: []recall.Projection{s}, Save: 5 * time.Minute}, j)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// left is a client of a server that is left alone for a while.
type left struct {
	*endpoint.Client

	during func() // what happens meanwhile
}

func (l *left) Ready(ctx context.Context) error {
	l.during()
	return l.Client.Ready(ctx)
}

// What is erased or replaced while a server is left alone is not sent to it after that.
func TestWhatIsGoneIsNotSent(t *testing.T) {
	server := endpointtest.New(t, 48)
	j := &journal{}
	j.write("erased", "a secret that was pasted", memory.Live)
	j.write("replaced", "a secret in the first version", memory.Live)
	j.write("kept", "nothing of note", memory.Live)
	set := endpoint.Settings{Protocol: endpoint.Ollama, URL: server.URL, Model: "m", Width: 48, Near: 0.5, Floor: 0.2, Patience: 100}
	e := &left{Client: endpoint.New(endpoint.Config{Settings: set, Log: slog.New(slog.DiscardHandler)})}
	s := meaning.NewSpace(config(e))
	e.during = sync.OnceFunc(func() {
		j.write("erased", "", memory.Erased)
		j.write("replaced", "the second version", memory.Live)
		s.Erase(t.Context(), []string{"erased"})
	})
	server.Fail(func(w http.ResponseWriter, _ []string) bool {
		w.Header().Set("Retry-After", "1")
		http.Error(w, `{}`, http.StatusTooManyRequests)
		return true
	})
	if _, err := e.Query(t.Context(), "a question"); err == nil {
		t.Fatal("a question was answered")
	}
	asked := make(chan struct{}, 8)
	server.Fail(func(_ http.ResponseWriter, texts []string) bool {
		if slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, "the second version") }) {
			asked <- struct{}{}
		}
		return false
	})
	_, stop := follow(t, j, s)
	defer stop()
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
	}
	sent := fmt.Sprint(server.Requests())
	if strings.Contains(sent, "secret") || !strings.Contains(sent, "the second version") || !strings.Contains(sent, "nothing of note") {
		t.Errorf("sent: %s", sent)
	}
}

// What is erased while others are read is not in a later batch.
func TestWhatIsErasedMeanwhileIsNotInALaterBatch(t *testing.T) {
	m := &together{left: -1}
	s := meaning.NewSpace(config(m))
	m.during = sync.OnceFunc(func() { s.Erase(t.Context(), []string{"id-50"}) })
	if err := s.Learn(t.Context(), documents(100, func(i int) string { return fmt.Sprint("text ", i) })); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(m.asked, "text 50") || len(m.asked) != 99 || s.Status().Vectors != 99 {
		t.Errorf("%d texts read, %d vectors, %v", len(m.asked), s.Status().Vectors, m.asked)
	}
}

// A text that cannot be read holds up none, is asked about once more after the others,
// later again, and after a restart.
func TestATextThatCannotBeReadIsAskedAboutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		j.write("a", "first", memory.Live)
		j.write("b", "bad", memory.Live)
		j.write("c", "last", memory.Live)
		m := &together{left: -1, cannot: map[string]bool{"bad": true}}
		cfg := config(m)
		cfg.File = filepath.Join(t.TempDir(), "vectors")
		s := meaning.NewSpace(cfg)
		_, stop := follow(t, j, s)
		synctest.Wait()
		if got := m.lately(); got != "first, bad, last, bad" || s.Status().Vectors != 2 || s.Unread() != 1 || s.From() != 3 || !s.Status().Full {
			t.Errorf("asked %s, %+v, %d unread, at %d", got, s.Status(), s.Unread(), s.From())
		}
		time.Sleep(16 * time.Minute) // of the bubble
		synctest.Wait()
		if got := m.lately(); got != "bad, bad" {
			t.Errorf("asked later: %s", got)
		}
		stop()
		m.cannot = nil
		s = meaning.NewSpace(cfg)
		_, stop = follow(t, j, s)
		synctest.Wait()
		if got := m.lately(); got != "bad" || s.Status().Vectors != 3 || s.From() != 3 {
			t.Errorf("asked after a restart: %s, %+v", got, s.Status())
		}
		stop()
		s = meaning.NewSpace(cfg)
		_, stop = follow(t, j, s)
		defer stop()
		synctest.Wait()
		if got := m.lately(); got != "" || s.Status().Vectors != 3 || s.Unread() != 0 {
			t.Errorf("asked after that: %s, %+v", got, s.Status())
		}
	})
}

// A vector that comes late is kept, though the log has not grown since the last time
// that the others were saved.
func TestALateVectorIsKeptOnAnIdleLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		j.write("a", "first", memory.Live)
		j.write("b", "bad", memory.Live)
		m := &together{left: -1, cannot: map[string]bool{"bad": true}}
		cfg := config(m)
		cfg.File = filepath.Join(t.TempDir(), "vectors")
		s := meaning.NewSpace(cfg)
		_, stop := follow(t, j, s)
		time.Sleep(6 * time.Minute) // of the bubble: the others are saved
		synctest.Wait()
		m.mu.Lock()
		m.cannot = nil
		m.mu.Unlock()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := m.lately(); got != "first, bad, bad, bad" || s.Status().Vectors != 2 {
			t.Fatalf("asked %s, %+v", got, s.Status())
		}
		stop()
		s = meaning.NewSpace(cfg)
		_, stop = follow(t, j, s)
		defer stop()
		synctest.Wait()
		if got := m.lately(); got != "" || s.Status().Vectors != 2 || s.Unread() != 0 {
			t.Errorf("asked after a restart: %s, %+v", got, s.Status())
		}
	})
}

// While the log is read again the space is not behind it.
func TestReadingAgainDoesNotGoBack(t *testing.T) {
	m := &together{left: -1, cannot: map[string]bool{"bad": true}}
	s := meaning.NewSpace(config(m))
	apply := func(after, at uint64, id, text string) {
		t.Helper()
		r := memory.Record{Life: memory.Live, Memory: memory.Memory{ID: id, Namespace: "n", Content: text, Priority: 5}}
		if err := s.Apply(t.Context(), &recall.Batch{After: after, At: at, Top: 3, Records: []memory.Record{r}}); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		apply(0, 1, "a", "first")
		apply(1, 2, "b", "bad")
		apply(2, 3, "c", "last")
		time.Sleep(11 * time.Minute) // of the bubble
		if after, due := s.Again(); after != 1 || !due {
			t.Fatalf("again behind %d, %t", after, due)
		}
		apply(1, 2, "b", "bad")
		if s.From() != 3 {
			t.Errorf("at %d while it reads again", s.From())
		}
		apply(2, 3, "c", "last")
		apply(0, 1, "a", "first") // made anew
		if s.From() != 1 {
			t.Errorf("at %d while it is made anew", s.From())
		}
	})
}

// A vector of what a memory said before is not kept for what it says now.
func TestATextThatCannotBeReadHasNotTheVectorOfTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		j.write("a", "first", memory.Live)
		m := &together{left: -1, cannot: map[string]bool{"bad": true}}
		s := meaning.NewSpace(config(m))
		f, stop := follow(t, j, s)
		defer stop()
		synctest.Wait()
		j.write("a", "bad", memory.Live)
		f.Committed()
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		if s.Status().Vectors != 0 || s.From() != 2 {
			t.Errorf("%+v, at %d", s.Status(), s.From())
		}
	})
}

// What has a vector of zeros, for good, is counted as what has none for now.
func TestWhatIsNotTakenIsCounted(t *testing.T) {
	m := &together{left: -1}
	s := meaning.NewSpace(config(m))
	texts := []string{"one", "", "three"}
	if err := s.Learn(t.Context(), documents(3, func(i int) string { return texts[i] })); err != nil {
		t.Fatal(err)
	}
	if s.Unread() != 1 || s.Status().Vectors != 3 {
		t.Errorf("%d unread, %+v", s.Unread(), s.Status())
	}
}
