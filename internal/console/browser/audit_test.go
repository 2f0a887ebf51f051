package browser_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tallystick/tallystick/client"
	"github.com/tallystick/tallystick/internal/node"
)

func TestTheOperatorReadsAndChecksTheAuditLogAndTheSettings(t *testing.T) {
	b := start(t)
	fed := federation(t, func(c *config) {
		c.Settings = []client.Setting{{Key: "write_quorum", Value: []string{"2"}, Origin: "flag --write-quorum"}, {Key: "log_level", Value: []string{"info"}, Origin: "default"}}
	})
	b.open(t, fed[0].url+"/console/activity")
	b.shows(t, "The operator alone may do this")
	stranger, err := client.New(client.Options{URL: fed[0].url})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.Upkeep().Repair(t.Context(), "east"); err == nil {
		t.Fatal("a stranger may repair")
	}
	b.enter(t, fed[0])
	b.open(t, fed[0].url+"/console/activity")
	row := `[...document.querySelectorAll("table.audit tbody tr")].find(x => x.innerText.includes("/api/v1/repair"))`
	b.until(t, row+`?.innerText.includes("OPERATOR_ONLY")`)
	b.until(t, `[...document.querySelectorAll("table.audit tbody tr")].some(x => x.innerText.includes("members"))`)
	b.open(t, fed[0].url+"/console/activity?audit=refusal&audited=REPAIR")
	b.until(t, `document.querySelectorAll("table.audit tbody tr").length == 1 && `+row)

	b.click(t, "Check every row")
	b.shows(t, "all as they were written")
	file := filepath.Join(fed[0].data, node.AuditFile)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(raw, []byte("OPERATOR_ONLY"), []byte("OPERATOR_ONCE"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	b.click(t, "Check every row")
	b.until(t, `/\d+ faults?: line \d+: row \d+ was changed/.test(document.querySelector("main").innerText)`)
	signed := ask[string](t, b, `fetch("/api/v1/audit/log").then(r => r.text())`)
	if !bytes.HasPrefix([]byte(signed), raw[:100]) {
		t.Errorf("what is taken along begins with %.100q", signed)
	}

	b.open(t, fed[0].url+"/console/system")
	b.until(t, `/write_quorum\s+2 \(flag --write-quorum\)/.test(document.querySelector("dl.settings").innerText)`)
	ask[chromedp.Void](t, b, `void document.querySelector("main details:has(dl.settings) summary").click()`)
	b.until(t, `/log_level\s+info/.test(document.querySelector("main details:has(dl.settings)").innerText)`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
