package verb

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPathsFitPatterns(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"*.go", "main.go", true},
		{"*.go", "cmd/tally/main.go", true},
		{"*.go", "cmd/main.go.txt", false},
		{"cmd/*.go", "cmd/main.go", true},
		{"cmd/*.go", "cmd/tally/main.go", false},
		{"cmd/**", "cmd/tally/main.go", true},
		{"cmd/**", "internal/cmd/main.go", false},
		{"**/cmd/**", "internal/cmd/main.go", true},
		{"internal/**/*.go", "internal/main.go", true},
		{"internal/**/*_test.go", "internal/a/b/c_test.go", true},
		{"internal/**/*_test.go", "internal/a/b/c.go", false},
		{"/docs/", "docs", true},
		{"docs/*", `docs\a.md`, true},
		{"docs/*", "./docs/x/../a.md", true},
		{"[", "[", false},
		{"**", "anything/at/all", true},
	} {
		if got := globs(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%s fits %s: %v, want %v", tt.pattern, tt.path, got, tt.want)
		}
	}
}

// A pattern made of a path by leaving parts open fits it, and a long one that does
// not fit is told to be none before long.
func TestWhatAPatternIsMadeOfFitsIt(t *testing.T) {
	segment := rapid.StringMatching(`[a-c]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(segment, 2, 8).Draw(t, "path")
		var pattern []string
		for _, part := range parts {
			switch rapid.IntRange(0, 4).Draw(t, "how") {
			case 0:
				pattern = append(pattern, "*")
			case 1:
				pattern = append(pattern, "**")
			case 2:
				pattern = append(pattern, "**", part)
			default:
				pattern = append(pattern, part)
			}
		}
		if len(pattern) > 1 && !globs(strings.Join(pattern, "/"), strings.Join(parts, "/")) {
			t.Fatalf("%v does not fit %v", pattern, parts)
		}
	})
	if globs(strings.Repeat("**/a/", 200)+"b", strings.Repeat("a/", 400)+"c") {
		t.Error("it fits")
	}
}

func TestTheNamespacesOfABriefing(t *testing.T) {
	for ns, want := range map[string]string{"a/b/c": "a/b/c a/b a global", "global": "global", "global/x": "global/x global", "x": "x global"} {
		if got := strings.Join(places(ns), " "); got != want {
			t.Errorf("%s: %s", ns, got)
		}
	}
}
