package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// An edit is undone from where it is told of, and any version can be written once more.
func TestAnEditCanBeUndone(t *testing.T) {
	b := start(t)
	m := lone(t)
	id := m.put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October."})
	b.enter(t, m)
	b.open(t, m.url+"/console/memory/"+id)
	b.shows(t, "Serviced in October.")
	b.press(t, "e")
	b.until(t, `document.querySelector("dialog[open] textarea")`)
	ask[chromedp.Void](t, b, `void document.querySelector("dialog textarea").focus()`)
	b.press(t, " By Krause.")
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
	b.shows(t, "By Krause.")
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll(".toast button")].find(x => x.textContent == "Undo").click()`)
	b.shows(t, "It is as it was before.")
	b.until(t, `!document.querySelector(".body-text.whole").textContent.includes("Krause")`)
	b.shows(t, "version 3")
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll("ol.versions > li")].find(x => x.textContent.includes("version 2")).querySelector('button[title^="Writes this title"]').click()`)
	b.shows(t, "Version 2 is what it says again.")
	b.until(t, `document.querySelector(".body-text.whole").textContent.includes("Krause")`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
