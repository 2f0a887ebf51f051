package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// cell is what the row of one member says about another.
func cell(row, column string) string {
	return `(() => {
		const m = document.querySelector("table.matrix");
		const at = [...(m?.querySelectorAll("thead th") ?? [])].findIndex(x => x.textContent.includes(` + quote(column) + `));
		const row = [...(m?.querySelectorAll("tbody tr") ?? [])].find(x => x.querySelector("th b").textContent == ` + quote(row) + `);
		return row?.children[at]?.innerText ?? "";
	})()`
}

func TestPeersShowsHowEachMemberGetsOnWithEachOther(t *testing.T) {
	b := start(t)
	fed := federation(t)
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/peers")
	for _, at := range [][2]string{{"north", "east"}, {"east", "west"}, {"west", "east"}, {"east", "north"}} {
		b.until(t, `/^up\s[^]*owed: 0\s[^]*proven equal: .*ago/i.test(`+cell(at[0], at[1])+`)`)
	}
	b.until(t, `[...document.querySelectorAll("table.matrix tbody th")].every(x => /Certificate \S+ ends in/.test(x.innerText))`)

	// What only east can know: what it owes to west.
	fed[2].Kill()
	if _, err := fed[1].c.Create(t.Context(), client.Draft{Title: "Boiler service", Content: "Serviced."}); err != nil {
		t.Fatal(err)
	}
	b.until(t, `/owed: 1, the oldest from .*ago/i.test(`+cell("east", "west")+`)`)
	b.until(t, `/owed: 0/i.test(`+cell("north", "west")+`)`)
	b.until(t, `/west\s[^]*says nothing now: [^]*This is what it said/.test(document.querySelector("table.matrix tr.stale th")?.innerText ?? "")`)
	// What is said of the one that is away must not push the others out of sight.
	b.do(t, chromedp.EmulateViewport(1280, 900))
	if over := ask[int](t, b, `document.querySelector("table.matrix").offsetWidth - document.querySelector("table.matrix").parentElement.clientWidth`); over > 0 {
		t.Errorf("the table is %d px wider than its place", over)
	}
	if err := fed[2].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.until(t, `!document.querySelector("table.matrix tr.stale") && /owed: 0/i.test(`+cell("east", "west")+`)`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
