package text_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/recall/index"
	"github.com/tallystick/tallystick/internal/recall/search"
	"github.com/tallystick/tallystick/internal/recall/when"
)

// The table says what readers of 30 languages hold for the same word. It is
// judged as a user would: does a search for the one find a memory of the other?
func TestGoldenTable(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("%q has %d fields", line, len(f))
		}
		cases++
		x := index.New()
		x.Apply([]index.Change{{Document: index.Document{ID: "it", Body: f[1], Said: when.None}}}, 1)
		found := len(new(search.Searcher).Run(x, search.Parse(f[2], time.Time{}), index.Filter{}, 1))
		if want := f[3] == "yes"; want != (found == 1) {
			t.Errorf("%s: a search for %q in %q: found %v, want %v", f[0], f[2], f[1], found == 1, want)
		}
	}
	if cases < 300 {
		t.Errorf("%d cases, want at least 300", cases)
	}
}
