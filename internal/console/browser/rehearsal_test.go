package browser_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/internal/node"
)

// click presses the first button on the page whose words begin so.
func (b *tab) click(t *testing.T, words string) {
	t.Helper()
	found := `[...document.querySelectorAll("main button, dialog[open] button")].find(x => x.textContent.trim().startsWith(` + quote(words) + `) && !x.disabled)`
	b.until(t, found)
	ask[chromedp.Void](t, b, "void "+found+".click()")
}

func TestAMemberIsCutOffAndMeetsTheOthersAgain(t *testing.T) {
	b := start(t)
	fed := federation(t)
	b.open(t, fed[0].url+"/console/rehearsal")
	b.shows(t, "This is for the operator")
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/rehearsal")
	b.click(t, "Begin")
	b.shows(t, "all three are equal")
	b.click(t, "Cut cedar off")
	b.shows(t, "cedar was cut off")
	b.click(t, "Write 10 on both sides")
	b.shows(t, "10 memories written to cedar.")
	b.click(t, "Edit the same memory on both sides")
	b.shows(t, "they differ")
	b.until(t, `/owes to cedar\s+11/i.test(document.querySelector("main").innerText)`)
	b.click(t, "Heal: let cedar be reached again")
	b.until(t, `/all three equal, \d+ ms after that/.test(document.querySelector("main ol").innerText.split("can be reached again")[0])`)
	b.until(t, `[...document.querySelectorAll(".stage-nodes .card")].every(x => /In conflict\s+1/i.test(x.innerText))`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
	b.click(t, "End it")
	b.shows(t, "No rehearsal runs.")
	if _, err := os.Stat(filepath.Join(fed[0].data, node.RehearsalDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its directory is left: %v", err)
	}
}
