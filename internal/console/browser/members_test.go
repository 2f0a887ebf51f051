package browser_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/fleet"
	"github.com/tallystick/tallystick/internal/identity"
	"github.com/tallystick/tallystick/internal/identity/ca"
	"github.com/tallystick/tallystick/internal/identity/cluster"
	"github.com/tallystick/tallystick/internal/node"
)

func TestAMachineJoinsByTheLineAndIsTakenOut(t *testing.T) {
	b := start(t)
	fed := federation(t)
	fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced."})
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/peers")
	b.click(t, "Let a machine join")
	b.click(t, "Make the line")
	b.shows(t, "waiting for it to appear")
	line := ask[string](t, b, `document.querySelector("dialog .snippet").textContent`)
	words := strings.Fields(ask[string](t, b, `[...document.querySelectorAll("dialog .words .chip")].map(x => x.textContent).join(" ")`))
	part := regexp.MustCompile(`^tally join (https://\S+) (tally-join-\S+)$`).FindStringSubmatch(line)
	if part == nil {
		t.Fatalf("line %q", line)
	}

	// What the line does on the other machine.
	places, err := fleet.Places(t.Context(), "south", "south")
	if err != nil {
		t.Fatal(err)
	}
	cfg := node.Default()
	cfg.Node, cfg.Listen, cfg.Data = "south", places[0].Addr, t.TempDir()
	c, err := node.Join(t.Context(), cfg.Data, part[1], part[2], cluster.Place{Node: "south", Name: "south", Listen: places[1].Addr, URL: "https://" + places[1].Addr})
	if err != nil {
		t.Fatal(err)
	}
	if there := identity.Words(ca.Fingerprint(c.Root())); strings.Join(there, " ") != strings.Join(words, " ") {
		t.Errorf("words %q here, and %q there", words, there)
	}
	var family fleet.Family
	t.Cleanup(family.Kill)
	launch(t, &family, cfg)
	b.shows(t, "south has joined.")
	b.until(t, `document.querySelector("dialog")?.innerText.includes("proven equal")`)
	b.click(t, "done")
	b.until(t, `document.querySelector(".status-text").textContent.startsWith("4 of 4")`)

	row := `[...document.querySelectorAll("main tr")].find(x => x.querySelector("th")?.textContent.includes("south") && x.innerText.includes("epoch"))`
	press := func(word string) {
		t.Helper()
		button := `[...(` + row + `?.querySelectorAll("button") ?? [])].find(x => x.textContent == ` + quote(word) + ` && !x.disabled)`
		b.until(t, button)
		ask[chromedp.Void](t, b, "void "+button+".click()")
	}
	press("Drain")
	b.until(t, row+`?.innerText.includes("does not count")`)
	b.until(t, `document.querySelector(".status-text").textContent.startsWith("3 of 3")`)
	press("Take out")
	b.shows(t, "Its key is refused by all members")
	b.press(t, "south\r")
	b.until(t, "!"+row)
	if m := fed[0]; m.members(t) != 2 {
		t.Errorf("%d others are left", m.members(t))
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}

// members is how many others a node has.
func (m *member) members(t *testing.T) int {
	t.Helper()
	s, err := m.c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(s.Members)
}

func TestTheOperatorMakesAndRevokesKeys(t *testing.T) {
	b := start(t)
	fed := federation(t)
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/agents")
	b.shows(t, "No agent has a key.")
	b.click(t, "Make a key")
	b.shows(t, "This is the first key")
	b.press(t, "alice")
	ask[chromedp.Void](t, b, `void document.querySelector("dialog form").requestSubmit()`)
	b.shows(t, "It is shown once")
	key := ask[string](t, b, `document.querySelector("dialog .snippet").textContent`)
	alice, err := client.New(client.Options{URL: fed[0].url, APIKey: key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Status(t.Context()); err != nil {
		t.Errorf("with the key: %v", err)
	}
	b.click(t, "done")
	b.click(t, "Revoke")
	b.shows(t, "It is refused at once")
	ask[chromedp.Void](t, b, `void document.querySelector("dialog .danger").click()`)
	b.until(t, `[...document.querySelectorAll("main .pill")].some(x => x.textContent == "revoked")`)
	if _, err := alice.Status(t.Context()); err == nil {
		t.Error("the key is still taken")
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
