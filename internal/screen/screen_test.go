package screen_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tallystick/tallystick/internal/screen"
)

// cases are the lines of a file of the corpus, with line ends where they say so.
func cases(t *testing.T, name string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, strings.ReplaceAll(line, `\n`, "\n"))
		}
	}
	return out
}

// drawn is a case with what stands in braces drawn.
func drawn(text string, r *rand.Rand) string {
	alphabets := map[string]string{
		"digit": "0123456789", "hex": "0123456789abcdef", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "base32": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	}
	alphabets["alnum"] = "abcdefghijklmnopqrstuvwxyz" + alphabets["upper"]
	alphabets["url"] = alphabets["alnum"] + "-_"
	alphabets["base64"] = alphabets["alnum"] + "+/"
	return regexp.MustCompile(`\{([a-z0-9]+):([0-9]+)\}`).ReplaceAllStringFunc(text, func(m string) string {
		kind, n, _ := strings.Cut(strings.Trim(m, "{}"), ":")
		count, _ := strconv.Atoi(n)
		a := alphabets[kind]
		b := make([]byte, count)
		for i := range b {
			b[i] = a[r.IntN(len(a))]
		}
		if last := b[count-1]; last == '-' || last == '_' || last == '+' || last == '/' {
			b[count-1] = 'x' // a word ends with a letter
		}
		return string(b)
	})
}

func TestSecretsAreFound(t *testing.T) {
	s := screen.New()
	r := rand.New(rand.NewPCG(1, 2))
	found, all := 0, 0
	missed := map[string]int{}
	for _, c := range cases(t, "true.txt") {
		for range 20 {
			all++
			if len(s.Find(drawn(c, r))) > 0 {
				found++
			} else {
				missed[c]++
			}
		}
	}
	share := 100 * float64(found) / float64(all)
	t.Logf("found %d of %d: %.2f %%; missed %v", found, all, share, missed)
	if share < 95 {
		t.Error("want 95 % at least")
	}
}

func TestWhatIsNoSecretIsLeftAlone(t *testing.T) {
	s := screen.New()
	for _, c := range cases(t, "false.txt") {
		if list := s.Find(c); len(list) > 0 {
			t.Errorf("%q: %v", c, screen.Names(list))
		}
	}
}

// share checks that of some texts at most one in a hundred has a finding.
func share(t *testing.T, texts []string) {
	t.Helper()
	s := screen.New()
	n := 0
	for _, text := range texts {
		if list := s.Find(text); len(list) > 0 {
			n++
			if n <= 20 {
				t.Logf("%v in %.160q", screen.Names(list), text)
			}
		}
	}
	p := 100 * float64(n) / float64(len(texts))
	t.Logf("%d of %d: %.3f %%", n, len(texts), p)
	if p > 1 {
		t.Error("want 1 % at most")
	}
}

func TestOurDocumentsHaveNoSecrets(t *testing.T) {
	var paragraphs []string
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" || strings.Contains(path, "testdata") {
			return err
		}
		raw, err := os.ReadFile(path)
		for p := range bytes.SplitSeq(raw, []byte("\n\n")) {
			if len(bytes.TrimSpace(p)) > 0 {
				paragraphs = append(paragraphs, string(p))
			}
		}
		return err
	})
	if err != nil || len(paragraphs) < 100 {
		t.Fatalf("%d paragraphs, %v", len(paragraphs), err)
	}
	share(t, paragraphs)
}

func TestConversationsHaveNoSecrets(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "recall", "locomo-dev.json"))
	if err != nil {
		t.Skip("the set of conversations is not there: ", err)
	}
	var turns []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if s, ok := v["text"].(string); ok {
				turns = append(turns, s)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	walk(doc)
	if len(turns) < 500 {
		t.Fatalf("%d turns", len(turns))
	}
	share(t, turns)
}

func TestMaskingIsDoneOnce(t *testing.T) {
	s := screen.New()
	all := cases(t, "true.txt")
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		text := rapid.StringN(0, 40, 200).Draw(t, "before") + "\n" + drawn(rapid.SampledFrom(all).Draw(t, "case"), r) + "\n" + rapid.StringN(0, 40, 200).Draw(t, "behind")
		list := s.Find(text)
		at := 0
		for _, f := range list {
			if f.Start < at || f.End <= f.Start || f.End > len(text) || f.Rule == "" {
				t.Fatalf("%+v in %d bytes", list, len(text))
			}
			at = f.End
		}
		masked := screen.Mask(text, list)
		if again := s.Masked(masked); again != masked {
			t.Fatalf("masked again:\n%q\n%q", masked, again)
		}
		if len(list) == 0 && masked != text {
			t.Fatal("changed without a reason")
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add("password: hunter2! and <private>x")
	f.Add("İ ----" + "-BEGIN RSA " + "PRIVATE KEY-----")
	s := screen.New()
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, found := range s.Find(text) {
			if found.Start < at || found.End <= found.Start || found.End > len(text) {
				t.Fatalf("%+v of %d bytes", found, len(text))
			}
			at = found.End
		}
	})
}

func BenchmarkFind(b *testing.B) {
	s := screen.New()
	text := strings.Repeat("We round money half to even, because the auditors of the shop said so in May. ", 8)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Find(text)
	}
}
