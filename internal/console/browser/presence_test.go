package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tallystick/tallystick/client"
)

// The list is asked for what a member does not have yet, and sorted.
func TestWhatAMemberLacksCanBeListed(t *testing.T) {
	b := start(t)
	fed := federation(t)
	if _, err := fed[0].c.Create(t.Context(), client.Draft{Title: "Boiler service", Content: "Serviced.", Priority: 9}, client.With{Durability: client.All}); err != nil {
		t.Fatal(err)
	}
	fed[2].Kill()
	fed[0].put(t, client.Draft{Title: "Gate code", Content: "4711.", Priority: 1})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/memories")
	b.shows(t, "Gate code")
	titles := `[...document.querySelectorAll(".grid-title a")].map(a => a.textContent).join()`
	choose := func(label, keys, want string) {
		t.Helper()
		ask[chromedp.Void](t, b, `void [...document.querySelectorAll(".facet")].find(f => f.firstChild.textContent == "`+label+`").lastChild.focus()`)
		b.press(t, keys)
		b.until(t, titles+` == "`+want+`"`)
	}
	choose("Order", kb.ArrowDown, "Gate code,Boiler service")
	choose("Order", kb.ArrowUp, "Boiler service,Gate code")
	choose("On disk", "not yet on w", "Gate code")
	if at := ask[string](t, b, "location.search"); !strings.Contains(at, "presence=-west") {
		t.Errorf("the address is %q", at)
	}
	choose("On disk", kb.ArrowDown, "Boiler service")
	b.open(t, fed[0].url+"/console/memories?presence=-west&state=archived")
	b.shows(t, "Nothing fits")
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
