package browser_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
)

// places are the pages of the console, with a word that each shows.
func places(id string) map[string]string {
	return map[string]string{
		"":              "Is it converged?",
		"memories":      "Boiler service",
		"memory/" + id:  "Who holds it",
		"memory/no-one": "NOT_FOUND",
	}
}

func TestEveryPageShowsWhatItIsAboutAndComplainsOfNothing(t *testing.T) {
	b := start(t)
	fed := federation(t)
	id := fed[0].put(t, client.Draft{Title: "Boiler service", Content: "Serviced in October.", Namespace: "house"})
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	for path, word := range places(id) {
		b.do(t, chromedp.Navigate(fed[0].url+"/console/"+path))
		b.shows(t, word)
		for _, c := range b.complaints() {
			if path != "memory/no-one" { // the browser itself complains about 404
				t.Errorf("%s: %s", path, c)
			}
		}
	}
	t.Run("the link is out of the address", func(t *testing.T) {
		if at := ask[string](t, b, "location.href"); at == "" || ask[string](t, b, "location.hash") != "" {
			t.Errorf("at %s", at)
		}
	})
	t.Run("and the cookie is not for scripts", func(t *testing.T) {
		if c := ask[string](t, b, "document.cookie"); c != "" {
			t.Errorf("document.cookie is %q", c)
		}
	})
}
