package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/model/endpoint/endpointtest"
)

const width = 48

func settings(p endpoint.Protocol, url string) endpoint.Settings {
	return endpoint.Settings{Protocol: p, URL: url, Model: "some/model:1", Width: width, Near: 0.5, Floor: 0.2, Patience: 100}
}

// client asks s, and leaves it alone for hardly any time after a failure.
func client(s endpoint.Settings, change ...func(*endpoint.Config)) *endpoint.Client {
	cfg := endpoint.Config{Settings: s, Log: slog.New(slog.DiscardHandler), Rest: time.Microsecond, Longest: 10 * time.Microsecond}
	for _, f := range change {
		f(&cfg)
	}
	return endpoint.New(cfg)
}

func both(t *testing.T, f func(t *testing.T, s *endpointtest.Server, set endpoint.Settings)) {
	t.Helper()
	for _, p := range []endpoint.Protocol{endpoint.Ollama, endpoint.OpenAI} {
		t.Run(string(p), func(t *testing.T) {
			s := endpointtest.New(t, width)
			f(t, s, settings(p, s.URL))
		})
	}
}

// passages asks for vectors as soon as the endpoint may be asked.
func passages(ctx context.Context, c *endpoint.Client, texts ...string) ([][]float32, error) {
	if err := c.Ready(ctx); err != nil {
		return nil, err
	}
	return c.Passages(ctx, texts)
}

// like reports whether v is the vector of a text, of length 1.
func like(v []float32, text string) bool {
	want := endpointtest.Vector(text, width)
	var dot, length, own float64
	for i, x := range want {
		dot, length, own = dot+float64(x*v[i]), length+float64(x*x), own+float64(v[i]*v[i])
	}
	return math.Abs(own-1) < 1e-4 && math.Abs(dot/math.Sqrt(length)-1) < 1e-4
}

func TestVectorsAreThoseOfTheTexts(t *testing.T) {
	both(t, func(t *testing.T, _ *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		set.Query, set.Passage = "ask: ", "tell: "
		c := client(set)
		texts := []string{"the cat", "a dog of some size", "the house"}
		got, err := c.Passages(t.Context(), texts)
		if err != nil || len(got) != len(texts) {
			t.Fatalf("%d, %v", len(got), err)
		}
		for i, text := range texts {
			if !like(got[i], "tell: "+text) {
				t.Errorf("%q has the vector of another text", text)
			}
		}
		q, err := c.Query(t.Context(), "cat")
		if err != nil || !like(q, "ask: cat") {
			t.Errorf("question: %v", err)
		}
		if v, err := c.Passage(t.Context(), "the cat"); err != nil || !slices.Equal(v, got[0]) {
			t.Errorf("one alone: %v", err)
		}
	})
}

func TestAnswersOfNoUseAreRefused(t *testing.T) {
	for what, body := range map[string]string{
		"too few":            `{"embeddings":[],"data":[]}`,
		"too many":           `{"embeddings":[[1],[1]],"data":[{"embedding":[1]},{"embedding":[1]}]}`,
		"another width":      `{"embeddings":[[1,2]],"data":[{"embedding":[1,2]}]}`,
		"no JSON":            `<html>`,
		"cut":                `{"embeddings":[[1,2`,
		"of no text":         `{"data":[{"index":3,"embedding":[1]}]}`,
		"numbers too large":  `{"embeddings":[[1e400]],"data":[{"embedding":[1e400]}]}`,
		"an error, as a 200": `{"error":"model is loading"}`,
	} {
		t.Run(what, func(t *testing.T) {
			both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
				t.Helper()
				s.Fail(func(w http.ResponseWriter, _ []string) bool {
					_, _ = w.Write([]byte(body))
					return true
				})
				c := client(set)
				if _, err := passages(t.Context(), c, "one", "two"); !errors.Is(err, endpoint.ErrAnswer) || !errors.Is(c.Problem(), endpoint.ErrAnswer) {
					t.Errorf("passages: %v, the problem is %v", err, c.Problem())
				}
				if _, err := c.Query(t.Context(), "one"); !errors.Is(err, endpoint.ErrAnswer) && !errors.Is(err, endpoint.ErrAway) {
					t.Errorf("query: %v", err)
				}
				s.Fail(nil)
				if _, err := passages(t.Context(), c, "one", "two"); err != nil || c.Problem() != nil {
					t.Errorf("later: %v, the problem is %v", err, c.Problem())
				}
			})
		})
	}
}

// An endpoint that says when it wants to be asked again is not asked before; nobody
// waits for it with a question.
func TestAnEndpointIsLeftAloneAsLongAsItWants(t *testing.T) {
	for _, after := range []string{"3600", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
		both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
			t.Helper()
			s.Fail(func(w http.ResponseWriter, _ []string) bool {
				w.Header().Set("Retry-After", after)
				http.Error(w, `{}`, http.StatusTooManyRequests)
				return true
			})
			c := client(set)
			if _, err := passages(t.Context(), c, "one"); err == nil || !strings.Contains(err.Error(), "429") {
				t.Fatalf("%v, want that it says 429", err)
			}
			asked := len(s.Requests())
			if _, err := c.Query(t.Context(), "one"); !errors.Is(err, endpoint.ErrAway) || !strings.Contains(err.Error(), "asked too often") {
				t.Errorf("question: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := c.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("ready: %v, want that it waits", err)
			}
			if _, err := c.Passages(t.Context(), []string{"one"}); !errors.Is(err, endpoint.ErrAway) {
				t.Errorf("passages: %v, want that they do not wait", err)
			}
			if n := len(s.Requests()); n != asked {
				t.Errorf("asked %d times meanwhile", n-asked)
			}
		})
	}
}

func TestABatchHasATimeout(t *testing.T) {
	s := endpointtest.New(t, width)
	free := make(chan struct{})
	defer close(free)
	s.Fail(func(http.ResponseWriter, []string) bool { <-free; return true })
	c := client(settings(endpoint.OpenAI, s.URL), func(cfg *endpoint.Config) { cfg.Timeout = time.Millisecond })
	if _, err := passages(t.Context(), c, "one"); !errors.Is(err, context.DeadlineExceeded) || c.Problem() == nil {
		t.Errorf("%v, the problem is %v", err, c.Problem())
	}
}

func TestTheKeyIsReadEachTimeAndNeverSaid(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Key("secret-1")
		file := filepath.Join(t.TempDir(), "key")
		write := func(key string) {
			if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		set.KeyFile = file
		c := client(set)
		ask := func() error {
			_, err := passages(t.Context(), c, "one")
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("says the key: %v", err)
			}
			return err
		}
		if err := ask(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
		for _, bad := range []string{"", "\n", "secret 1", "secret-\x01"} {
			write(bad)
			if err := ask(); err == nil || !strings.Contains(err.Error(), "has none") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		write("secret-2")
		if err := ask(); err == nil || !strings.Contains(err.Error(), "the key is not taken") {
			t.Errorf("another key: %v", err)
		}
		write("secret-1\n")
		if err := ask(); err != nil {
			t.Errorf("the right one: %v", err)
		}
		set.KeyFile, set.KeyEnv = "", "EMBED_KEY"
		c = client(set, func(cfg *endpoint.Config) {
			cfg.Getenv = func(name string) string { return map[string]string{"EMBED_KEY": "secret-1"}[name] }
		})
		if err := ask(); err != nil {
			t.Errorf("in the environment: %v", err)
		}
	})
}

func TestNothingIsAskedThatIsNotAllowed(t *testing.T) {
	s := endpointtest.New(t, width)
	no := errors.New("rule 1 says no")
	for what, change := range map[string]func(*endpoint.Config){
		"the URL":     func(cfg *endpoint.Config) { cfg.Allow = func(context.Context, *url.URL) error { return no } },
		"the address": func(cfg *endpoint.Config) { cfg.AllowAddress = func(netip.AddrPort) error { return no } },
	} {
		t.Run(what, func(t *testing.T) {
			c := client(settings(endpoint.Ollama, s.URL), change)
			if _, err := passages(t.Context(), c, "one"); !errors.Is(err, no) {
				t.Errorf("passages: %v", err)
			}
			if _, err := c.Query(t.Context(), "one"); err == nil {
				t.Error("a question was asked")
			}
			if n := len(s.Requests()); n > 0 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// A connection that is kept does not outlive the rule that let it be made.
func TestAConnectionEndsWithWhatAllowedIt(t *testing.T) {
	s := endpointtest.New(t, width)
	var no error
	c := client(settings(endpoint.Ollama, s.URL), func(cfg *endpoint.Config) { cfg.AllowAddress = func(netip.AddrPort) error { return no } })
	for range 2 {
		if _, err := passages(t.Context(), c, "one"); err != nil {
			t.Fatal(err)
		}
	}
	no = errors.New("rule 1 says no")
	if _, err := passages(t.Context(), c, "two"); !errors.Is(err, no) || len(s.Requests()) != 2 {
		t.Errorf("%v, asked %d times", err, len(s.Requests()))
	}
}

func TestNobodyIsFollowedElsewhere(t *testing.T) {
	s, other := endpointtest.New(t, width), endpointtest.New(t, width)
	s.Fail(func(w http.ResponseWriter, _ []string) bool {
		w.Header().Set("Location", other.URL+"/api/embed")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	})
	c := client(settings(endpoint.Ollama, s.URL))
	if _, err := passages(t.Context(), c, "one"); err == nil || !strings.Contains(err.Error(), "307") || len(other.Requests()) > 0 {
		t.Errorf("%v; the other one was asked %d times", err, len(other.Requests()))
	}
}

// The longest vectors that settings allow can be asked for before their width is known,
// however many digits a server writes.
func TestTheLongestVectorsCanBeProbed(t *testing.T) {
	const longest = 1 << 13
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Fail(func(w http.ResponseWriter, _ []string) bool {
			answer := `{"embeddings":[[%s1]]}`
			if set.Protocol == endpoint.OpenAI {
				answer = `{"data":[{"embedding":[%s1]}]}`
			}
			_, _ = fmt.Fprintf(w, answer, strings.Repeat("-0.12345678901234567e-01, ", longest-1)) // the client has gone
			return true
		})
		set.Width = 0
		if got, err := client(set).Probe(t.Context()); err != nil || got != longest {
			t.Errorf("width %d, %v", got, err)
		}
	})
}

func TestAProbeSaysTheWidthOrWhatTheServerSays(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		set.Width = 0
		if n, err := client(set).Probe(t.Context()); err != nil || n != width {
			t.Errorf("%d, %v", n, err)
		}
		s.Fail(func(w http.ResponseWriter, _ []string) bool {
			http.Error(w, `{"error":"model not found, try pulling it first"}`, http.StatusNotFound)
			return true
		})
		if _, err := client(set).Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "try pulling it first") {
			t.Errorf("%v", err)
		}
	})
}
