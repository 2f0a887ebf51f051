package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

func TestTheRecallLabSaysWhatAScoreIsMadeOf(t *testing.T) {
	b := start(t)
	fed := federation(t)
	fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October."})
	other := fed[0].put(t, client.Draft{Title: "Gate code", Content: "4711."})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/recall?q=when+was+the+boiler+serviced")
	b.shows(t, "Boiler service")
	ask[chromedp.Void](t, b, `void document.querySelectorAll("main details").forEach(d => d.open = true)`)
	b.until(t, `document.querySelectorAll(".parts li").length > 0`)
	b.until(t, `[...document.querySelectorAll("main details")].at(-1).innerText.includes("brought")`)
	ask[chromedp.Void](t, b, `void [...document.querySelectorAll("main form")].at(-1).querySelector("input").focus()`)
	b.press(t, other+"\r")
	b.until(t, `[...document.querySelectorAll(".card")].some(c => c.innerText.includes("Why not") && c.innerText.includes("Gate code"))`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}

func TestConflictsAreAFacet(t *testing.T) {
	b := start(t)
	fed := federation(t)
	id := fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	fed[0].put(t, client.Draft{Title: "Gate code", Content: "4711."})
	b.enter(t, fed[0])
	b.shows(t, "3 of 3 proven equal")
	// Two nodes that cannot hear each other edit the same version.
	for _, m := range fed[1:] {
		m.Kill()
	}
	here, there := "In May.", "In June."
	if _, err := fed[0].c.Update(t.Context(), id, client.Patch{Content: &here}, client.With{Durability: client.Local}); err != nil {
		t.Fatal(err)
	}
	fed[0].Kill()
	if err := fed[1].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := fed[1].c.Update(t.Context(), id, client.Patch{Content: &there}, client.With{Durability: client.Local}); err != nil {
		t.Fatal(err)
	}
	if err := fed[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	fed[0].until(t, func(s *client.Status) bool { return s.Counts.Conflicts == 1 })
	b.do(t, chromedp.EmulateViewport(1440, 900))
	b.open(t, fed[0].url+"/console/memories?state=conflict")
	b.shows(t, "Boiler service")
	b.until(t, `document.querySelectorAll(".grid-row").length == 1`)
	b.shows(t, "on the disk of")
}
