package near_test

import (
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/near"
)

func TestNamesThatWereMeant(t *testing.T) {
	known := strings.Fields("limit list set title tier namespace namespaces content confidence add archived archive")
	for given, want := range map[string]string{
		"limt": "limit or list", "lst": "list", "st": "set", "ad": "add", "titel": "title", "Limit": "limit", "namespce": "namespace",
		"conf": "confidence", "con": "", "contnet": "content", "frobnicate": "", "": "", "x": "", "archivd": "archive or archived",
		"tite": "title", "name_space": "namespace", "limiit": "limit", strings.Repeat("limit", 1000): "",
	} {
		if got := strings.Join(near.To(given, known), " or "); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
	if got := near.Question(near.To("lst", known)); got != "did you mean list?" {
		t.Errorf("%q", got)
	}
	if got := near.Question(nil); got != "" {
		t.Errorf("%q", got)
	}
}
