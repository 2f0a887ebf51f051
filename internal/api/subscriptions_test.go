package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/memory"
)

// subscriptionConversation is about subscriptions, the first of them above all.
func subscriptionConversation() []step {
	const id = "$SUBSCRIPTION"
	return []step{
		{"subscribe", "POST", "/api/v1/subscriptions", `{"url":"https://hooks.example/x","secret":"a secret of ours","events":"memory_store,memory_delete","namespace_filter":"house","agent_filter":"bob"}`, "alice", 201},
		{"subscribe by another name", "POST", "/api/v1/subscriptions", `{"callback_url":"http://hooks.example/y","secret":"a secret of ours","events":["*"]}`, "alice", 201},
		{"subscribe without a URL", "POST", "/api/v1/subscriptions", `{"namespace":"house"}`, "alice", 201},
		{"subscribe to nothing", "POST", "/api/v1/subscriptions", `{}`, "alice", 400},
		{"subscribe to what there is not", "POST", "/api/v1/subscriptions", `{"url":"https://hooks.example/x","events":["all"]}`, "alice", 400},
		{"subscribe with a number", "POST", "/api/v1/subscriptions", `{"url":"https://hooks.example/x","events":7}`, "alice", 400},
		{"subscribe with a short secret", "POST", "/api/v1/subscriptions", `{"url":"https://hooks.example/x","secret":"1234"}`, "alice", 201},
		{"subscribe with another scheme", "POST", "/api/v1/subscriptions", `{"url":"file:///etc/passwd"}`, "alice", 400},
		{"subscribe with a password", "POST", "/api/v1/subscriptions", `{"url":"https://me:pw@hooks.example/"}`, "alice", 400},
		{"write one as a memory", "POST", "/api/v1/memories", `{"title":"s","namespace":"_subscriptions","tier":"long","content":"{}"}`, "alice", 400},
		{"read it as a memory", "GET", "/api/v1/memories/" + id, "", "alice", 200},
		{"read it as another", "GET", "/api/v1/memories/" + id, "", "bob", 404},
		{"its history", "GET", "/api/v1/memories/" + id + "/history", "", "alice", 200},
		{"list", "GET", "/api/v1/subscriptions", "", "alice", 200},
		{"list as another", "GET", "/api/v1/subscriptions", "", "bob", 200},
		{"adopt", "POST", "/api/v1/subscriptions/" + id + "/adopt", "", "alice", 200},
		{"replay nothing", "POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"` + id + `","since":"2100-01-01T00:00:00Z"}`, "alice", 200},
		{"replay without a subscription", "POST", "/api/v1/memory_subscription_replay", `{}`, "alice", 400},
		{"replay another's", "POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"` + id + `"}`, "bob", 404},
		{"what would be redelivered", "POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"` + id + `","since":"2020-01-01T00:00:00Z","dead_letters":true,"dry_run":true}`, "alice", 202},
		{"redeliver", "POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"` + id + `","since":"2020-01-01T00:00:00Z","redeliver":true}`, "alice", 202},
		{"redeliver since never", "POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"` + id + `","redeliver":true}`, "alice", 400},
		{"dead letters", "POST", "/api/v1/memory_subscription_dlq_list", `{"subscription_id":"` + id + `","limit":5}`, "alice", 200},
		{"all dead letters", "POST", "/api/v1/memory_subscription_dlq_list", "", "alice", 200},
		{"dead letters of another", "POST", "/api/v1/memory_subscription_dlq_list", `{"subscription_id":"` + id + `"}`, "bob", 404},
		{"move it away", "PUT", "/api/v1/memories/" + id, `{"namespace":"notes"}`, "alice", 400},
		{"overwrite it", "PUT", "/api/v1/memories/" + id, `{"content":"{}"}`, "alice", 400},
		{"unsubscribe as another", "DELETE", "/api/v1/subscriptions/" + id, "", "bob", 404},
		{"unsubscribe", "DELETE", "/api/v1/subscriptions?id=" + id, "", "alice", 200},
		{"unsubscribe again", "DELETE", "/api/v1/subscriptions/" + id, "", "alice", 404},
		{"unsubscribe from nothing", "DELETE", "/api/v1/subscriptions", "", "alice", 400},
	}
}

// The key of the signatures is as good as the secret: no answer may have it.
func TestTheKeyOfASubscriptionIsShownNowhere(t *testing.T) {
	n := alone(t)
	const secret = "hushhush hush"
	key := memory.SecretKey(secret)
	for _, who := range []string{"alice", ""} {
		var as []string
		if who != "" {
			as = agent(who)
		}
		call := func(method, path, body string) answer {
			a := n.call(method, path, body, as...)
			if strings.Contains(a.raw, secret) || strings.Contains(strings.ToLower(a.raw), key) || strings.Contains(a.raw, "secret_hash") {
				t.Errorf("%s %s as %q shows it: %s", method, path, who, a.raw)
			}
			return a
		}
		id := call("POST", "/api/v1/subscriptions", `{"url":"https://hooks.example/x","secret":"`+secret+`"}`).want(http.StatusCreated).text("id")
		for _, get := range []string{
			"/api/v1/subscriptions", "/api/v1/memories/" + id, "/api/v1/memories?namespace=_subscriptions", "/api/v1/memories/" + id + "/history",
			"/api/v1/search?q=hooks", "/api/v1/recall?context=hooks", "/api/v1/export",
		} {
			if a := call("GET", get, "").want(http.StatusOK); !strings.Contains(a.raw, id) {
				t.Errorf("GET %s as %q does not find it, so it proves nothing: %s", get, who, a.raw)
			}
		}
		call("PUT", "/api/v1/memories/"+id, `{"tags":["x"]}`).want(http.StatusOK)
		call("POST", "/api/v1/memory_subscription_replay", `{"subscription_id":"`+id+`","since":"2020-01-01T00:00:00Z","redeliver":true}`).want(http.StatusAccepted)
		call("POST", "/api/v1/memories/"+id+"/promote", "").want(http.StatusOK)
		call("POST", "/api/v1/archive", `{"ids":["`+id+`"]}`).want(http.StatusOK)
		call("GET", "/api/v1/archive", "").want(http.StatusOK)
		call("POST", "/api/v1/archive/"+id+"/restore", "").want(http.StatusOK)
		// It is still there where it is needed.
		rec, err := n.store.Record(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if sub, err := memory.SubscriptionOf(rec.Memory); err != nil || sub.Key != key {
			t.Errorf("the key is lost: %v", err)
		}
		call("DELETE", "/api/v1/subscriptions/"+id, "").want(http.StatusOK)
	}
}

func TestASecretIsMadeUpAndShownOnce(t *testing.T) {
	n := alone(t)
	body := `{"url":"https://hooks.example/x"}`
	a := n.call("POST", "/api/v1/subscriptions", body, append(agent("alice"), "Idempotency-Key", "k1")...).want(http.StatusCreated)
	id, secret := a.text("id"), a.text("secret")
	if len(secret) < 16 {
		t.Errorf("secret %q", secret)
	}
	rec, err := n.store.Record(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if sub, err := memory.SubscriptionOf(rec.Memory); err != nil || sub.Key != memory.SecretKey(secret) {
		t.Errorf("it is not the one that is used: %v", err)
	}
	again := n.call("POST", "/api/v1/subscriptions", body, append(agent("alice"), "Idempotency-Key", "k1")...).want(http.StatusCreated)
	if again.text("id") != id || again.body["secret"] != nil {
		t.Errorf("repeated: %s", again.raw)
	}
}

func TestReplayPagesThroughTheEvents(t *testing.T) {
	n := alone(t)
	id := n.call("POST", "/api/v1/subscriptions", `{"namespace":"house"}`, agent("alice")...).want(http.StatusCreated).is("unpushed", "state").text("id")
	since := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
	titles := []string{"one", "two", "three", "four", "five"}
	for _, title := range titles {
		n.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"x","namespace":"house"}`, agent("alice")...).want(http.StatusCreated)
		n.call("POST", "/api/v1/memories", `{"title":"`+title+`","content":"x","namespace":"other"}`, agent("alice")...).want(http.StatusCreated)
	}
	var got []string
	after := 0
	for range 10 {
		b, _ := json.Marshal(map[string]any{"subscription_id": id, "since": since, "limit": 2, "after": after})
		a := n.call("POST", "/api/v1/memory_subscription_replay", string(b), agent("alice")...).want(http.StatusOK)
		for i := range a.number("count") {
			var payload memory.Notice
			if err := json.Unmarshal([]byte(a.text("events", i, "payload")), &payload); err != nil {
				t.Fatal(err)
			}
			if payload.CorrelationID != a.text("events", i, "correlation_id") || payload.Event != a.text("events", i, "event_type") {
				t.Errorf("event %s", a.raw)
			}
			got = append(got, payload.Details["title"].(string))
		}
		if a.body["next"] == nil {
			break
		}
		after = a.number("next")
	}
	if strings.Join(got, " ") != strings.Join(titles, " ") {
		t.Errorf("got %q, want %q", got, titles)
	}
}

func TestThereIsAnEndToSubscriptions(t *testing.T) {
	n := alone(t)
	for range 100 {
		n.call("POST", "/api/v1/subscriptions", `{"namespace":"house"}`, agent("alice")...).want(http.StatusCreated)
	}
	n.call("POST", "/api/v1/subscriptions", `{"namespace":"house"}`, agent("alice")...).want(http.StatusTooManyRequests).is("QUOTA_EXCEEDED", "code")
	n.call("POST", "/api/v1/subscriptions", `{"namespace":"house"}`, agent("bob")...).want(http.StatusCreated)
}
