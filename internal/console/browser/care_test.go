package browser_test

import (
	"path/filepath"
	"testing"
)

// The operator has the node look for what is wrong, back itself up, read that, and measure
// itself, from the page; whoever is not the operator is told which command does.
func TestTheNodeTakesCareOfItself(t *testing.T) {
	b := start(t)
	dir := t.TempDir()
	fed := federation(t, func(c *config) {
		if c.Node != "west" {
			c.BackupDir = filepath.Join(dir, string(c.Node))
		}
	})
	furnish(t, fed)
	b.enter(t, fed[0])
	b.shows(t, "proven equal")
	b.open(t, fed[0].url+"/console/system")
	b.shows(t, "there is none yet in")
	b.click(t, "Make the first backup")
	b.shows(t, "as a new base")
	b.shows(t, "It was not read since it was made")
	b.click(t, "Verify")
	b.shows(t, "1 file read: each as it was written")
	b.click(t, "Back up what is new")
	b.until(t, `/nothing was new|entr(y|ies) added/.test(document.querySelector("main").innerText)`)
	b.click(t, "Look now")
	b.until(t, `!document.querySelector("main").innerText.includes("there is none yet in")`)
	b.click(t, "Measure now")
	b.shows(t, "A page made durable")
	b.enter(t, fed[2])
	b.open(t, fed[2].url+"/console/system")
	b.shows(t, "This node makes no backups by itself")
	b.shows(t, "backup_dir")
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
