package endpoint_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/model/endpoint"
	"github.com/tallystick/tallystick/internal/model/endpoint/endpointtest"
)

// refuse refuses requests with a text that is bad.
func refuse(code int, bad func(string) bool) func(w http.ResponseWriter, texts []string) bool {
	return func(w http.ResponseWriter, texts []string) bool {
		if !slices.ContainsFunc(texts, bad) {
			return false
		}
		http.Error(w, `{"error":"no"}`, code)
		return true
	}
}

func longer(than int) func(string) bool { return func(s string) bool { return len(s) > than } }

func odd(s string) bool { return strings.HasPrefix(s, "odd") }

// longest is how much of the longest text of the requests behind the first n was sent.
func longest(s *endpointtest.Server, n int) int {
	most := 0
	for _, texts := range s.Requests()[n:] {
		for _, t := range texts {
			most = max(most, len(t))
		}
	}
	return most
}

// A text that was not taken by itself is asked about again, with the others taken.
func TestWhatOneTextCausesIsNotThatOfOthers(t *testing.T) {
	long := strings.Repeat("é word ", 1000)
	for what, fail := range map[string]func(w http.ResponseWriter, texts []string) bool{
		"too long":     refuse(http.StatusBadRequest, longer(2000)),
		"too large":    refuse(http.StatusRequestEntityTooLarge, longer(2000)),
		"of no reason": refuse(http.StatusInternalServerError, longer(2000)),
		"numbers that are none": func(w http.ResponseWriter, texts []string) bool {
			if !slices.ContainsFunc(texts, longer(2000)) {
				return false
			}
			_, _ = w.Write([]byte(`{"embeddings":[[NaN]],"data":[{"embedding":[NaN]}]}`))
			return true
		},
	} {
		t.Run(what, func(t *testing.T) {
			both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
				t.Helper()
				s.Fail(fail)
				c := client(set)
				texts := []string{"one", "two", long, "four", "five"}
				got, err := c.Passages(t.Context(), texts)
				if err != nil || len(got) != len(texts) || got[2] != nil {
					t.Fatalf("%v, %v", got, err)
				}
				for _, i := range []int{0, 1, 3, 4} {
					if !like(got[i], texts[i]) {
						t.Errorf("%q has another vector", texts[i])
					}
				}
				got, err = c.Passages(t.Context(), []string{long})
				if err != nil || got[0] == nil || slices.Max(got[0]) == 0 {
					t.Errorf("the long one has no vector, and is taken when it is shorter: %v", err)
				}
			})
		})
	}
}

// Whatever has passed when a text is asked about again leaves no trace.
func TestAPassingFaultOfATextLeavesNothing(t *testing.T) {
	for _, code := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInternalServerError} {
		for _, text := range []string{strings.Repeat("alpha beta ", 30), strings.Repeat("gamma delta ", 500)} {
			both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
				t.Helper()
				first := true
				s.Fail(func(w http.ResponseWriter, texts []string) bool {
					was := first
					first = false
					return was && refuse(code, func(string) bool { return true })(w, texts)
				})
				c := client(set)
				for range 2 {
					if v, err := c.Passage(t.Context(), text); err != nil || !like(v, text) {
						t.Errorf("status %d, %d bytes: %v, want the vector of the whole", code, len(text), err)
					}
				}
			})
		}
	}
}

func TestATextThatIsRefusedForGoodHasAVectorOfZeros(t *testing.T) {
	for code, zeros := range map[int]bool{
		http.StatusBadRequest: true, http.StatusRequestEntityTooLarge: true, http.StatusUnprocessableEntity: true,
		http.StatusInternalServerError: false,
	} {
		both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
			t.Helper()
			s.Fail(refuse(code, odd))
			c := client(set)
			texts := []string{"one", "odd " + strings.Repeat("text ", 400)}
			got, err := c.Passages(t.Context(), texts)
			if err != nil || !like(got[0], "one") || got[1] != nil {
				t.Fatalf("%d: %v, %v", code, got, err)
			}
			for range 3 {
				got, err = c.Passages(t.Context(), texts[1:])
				if err != nil || (got[0] != nil) != zeros || zeros && (slices.Max(got[0]) != 0 || len(got[0]) != width) {
					t.Errorf("%d: %v, %v", code, got, err)
				}
				if zeros {
					break
				}
			}
			s.Fail(nil)
			if got, err = c.Passages(t.Context(), texts[1:]); err != nil || !like(got[0], texts[1]) {
				t.Errorf("%d, later: %v", code, err)
			}
		})
	}
}

// A server that takes hardly any texts has no trouble with one of them.
func TestNoTextIsGivenUpWhereOthersOfRealLengthAreNotTaken(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		text := strings.Repeat("text ", 30)
		for _, fail := range []func(http.ResponseWriter, []string) bool{
			refuse(http.StatusBadRequest, longer(100)),
			refuse(http.StatusInternalServerError, longer(100)),
		} {
			s.Fail(fail)
			c := client(set)
			for range 3 {
				if _, err := passages(t.Context(), c, text); err == nil || c.Problem() == nil {
					t.Errorf("%v, the problem is %v", err, c.Problem())
				}
			}
			s.Fail(nil)
			if got, err := passages(t.Context(), c, text); err != nil || !like(got[0], text) {
				t.Errorf("later: %v", err)
			}
		}
	})
}

// Where no text of a batch is taken, while another one is, the endpoint is left alone
// once; then it is these texts.
func TestABatchOfWhichNothingIsTakenIsAskedAgainOnce(t *testing.T) {
	for code, zeros := range map[int]bool{http.StatusBadRequest: true, http.StatusInternalServerError: false} {
		both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
			t.Helper()
			s.Fail(refuse(code, odd))
			c := client(set)
			if got, err := c.Passages(t.Context(), []string{"odd one", "odd two"}); err == nil || c.Problem() == nil {
				t.Errorf("%v", got)
			}
			got, err := passages(t.Context(), c, "odd one", "odd two")
			if err != nil || c.Problem() != nil || (got[0] != nil) != zeros || (got[1] != nil) != zeros {
				t.Errorf("%d, once more: %v, %v", code, got, err)
			}
		})
	}
}

// One text that is too long says nothing of others; two do, until a longer one is taken.
func TestHowMuchIsSentFollowsWhatIsTaken(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Fail(refuse(http.StatusBadRequest, longer(2000)))
		c := client(set)
		ask := func(text string) (sent int) {
			t.Helper()
			before := len(s.Requests())
			if _, err := c.Passage(t.Context(), text); err != nil {
				t.Fatal(err)
			}
			return longest(s, before)
		}
		a, b, other := strings.Repeat("alpha ", 800), strings.Repeat("beta ", 900), strings.Repeat("gamma ", 700)
		ask(a)
		if sent := ask(b); sent != len(b) {
			t.Errorf("after one text that was too long %d bytes are sent of %d", sent, len(b))
		}
		if sent := ask(other); sent > 2000 {
			t.Errorf("after two %d bytes are sent, and never taken", sent)
		}
		s.Fail(nil) // it has another model now
		for range 70 {
			ask(other)
		}
		if sent := ask(other); sent != len(other) {
			t.Errorf("%d bytes are sent for ever, and %d taken", sent, len(other))
		}
	})
}

// What fails for no reason says nothing of its length.
func TestFaultsDoNotLowerWhatIsSent(t *testing.T) {
	both(t, func(t *testing.T, s *endpointtest.Server, set endpoint.Settings) {
		t.Helper()
		s.Fail(refuse(http.StatusInternalServerError, longer(2000)))
		c := client(set)
		for _, word := range []string{"alpha ", "beta ", "gamma "} {
			if _, err := c.Passage(t.Context(), strings.Repeat(word, 900)); err != nil {
				t.Fatal(err)
			}
		}
		s.Fail(nil)
		whole := strings.Repeat("delta ", 900)
		if v, err := c.Passage(t.Context(), whole); err != nil || !like(v, whole) {
			t.Errorf("%v, want the vector of the whole", err)
		}
	})
}
