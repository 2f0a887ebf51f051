package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// Lines end alike, however the program that sends them ends them.
func TestTextsOfWindowsAreTaken(t *testing.T) {
	n := alone(t)
	const text, want = `a\r\nb\rc`, "a\nb\nc"
	a := n.call("POST", "/api/v1/memories", `{"title":"t","content":"`+text+`"}`).want(http.StatusCreated).is(want, "content")
	n.call("PATCH", "/api/v1/memories/"+a.text("id"), `{"content":"x\r\ny"}`).want(http.StatusOK).is("x\ny", "content")
	n.call("POST", "/api/v1/memories/bulk", `[{"title":"b","content":"`+text+`"}]`).want(http.StatusOK)
	n.call("POST", "/api/v1/capture_turn", `{"host_session_id":"s","host_turn_index":1,"role":"user","content":"`+text+`"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/notify", `{"target_agent_id":"bob","title":"n","payload":"`+text+`"}`).want(http.StatusCreated)
	n.call("POST", "/api/v1/handoff", `{"title":"h","summary":"`+text+`"}`).want(http.StatusCreated)
}

func TestWhatIsNoTextIsRefusedWithAReason(t *testing.T) {
	n := alone(t)
	for body, want := range map[string]string{
		`{"title":"half \ud83d","content":"x"}`:                             "half of a surrogate pair",
		`{"title":"old","content":"x","created_at":"1965-01-01T00:00:00Z"}`: "created_at: before 1970",
		`{"title":"esc","content":"a\u001bb"}`:                              "control character U+001B",
	} {
		if a := n.call("POST", "/api/v1/memories", body).want(http.StatusBadRequest); !strings.Contains(a.text("detail"), want) {
			t.Errorf("%s: %s, want %q in it", body, a.raw, want)
		}
	}
	key := []string{"Idempotency-Key", "k1"}
	n.call("POST", "/api/v1/memories", `{"title":"k","content":"1"}`, key...).want(http.StatusCreated)
	a := n.call("POST", "/api/v1/memories", `{"title":"k","content":"2"}`, key...).want(http.StatusConflict)
	if got := a.text("detail"); got != `key "k1" was used before, for another request` {
		t.Errorf("%q", got)
	}
}
