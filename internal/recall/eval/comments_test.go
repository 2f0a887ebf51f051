package eval_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/recall/eval"
	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// comment is a doc comment of Go's own library, without the name that it is of.
type comment struct{ name, first, rest string }

// comments are those of the exported names of the library, where its sources are.
func comments(t *testing.T) []comment {
	t.Helper()
	root := filepath.Join(runtime.GOROOT(), "src") //nolint:staticcheck // as the go command sets it for tests
	if _, err := os.Stat(filepath.Join(root, "strings")); err != nil {
		t.Skip("the sources of Go's library are not here: recall on comments is not measured")
	}
	var out []comment
	declared := regexp.MustCompile(`^(?:func (?:\([^)]*\) )?|type |var |const )([A-Z]\w*)`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "testdata", "vendor", "internal", "cmd":
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var said []string
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "//go:") {
				said = append(said, strings.TrimSpace(line[2:]))
				continue
			}
			if m := declared.FindStringSubmatch(line); m != nil && said != nil {
				out = append(out, commentOf(m[1], strings.Join(said, " ")))
			}
			said = nil
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func commentOf(name, text string) comment {
	text = strings.TrimSpace(regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(text, ""))
	if at := regexp.MustCompile(`[.!?] +`).FindStringIndex(text); at != nil {
		return comment{name, strings.TrimSpace(text[:at[0]+1]), strings.TrimSpace(text[at[1]:])}
	}
	return comment{name: name, first: text}
}

// words are those of a name in camel case.
func words(name string) string {
	name = regexp.MustCompile(`([A-Z]+)([A-Z][a-z])`).ReplaceAllString(name, "$1 $2")
	name = regexp.MustCompile(`([a-z])([A-Z0-9])|([0-9])([A-Za-z])`).ReplaceAllString(name, "$1$3 $2$4")
	return strings.ToLower(name)
}

// noisy drops words, and puts errors of typing into some.
func noisy(r *rand.Rand, text string) string {
	var out []string
	for w := range strings.FieldsSeq(text) {
		if r.Float64() < 0.4 {
			continue
		}
		if len(w) > 3 && r.Float64() < 0.3 {
			p := 1 + r.IntN(len(w)-2)
			switch r.IntN(3) {
			case 0:
				w = w[:p] + w[p+1:]
			case 1:
				w = w[:p] + w[p+1:p+2] + w[p:p+1] + w[p+2:]
			default:
				w = w[:p] + string(rune('a'+r.IntN(26))) + w[p+1:]
			}
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// TestComments measures recall on one-sentence texts about code: the first sentence
// of each comment is a memory, and what is asked is the rest of the comment, the
// sentence with errors, or the words of the name.
func TestComments(t *testing.T) {
	if testing.Short() {
		t.Skip("measures recall on thousands of comments: not with -short")
	}
	const asked = 400
	s := &eval.Set{Name: "comments of Go's library"}
	r := rand.New(rand.NewPCG(1, 1))
	tasks := map[string][]eval.Question{}
	for i, c := range comments(t) {
		if len(strings.Fields(c.first)) < 4 {
			continue
		}
		id := fmt.Sprintf("%05d", i)
		s.Memories = append(s.Memories, index.Document{ID: id, Namespace: "go", Body: c.first, Priority: 5, Said: when.None})
		ask := func(group, text string, enough int) {
			if len(strings.Fields(text)) >= enough {
				tasks[group] = append(tasks[group], eval.Question{Text: text, Namespace: "go", Group: group, Answers: []string{id}})
			}
		}
		ask("rest", c.rest, 6)
		if len(strings.Fields(c.first)) >= 6 {
			ask("errors", noisy(r, c.first), 2)
		}
		ask("name", words(c.name), 2)
	}
	for _, group := range []string{"rest", "errors", "name"} {
		list := tasks[group]
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		s.Questions = append(s.Questions, list[:min(asked, len(list))]...)
	}
	t.Logf("%d comments", len(s.Memories))
	got := report(t, s)
	for _, row := range got.Groups {
		if least := map[string]float64{"rest": 29, "errors": 77.5, "name": 35.5}[row.Group]; row.Any10 < least {
			t.Errorf("%s: any@10 %.1f, want at least %.1f", row.Group, row.Any10, least)
		}
	}
}
