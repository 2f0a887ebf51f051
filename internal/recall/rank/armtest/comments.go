package armtest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// Comments are the comments of Go's own sources that have five words or more, up to
// about n, and the first words of about so many others, to be asked for. With sessions
// those of a file are a conversation. They are for measuring on what people wrote.
func Comments(n, asked int, sessions bool) (changes []index.Change, questions []string, err error) {
	files, err := comments(n)
	r := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same ones each time
	for f, texts := range files {
		for _, text := range texts {
			if r.IntN(max(1, n/asked)) == 0 {
				words := strings.Fields(text)
				questions = append(questions, strings.Join(words[:min(len(words), 8)], " "))
				continue
			}
			id := len(changes)
			d := index.Document{ID: strconv.Itoa(id), Namespace: "go", Body: text, Priority: 5, Created: int64(id), Said: when.None}
			if sessions {
				d.Session = strconv.Itoa(f)
			}
			changes = append(changes, index.Change{Document: d})
		}
	}
	return changes, questions, err
}

func comments(n int) ([][]string, error) {
	root := filepath.Join(runtime.GOROOT(), "src") //nolint:staticcheck // as the go command sets it for tests
	var out [][]string
	count := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		if count >= n {
			return fs.SkipAll
		}
		raw, err := os.ReadFile(path) //nolint:gosec // below the root
		if err != nil {
			return err
		}
		file := commentsOf(string(raw))
		out, count = append(out, file), count+len(file)
		return nil
	})
	return out, err
}

func commentsOf(source string) (out []string) {
	var now []string
	for line := range strings.Lines(source + "\n") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "// "); ok {
			now = append(now, text)
			continue
		}
		if text := strings.Join(now, " "); len(strings.Fields(text)) >= 5 && !strings.HasPrefix(text, "Copyright") {
			out = append(out, text)
		}
		now = nil
	}
	return out
}
