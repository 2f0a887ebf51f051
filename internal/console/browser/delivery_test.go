package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// What would be posted again is told before anything is.
func TestWhatIsPostedAgainIsToldBeforehand(t *testing.T) {
	b := start(t)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	m := lone(t, func(c *config) { c.WebhookAllow = []string{"127.0.0.0/8"} })
	m.post(t, "/api/v1/subscriptions", "ann", `{"url":"`+hook.URL+`/memory","events":"*"}`)
	for _, title := range []string{"Boiler service", "Gate code"} {
		m.put(t, client.Draft{Title: title, Content: "text"})
	}
	b.enter(t, m)
	ask[chromedp.Void](t, b, `void localStorage.setItem("tally.agent", "ann")`)
	b.open(t, m.url+"/console/delivery")
	b.click(t, "Post them again")
	b.shows(t, "north would post to "+hook.URL+"/memory: 0 dead letters.")
	b.press(t, "\t")
	ask[bool](t, b, `(() => { const e = document.querySelector("dialog input"); e.value = "2020-01-01T00:00"; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`)
	b.shows(t, "0 dead letters and 2 events")
	b.click(t, "Cancel")
	b.until(t, `!document.querySelector("dialog[open]")`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
