package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

// What a pattern writes with signs is not forgotten where the words stand without them.
func TestForgetTakesOnlyWhatHasTheSigns(t *testing.T) {
	for pattern, text := range map[string][2]string{ // what stays, and what goes
		".NET":    {"net income", "use .NET here"},
		"#1":      {"1 of 5", "look at #1"},
		"$5":      {"5 apples", "it costs $5"},
		"A+":      {"an A, at last", "got an A+"},
		"AT&T":    {"AT and T", "call at&t"},
		"👍🏽":      {"👍🏻 up", "👍🏽 up"},
		"--force": {"by force", "push --force"},
		"O'Brien": {"O Brien", "Mr O’Brien"},
		"plan B.": {"plan A", "we go by plan B"},
	} {
		n := alone(t)
		for i, title := range []string{"stays", "goes"} {
			n.call("POST", "/api/v1/memories", jsonOf(t, map[string]string{"title": title, "content": text[i]})).want(http.StatusCreated)
		}
		got := n.call("POST", "/api/v1/forget", jsonOf(t, map[string]string{"pattern": pattern})).want(http.StatusOK)
		if list := n.call("GET", "/api/v1/memories", ""); got.body["archived"] != 1.0 || list.body["count"] != 1.0 || list.body["memories"].([]any)[0].(map[string]any)["title"] != "stays" {
			t.Errorf("%s: %s leaves %s", pattern, got.raw, list.raw)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
