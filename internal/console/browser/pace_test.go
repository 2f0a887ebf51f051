package browser_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tallystick/tallystick/client"
)

var (
	pace   = flag.Bool("pace", false, "measure how fast the console answers, with many memories, and print a table")
	crowd  = flag.Int("crowd", 100_000, "how many memories the pace is measured with")
	events = flag.Int("events", 36_000, "how many events flow while the memory of the tab is watched: ten a second for an hour, as fast as the node takes them")
)

// watchPace remembers what the browser says took long: from the input to the next
// picture, the script alone, and tasks of more than 50 ms.
const watchPace = `(() => {
	window.slow = []; window.tasks = [];
	new PerformanceObserver(l => { for (const e of l.getEntries()) if (e.name == "keydown") window.slow.push([Math.round(e.duration), Math.round(e.processingEnd - e.processingStart)]); }).observe({type: "event", durationThreshold: 16, buffered: true});
	new PerformanceObserver(l => { for (const e of l.getEntries()) window.tasks.push(Math.round(e.duration)); }).observe({type: "longtask"});
})()`

// lone starts a node without other members.
func lone(t *testing.T, change ...func(*config)) *member {
	t.Helper()
	return found(t, []string{"north"}, change...)[0]
}

// fill writes n memories.
func (m *member) fill(t *testing.T, n int) {
	t.Helper()
	const batch = 1000
	for at := 0; at < n; at += batch {
		m.bulk(t, min(batch, n-at), func(i int) client.Draft {
			i += at
			return client.Draft{Title: fmt.Sprintf("Note %d", i), Content: strings.Repeat(fmt.Sprintf("word%d ", i%997), 20), Namespace: fmt.Sprintf("load/%d", i%50), Tags: []string{fmt.Sprintf("t%d", i%20)}, Priority: int32(i%9 + 1)}
		})
	}
	m.until(t, func(s *client.Status) bool { return s.Counts.Live >= int64(n) && s.IndexLag == 0 })
}

// bulk writes n memories at once.
func (m *member) bulk(t *testing.T, n int, draft func(i int) client.Draft) {
	t.Helper()
	drafts := make([]client.Draft, n)
	for i := range drafts {
		drafts[i] = draft(i)
	}
	if _, err := m.c.CreateAll(t.Context(), drafts, client.With{Durability: client.Local}); err != nil {
		t.Fatal(err)
	}
}

// TestThePaceOfTheConsole prints figures; it judges none of them, which a busy machine
// would make wrong.
func TestThePaceOfTheConsole(t *testing.T) {
	if !*pace {
		t.Skip("-pace measures; without it there is nothing to do")
	}
	b := start(t)
	m := lone(t)
	m.fill(t, *crowd)
	for name, call := range map[string]func() error{
		"a page of the list": func() error { _, err := m.c.List(t.Context(), client.Selection{Limit: 200}); return err },
		"the list by last change": func() error {
			_, err := m.c.List(t.Context(), client.Selection{Limit: 200, Order: "edited"})
			return err
		},
		"one tag of the list": func() error { _, err := m.c.List(t.Context(), client.Selection{Limit: 200, Tag: "t7"}); return err },
		"the status":          func() error { _, err := m.c.Status(t.Context()); return err },
	} {
		best := time.Hour
		for range 5 {
			begun := time.Now()
			if err := call(); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(begun))
		}
		t.Logf("the node answers %-25s in %d ms at best", name, best.Milliseconds())
	}
	b.do(t, chromedp.EmulateViewport(1440, 900))
	b.enter(t, m)
	b.open(t, m.url+"/console/memories")
	b.until(t, `document.querySelector(".grid-row")`)
	t.Logf("%d memories: first paint after %.0f ms, the rows after %.0f ms", *crowd,
		ask[float64](t, b, `performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1`),
		ask[float64](t, b, `new Promise(f => new PerformanceObserver(l => f(l.getEntries().at(-1).startTime)).observe({type: "largest-contentful-paint", buffered: true}))`))
	ask[chromedp.Void](t, b, watchPace)
	b.walk(t, "next row", "j", 150)
	b.walk(t, "select a row", "x", 20)
	b.walk(t, "a page and back", "gogm", 10)
	b.walk(t, "open and back", "j"+kb.Enter+"gm", 10)
	focus := func(label string) {
		ask[chromedp.Void](t, b, fmt.Sprintf(`void [...document.querySelectorAll(".facet")].find(f => f.firstChild.textContent == %q).lastChild.focus()`, label))
	}
	focus("Tier")
	b.walk(t, "filter by tier", kb.ArrowDown+kb.ArrowUp, 10)
	focus("Order")
	b.walk(t, "sort", kb.ArrowDown+kb.ArrowUp, 10)
	focus("Tag")
	b.walk(t, "type a tag", "t"+kb.Backspace, 10)
	long := ask[float64](t, b, `new Promise(f => { let worst = 0, last = performance.now(), n = 0; const g = document.querySelector(".grid"); const step = now => { worst = Math.max(worst, now - last); last = now; g.scrollTop += 400; if (++n < 120) requestAnimationFrame(step); else f(worst); }; requestAnimationFrame(step); })`)
	t.Logf("scrolling         120 pictures: at most %.0f ms between two; %d rows loaded, %d in the document", long, ask[int](t, b, `Number(document.querySelector(".grid").getAttribute("aria-rowcount"))`), ask[int](t, b, `document.querySelectorAll(".grid-row").length`))
	b.flood(t, m, *events)
}

// walk presses keys, and prints how long the page took. What its thread has computed
// says more than the clock does on a machine that has much else to do.
func (b *tab) walk(t *testing.T, name string, keys string, times int) {
	t.Helper()
	ask[chromedp.Void](t, b, `void (window.slow = [], window.tasks = [])`)
	var busy []float64
	for range times {
		for _, key := range keys {
			was := b.computed(t)
			b.press(t, string(key))
			b.settled(t)
			busy = append(busy, b.computed(t)-was)
		}
	}
	slices.Sort(busy)
	at := func(part float64, of int) int { // what took less than 16 ms is not told
		return ask[int](t, b, fmt.Sprintf(`(() => { const all = window.slow.map(x => x[%d]).sort((a, b) => a - b); const n = %d, i = Math.ceil(n * %g) - 1 - (n - all.length); return i < 0 ? 15 : all[Math.min(i, all.length - 1)]; })()`, of, len(busy), part))
	}
	t.Logf("%-16s %4d keys: computed half within %.0f ms, 95 %% within %.0f, all within %.0f; by the clock, from key to picture, half within %d ms, 95 %% within %d, in script 95 %% within %d",
		name, len(busy), busy[len(busy)/2], busy[len(busy)*95/100], busy[len(busy)-1], at(0.5, 0), at(0.95, 0), at(0.95, 1))
}

// computed is how long the thread of the page has had a processor, in ms.
func (b *tab) computed(t *testing.T) float64 {
	t.Helper()
	out := -1.0
	b.do(t, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
			return err
		}
		got, err := cdp.Call(ctx, tab, performance.GetMetrics, cdp.Empty{})
		for _, m := range got.Metrics {
			if m.Name == "TaskDuration" {
				out = m.Value * 1000
			}
		}
		return err
	}))
	return out
}

// heap is how much memory the scripts of the page hold, in MiB, after the collector
// has been.
func (b *tab) heap(t *testing.T) float64 {
	t.Helper()
	ask[chromedp.Void](t, b, `void (window.gc(), window.gc())`)
	return ask[float64](t, b, `performance.memory.usedJSHeapSize / 1048576`)
}

// flood lets so many events flow, and returns the memory of the tab when the first part
// of them has been, and at the end. The page keeps the last 500.
func (b *tab) flood(t *testing.T, m *member, count int) (first, last float64) {
	t.Helper()
	b.open(t, m.url+"/console/activity")
	begun, parts := time.Now(), []string{}
	for wrote := 0; wrote < count; {
		m.bulk(t, min(100, count-wrote), func(i int) client.Draft {
			return client.Draft{Title: fmt.Sprintf("Event %d", wrote+i), Content: "x", Namespace: "flood"}
		})
		wrote += 100
		s, err := m.c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		newest := fmt.Sprintf("%s.%s.%d", s.Node, s.Incarnation, s.Heads[s.Node+"."+s.Incarnation].Seq)
		b.until(t, fmt.Sprintf(`document.querySelector("main td:last-child code")?.textContent == %q`, newest))
		if wrote%max(count/6/100*100, 100) == 0 {
			last = b.heap(t)
			parts = append(parts, fmt.Sprintf("%.1f", last))
			if first == 0 {
				first = last
			}
		}
	}
	t.Logf("%d events in %s: heap of the tab, after each sixth: %s MiB", count, time.Since(begun).Round(time.Second), strings.Join(parts, ", "))
	return first, last
}

// The memory of a tab does not grow with what happens while it is open.
func TestTheMemoryOfATabIsFlat(t *testing.T) {
	b := start(t)
	m := lone(t)
	b.enter(t, m)
	if first, last := b.flood(t, m, 6000); last > first+2 {
		t.Errorf("the heap grew from %.1f to %.1f MiB while events flowed", first, last)
	}
}
