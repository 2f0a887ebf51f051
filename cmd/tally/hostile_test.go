package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tallystick/tallystick/client"
)

// hostilePage does what a page on the web can do to a node on the same machine: it
// reads, posts without asking first, posts JSON, submits a form, and opens a stream.
// At its end the title is "done", and the body has what it was answered.
const hostilePage = `<!doctype html><title>at work</title><body><iframe name="sink"></iframe><script>
const node = %q, id = %q, out = [];
const ask = async (what, path, how) => {
  try {
    const res = await fetch(node + path, how);
    out.push(what + ": " + res.type + " " + res.status + " " + (await res.text()).slice(0, 200));
  } catch (e) { out.push(what + ": " + e.name); }
};
const form = (path, type) => {
  const f = document.createElement("form");
  f.method = "post"; f.action = node + path; f.enctype = type; f.target = "sink";
  const i = document.createElement("input");
  i.name = '{"title":"planted by a form","content":"x","y":"'; i.value = '"}';
  f.append(i); document.body.append(f); f.submit();
};
(async () => {
  await ask("list", "/api/v1/memories", {});
  await ask("list unseen", "/api/v1/memories", {mode: "no-cors"});
  await ask("export", "/api/v1/export?all=true", {credentials: "include"});
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
    const how = (mode, body) => ({method: "POST", mode, body, headers: {"Content-Type": type}});
    for (const mode of ["no-cors", "cors"]) {
      await ask("plant " + type, "/api/v1/memories", how(mode, '{"title":"planted","content":"x"}'));
      await ask("forget " + type, "/api/v1/forget?namespace=global", how(mode, ""));
      await ask("erase " + type, "/api/v1/memories/" + id + "/erase", how(mode, ""));
      await ask("gc " + type, "/api/v1/gc", how(mode, ""));
      await ask("sync " + type, "/api/v1/sync/push", how(mode, "x"));
      await ask("mcp " + type, "/mcp", how(mode, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'));
    }
  }
  await ask("delete", "/api/v1/memories/" + id, {method: "DELETE"});
  navigator.sendBeacon(node + "/api/v1/forget?namespace=global", new Blob([""], {type: "text/plain"}));
  form("/api/v1/memories", "text/plain");
  form("/api/v1/forget?namespace=global", "application/x-www-form-urlencoded");
  document.title = "done";
  const pre = document.createElement("pre");
  pre.textContent = out.join("\n");
  document.body.append(pre);
})();
</script>`

// TestAHostilePageCanDoNothing opens such a page in a real browser: at another origin,
// and at a name of its own that leads to the node (DNS rebinding).
func TestAHostilePageCanDoNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no chromium to open a hostile page in")
	}
	n := serve(t, "--node", "alder", "--data", t.TempDir(), "--listen", "127.0.0.1:0")
	id := must[client.Outcome](n, "remember", "Gate code", "It is 4711.").ID
	before := must[client.Status](n, "status")
	u, err := url.Parse(n.url)
	if err != nil {
		t.Fatal(err)
	}
	for name, host := range map[string]string{"another origin": "127.0.0.1", "another name of this machine": "localhost", "a name that leads here": "evil.example"} {
		t.Run(name, func(t *testing.T) {
			page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = fmt.Fprintf(w, hostilePage, "http://"+host+":"+u.Port(), id)
			}))
			defer page.Close()
			at := strings.Replace(page.URL, "127.0.0.1", host, 1)
			said := opened(t, browser, at)
			if !strings.Contains(said, "<title>done</title>") {
				t.Fatalf("the page did not come to its end: %.2000s", said)
			}
			if strings.Contains(said, "4711") || strings.Contains(said, "alder") {
				t.Errorf("the page has read: %.4000s", said)
			}
			if good := regexp.MustCompile(`(?m)^.*: (basic|cors) 2\d\d.*$`).FindString(said); good != "" {
				t.Errorf("the page was answered: %s", good)
			}
			after := must[client.Status](n, "status")
			if after.Digest != before.Digest || after.LSN != before.LSN {
				t.Errorf("the page has changed something: %+v, and before %+v", after.Counts, before.Counts)
			}
		})
	}
}

// opened is the document of a page after its scripts have run.
func opened(t *testing.T, browser, page string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--user-data-dir="+t.TempDir(), "--host-resolver-rules=MAP evil.example 127.0.0.1", "--virtual-time-budget=20000", "--dump-dom", page)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", browser, err)
	}
	return string(out)
}
