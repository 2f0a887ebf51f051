package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tallystick/tallystick/client"
)

func TestEventsArePostedAndReplayed(t *testing.T) {
	var down atomic.Bool
	came := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		came <- r.Header.Get("X-Ai-Memory-Signature")
	}))
	defer hook.Close()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--webhook-allow", "127.0.0.0/8", "--webhook-allow", "::1")

	out := d.reads("subscription", "add", hook.URL, "-e", "memory_store", "-n", "house/**")
	if !strings.Contains(out, "subscribed  ") || !strings.Contains(out, "not shown again") || !strings.Contains(out, "not https") || !strings.Contains(out, "receipt ") {
		t.Errorf("for people: %s", out)
	}
	made := must[client.Subscribed](d, "subscription", "add", hook.URL+"/2", "--secret", "a secret of ours", "--by", "nobody")
	if made.ID == "" || made.Secret != "" || made.State != "active" || made.Home != "a" {
		t.Errorf("made %+v", made)
	}
	list := mustAll[client.Subscription](d, "subscriptions", "subscription", "list")
	if len(list) != 2 || list[0].Namespace != "house/**" || list[1].Agent != "nobody" || len(list[0].Events) != 1 {
		t.Fatalf("list %+v", list)
	}
	d.reads("remember", "Gate code", "It is 4711.", "-n", "house/gate")
	if signature := <-came; !strings.HasPrefix(signature, "sha256=") {
		t.Errorf("signature %q", signature)
	}
	if res, err := http.Get(d.url + "/metrics"); err != nil {
		t.Error(err)
	} else {
		page, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			t.Error(err)
		}
		for _, want := range []string{
			"ai_memory_subscriptions_active 2\n", "ai_memory_webhook_dispatched_total ", "ai_memory_webhook_failed_total 0\n", "ai_memory_subscription_dlq_overflow_total 0\n",
		} {
			if !strings.Contains(string(page), want) {
				t.Errorf("the metrics lack %q", want)
			}
		}
	}
	id := list[0].ID
	if out := d.reads("subscription", "replay", id); !strings.Contains(out, "memory_store") || !strings.Contains(out, "Gate code") {
		t.Errorf("replay for people: %s", out)
	}
	if got := mustAll[client.Notice](d, "events", "subscription", "replay", id, "--since", "1h"); len(got) != 1 || got[0].Namespace != "house/gate" {
		t.Errorf("replay %+v", got)
	}
	d.reads("subscription", "replay", id, "--since", "1h", "--deliver")
	<-came
	down.Store(true)
	d.reads("remember", "Shed code", "It is 4712.", "-n", "house/shed")
	<-came
	if got := d.tally("subscription", "dead-letters"); got.code != exitOK || !strings.Contains(got.out, "no dead letters") {
		t.Errorf("dead letters: %+v", got)
	}
	d.reads("subscription", "dead-letters", id)
	d.reads("subscription", "replay", id, "--dead-letters")
	d.reads("subscription", "adopt", id) // it is at home: nothing changes
	if out := d.reads("subscription", "remove", id, "--dry-run"); !strings.Contains(out, "would remove  "+id) {
		t.Errorf("dry run: %s", out)
	}
	d.reads("subscription", "remove", id)
	if out := d.reads("subscription", "list"); strings.Contains(out, id) || !strings.Contains(out, made.ID) {
		t.Errorf("list for people: %s", out)
	}
	for _, bad := range [][]string{
		{"subscription", "remove", id},
		{"subscription", "add", "ftp://x/y"},
		{"subscription", "add", "http://10.0.0.1/"},
		{"subscription", "add", hook.URL, "--secret", strings.Repeat("x", 1025)},
		{"subscription", "add", hook.URL, "-e", "everything"},
		{"subscription", "replay", made.ID, "--deliver"},
	} {
		if got := d.tally(bad...); got.code == exitOK {
			t.Errorf("%v: %s", bad, got.out)
		}
	}
}
