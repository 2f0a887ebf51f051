package verb

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestHalfOfASurrogatePairIsFound(t *testing.T) {
	for text, want := range map[string]int{
		`{"a":"plain"}`:              -1,
		`{"a":"\ud83d\ude00"}`:       -1,
		`{"a":"\u00e9\n\\ud83d"}`:    -1,
		`{"a":"\ud83d"}`:             6,
		`{"a":"\ud83d\u0041"}`:       6,
		`{"a":"\ud83dx\ude00"}`:      6,
		`{"a":"\ude00\ud83d"}`:       6,
		`{"a":"\ud83d\ud83d\ude00"}`: 6,
		`{"a":"\`:                    -1,
		`{"a":"\u12`:                 -1,
		`{"a":"\ud83d\`:              6,
	} {
		if got := halfSurrogate([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// What an encoder writes has no halves, and what has one is read as another text.
func TestHalvesOfPairsAreWhatDecodersReplace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := `"` + strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{`\ud83d`, `\ude00`, `\u0041`, `\\`, `u`, `d83d`, `é`})).Draw(t, "parts"), "") + `"`
		var text string
		if err := json.Unmarshal([]byte(raw), &text); err != nil {
			t.Fatal(err)
		}
		if half := halfSurrogate([]byte(raw)) >= 0; half != strings.ContainsRune(text, utf8.RuneError) {
			t.Fatalf("%s is read as %q; a half was found: %v", raw, text, half)
		}
	})
}

func TestLinesEndAlike(t *testing.T) {
	if got := linesOf("a\r\nb\rc\n\r\n"); got != "a\nb\nc\n\n" {
		t.Errorf("%q", got)
	}
}
