package browser_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// slow makes a bad telephone line of the network of the tab.
func (b *tab) slow(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 20_000}},
		})
		return err
	}))
}

func TestASlowNetworkLosesAndDoublesNothing(t *testing.T) {
	b := start(t)
	fed := federation(t)
	fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	b.slow(t)
	b.open(t, fed[0].url+"/console/memories")
	b.shows(t, "Boiler service")
	b.click(t, "New memory")
	b.until(t, `document.querySelector("dialog[open] [name=title]")`)
	b.press(t, "Gate code")
	ask[chromedp.Void](t, b, `void (document.querySelector("dialog [name=content]").value = "4711.")`)
	// Whoever is not patient presses again.
	ask[chromedp.Void](t, b, `void [1, 2, 3].forEach(() => document.querySelector("dialog form button[type=submit]")?.click())`)
	b.until(t, `!document.querySelector("dialog[open]")`)
	b.shows(t, "Gate code")
	page, err := fed[0].c.List(t.Context(), client.Selection{})
	if err != nil || page.Count != 2 {
		t.Errorf("%d memories, %v", page.Count, err)
	}
	for _, path := range []string{"peers", "recall?q=gate", "activity"} {
		b.open(t, fed[0].url+"/console/"+path)
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
