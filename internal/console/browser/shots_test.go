package browser_test

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

var everyPage = flag.Bool("every", false, "with -shots: take every page in every look instead, to be looked at")

var shots = flag.String("shots", "", "take the pictures of docs/console.md, and put them into this directory")

// TestPicturesOfTheDocs takes the pictures that docs/console.md shows.
func TestPicturesOfTheDocs(t *testing.T) {
	if *shots == "" || *everyPage {
		t.Skip("make shots takes pictures; without -shots there is nothing to do")
	}
	b := start(t)
	backups := t.TempDir()
	fed := federation(t, func(c *config) { c.BackupDir = filepath.Join(backups, string(c.Node)) })
	id := furnish(t, fed)
	decorate(t, fed, id)
	for range 2 {
		if _, err := fed[0].c.Upkeep().Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	for _, p := range []struct {
		name, path, theme string
		width, height     int64
	}{
		{"overview", "", "light", 1280, 800},
		{"memories", "memories", "light", 1280, 800},
		{"memory", "memory/" + id, "light", 1280, 900},
		{"recall", "recall?q=what+about+the+boiler", "light", 1280, 800},
		{"peers", "peers", "dark", 1280, 800},
		{"approvals", "approvals", "light", 1280, 800},
		{"theatre", "theatre", "light", 1280, 800},
		{"rehearsal", "rehearsal", "light", 1280, 800},
		{"agents", "agents", "light", 1280, 800},
		{"system", "system", "light", 1280, 800},
		{"overview-narrow", "", "dark", 390, 800},
	} {
		b.do(t, chromedp.EmulateViewport(p.width, p.height))
		b.open(t, fed[0].url+"/console/"+p.path)
		ask[chromedp.Void](t, b, "void (document.documentElement.dataset.theme = "+quote(p.theme)+")")
		if p.name == "rehearsal" {
			b.click(t, "Begin")
			b.shows(t, "all three are equal")
			b.click(t, "Cut cedar off")
			b.shows(t, "cedar was cut off")
			b.click(t, "Write 10 on both sides")
			b.until(t, `/owes to cedar\s+10/i.test(document.querySelector("main").innerText)`)
		}
		if p.name == "system" {
			b.click(t, "Make the first backup")
			b.shows(t, "as a new base")
			b.click(t, "Verify")
			b.shows(t, "1 file read")
			b.click(t, "Look now")
			b.until(t, `!document.querySelector("main").innerText.includes("there is none yet")`)
		}
		if p.name == "theatre" {
			ask[chromedp.Void](t, b, `void document.querySelector("main form").requestSubmit()`)
			b.until(t, `document.querySelectorAll(".stage-mark:not([hidden])").length == 7`)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(60))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*shots, p.name+".jpg"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPicturesOfEveryPage takes all pages, light, dark, narrow and wide.
func TestPicturesOfEveryPage(t *testing.T) {
	if *shots == "" || !*everyPage {
		t.Skip("-shots DIR -every takes a picture of every page; without them there is nothing to do")
	}
	b := start(t)
	backups := t.TempDir()
	fed := federation(t, func(c *config) { c.BackupDir = filepath.Join(backups, string(c.Node)) })
	id := furnish(t, fed)
	decorate(t, fed, id)
	if _, err := fed[0].c.Upkeep().BackUp(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := fed[0].c.Upkeep().Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	for _, p := range places(id) {
		name, _, _ := strings.Cut(p.path, "?")
		name = strings.ReplaceAll(cmp.Or(name, "overview"), "/", "-")
		for _, look := range []struct {
			name, theme string
			width       int64
		}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"narrow", "light", 390}, {"wide", "light", 2560}} {
			b.do(t, chromedp.EmulateViewport(look.width, 900))
			if look.name == "light" {
				b.open(t, fed[0].url+"/console/"+p.path)
				b.shows(t, p.word)
			}
			ask[chromedp.Void](t, b, "void (document.documentElement.dataset.theme = "+quote(look.theme)+")")
			b.until(t, `!document.querySelector("main [aria-busy=true]")`)
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(70))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(*shots, name+"-"+look.name+".jpg"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// decorate writes what a house might remember.
func decorate(t *testing.T, fed []*member, id string) {
	t.Helper()
	for i, d := range []client.Draft{
		{Title: "Gate code", Content: "4711, since May. Ask Ann before you hand it out.", Namespace: "house"},
		{Title: "Deploy order", Content: "Migrate first, then the API, then the workers. Never on Fridays.", Namespace: "work/ops"},
		{Title: "Pager rota", Content: "Week 48: Bob. Week 49: Ines. Week 50: Ann.", Namespace: "work/ops"},
		{Title: "Rate limits", Content: "600 requests a minute for each key. Bursts of 60 are fine.", Namespace: "work/api"},
		{Title: "Lisbon", Content: "Flight TP 567 on the 12th. Hotel near Cais do Sodré.", Namespace: "travel"},
		{Title: "Answers", Content: "Short, no emoji, metric units.", Namespace: "people/ann"},
	} {
		fed[i%3].put(t, d)
	}
	text := "Serviced in October by Krause & Sons.\nThe next one is due in a year."
	if _, err := fed[0].c.Update(t.Context(), id, client.Patch{Content: &text}); err != nil {
		t.Fatal(err)
	}
}
