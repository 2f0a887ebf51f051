package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// signIn opens a session with a link, and returns the status of the answer.
func signIn(t *testing.T, url, link string) int {
	t.Helper()
	_, once, _ := strings.Cut(link, "#once=")
	res, err := http.Post(url+"/console/session", "application/json", strings.NewReader(`{"once":"`+once+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode
}

func TestTheConsoleIsOpenedByALinkThatWorksOnce(t *testing.T) {
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	link := strings.TrimSpace(d.reads("console", "--print"))
	if !strings.HasPrefix(link, d.url+"/console/#once=") {
		t.Fatalf("link %q", link)
	}
	for i, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		if got := signIn(t, d.url, link); got != want {
			t.Errorf("time %d: status %d, want %d", i+1, got, want)
		}
	}
	v := must[consoleView](d, "console")
	if !v.SignedIn || v.Opened || signIn(t, d.url, v.URL) != http.StatusOK {
		t.Errorf("%+v", v)
	}
	// Without a screen the link is printed all the same.
	if out := d.reads("console"); !strings.Contains(out, "#once=") {
		t.Errorf("got %q", out)
	}
}

func TestTheConsoleOfAnAgentIsOpenedWithItsKey(t *testing.T) {
	data := t.TempDir()
	d := serve(t, "--node", "a", "--listen", "127.0.0.1:0", "--data", data)
	key := must[madeKey](d, "agent", "add", "alice", "--namespaces", "work/**", "--verbs", "read", "--data", data).Key
	as := func(args ...string) result {
		return tally(t, []string{"TALLY_SERVER=" + d.url, "TALLY_API_KEY=" + key}, "", args...)
	}
	eventually(t, "the node goes by the change", func() bool { return as("list").code == exitOK })
	_, once, _ := strings.Cut(strings.TrimSpace(as("console", "--print").out), "#once=")
	res, err := http.Post(d.url+"/console/session", "application/json", strings.NewReader(`{"once":"`+once+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var s struct {
		Agent    string `json:"agent"`
		Operator bool   `json:"operator"`
	}
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil || s.Agent != "alice" || s.Operator {
		t.Errorf("%+v, %v", s, err)
	}
}
