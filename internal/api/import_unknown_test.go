package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// An export of another program may have fields that this one has never heard of, and what
// people write has misspelt ones: an import goes on without them, and names them.
func TestAnImportNamesWhatItDoesNotKnow(t *testing.T) {
	n := alone(t)
	body := `{"memories":[
		{"id":"m1","title":"one","content":"a","tierr":"short","access_count":3,"version":7,"updated_at":"2026-01-01T00:00:00Z","memory_kind":"observation"},
		{"id":"m2","title":"two","content":"b","Tier":"short"}],
		"links":[{"source_id":"m1","target_id":"m2","relatoin":"supersedes","created_at":"2026-01-01T00:00:00Z","attest_level":"unsigned"}],"count":2}`
	want := []string{"links[0].relatoin", "memories[0].tierr", "memories[1].Tier"}
	for _, dry := range []string{"?dry_run=true", ""} {
		a := n.call("POST", "/api/v1/import"+dry, body).want(http.StatusOK).is(2.0, "imported").is(1.0, "links_imported")
		if got := a.names("ignored"); !slices.Equal(got, want) {
			t.Errorf("%q: it names %v, want %v", dry, got, want)
		}
	}
	exported := n.call("GET", "/api/v1/export", "").want(http.StatusOK).raw
	if a := n.call("POST", "/api/v1/import", exported).want(http.StatusOK); len(a.names("ignored")) > 0 {
		t.Errorf("of its own export it does not know %v", a.names("ignored"))
	}
	many := `{"memories":[{"title":"x","content":"y"` + strings.Repeat(`,"q":1`, 500) + `}]}`
	if got := n.call("POST", "/api/v1/import", many).want(http.StatusOK).names("ignored"); len(got) > 100 {
		t.Errorf("it names %d", len(got))
	}
}
