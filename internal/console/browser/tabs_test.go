package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// another opens a second tab of the same browser, with the same cookies.
func (b *tab) another(t *testing.T) *tab {
	t.Helper()
	ctx, shut := chromedp.NewContext(b.ctx)
	t.Cleanup(shut)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open another tab: %v", err)
	}
	out := &tab{ctx: ctx, heard: make(chan struct{})}
	out.listen()
	return out
}

// edits opens the editor of the memory that the tab shows, and types behind its text.
func (b *tab) edits(t *testing.T, more string) {
	t.Helper()
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll("main button")].find(x => x.textContent.startsWith("Edit")).click()`)
	b.until(t, `document.querySelector("dialog[open] textarea")`)
	ask[chromedp.Void](t, b, `void ((x) => (x.focus(), x.setSelectionRange(x.value.length, x.value.length)))(document.querySelector("dialog textarea"))`)
	b.press(t, more)
}

func (b *tab) sends(t *testing.T) {
	t.Helper()
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
}

// Two tabs with the same memory: who comes second is told so, and loses nothing that he
// wrote.
func TestTwoTabsDoNotOverwriteEachOther(t *testing.T) {
	b := start(t)
	m := lone(t)
	id := m.put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October."})
	b.enter(t, m)
	b.open(t, m.url+"/console/memory/"+id)
	other := b.another(t)
	other.open(t, m.url+"/console/memory/"+id)
	b.edits(t, " By Krause.")
	other.edits(t, " By Meyer.")
	b.sends(t)
	b.shows(t, "version 2")
	other.sends(t)
	other.shows(t, "Somebody has written version 2 since you began.")
	other.shows(t, "Somebody was faster")
	if got := ask[string](t, other, `document.querySelector("dialog .diff").innerText`); !strings.Contains(got, "By Krause.") {
		t.Errorf("what was written meanwhile is shown as %q", got)
	}
	if got := ask[string](t, other, `document.querySelector("dialog textarea").value`); got != "Serviced in October. By Meyer." {
		t.Errorf("what was typed became %q", got)
	}
	other.complaints() // 412 is what was asked for
	ask[chromedp.Void](t, other, `void [...document.querySelectorAll("dialog button")].find(x => x.textContent.startsWith("Keep what I changed")).click()`)
	other.until(t, `!document.querySelector("dialog .diff")`)
	other.sends(t)
	other.shows(t, "version 3")
	if got := ask[string](t, other, `document.querySelector(".body-text.whole").textContent`); got != "Serviced in October. By Meyer." {
		t.Errorf("it says %q", got)
	}
	// Whoever waits is told before he sends, and may take what the other wrote.
	b.edits(t, " Twice.")
	other.edits(t, " Thrice.")
	other.sends(t)
	b.shows(t, "Somebody has written version 4 since you began.")
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll("dialog button")].find(x => x.textContent.startsWith("Take theirs")).click()`)
	b.until(t, `document.querySelector("dialog textarea").value == "Serviced in October. By Meyer. Thrice."`)
	for _, c := range append(b.complaints(), other.complaints()...) {
		t.Error(c)
	}
}

// A session that ends in one tab ends in all of them, at once; and a key that is given to
// one of them is theirs, too.
func TestTabsShareTheirSession(t *testing.T) {
	b := start(t)
	m := lone(t, func(c *config) { c.APIKey = "of-clients" })
	m.put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October."})
	b.enter(t, m)
	b.open(t, m.url+"/console/memories")
	b.shows(t, "Boiler service")
	other := b.another(t)
	other.open(t, m.url+"/console/memories")
	other.shows(t, "Boiler service")
	b.ends(t)
	b.shows(t, "This node asks for a key")
	other.shows(t, "This node asks for a key")
	b.signs(t, m.key(t))
	b.shows(t, "Boiler service")
	other.until(t, `!document.querySelector("dialog input[type=password]")`)
}
