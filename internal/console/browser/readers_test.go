package browser_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/agentkey"
	"github.com/tallystick/tallystick/internal/memory"
	"github.com/tallystick/tallystick/internal/node"
)

// agent makes a key for an agent, and a key that it signs with.
func (m *member) agent(t *testing.T, name memory.AgentID) (*client.Client, identity.Key) {
	t.Helper()
	book, err := node.OpenAgents(m.data)
	if err != nil {
		t.Fatal(err)
	}
	scope := agentkey.Scope{Namespaces: []agentkey.Glob{"**"}, Verbs: []agentkey.Verb{agentkey.Read, agentkey.Write}}
	text, record, err := book.Add(name, scope, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	if err := book.Bind(record.ID, public[:]); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{URL: m.url, APIKey: text})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(pageTimeout); ; { // the node looks at the file by itself
		if _, err := c.Status(t.Context()); err == nil {
			return c, key
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func TestAMemorySaysWhoHasSignedAndWhoHasReadIt(t *testing.T) {
	b := start(t)
	fed := federation(t)
	ann, key := fed[0].agent(t, "ann")
	ben, _ := fed[0].agent(t, "ben")
	d := client.Draft{Title: "Boiler service", Content: "Serviced in October.", Namespace: "house", Kind: memory.DefaultKind, Scope: "collective"}
	at := time.Now().UTC().Truncate(time.Second)
	s := memory.Signature{Agent: "ann", At: at.Format(time.RFC3339)}
	d.Signature = base64.StdEncoding.EncodeToString(key.Sign(s.Message(&memory.Memory{Namespace: d.Namespace, MemoryKind: d.Kind, Title: d.Title, Content: d.Content})))
	d.CreatedAt = client.When(at)
	made, err := ann.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ben.Recall(t.Context(), "boiler", client.Selection{}); err != nil || got.Count != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/memory/"+made.ID)
	b.until(t, `/Signature\s+valid signed by ann/.test(document.querySelector("main").innerText)`)
	b.until(t, `/^ben\s+by recall/.test(document.querySelector("ul.readers li")?.innerText ?? "")`)
	b.until(t, `[...document.querySelectorAll("ol.versions .pill")].some(x => x.textContent == "valid, ann")`)

	// An edit of the text takes the signature away.
	text := "Serviced in November."
	if _, err := ann.Update(t.Context(), made.ID, client.Patch{Content: &text}); err != nil {
		t.Fatal(err)
	}
	b.shows(t, "carries no agent's signature")
	b.open(t, fed[0].url+"/console/agents")
	b.until(t, `[...document.querySelectorAll("main tr")].some(x => x.querySelector("th b")?.textContent == "ben" && x.children[6].textContent == "1")`)
	ask[chromedp.Void](t, b, `void document.querySelector('main a[aria-label="What ben was given"]').click()`)
	b.until(t, `location.search == "?by=ben" && /Boiler service\s+by recall/.test(document.querySelector("ul.given li")?.innerText ?? "")`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
