package browser_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

func TestANodeMayGoAndComeBackUnderThePage(t *testing.T) {
	b := start(t)
	fed := federation(t)
	id := fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/memory/"+id)
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll("main button")].find(x => x.textContent.startsWith("Edit")).click()`)
	b.until(t, `document.querySelector("dialog[open] textarea")`) // it takes the focus as it opens
	ask[chromedp.Void](t, b, `void document.querySelector("dialog textarea").focus()`)
	b.press(t, " And again.")
	fed[0].Kill()
	b.shows(t, "the node does not answer")
	if err := fed[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.until(t, `!document.querySelector(".status-text").textContent.includes("does not answer")`)
	// What was being written is still there, and so is the session.
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
	b.shows(t, "version 2")
	b.shows(t, "And again.")
	if !ask[bool](t, b, `fetch("/console/session").then(r => r.json()).then(s => s.operator)`) {
		t.Error("the session did not outlive the restart")
	}
}

func TestAMemberThatIsAwayIsNamed(t *testing.T) {
	b := start(t)
	fed := federation(t)
	b.enter(t, fed[0])
	b.shows(t, "3 of 3 proven equal")
	fed[2].Kill()
	fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	b.until(t, `/owed to west|west cannot be reached/.test(document.querySelector(".status-text").textContent)`)
	fed[1].Kill()
	b.until(t, `document.querySelector(".status-text").textContent == "below quorum: writes are kept here"`)
}

// hostile are texts that want to be more than text.
func hostile() []string {
	return []string{
		`<img src=x onerror="window.pwned=1">`, `<script>window.pwned=1</script>`, `<svg onload="window.pwned=1"><a href="javascript:window.pwned=1">x</a></svg>`,
		`[click](javascript:window.pwned=1)`, `"><iframe srcdoc="<script>parent.pwned=1</script>">`, "{{constructor.constructor('window.pwned=1')()}}", "`${window.pwned=1}`",
		"\u202Egnp.exe\u202C and \u2066isolates\u2069 \u200E\u200F", "bell \u0007 escape \u001b[31m", strings.Repeat("x", 60<<10), strings.Repeat("\u0301", 500),
	}
}

func TestTextsOfMemoriesAreOnlyEverText(t *testing.T) {
	b := start(t)
	fed := federation(t)
	var ids []string
	for i, text := range hostile() {
		title := text
		if len(title) > 300 {
			title = text[:200]
		}
		raw, err := json.Marshal(map[string]any{"note": text[:min(len(text), 200)]})
		if err != nil {
			t.Fatal(err)
		}
		out, err := fed[0].c.Create(t.Context(), client.Draft{Title: title, Content: text, Namespace: "hostile", Tags: []string{"<b>tag</b>"}, Metadata: raw, SourceURI: "doc:<i>" + string(rune('a'+i))})
		if err != nil {
			t.Logf("%q is refused by the node: %v", text[:min(len(text), 30)], err)
			continue
		}
		ids = append(ids, out.ID)
	}
	if len(ids) < 8 {
		t.Fatalf("only %d of them were taken", len(ids))
	}
	b.enter(t, fed[0])
	for _, path := range append([]string{"", "memories", "activity", "recall?q=pwned+onerror+click", "recall?q=%ED%A0%80", "memory/%3Cimg%20src=x%3E", "namespaces/hostile"}, under("memory/", ids)...) {
		b.do(t, chromedp.Navigate(fed[0].url+"/console/"+path))
		b.until(t, `document.querySelector("main").innerText.length > 20 && !document.querySelector("main [aria-busy=true]")`)
		if found := ask[string](t, b, `window.pwned ? "code ran" : [...document.querySelectorAll("main script, main iframe, main img, main b i, main a[href^='javascript:']")].map(e => e.outerHTML).join()`); found != "" {
			t.Errorf("/%s: %s", path, found)
		}
		if acts := ask[bool](t, b, `/[\u202A-\u202E\u2066-\u2069\u0007\u001b]/.test(document.body.innerText + document.title)`); acts {
			t.Errorf("/%s shows characters that act", path)
		}
		if over := ask[int](t, b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("/%s is %d px too wide", path, over)
		}
	}
	// Half a surrogate cannot be in JSON that a node takes; a page can hold one.
	b.open(t, fed[0].url+"/console/memories")
	ask[chromedp.Void](t, b, `void history.pushState(null, "", "/console/recall?q=x")`)
	if bad := ask[string](t, b, `fetch("/api/v1/recall", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({context: "half \ud800 surrogate"})}).then(r => String(r.status))`); bad != "200" && bad != "400" {
		t.Errorf("half a surrogate: status %s", bad)
	}
}

func under(prefix string, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = prefix + id
	}
	return out
}
