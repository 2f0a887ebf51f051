package api_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tallystick/tallystick/internal/api"
	"github.com/tallystick/tallystick/internal/console"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
)

// enter opens a session in the console of n and returns its cookie.
func (n *node) enter(key string) string {
	n.t.Helper()
	link := n.call("POST", "/console/link", "", "Authorization", "Bearer "+key).want(http.StatusOK).text("path")
	_, once, _ := strings.Cut(link, "#once=")
	a := n.call("POST", "/console/session", `{"once":"`+once+`"}`).want(http.StatusOK).is(true, "signed_in")
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie
}

func TestASessionOfTheOperatorMayWhatTheOperatorMay(t *testing.T) {
	n := alone(t)
	cookie := n.enter(operatorKey)
	n.call("GET", "/api/v1/operator", "").is(false, "operator")
	n.call("GET", "/api/v1/operator", "", "Cookie", cookie).is(true, "operator")
	n.call("POST", "/api/v1/parked/retry", "{}").want(http.StatusForbidden)
	n.call("POST", "/api/v1/parked/retry", "{}", "Cookie", cookie).want(http.StatusOK)
	n.call("POST", "/api/v1/parked/retry", "{}", "Cookie", cookie+"x").want(http.StatusForbidden)
}

func TestASessionIsOfOneNode(t *testing.T) {
	cookie := alone(t).enter(operatorKey)
	other := open(t, options{api: func(c *api.Config) { c.OperatorKey = "tallyop_of-another" }})
	other.call("GET", "/api/v1/operator", "", "Cookie", cookie).is(false, "operator")
}

func TestTheGateHoldsForSessions(t *testing.T) {
	n := alone(t)
	cookie := n.enter(operatorKey)
	for name, headers := range map[string][]string{
		"a page of another site":               {"Sec-Fetch-Site", "cross-site"},
		"a page of another port":               {"Sec-Fetch-Site", "same-site"},
		"an old browser, on another site":      {"Origin", "http://evil.example"},
		"a form":                               {"Content-Type", "application/x-www-form-urlencoded"},
		"a name that somebody points here":     {"Sec-Fetch-Site", "cross-site", "Origin", "null"},
		"a script that hides where it is from": {"Content-Type", "text/plain"},
	} {
		if a := n.call("POST", "/api/v1/parked/retry", "{}", append(headers, "Cookie", cookie)...); a.status < 400 {
			t.Errorf("%s: status %d", name, a.status)
		}
		if a := n.call("POST", "/console/session", `{"key":"`+operatorKey+`"}`, headers...); a.status < 400 {
			t.Errorf("%s opens a session: status %d", name, a.status)
		}
	}
}

func TestASessionOpensANodeThatAsksForAKey(t *testing.T) {
	n := open(t, options{api: func(c *api.Config) { c.APIKey = "of-clients" }})
	n.call("GET", "/api/v1/status", "").want(http.StatusUnauthorized)
	n.call("GET", "/console/session", "").want(http.StatusOK).is(false, "open").is(false, "signed_in")
	n.call("POST", "/console/link", "").want(http.StatusUnauthorized)
	n.call("POST", "/console/link", "", "X-Api-Key", "wrong").want(http.StatusUnauthorized)
	n.call("GET", "/console/link", "").want(http.StatusMethodNotAllowed)
	for key, operator := range map[string]bool{"of-clients": false, operatorKey: true} {
		cookie := n.enter(key)
		n.call("GET", "/api/v1/status", "", "Cookie", cookie).want(http.StatusOK)
		n.call("GET", "/api/v1/operator", "", "Cookie", cookie).is(operator, "operator")
		n.call("GET", "/console/session", "", "Cookie", cookie).is(operator, "operator")
	}
	a := n.call("POST", "/console/link", "", "X-Api-Key", "of-clients").want(http.StatusOK)
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", a.header.Get("Cache-Control"))
	}
}

func TestBrowsersAreLedToTheConsole(t *testing.T) {
	n := alone(t)
	page := n.call("GET", "/", "", "Accept", "text/html,*/*").want(http.StatusOK)
	if !strings.Contains(page.raw, `id="app"`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("got %.200s", page.raw)
	}
	n.call("GET", "/console", "").want(http.StatusOK)
	n.call("GET", "/", "").want(http.StatusNotFound).is("UNKNOWN_ROUTE", "code")
	n.call("GET", "/other", "", "Accept", "text/html").want(http.StatusNotFound)
	n.call("POST", "/", "", "Accept", "text/html").want(http.StatusNotFound)
}

func TestTheConsoleKnowsWhenANodeBeginsToAskForKeys(t *testing.T) {
	n := alone(t)
	n.call("GET", "/console/session", "").is(true, "open")
	closed := open(t, options{api: func(c *api.Config) { c.Exposed = true }})
	closed.call("GET", "/console/session", "").is(false, "open")
}

func TestASessionOfAnAgentIsThatAgent(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	key, id := addKey(t, b, "alice", "work/**", agentkey.Read)
	n.operated().call("POST", "/api/v1/memories", `{"title":"Mine","content":"seen","namespace":"work/a"}`).want(http.StatusCreated)
	n.operated().call("POST", "/api/v1/memories", `{"title":"Theirs","content":"unseen","namespace":"home"}`).want(http.StatusCreated)
	cookie := n.enter(key)
	n.call("GET", "/console/session", "", "Cookie", cookie).is("alice", "agent").is(false, "operator").is(true, "signed_in")
	for name, headers := range map[string][]string{"as nobody in particular": nil, "as itself": {"X-Agent-Id", "alice"}} {
		a := n.call("GET", "/api/v1/memories", "", append(headers, "Cookie", cookie)...).want(http.StatusOK)
		if !strings.Contains(a.raw, "Mine") || strings.Contains(a.raw, "Theirs") {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	n.call("GET", "/api/v1/memories", "", "Cookie", cookie, "X-Agent-Id", "bob").want(http.StatusForbidden).is("AGENT_MISMATCH", "code")
	n.call("POST", "/api/v1/memories", `{"title":"T","content":"x","namespace":"work/a"}`, "Cookie", cookie).want(http.StatusForbidden)
	n.call("POST", "/api/v1/parked/retry", "{}", "Cookie", cookie).want(http.StatusForbidden).is("OPERATOR_ONLY", "code")
	if _, err := b.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	n.call("GET", "/api/v1/memories", "", "Cookie", cookie).want(http.StatusUnauthorized).is("agent_key_revoked", "reason")
	n.call("GET", "/console/session", "", "Cookie", cookie).is(false, "signed_in")
	n.call("POST", "/console/session", `{"key":"`+key+`"}`).want(http.StatusUnauthorized)
	n.call("POST", "/console/link", "", "X-Api-Key", key).want(http.StatusUnauthorized)
}

// The streams of a session end with the key that it was opened with.
func TestTheStreamOfASessionEndsWithItsKey(t *testing.T) {
	b := keyBook(t)
	n := keyed(t, b)
	key, id := addKey(t, b, "alice", "**", agentkey.Read)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/api/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", n.enter(key))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if _, err := b.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	n.api.CutDead()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
}

// Nor does a stream outlast the session: not that it is signed out, nor its time.
func TestTheStreamOfASessionEndsWithTheSession(t *testing.T) {
	for _, name := range []string{"signed out", "over"} {
		t.Run(name, func(t *testing.T) {
			var ahead atomic.Int64
			n := open(t, options{api: func(c *api.Config) {
				c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			}})
			cookie := n.enter(operatorKey)
			if name == "over" {
				ahead.Store(int64(console.Lifetime - 2*time.Second))
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/api/v1/events", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Cookie", cookie)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if res.StatusCode != http.StatusOK {
				t.Fatal(res.Status)
			}
			if name == "signed out" {
				n.call("DELETE", "/console/session", "", "Cookie", cookie).want(http.StatusOK)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Fatal(err)
			}
		})
	}
}
