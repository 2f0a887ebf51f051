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
	n.call("POST", "/api/v1/handoff", `{"title":"h","summary":"`+text+`","next_steps":["`+text+`"],"open_questions":["`+text+`"]}`).want(http.StatusCreated)
	ids := n.create("One") + `","` + n.create("Two")
	n.call("POST", "/api/v1/consolidate", `{"ids":["`+ids+`"],"title":"c","summary":"`+text+`"}`).want(http.StatusCreated).is(want, "content")
}

// Numbers and times mean the same however they are written, in a body and in a query.
func TestNumbersAndTimesAreTakenInAllTheirForms(t *testing.T) {
	n := alone(t)
	n.create("x")
	for _, query := range []string{
		"limit=5.0", "limit=5e0", "min_priority=5.0", "offset=0.0", "until=2100-01-01T00:00:00Z", "until=2100-01-01%2000:00:00Z", "until=2100-01-01T00:00:00 00:00",
		"until=2100-01-01%2000:00:00.5%2B02:00", "until=2100-01-01t00:00:00z",
	} {
		n.call("GET", "/api/v1/memories?"+strings.ReplaceAll(query, " ", "+"), "").want(http.StatusOK).is(1.0, "count")
	}
	spaced := step{method: "POST", path: "/api/v1/memories", body: `{"title":"y","content":"z","expires_at":"2100-01-01 00:00:00Z"}`}
	n.undescribed(spaced).want(http.StatusCreated).is("2100-01-01T00:00:00.000000000+00:00", "expires_at")
	for _, query := range []string{"limit=5.5", "limit=", "limit=0x5", "limit=1e400", "limit=NaN", "until=2100-01-01", "until=2100-01-01T", "until=2100-01-01 "} {
		n.call("GET", "/api/v1/memories?"+strings.ReplaceAll(query, " ", "%20"), "").want(http.StatusBadRequest)
	}
	for _, path := range []string{"/api/v1/events", "/api/v1/approvals/stream"} {
		for _, query := range []string{"since=", "since", "after=", "since=1&since=2", "since=1.5"} {
			n.call("GET", path+"?"+query, "").want(http.StatusBadRequest)
		}
	}
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
