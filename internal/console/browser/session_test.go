package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/node"
)

func TestASessionThatEndsIsAskedForAgain(t *testing.T) {
	b := start(t)
	fed := federation(t, func(c *config) { c.APIKey = "of-clients" })
	b.do(t, chromedp.Navigate(fed[0].url+"/console/memories"))
	b.shows(t, "This node asks for a key")
	b.press(t, "wrong\r")
	b.shows(t, "the key is not one of this node")
	ask[chromedp.Void](t, b, `void (document.querySelector("dialog input").value = `+quote(fed[0].key(t))+`)`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
	b.shows(t, "No memories here yet.")
	b.until(t, `!document.querySelector("dialog[open]")`)
	ask[chromedp.Void](t, b, `fetch("/console/session", {method: "DELETE", headers: {"Content-Type": "application/json"}}).then(() => undefined)`)
	b.shows(t, "This node asks for a key")
	b.complaints() // 401 is what was asked for
}

// ends takes the session away behind the back of the page.
func (b *tab) ends(t *testing.T) {
	t.Helper()
	ask[chromedp.Void](t, b, `fetch("/console/session", {method: "DELETE", headers: {"Content-Type": "application/json"}}).then(() => undefined)`)
}

// signs types a key into the dialog that asks for one.
func (b *tab) signs(t *testing.T, key string) {
	t.Helper()
	ask[chromedp.Void](t, b, `void (document.querySelector("dialog input[type=password]").value = `+quote(key)+`)`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog input[type=password]").form.requestSubmit()`)
	b.until(t, `!document.querySelector("dialog input[type=password]")`)
}

func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	b := start(t)
	fed := federation(t, func(c *config) { c.APIKey = "of-clients" })
	id := fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/memory/"+id)
	b.press(t, "e")
	b.until(t, `document.querySelector("dialog[open] textarea")`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog textarea").focus()`)
	b.press(t, " And again.")
	b.ends(t)
	b.shows(t, "Your session has ended. Nothing that you wrote here is lost")
	b.signs(t, fed[0].key(t))
	b.until(t, `document.querySelector("dialog[open] textarea")?.value.includes("And again.")`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
	b.shows(t, "version 2")
	b.shows(t, "And again.")
	b.complaints() // 401 is what was asked for
}

func TestAnAgentSeesWhatItMaySee(t *testing.T) {
	b := start(t)
	fed := federation(t)
	fed[0].put(t, client.Draft{Title: "Deploy order", Content: "Migrate first.", Namespace: "work/ops"})
	fed[0].put(t, client.Draft{Title: "Gate code", Content: "4711.", Namespace: "house"})
	keys, err := node.OpenAgents(fed[0].data)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := keys.Add("alice", agentkey.Scope{Namespaces: []agentkey.Glob{"work/**"}, Verbs: []agentkey.Verb{agentkey.Read}}, 0, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Navigate(fed[0].url+"/console/memories"))
	b.shows(t, "This node asks for a key") // once it has heard of the key
	b.signs(t, key)
	b.shows(t, "Deploy order")
	if ask[bool](t, b, `document.body.innerText.includes("Gate code")`) {
		t.Errorf("an agent sees what its key is not for:\n%s", b.says())
	}
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll(".side-foot button")].find(x => x.textContent == "Settings").click()`)
	b.shows(t, "This session is of this agent's key")
	if who := ask[string](t, b, `document.querySelector("dialog input").value`); who != "alice" {
		t.Errorf("acting as %q", who)
	}
	b.complaints() // 401 is what was asked for
	if _, err := keys.Revoke("alice", time.Now()); err != nil {
		t.Fatal(err)
	}
	b.shows(t, "The agent's key was revoked, and its session with it.")
	if ask[bool](t, b, `fetch("/api/v1/memories", {headers: {"X-Agent-Id": "alice"}}).then(r => r.status != 401)`) {
		t.Error("the session goes on")
	}
}
