package browser_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tallystick/tallystick/client"
)

// place is a page of the console, with a word that it shows.
type place struct{ path, word string }

// places are all pages, of a federation that has something on each.
func places(id string) []place {
	return []place{
		{"", "Is it converged?"},
		{"memories", "Boiler service"},
		{"memory/" + id, "Who holds it"},
		{"recall?q=boiler", "searched by"},
		{"graph/" + id, "memory around it"},
		{"activity", "Audit log"},
		{"peers", "Members, as the root has signed them"},
		{"delivery", "No op was refused"},
		{"theatre", "Write now"},
		{"rehearsal", "No rehearsal runs."},
		{"approvals", "What would change"},
		{"namespaces/guarded", "approve"},
		{"agents", "No agent has a key."},
		{"connect", "claude mcp add"},
		{"system", "Requests by route"},
	}
}

// furnish writes something for every page, and returns the id of a memory.
func furnish(t *testing.T, fed []*member) string {
	t.Helper()
	m := fed[0]
	id := m.put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October.", Namespace: "house", Tags: []string{"boiler"}})
	other := fed[1].put(t, client.Draft{Title: "Boiler pressure", Content: "1.6 bar when cold.", Namespace: "house"})
	if _, err := fed[1].c.Graph().Link(t.Context(), other, id, "related_to", client.With{Durability: client.All}); err != nil {
		t.Fatal(err)
	}
	m.post(t, "/api/v1/agents", "ann", `{"agent_id":"ann","agent_type":"ai:test"}`)
	m.post(t, "/api/v1/namespaces", "ann", `{"namespace":"guarded","governance":{"write":"approve","approver":"human"}}`)
	m.post(t, "/api/v1/memories", "ben", `{"title":"Freeze","content":"No deploys.","namespace":"guarded","scope":"collective"}`)
	return id
}

// axe is the checker of accessibility, where it is installed.
const axe = "../../../console/node_modules/axe-core/axe.min.js"

func TestEveryPage(t *testing.T) {
	b := start(t)
	fed := federation(t)
	id := furnish(t, fed)
	checker, err := os.ReadFile(axe)
	if err != nil {
		t.Log("axe-core is not installed (cd console && npm ci): its checks are left out")
	}
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	if at := ask[string](t, b, "location.hash + document.cookie"); at != "" {
		t.Errorf("the secret of the link, or the cookie, is in reach of scripts: %q", at)
	}
	for _, p := range places(id) {
		for _, look := range []struct {
			theme string
			width int64
		}{{"light", 1440}, {"dark", 390}, {"light", 2560}} {
			b.do(t, chromedp.EmulateViewport(look.width, 900))
			if look.theme == "light" && look.width == 1440 {
				b.open(t, fed[0].url+"/console/"+p.path)
				b.shows(t, p.word)
			}
			ask[chromedp.Void](t, b, "void (document.documentElement.dataset.theme = "+quote(look.theme)+")")
			if over := ask[int](t, b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("/%s is %d px wider than %d", p.path, over, look.width)
			}
			if len(checker) > 0 && look.width < 2000 {
				for _, v := range b.violations(t, string(checker)) {
					t.Errorf("/%s at %d in %s: %s", p.path, look.width, look.theme, v)
				}
			}
		}
		for _, c := range b.complaints() {
			t.Errorf("/%s: %s", p.path, c)
		}
	}
}

// violations are what axe-core has against the page.
func (b *tab) violations(t *testing.T, checker string) []string {
	t.Helper()
	if !ask[bool](t, b, "!!window.axe") {
		ask[chromedp.Void](t, b, checker+";void 0")
	}
	return ask[[]string](t, b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).slice(0, 3).join("; ")))`)
}

func TestTheConsoleWorksByKeyboardAlone(t *testing.T) {
	b := start(t)
	fed := federation(t)
	id := fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October."})
	b.enter(t, fed[0])
	b.press(t, "gm")
	b.until(t, `location.pathname == "/console/memories"`)
	b.shows(t, "Boiler service")
	b.press(t, "jx")
	b.shows(t, "1 memory selected")
	b.press(t, "?")
	b.until(t, `document.querySelector("dialog[open]")?.textContent.includes("Keyboard")`)
	b.press(t, kb.Escape)
	b.until(t, `!document.querySelector("dialog[open]")`)
	b.press(t, "/")
	b.until(t, `document.activeElement?.getAttribute("role") == "combobox"`)
	b.press(t, "boiler")
	b.until(t, `[...document.querySelectorAll("[role=option]")].some(o => o.textContent.includes("Boiler service"))`)
	b.press(t, kb.Enter)
	b.until(t, "location.pathname == "+quote("/console/memory/"+id))
	b.shows(t, "Who holds it")
	b.press(t, "e")
	b.until(t, `document.querySelector("dialog[open] textarea")`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog textarea").focus()`)
	b.press(t, " By Krause.")
	b.press(t, kb.Tab+kb.Tab+kb.Tab+kb.Tab+kb.Tab+kb.Enter) // through the other fields to the button
	b.until(t, `!document.querySelector("dialog[open]")`)
	b.shows(t, "version 2")
	b.shows(t, "By Krause.")
	ask[chromedp.Void](t, b, "void history.back()")
	b.until(t, `location.pathname == "/console/memories"`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}

// Every address leads back to what was looked at.
func TestPlacesHaveAddresses(t *testing.T) {
	b := start(t)
	fed := federation(t)
	fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced.", Namespace: "house", Tags: []string{"a b"}})
	fed[0].put(t, client.Draft{Title: "Other", Content: "Other."})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/memories?"+url.Values{"tag": {"a b"}}.Encode())
	b.shows(t, "Boiler service")
	if text := b.says(); strings.Contains(text, "Other") {
		t.Errorf("the filter of the address does not hold:\n%s", text)
	}
}
