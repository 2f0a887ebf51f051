package identity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/identity"
)

func TestEveryByteHasAWordOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for b := range 256 {
		words := identity.Words([32]byte{byte(b)})
		if len(words) != 8 || words[0] == "" || strings.ToLower(words[0]) != words[0] || seen[words[0]] {
			t.Errorf("%d: %q", b, words)
		}
		seen[words[0]] = true
	}
}

// Words that somebody has written down must go on standing for the same key.
func TestWordsStayTheSame(t *testing.T) {
	want := []string{"acorn", "actor", "amber", "velvet", "hammer", "acorn", "acorn", "acorn"}
	if got := identity.Words([32]byte{0, 1, 2, 255, 128, 0, 0, 0, 9}); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
