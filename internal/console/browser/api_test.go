package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// docs opens the page about the API, at a route of it.
func (b *tab) docs(t *testing.T, m *member, op string) {
	t.Helper()
	b.do(t, chromedp.Navigate("about:blank"), chromedp.Navigate(m.url+"/docs#"+op))
	b.until(t, `document.getElementById(`+quote(op)+`)?.open`)
}

func TestThePageOfTheAPICanBeUsed(t *testing.T) {
	b := start(t)
	fed := federation(t)
	b.docs(t, fed[0], "post_memories")
	ask[chromedp.Void](t, b, `void (window.op = document.getElementById("post_memories"))`)

	// Samples, one at a time, each with a button that copies it.
	b.until(t, `[...op.querySelectorAll(".tab")].map(x => x.textContent).join() == "curl,tally,Go"`)
	ask[chromedp.Void](t, b, `void [...op.querySelectorAll(".tab")][2].click()`)
	b.until(t, `[...op.querySelectorAll("figure:not([hidden]) pre")].map(x => x.textContent).join().includes("c.Create(ctx, client.Draft{")`)
	b.until(t, `op.querySelectorAll("figure:not([hidden]) .copy").length == 1`)

	// What has few values is chosen, and a schema unfolds where it is named.
	b.until(t, `[...op.querySelector("select[data-name=durability]").options].map(x => x.value).join() == ",local,quorum,all"`)
	ask[chromedp.Void](t, b, `void op.querySelector("a[href='#schema-StoreInput']").click()`)
	b.until(t, `op.querySelector(".unfolded").textContent.includes("detect_conflicts") && location.hash == "#post_memories"`)
	ask[chromedp.Void](t, b, `void op.querySelector("a[href='#schema-StoreInput']").click()`)
	b.until(t, `!op.querySelector(".unfolded")`)

	// The example is one that a node takes.
	ask[chromedp.Void](t, b, `void (document.querySelector("#who input[name=agent]").value = "ann")`)
	ask[chromedp.Void](t, b, `void document.querySelector("#who input[name=agent]").dispatchEvent(new Event("input"))`)
	ask[chromedp.Void](t, b, `void [...op.querySelectorAll("button")].find(x => x.textContent == "Send").click()`)
	b.until(t, `/ 201 /.test(op.querySelector("output").textContent)`)
	b.until(t, `op.querySelector("output").textContent.includes('"agent_id": "ann"')`)

	// A part of a path that is missing is asked for, and nothing is sent.
	b.docs(t, fed[0], "get_memories_by_id")
	ask[chromedp.Void](t, b, `void (window.op = document.getElementById("get_memories_by_id"))`)
	ask[chromedp.Void](t, b, `void [...op.querySelectorAll("button")].find(x => x.textContent == "Send").click()`)
	b.until(t, `op.querySelector("output").textContent.includes("it must be given")`)
	b.until(t, `document.querySelector("#who input[name=agent]").value == "ann"`) // and who asks is remembered
}

func TestThePageOfTheAPIIsFilteredAndFits(t *testing.T) {
	b := start(t)
	fed := federation(t)
	filter := func(words string) {
		t.Helper()
		ask[chromedp.Void](t, b, `void (document.getElementById("filter").value = `+quote(words)+`)`)
		ask[chromedp.Void](t, b, `void document.getElementById("filter").dispatchEvent(new Event("input"))`)
	}
	const headings = `[...document.querySelectorAll("main section h2, nav .toc > summary")].filter(x => x.checkVisibility()).map(x => x.textContent)`
	b.docs(t, fed[0], "get_recall")
	filter("no such thing anywhere")
	b.until(t, `document.body.innerText.includes("Nothing matches.") && `+headings+`.length == 0`)
	filter("taxonomy")
	b.until(t, `!document.body.innerText.includes("Nothing matches.") && `+headings+`.includes("Graph") && !`+headings+`.includes("Links")`)
	filter("")
	b.until(t, headings+`.includes("Links") && `+headings+`.includes("Not implemented")`)
	for _, width := range []int64{1440, 390} {
		b.do(t, chromedp.EmulateViewport(width, 900))
		b.docs(t, fed[0], "post_recall")
		b.until(t, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
	}
}
