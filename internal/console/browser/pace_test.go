package browser_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

var (
	pace   = flag.Bool("pace", false, "measure how fast the console answers, with many memories, and print a table")
	crowd  = flag.Int("crowd", 100_000, "how many memories the pace is measured with")
	events = flag.Duration("events", 30*time.Second, "how long events flow while the memory of the tab is watched")
)

// watchPace remembers what the browser says took long: from the input to the next
// picture, and the script alone.
const watchPace = `(() => {
	window.slow = [];
	new PerformanceObserver(l => { for (const e of l.getEntries()) if (e.name == "keydown") window.slow.push([Math.round(e.duration), Math.round(e.processingEnd - e.processingStart)]); }).observe({type: "event", durationThreshold: 16, buffered: true});
})()`

// TestThePaceOfTheConsole prints figures; it judges none of them, which a busy machine
// would make wrong.
func TestThePaceOfTheConsole(t *testing.T) {
	if !*pace {
		t.Skip("-pace measures; without it there is nothing to do")
	}
	b := start(t)
	m := federation(t)[0]
	const batch = 1000
	for at := 0; at < *crowd; at += batch {
		drafts := make([]client.Draft, min(batch, *crowd-at))
		for i := range drafts {
			n := at + i
			drafts[i] = client.Draft{Title: fmt.Sprintf("Note %d", n), Content: strings.Repeat(fmt.Sprintf("word%d ", n%997), 20), Namespace: fmt.Sprintf("load/%d", n%50), Tags: []string{fmt.Sprintf("t%d", n%20)}}
		}
		if _, err := m.c.CreateAll(t.Context(), drafts, client.With{Durability: client.Local}); err != nil {
			t.Fatal(err)
		}
	}
	m.until(t, func(s *client.Status) bool {
		for _, x := range s.Members {
			if x.Owed > 0 {
				return false
			}
		}
		return s.Counts.Live >= int64(*crowd) && s.IndexLag == 0
	})
	b.do(t, chromedp.EmulateViewport(1440, 900))
	b.enter(t, m)
	b.open(t, m.url+"/console/memories")
	paint := ask[float64](t, b, `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1`)
	t.Logf("%d memories: first paint %.0f ms, of %s on loopback", *crowd, paint, "the page Memories")
	ask[chromedp.Void](t, b, watchPace)
	walk := func(name string, keys string, times int) {
		ask[chromedp.Void](t, b, `void (window.slow = [])`)
		for range times {
			b.press(t, keys)
		}
		b.settled(t)
		at := func(part float64, of int) int { // what took less than 16 ms is not told
			return ask[int](t, b, fmt.Sprintf(`(() => { const all = window.slow.map(x => x[%d]).sort((a, b) => a - b); const n = %d, i = Math.ceil(n * %g) - 1 - (n - all.length); return i < 0 ? 15 : all[Math.min(i, all.length - 1)]; })()`, of, times*len(keys), part))
		}
		t.Logf("%-15s %4d keys: from key to picture half within %d ms, 95 %% within %d ms; in script 95 %% within %d ms, at most %d ms",
			name, times*len(keys), at(0.5, 0), at(0.95, 0), at(0.95, 1), ask[int](t, b, `Math.max(0, ...window.slow.map(x => x[1]))`))
	}
	walk("next row", "j", 150)
	walk("select a row", "x", 20)
	walk("a page and back", "gogm", 10)
	long := ask[float64](t, b, `new Promise(f => { let worst = 0, last = performance.now(), n = 0; const g = document.querySelector(".grid"); const step = now => { worst = Math.max(worst, now - last); last = now; g.scrollTop += 400; if (++n < 120) requestAnimationFrame(step); else f(worst); }; requestAnimationFrame(step); })`)
	t.Logf("scrolling                     120 pictures: at most %.0f ms between two; %d rows loaded, %d in the document", long, ask[int](t, b, `Number(document.querySelector(".grid").ariaRowCount ?? document.querySelector(".grid").getAttribute("aria-rowcount"))`), ask[int](t, b, `document.querySelectorAll(".grid-row").length`))
	b.flood(t, m)
}

// flood lets events flow, and watches the memory of the tab.
func (b *tab) flood(t *testing.T, m *member) {
	t.Helper()
	b.open(t, m.url+"/console/activity")
	heap := func() float64 {
		ask[chromedp.Void](t, b, `void (window.gc && window.gc())`)
		return ask[float64](t, b, `performance.memory.usedJSHeapSize / 1048576`)
	}
	wrote, first := 0, 0.0
	for begun := time.Now(); time.Since(begun) < *events; {
		drafts := make([]client.Draft, 100)
		for i := range drafts {
			wrote++
			drafts[i] = client.Draft{Title: fmt.Sprintf("Event %d", wrote), Content: "x", Namespace: "flood"}
		}
		if _, err := m.c.CreateAll(t.Context(), drafts, client.With{Durability: client.Local}); err != nil {
			t.Fatal(err)
		}
		b.until(t, fmt.Sprintf(`document.querySelector("main .facet-end")?.textContent.includes("500") || %d < 500`, wrote))
		if first == 0 && wrote >= 2000 {
			first = heap()
		}
	}
	t.Logf("%d events in %s: heap of the tab %.1f MiB after the first 2,000, %.1f MiB at the end", wrote, *events, first, heap())
}
