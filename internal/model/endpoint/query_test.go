package endpoint_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/model/endpoint/endpointtest"
)

// A slow endpoint costs a few questions their patience, and then no more.
func TestASlowEndpointIsNotWaitedForAgainAndAgain(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		free := make(chan struct{})
		defer close(free)
		s.Fail(func(http.ResponseWriter, []string) bool { <-free; return true })
		set.Patience = 1
		c := client(set, func(cfg *endpoint.Config) { cfg.Rest, cfg.Longest = time.Hour, time.Hour })
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := c.Query(ctx, "one"); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
		}
		if _, err := c.Query(t.Context(), "one"); !errors.Is(err, endpoint.ErrAway) {
			t.Errorf("got %v, want that it does not wait", err)
		}
	})
}

// Questions that wait for the same hiccup are one failure, however many they are.
func TestManyQuestionsInOneHiccupCountOnce(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		var all, began sync.WaitGroup
		free := make(chan struct{})
		began.Add(16)
		s.Fail(func(w http.ResponseWriter, _ []string) bool {
			began.Done()
			<-free
			http.Error(w, `{}`, http.StatusInternalServerError)
			return true
		})
		c := client(set, func(cfg *endpoint.Config) { cfg.Rest, cfg.Longest = time.Hour, time.Hour })
		for range 16 {
			all.Go(func() {
				if _, err := c.Query(t.Context(), "one"); err == nil || errors.Is(err, endpoint.ErrAway) {
					t.Errorf("%v, want its status", err)
				}
			})
		}
		began.Wait()
		close(free)
		all.Wait()
		s.Fail(nil)
		if v, err := c.Query(t.Context(), "one"); err != nil || !like(v, "one") {
			t.Errorf("after the hiccup: %v", err)
		}
	})
}

// A batch that is answered shows that questions will be, too.
func TestABatchThatIsAnsweredEndsTheRestOfQuestions(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Fail(func(w http.ResponseWriter, _ []string) bool {
			http.Error(w, `{}`, http.StatusInternalServerError)
			return true
		})
		c := client(set, func(cfg *endpoint.Config) { cfg.Rest, cfg.Longest = time.Hour, time.Hour })
		for range 3 {
			if _, err := c.Query(t.Context(), "one"); err == nil {
				t.Fatal("answered")
			}
		}
		if _, err := c.Query(t.Context(), "one"); !errors.Is(err, endpoint.ErrAway) {
			t.Errorf("%v, want that it is asked no more", err)
		}
		s.Fail(nil)
		if _, err := passages(t.Context(), c, "one"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), "one"); err != nil {
			t.Errorf("after a batch that was answered: %v", err)
		}
	})
}

// What an endpoint asks for when it is asked a question holds for all, at once.
func TestAQuestionThatIsTooMuchLeavesTheEndpointAlone(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Fail(func(w http.ResponseWriter, _ []string) bool {
			w.Header().Set("Retry-After", "600")
			http.Error(w, `{}`, http.StatusTooManyRequests)
			return true
		})
		c := client(set)
		if _, err := c.Query(t.Context(), "one"); err == nil {
			t.Fatal("answered")
		}
		_, err := c.Query(t.Context(), "one")
		_, err2 := c.Passages(t.Context(), []string{"one"})
		if n := len(s.Requests()); !errors.Is(err, endpoint.ErrAway) || !errors.Is(err2, endpoint.ErrAway) || n != 1 || c.Problem() == nil {
			t.Errorf("%v, %v, asked %d times, the problem is %v", err, err2, n, c.Problem())
		}
	})
}

// Who has no time says nothing of the endpoint, however often.
func TestAQuestionInHasteDoesNotCount(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		set.Patience = 10_000
		c := client(set, func(cfg *endpoint.Config) { cfg.Rest, cfg.Longest = time.Hour, time.Hour })
		past, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		for range 5 {
			if _, err := c.Query(past, "one"); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		if _, err := c.Query(t.Context(), "one"); err != nil {
			t.Errorf("%v, asked %d times", err, len(s.Requests()))
		}
	})
}

// Whoever asked has gone: that says nothing of the endpoint.
func TestAQuestionThatIsGivenUpDoesNotCount(t *testing.T) {
	s := endpointtest.New(t, width)
	c := client(settings(endpoint.Ollama, s.URL), func(cfg *endpoint.Config) { cfg.Rest, cfg.Longest = time.Hour, time.Hour })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if _, err := c.Query(gone, "one"); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, err := c.Query(t.Context(), "one"); err != nil {
		t.Error(err)
	}
}

// Whoever asks for memories is not told where the endpoint is, where its key, and what
// the rules are.
func TestAQuestionThatFailsSaysNothingOfTheSettings(t *testing.T) {
	s := endpointtest.New(t, width)
	closed := settings(endpoint.Ollama, "http://127.0.0.1:1")
	without := settings(endpoint.Ollama, s.URL)
	without.KeyFile = filepath.Join(t.TempDir(), "key")
	rule := errors.New("rule 3: deny embed 127.0.0.0/8")
	for want, c := range map[string]*endpoint.Client{
		"no connection":          client(closed),
		"its key cannot be read": client(without),
		"it may not be asked":    client(settings(endpoint.Ollama, s.URL), func(cfg *endpoint.Config) { cfg.AllowAddress = func(netip.AddrPort) error { return rule } }),
	} {
		if _, err := c.Query(t.Context(), "one"); err == nil || c.Problem() == nil || len(c.Problem().Error()) <= len(want) {
			t.Errorf("after a question the operator is told %v", c.Problem())
		}
		_, whole := passages(t.Context(), c, "one")
		if whole == nil || c.Problem() == nil {
			t.Fatalf("%s: %v", want, whole)
		}
		for range 4 {
			_, err := c.Query(t.Context(), "one")
			if got := strings.TrimPrefix(err.Error(), endpoint.ErrAway.Error()+": "); got != want {
				t.Errorf("the question: %v, want %q", err, want)
			}
		}
		if !strings.Contains(whole.Error(), ": ") || len(c.Problem().Error()) <= len(want) {
			t.Errorf("the operator is told %v", c.Problem())
		}
	}
}
