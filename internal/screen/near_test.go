package screen

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// without is a screen that runs each pattern over whatever has one of its words.
func without() *Screen {
	s := New()
	for i := range s.rules {
		s.rules[i].near = nil
	}
	return s
}

// Looking first at what is near a name changes nothing of what is found.
func TestLookingFirstFindsTheSame(t *testing.T) {
	quick, thorough := New(), without()
	same := func(t interface {
		Fatalf(format string, args ...any)
	}, text string,
	) {
		if got, want := quick.Find(text), thorough.Find(text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
	files, err := filepath.Glob("testdata/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			continue // a folder
		}
		for line := range strings.Lines(string(raw)) {
			same(t, line)
			same(t, strings.ReplaceAll(line, `\n`, "\n"))
		}
	}
	part := rapid.OneOf(
		rapid.SampledFrom([]string{
			"key", "api", "API_KEY", "token", "Token", "secret", "SECRET", "client", "credentials", "password", "passwd", "pwd", "PGPASSWORD", "db", "passphrase",
			":", "=", ":=", "=>", "==", "is", "IS", " was ", "are", " ", "\n", "\t", `"`, "'", "]", "_", "-", ".", "x", "of the house", "é", "`", "(", ",",
			"Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A", "hunter2-Tr0ub4dor", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "1234567890abcdef",
		}),
		rapid.StringMatching(`[A-Za-z0-9+/]{0,30}`),
	)
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 1, 14).Draw(t, "parts"), "")
		same(t, text)
		found += len(quick.Find(text))
	})
	if found == 0 {
		t.Error("no text had a secret")
	}
}
