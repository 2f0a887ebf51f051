package eval_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// notes are 300 short notes of a coding agent with 100 questions that use other
// words, in six languages: the pairs beside the repository, and as many more
// notes that look alike.
func notes(t *testing.T) *eval.Set {
	t.Helper()
	var raw []byte
	for _, path := range []string{"../../../../shared/recall/work/notes.py", "../../../../../shared/recall/work/notes.py"} {
		b, err := os.ReadFile(path)
		if err == nil {
			raw = b
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if raw == nil {
		t.Skip("no ../shared/recall/work/notes.py beside the repository: recall on notes is not measured")
	}
	s := &eval.Set{Name: "notes"}
	text := func(quoted string) string {
		out, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		return out
	}
	for i, m := range regexp.MustCompile(`(?m)^\((".*"),(".*")\),$`).FindAllStringSubmatch(string(raw), -1) {
		group := "en"
		if i >= 60 {
			group = []string{"de", "fr", "es", "ja", "zh"}[(i-60)/8]
		}
		id := fmt.Sprintf("note-%03d", i)
		s.Memories = append(s.Memories, index.Document{ID: id, Body: text(m[1]), Priority: 5, Said: when.None})
		s.Questions = append(s.Questions, eval.Question{Text: text(m[2]), Answers: []string{id}, Group: group})
	}
	if len(s.Questions) != 100 {
		t.Fatalf("%d questions, want 100", len(s.Questions))
	}
	s.Memories = append(s.Memories, lookalikes(200)...)
	return s
}

// lookalikes are notes on services that share words with each other and with the
// everyday of a project.
func lookalikes(n int) []index.Document {
	r := rand.New(rand.NewPCG(7, 7))
	pick := func(words string) string {
		list := strings.Fields(words)
		return list[r.IntN(len(list))]
	}
	const services = "auth billing search export import cache scheduler gateway mailer parser replica indexer uploader webhook console"
	const months = "January February March April June July August September October"
	seen := map[string]bool{}
	var out []index.Document
	for len(out) < n {
		a, b := pick(services), pick(services)
		var s string
		switch r.IntN(13) {
		case 0:
			s = fmt.Sprintf("The %s service times out after %d s when the %s service restarts.", a, 2+r.IntN(89), b)
		case 1:
			s = fmt.Sprintf("The %s service writes its state to /var/lib/%s/%s.db.", a, a, b)
		case 2:
			s = fmt.Sprintf("The %s service is owned by %s since %s.", a, pick("Ana Piotr Maria Ken Lucía Jonas Aiko Wei Fatima Noah"), pick(months))
		case 3:
			s = fmt.Sprintf("The %s service logs `connection refused` when %s is unreachable.", a, b)
		case 4:
			s = fmt.Sprintf("The %s service uses %d workers and a queue of %d.", a, 2+r.IntN(89), 100+r.IntN(8900))
		case 5:
			s = fmt.Sprintf("The %s service was rewritten in %s to drop the %s dependency.", a, pick(months), b)
		case 6:
			s = fmt.Sprintf("The %s service needs `make %s-%s` before its tests.", a, a, b)
		case 7:
			s = fmt.Sprintf("The %s service exposes port %d for the %s probe.", a, 2000+r.IntN(7900), b)
		case 8:
			s = fmt.Sprintf("The %s service keeps rows for %d days and then archives them.", a, 2+r.IntN(89))
		case 9:
			s = fmt.Sprintf("The %s service reads %s_URL and %s_TOKEN from the environment.", a, strings.ToUpper(b), strings.ToUpper(a))
		case 10:
			s = fmt.Sprintf("User likes %s for the %s module.", pick("generics mocks panics screenshots"), a)
		case 11:
			s = fmt.Sprintf("We agreed that %s are fine for the %s tests until %s.", pick("generics mocks panics screenshots"), a, pick(months))
		case 12:
			s = fmt.Sprintf("%s asked to review the %s docs before %s.", pick("Ana Piotr Maria Ken Jonas Wei"), a, pick(months))
		}
		if a != b && !seen[s] {
			seen[s] = true
			out = append(out, index.Document{ID: fmt.Sprintf("other-%03d", len(out)), Body: s, Priority: 5, Said: when.None})
		}
	}
	return out
}

func TestNotes(t *testing.T) {
	r := report(t, notes(t))
	if r.All.Any5 < 64 {
		t.Errorf("any@5 %.1f, want at least 64", r.All.Any5)
	}
}
