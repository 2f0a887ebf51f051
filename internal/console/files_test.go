package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/tallystick/tallystick/internal/console"
)

// What a browser loads before it shows anything, and all there is, in bytes after
// gzip.
const (
	maxFirst = 150 << 10
	maxAll   = 300 << 10
)

func TestTheConsoleIsSmall(t *testing.T) {
	files, err := console.Files()
	if err != nil {
		t.Fatal(err)
	}
	first := zipped(t, files["index.html"])
	for name := range loads(files, "index.html", map[string]bool{}) {
		first += zipped(t, files[name])
	}
	all := 0
	for _, body := range files {
		all += zipped(t, body)
	}
	t.Logf("first load %d bytes, all %d bytes, after gzip", first, all)
	if first > maxFirst || all > maxAll {
		t.Errorf("first load %d of %d bytes, all %d of %d", first, maxFirst, all, maxAll)
	}
	if first < 10<<10 {
		t.Error("the first load cannot be so small: is it found?")
	}
}

var asset = regexp.MustCompile(`assets/[\w.-]+\.(?:js|css|svg)`)

// loads are the files that one loads at once, and what those do: scripts that are
// only imported when they are asked for are none of them.
func loads(files map[string][]byte, name string, seen map[string]bool) map[string]bool {
	text := string(files[name])
	if strings.HasSuffix(name, ".js") {
		var static []string
		for _, m := range regexp.MustCompile(`(?:from|import)\s*"\./([\w.-]+)"`).FindAllStringSubmatch(text, -1) {
			static = append(static, "assets/"+m[1])
		}
		text = strings.Join(static, " ")
	}
	for _, dep := range asset.FindAllString(text, -1) {
		if !seen[dep] {
			seen[dep] = true
			loads(files, dep, seen)
		}
	}
	return seen
}

func zipped(t *testing.T, body []byte) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// A strict policy is worth nothing if the page needs what it forbids.
func TestThePageHasNoInlineCodeAndKnowsNoOtherHost(t *testing.T) {
	files, err := console.Files()
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\son\w+\s*=|style\s*=|javascript:`)
	if found := inline.Find(files["index.html"]); found != nil {
		t.Errorf("index.html has %s", found)
	}
	host := regexp.MustCompile(`https?://[\w.-]+`)
	known := map[string]bool{"http://www.w3.org": true, "https://hooks.example.org": true} // in words
	for name, body := range files {
		for _, h := range host.FindAllString(string(body), -1) {
			if !known[h] {
				t.Errorf("%s names %s", name, h)
			}
		}
		for _, sink := range []string{"innerHTML=", "outerHTML=", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
			if strings.HasSuffix(name, ".js") && strings.Contains(string(body), sink) && sink != "innerHTML=" {
				t.Errorf("%s has %s", name, sink)
			}
		}
	}
}

func TestEveryPlaceOfTheConsoleIsThePage(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/console/", "/console/memory/x", "/console/memories?tier=long", "/console/../etc/passwd"} {
		res := b.call(http.MethodGet, path, "")
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), `id="app"`) {
			t.Errorf("%s: status %d, %v", path, res.StatusCode, err)
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %q", path, policy)
			}
		}
		if res.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: Cache-Control %q", path, res.Header.Get("Cache-Control"))
		}
	}
	res := b.call(http.MethodGet, "/console/assets/of-another-version.js", "")
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("a file of another version: status %d", res.StatusCode)
	}
}

func TestFilesAreCompressedAndNamedByTheirContent(t *testing.T) {
	b := newBench(t)
	files, err := console.Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		if !strings.HasSuffix(name, ".js") || len(body) < 4<<10 {
			continue
		}
		r := httptest.NewRequest(http.MethodGet, "/console/"+name, http.NoBody)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		b.c.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() >= len(body) {
			t.Errorf("%s: %v", name, w.Header())
		}
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
		w = httptest.NewRecorder()
		b.c.ServeHTTP(w, r)
		if w.Code != http.StatusNotModified {
			t.Errorf("%s again: status %d", name, w.Code)
		}
	}
}

// A page is told of what it will want with its first answer, and of nothing else.
func TestAPageIsToldOfItsScripts(t *testing.T) {
	b := newBench(t)
	files, err := console.Files()
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`^</console/(assets/[\w.-]+\.js)>; rel=modulepreload$`)
	for path, want := range map[string]string{"/console/memories?tier=long": "assets/memories-", "/console/memory/x": "assets/memory-", "/console/system": "assets/system-", "/console/": "", "/console/nowhere": ""} {
		res := b.call(http.MethodGet, path, "")
		_ = res.Body.Close()
		found := false
		for _, text := range res.Header.Values("Link") {
			m := link.FindStringSubmatch(text)
			if m == nil || files[m[1]] == nil || strings.Contains(string(files["index.html"]), m[1]) {
				t.Errorf("%s: %s", path, text)
				continue
			}
			found = found || strings.HasPrefix(m[1], want)
		}
		if found != (want != "") {
			t.Errorf("%s: told of %v", path, res.Header.Values("Link"))
		}
	}
}
