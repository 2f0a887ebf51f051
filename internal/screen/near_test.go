package screen

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// thorough finds what the patterns do that others look for first, run over every text.
func thorough(s *Screen, text string) []Finding {
	var out []Finding
	lower, _ := lowered(text)
	asked := make([]bool, len(s.rules))
	copy(asked, s.candidates(lower).may)
	has := func(w string) bool { return strings.Contains(lower, w) }
	for i := range s.rules {
		r := &s.rules[i]
		// The words of this one are not in its pattern: without them it is not asked.
		always := r.near != nil && (r.name != "discord-token" || slices.ContainsFunc(r.words, has))
		if always || asked[i] {
			out = r.find(text, out)
		}
	}
	return disjoint(out)
}

// Looking first at what is near a name changes nothing of what is found.
func TestLookingFirstFindsTheSame(t *testing.T) {
	quick := New()
	same := func(t interface {
		Fatalf(format string, args ...any)
	}, text string,
	) {
		if got, want := quick.Find(text), thorough(quick, text); !slices.Equal(got, want) {
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
			"password=hunter2-Tr0ub4dor", "client_secret is 'Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A", "API_TOKEN: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
			// What is one of ASCII where case does not count, and what is longer or shorter in lower case.
			"to\u212aen", "\u212aEY", "\u017fecret", "pa\u017f\u017fword", "\u212a", "\u017f", " i\u017f ", "Ⱥ", "İ", "\xff",
			"MTE4MDc3NzQxODk2NzM0NzIw.", "MTE4MDc3NzQxODk2NzM0NzIw", ".GxYz12.", "hT3kq9ZsVbN4wLcR7pXyJdFa2Gm8uEiO", " token ",
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
	if token := "the bot has MTE4MDc3NzQxODk2NzM0NzIw.GxYz12.hT3kq9ZsVbN4wLcR7pXyJdFa2Gm8uEiO"; len(quick.Find(token)) != 1 {
		t.Error("a token of Discord is not found")
	}
}

// Where case does not count, the Kelvin sign is a k, and the long s an s.
func TestSecretsAreFoundInLettersThatFoldToThoseOfASCII(t *testing.T) {
	s := New()
	for _, text := range []string{
		"pa\u017f\u017fword: hunter2-Tr0ub4dor", "pwd i\u017f hunter2-Tr0ub4dor", "DB_PA\u017fSWD=hunter2-Tr0ub4dor",
		"api_\u212aey = Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A", "api_key" + "\u212a\u017f" + " = Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A",
		"ȺȺ TO\u212aEN = Zm9vYmFyMTIzNDU2Nzg5MFFXRVJUWXVpb3A", "secret: `9f86d081884c7d659a\u212aQa0c55Xd015`",
	} {
		if len(s.Find(text)) != 1 {
			t.Errorf("%q: found %v, want one", text, s.Find(text))
		}
	}
}
