package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run that ends between the node and the file has not seen them the same: what the other side
// had written is not taken for deleted by the next one.
func TestASyncThatEndsHalfWayLosesNoEdit(t *testing.T) {
	d := alone(t, "hub")
	to, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	inTheWay := func() {} // of the file, once the node has the edit
	proxy.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method != http.MethodGet {
			inTheWay()
		}
		return nil
	}
	between := httptest.NewServer(proxy)
	defer between.Close()
	a, b := newDesk(t, between.URL, "ann"), newDesk(t, d.url, "root")
	a.write("notes.md", "one\ntwo\nthree\nfour\nfive\n")
	a.sync()
	b.sync()
	b.write("notes.md", "one, by b\ntwo\nthree\nfour\nfive\n")
	b.sync()
	const ours = "one\ntwo\nthree\nfour\nfive, by a\n"
	a.write("notes.md", ours)
	file := filepath.Join(a.dir, "notes.md")
	inTheWay = func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		if err := os.MkdirAll(filepath.Join(file, "x"), 0o700); err != nil {
			t.Error(err)
		}
	}
	if got := tally(t, a.env, "", "--agent", "claude-code", "sync"); got.code == exitOK {
		t.Fatalf("the file cannot be written, and the run says %+v", got)
	}
	inTheWay = func() {}
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	a.write("notes.md", ours)
	a.sync()
	b.sync()
	for name, at := range map[string]*desk{"a": a, "b": b} {
		if text := at.read("notes.md"); !strings.Contains(text, "one, by b") || !strings.Contains(text, "five, by a") {
			t.Errorf("%s has %q, want both edits", name, text)
		}
	}
}
